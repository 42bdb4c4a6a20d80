"""GEXF, as Gephi, NetworkX and sigma.js write it."""

from __future__ import annotations

import os
from pathlib import Path

from gnn.datasets.formats.bounded_text import MAX_BYTES
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.network_builder import AUTO, Choices, NetworkBuilder
from gnn.datasets.formats.typed_texts import Keys
from gnn.datasets.formats.xml_elements import Element, xml_elements, xml_root

# Whether an edge holds in its direction alone.
_TYPES = {"directed": True, "undirected": False, "mutual": False}


def read_gexf(
    path: str | os.PathLike[str],
    *,
    label: str | None = AUTO,
    weight: str | None = AUTO,
    max_bytes: int = MAX_BYTES,
) -> Network:
    """Reads a GEXF file, of version 1.1 to 1.3.

    - The label of a node is its name to show, and no class.
    - Attributes are called by their `title`; defaults hold for what has no value.
    - An edge that has no `type` follows `defaultedgetype`, which is undirected unless it is said;
      a mutual edge holds in both directions.
    - A dynamic graph is read as static: every node and edge that ever is; of values over time the
      last in the file.
    - Nodes inside of nodes are nodes, without an edge to what they are in.

    Args:
      path: the file, plain or compressed (`.gz`, `.bz2`, `.xz`, `.zst`).
      label: as in `Choices`.
      weight: as in `Choices`.
      max_bytes: as in `Choices`.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is no such file, too large, or refers to nodes or attributes that it does not
        declare; the message names the line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.gexf")
    ...     _ = path.write_text(
    ...         "<gexf><graph><nodes><node id='0' label='tea'/><node id='1'/></nodes>"
    ...         "<edges><edge source='0' target='1' weight='2'/></edges></graph></gexf>"
    ...     )
    ...     network = read_gexf(path)
    >>> network.ids, network.names, network.weights.tolist(), network.directed
    (['0', '1'], ['tea', '1'], [2.0], False)
    """
    path = Path(path)
    reader = _Reader(NetworkBuilder(path.name, Choices(label, weight, max_bytes)))
    for element in xml_elements(path, max_bytes):
        if element.begins:
            reader.begin(element)
        else:
            reader.end(element)
    if reader.dynamic:
        reader.builder.about.append(
            "dynamic, read as static: every node and edge that ever is, and the last of values"
        )
    return reader.builder.build(reader.directed)


class _Thing:
    """A node or an edge that has begun, and its values so far."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self.values: dict[str, tuple[str, int]] = {}


class _Reader:
    """What a file has declared so far, and what has begun and not ended."""

    def __init__(self, builder: NetworkBuilder) -> None:
        self.builder = builder
        self.keys = {"node": Keys(builder.error), "edge": Keys(builder.error)}
        self.directed = False
        self.dynamic = False
        self.things: list[_Thing] = []
        self.domain = "node"
        self.key: Element | None = None
        self.default: str | None = None
        self.graphs = 0
        self.rooted = False

    def begin(self, element: Element) -> None:
        """Takes the begin of an element."""
        if not self.rooted and element.name != "gexf":
            raise self.builder.error(element.line, f"the root must be gexf: {element.name!r}")
        self.rooted = True
        about = element.attributes
        if element.name == "graph":
            self.graphs += 1
            if self.graphs > 1:
                raise self.builder.error(element.line, "a second graph: a file must hold one")
            self.directed = self._is_directed(about.get("defaultedgetype", ""), element.line)
            self.dynamic = about.get("mode", "") == "dynamic"
        elif element.name == "attributes":
            self.domain = about.get("class", "node")
        elif element.name == "attribute":
            self.key, self.default = element, None
        elif element.name == "node":
            if self.things:
                self.builder.count("nodes inside of nodes")
            self.builder.add_node(about.get("id"), {}, element.line, about.get("label"))
            self.things.append(_Thing(element))
        elif element.name == "edge":
            self.things.append(_Thing(element))
        elif element.name == "attvalue" and self.things:
            self._value(self.things[-1], element)

    def end(self, element: Element) -> None:
        """Takes the end of an element."""
        if element.name == "default":
            self.default = element.text
        elif element.name == "attribute" and self.key is not None:
            self._declare(self.key)
            self.key = None
        elif element.name in ("node", "edge"):
            self._end_thing(self.things.pop())

    def _value(self, thing: _Thing, element: Element) -> None:
        about = element.attributes
        key = about.get("for", about.get("id"))
        if key is None or "value" not in about:
            raise self.builder.error(element.line, "an attvalue must have for and value")
        if key in thing.values:
            self.builder.count("earlier values of an attribute over time")
        thing.values[key] = about["value"], element.line

    def _end_thing(self, thing: _Thing) -> None:
        about, line = thing.element.attributes, thing.element.line
        cells = self.keys[thing.element.name].cells(thing.values)
        if thing.element.name == "node":
            self.builder.update_node(about["id"], cells, line)
            return
        if about.get("type") == "mutual":
            self.builder.count("mutual edges, in both directions")
        directed = self._is_directed(about["type"], line) if "type" in about else self.directed
        if about.get("weight"):
            cells["weight"] = about["weight"]
        self.builder.add_edge(about.get("source"), about.get("target"), directed, cells, line)

    def _is_directed(self, kind: str, line: int) -> bool:
        plain = kind.strip().lower() or "undirected"
        if plain not in _TYPES:
            raise self.builder.error(
                line, f"the type of edges must be one of {list(_TYPES)}, got {kind!r}"
            )
        return _TYPES[plain]

    def _declare(self, key: Element) -> None:
        about = key.attributes
        if "id" not in about:
            raise self.builder.error(key.line, "an attribute has no id")
        keys = self.keys.get(self.domain)
        if keys is not None:
            name = about.get("title") or about["id"]
            keys.declare(about["id"], name, about.get("type", ""), self.default, key.line)


def _claims(sample: Sample) -> bool:
    return xml_root(sample.head) == "gexf" or (
        sample.suffix == ".gexf" and not sample.head.lstrip("\ufeff \r\n\t").startswith("{")
    )


GEXF = FileFormat(
    name="gexf",
    about=(
        "GEXF: direction as defaultedgetype and the edges say; ids are text, labels are names to "
        "show; an undirected pair stands once; weights of repeats are added; loops stay; defaults "
        "of attributes hold; a dynamic graph is read as static."
    ),
    claims=_claims,
    read=read_gexf,
)
