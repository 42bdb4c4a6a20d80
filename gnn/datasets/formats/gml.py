"""GML, as Newman's networks, NetworkX, igraph and Gephi write it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from gnn.datasets.formats.bounded_text import MAX_BYTES, read_text
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.gml_pairs import Pair, gml_pairs
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.network_builder import AUTO, Choices, NetworkBuilder

# NetworkX marks lists of one element, which a repeated key cannot tell from none.
_LIST_START = "_networkx_list_start"
# Before the graph stand remarks and pairs, such as the creator. DOT has `graph [` inside of braces.
_HEAD = re.compile(
    r"""(?:[\ufeff\s]++ | \#[^\n]*+\n | (?!graph\b)[A-Za-z]\w*+\s++(?:"[^"]*+"|[-+.\w]++))*+
    graph\s*+\[""",
    re.VERBOSE,
)


def read_gml(
    path: str | os.PathLike[str],
    *,
    label: str | None = AUTO,
    weight: str | None = AUTO,
    max_bytes: int = MAX_BYTES,
) -> Network:
    """Reads a GML file.

    - Undirected unless `directed 1` is said.
    - Nodes are named by their labels where all have one and these are distinct, and else by the
      numbers `id`, with the labels as names to show. Edges refer to `id` in any case.
    - The weight is `weight`, or `value` as in Newman's files.
    - A key that is repeated in a node is a list. Lists inside of nodes, such as `graphics`, are
      left out and counted.

    Args:
      path: the file, plain or compressed (`.gz`, `.bz2`, `.xz`, `.zst`).
      label: as in `Choices`.
      weight: as in `Choices`.
      max_bytes: as in `Choices`.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is no such file, too large, has several graphs, or an edge to a node that it
        does not declare; the message names the line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.gml")
    ...     _ = path.write_text(
    ...         'graph [ node [ id 7 label "tea" ] node [ id 8 label "cup" ]'
    ...         " edge [ source 8 target 7 value 3 ] ]"
    ...     )
    ...     network = read_gml(path)
    >>> network.ids, network.weights.tolist(), network.directed
    (['tea', 'cup'], [3.0], False)
    """
    path = Path(path)
    builder = NetworkBuilder(path.name, Choices(label, weight, max_bytes))
    reader = _Reader(builder)
    for pair in gml_pairs(read_text(path, max_bytes), path.name):
        reader.take(pair)
    if not reader.graphs:
        raise ValueError(f"{path.name} holds no graph [ ... ]")
    for cells, line in reader.edges:
        ends = cells.pop("source", None), cells.pop("target", None)
        builder.add_edge(*ends, reader.directed, cells, line)
    return builder.build(reader.directed, named_by_shown=True)


class _Reader:
    """The lists that have begun and not ended, and what they hold."""

    def __init__(self, builder: NetworkBuilder) -> None:
        self.builder = builder
        self.open: list[str] = []
        self.cells: dict[str, Any] = {}
        self.line = 0
        self.directed = False
        self.graphs = 0
        # `directed` may stand after the edges.
        self.edges: list[tuple[dict[str, Any], int]] = []

    def take(self, pair: Pair) -> None:
        """Takes the next pair of a file."""
        within = "/".join(self.open)
        if pair.key is None:
            self.open.pop()
            if within == "graph/node":
                self._end_node()
            elif within == "graph/edge":
                self.edges.append((self.cells, self.line))
        elif pair.value is None:
            self._begin(within, pair)
            self.open.append(pair.key)
        elif within == "graph" and pair.key == "directed":
            self.directed = self._truth(pair)
        elif within in ("graph/node", "graph/edge"):
            self._put(pair.key, pair.value)

    def _begin(self, within: str, pair: Pair) -> None:
        if not within and pair.key == "graph":
            self.graphs += 1
            if self.graphs > 1:
                raise self.builder.error(pair.line, "a second graph: a file must hold one")
        elif within == "graph" and pair.key in ("node", "edge"):
            self.cells, self.line = {}, pair.line
        elif within == "graph/node":
            self.builder.count("lists inside of nodes left out")

    def _truth(self, pair: Pair) -> bool:
        if pair.value not in (0, 1):
            raise self.builder.error(pair.line, f"directed must be 0 or 1, got {pair.value!r}")
        return bool(pair.value)

    def _put(self, key: str, value: Any) -> None:
        """Sets an attribute; that of a repeated key is a list."""
        before = self.cells.get(key)
        if before is None:
            self.cells[key] = [] if value == _LIST_START else value
        elif isinstance(before, list):
            before.append(value)
        else:
            self.cells[key] = [before, value]

    def _end_node(self) -> None:
        name, shown = self.cells.pop("id", None), self.cells.pop("label", None)
        if isinstance(name, list) or isinstance(shown, list):
            raise self.builder.error(self.line, "a node has several ids or labels")
        shown = None if shown is None else str(shown)
        self.builder.add_node(name, self.cells, self.line, shown)


def _claims(sample: Sample) -> bool:
    if sample.head.lstrip("\ufeff \r\n\t").startswith(("<", "{")):
        return False  # The Geography Markup Language is XML.
    return sample.suffix == ".gml" or _HEAD.match(sample.head) is not None


GML = FileFormat(
    name="gml",
    about=(
        "GML: undirected unless it says directed 1; nodes are named by their labels where these "
        "are distinct; an undirected pair stands once; weights of repeats are added; loops stay; "
        "the weight is weight, or value."
    ),
    claims=_claims,
    read=read_gml,
)
