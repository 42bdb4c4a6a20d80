"""GraphML, as NetworkX, igraph, Gephi and yEd write it."""

from __future__ import annotations

import os
from pathlib import Path

from gnn.datasets.formats.bounded_text import MAX_BYTES
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.network_builder import AUTO, Choices, NetworkBuilder
from gnn.datasets.formats.typed_texts import Keys
from gnn.datasets.formats.xml_elements import Element, xml_elements, xml_root

_DIRECTIONS = {"directed": True, "undirected": False}
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def read_graphml(
    path: str | os.PathLike[str],
    *,
    label: str | None = AUTO,
    weight: str | None = AUTO,
    max_bytes: int = MAX_BYTES,
) -> Network:
    """Reads a GraphML file.

    - Defaults of keys hold for the nodes and edges that have no value. Attributes are called by
      their `attr.name`, and have its type. Whole numbers are integers, whatever their type.
    - An edge that has no `directed` follows `edgedefault`.
    - A nested graph is read as part of the graph around it: its nodes and edges are nodes and
      edges, and the node that holds it stays a node. Ports are left out: an edge ends at the node.
    - The name to show is yEd's node label, or an attribute `label` or `name` that is distinct for
      most nodes.

    Args:
      path: the file, plain or compressed (`.gz`, `.bz2`, `.xz`, `.zst`).
      label: as in `Choices`.
      weight: as in `Choices`.
      max_bytes: as in `Choices`.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is no such file, too large, refers to nodes or keys that it does not declare,
        or has hyperedges or several graphs; the message names the line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.graphml")
    ...     _ = path.write_text(
    ...         "<graphml><graph edgedefault='directed'><node id='a'/><node id='b'/>"
    ...         "<edge source='b' target='a'/></graph></graphml>"
    ...     )
    ...     network = read_graphml(path)
    >>> network.ids, network.senders.tolist(), network.receivers.tolist(), network.directed
    (['a', 'b'], [1], [0], True)
    """
    path = Path(path)
    reader = _Reader(NetworkBuilder(path.name, Choices(label, weight, max_bytes)))
    for element in xml_elements(path, max_bytes):
        if element.begins:
            reader.begin(element)
        else:
            reader.end(element)
    return reader.builder.build(reader.directions[0])


class _Thing:
    """A node or an edge that has begun, and its data so far."""

    def __init__(self, element: Element, directed: bool) -> None:
        self.element, self.directed = element, directed
        self.values: dict[str, tuple[str, int]] = {}
        self.shown: str | None = None


class _Reader:
    """What a file has declared so far, and what has begun and not ended."""

    def __init__(self, builder: NetworkBuilder) -> None:
        self.builder = builder
        self.keys = {"node": Keys(builder.error), "edge": Keys(builder.error)}
        self.declared: set[str] = set()
        # Of the outermost graph first, whether edges are directed that do not say.
        self.directions: list[bool] = []
        self.things: list[_Thing] = []
        self.key: Element | None = None
        self.default: str | None = None
        # An element whose inside is not GraphML's, such as yEd's pictures, and how deep it stands.
        self.datum: Element | None = None
        self.datum_depth = 0
        self.depth = 0
        self.graphs = 0

    def begin(self, element: Element) -> None:
        """Takes the begin of an element."""
        if self.depth == 0 and element.name != "graphml":
            raise self.builder.error(element.line, f"the root must be graphml: {element.name!r}")
        self.depth += 1
        if self.datum is not None:
            return
        if element.name == "key":
            self.key, self.default = element, None
        elif element.name == "graph":
            self._begin_graph(element)
        elif element.name in ("node", "edge"):
            if not self.graphs:
                raise self.builder.error(element.line, f"{element.name} outside of a graph")
            self._begin_thing(element)
        elif element.name == "hyperedge":
            raise self.builder.error(
                element.line,
                "a hyperedge joins any number of nodes, and an edge here has two ends; make a node "
                "of it",
            )
        elif element.name in ("port", "data"):
            self.datum, self.datum_depth = element, self.depth

    def end(self, element: Element) -> None:
        """Takes the end of an element."""
        self.depth -= 1
        thing = self.things[-1] if self.things else None
        if self.datum is not None:
            if element.name == "NodeLabel" and thing is not None and thing.shown is None:
                thing.shown = element.text.strip() or None
            elif self.depth < self.datum_depth:
                self._end_datum(self.datum, thing, element.text)
        elif element.name == "default" and self.key is not None:
            self.default = element.text
        elif element.name == "key" and self.key is not None:
            self._declare(self.key)
            self.key = None
        elif element.name == "graph":
            # That of the outermost stays: an empty graph has its direction.
            if len(self.directions) > 1:
                self.directions.pop()
        elif element.name in ("node", "edge") and thing is not None:
            self._end_thing(self.things.pop())

    def _begin_graph(self, element: Element) -> None:
        nested = bool(self.things)
        if self.graphs and not nested:
            raise self.builder.error(element.line, "a second graph: a file must hold one")
        if nested:
            self.builder.count("nested graphs read as part of the graph")
        self.graphs += 1
        default = element.attributes.get("edgedefault", "undirected").strip().lower()
        if default not in _DIRECTIONS:
            raise self.builder.error(
                element.line, f"edgedefault must be directed or undirected, got {default!r}"
            )
        self.directions.append(_DIRECTIONS[default])

    def _begin_thing(self, element: Element) -> None:
        directed = element.attributes.get("directed", "").strip().lower()
        if directed and directed not in _TRUTHS:
            raise self.builder.error(
                element.line, f"directed must be true or false, got {directed!r}"
            )
        told = _TRUTHS[directed] if directed else self.directions[-1]
        self.things.append(_Thing(element, told))
        if element.name == "node":
            self.builder.add_node(element.attributes.get("id"), {}, element.line)

    def _end_thing(self, thing: _Thing) -> None:
        element = thing.element
        cells = self.keys[element.name].cells(thing.values)
        if element.name == "node":
            self.builder.update_node(element.attributes["id"], cells, element.line, thing.shown)
        else:
            ends = element.attributes.get("source"), element.attributes.get("target")
            self.builder.add_edge(*ends, thing.directed, cells, element.line)

    def _end_datum(self, datum: Element, thing: _Thing | None, text: str) -> None:
        self.datum = None
        if datum.name == "port":
            self.builder.count("ports left out")
        if thing is None or datum.name == "port":
            return
        key = datum.attributes.get("key")
        if key is None:
            raise self.builder.error(datum.line, "data has no key")
        if key in self.declared and key not in self.keys[thing.element.name]:
            self.builder.count("values of keys that are declared for something else")
        else:
            thing.values[key] = text, datum.line

    def _declare(self, key: Element) -> None:
        about = key.attributes
        if "id" not in about:
            raise self.builder.error(key.line, "a key has no id")
        domain = about.get("for", "all")
        self.declared.add(about["id"])
        for kind, keys in self.keys.items():
            if domain in (kind, "all"):
                name = about.get("attr.name", about["id"])
                kind_of = about.get("attr.type", "")
                keys.declare(about["id"], name, kind_of, self.default, key.line)


def _claims(sample: Sample) -> bool:
    return xml_root(sample.head) == "graphml" or (
        sample.suffix == ".graphml" and not sample.head.lstrip("\ufeff \r\n\t").startswith("{")
    )


GRAPHML = FileFormat(
    name="graphml",
    about=(
        "GraphML: direction as edgedefault and the edges say; ids are text; an undirected pair "
        "stands once; weights of repeats are added; loops stay; defaults of keys hold."
    ),
    claims=_claims,
    read=read_graphml,
)
