"""Nodes and edges one by one, as a file names them, become a `Network`."""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from gnn.datasets.formats.bounded_text import MAX_BYTES, limit_of
from gnn.datasets.formats.edge_weights import weights_of
from gnn.datasets.formats.label_column import label_of, shown_by
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.node_cells import (
    SparseColumns,
    numbers_of_text,
    of_one_type,
    same_types,
)
from gnn.datasets.formats.pair_counts import count_pairs

AUTO = "auto"


@dataclasses.dataclass(frozen=True)
class Choices:
    """What a user may settle of a file, as all readers of graph editors' files take it.

    Attributes:
      label: the attribute of nodes that is the label; None is none, `"auto"` asks `label_of`.
      weight: the attribute of edges that is the weight; None gives ones, `"auto"` takes `weight`,
        and where no edge has that `value`, if it is a number.
      max_bytes: how long the file may be, decompressed; it may make an eighth as many nodes,
        edges, or cells of a column.
    """

    label: str | None = AUTO
    weight: str | None = AUTO
    max_bytes: int = MAX_BYTES


class NetworkBuilder:
    """Collects what a file declares, in any order, and makes a `Network` of it at the end."""

    def __init__(self, file: str, choices: Choices) -> None:
        """Takes the name of the file, for errors, and what the user settled."""
        self.file, self.choices = file, choices
        # What the places are called that errors name.
        self.unit = "line"
        self.counts: dict[str, int] = {}
        self.about: list[str] = []
        self._limit = limit_of(choices.max_bytes)
        self._places: dict[Hashable, int] = {}
        self._cells = SparseColumns(self.error, "node", self._limit)
        self._edge_cells = SparseColumns(self.error, "edge", self._limit)
        self._shown: dict[int, str] = {}
        self._ends: tuple[list[Hashable], list[Hashable]] = ([], [])
        self._lines = array("q")
        self._directed = bytearray()
        self._left_out: dict[str, None] = {}
        self._last_line = 0

    def count(self, what: str, times: int = 1) -> None:
        """Counts something that is merged or dropped."""
        if times:
            self.counts[what] = self.counts.get(what, 0) + times

    def error(self, line: int, what: str) -> ValueError:
        """An error that names file and line, to be raised."""
        return ValueError(f"{self.file}, {self.unit} {line}: {what}")

    @property
    def num_edges(self) -> int:
        """How many edges there are so far."""
        return len(self._lines)

    def has_node(self, name: Hashable) -> bool:
        """Whether a node is declared."""
        return name in self._places

    def add_node(
        self, name: Hashable, cells: Mapping[str, Any], line: int, shown: str | None = None
    ) -> None:
        """Declares a node.

        Args:
          name: its id.
          cells: its attributes; None is a gap.
          line: where it stands.
          shown: its name to show.

        Raises:
          ValueError: the id is missing or was declared before, or there are too many nodes,
            attributes or cells.
        """
        if name is None or name == "":
            raise self.error(line, "a node has no id")
        self._check_name(name, line)
        if name in self._places:
            raise self.error(line, f"node {name!r} is declared twice")
        if len(self._places) == self._limit:
            raise self.error(line, f"more than {self._limit:,} nodes (max_bytes / 8)")
        self._places[name] = len(self._places)
        self.update_node(name, cells, line, shown)

    def update_node(
        self, name: Hashable, cells: Mapping[str, Any], line: int, shown: str | None = None
    ) -> None:
        """Adds attributes to a node that is declared; arguments as in `add_node`."""
        place, self._last_line = self._places[name], line
        for key, value in cells.items():
            if value is not None:
                self._cells.put(key, place, value, line)
        if shown is not None:
            self._shown[place] = shown

    def add_edge(
        self,
        source: Hashable,
        target: Hashable,
        directed: bool,
        cells: Mapping[str, Any],
        line: int,
    ) -> None:
        """Adds an edge; its ends may be declared later.

        Args:
          source: the id of a node.
          target: the id of a node.
          directed: whether it holds in this direction alone.
          cells: its attributes.
          line: where it stands.

        Raises:
          ValueError: an end is missing (None), or there are too many edges.
        """
        for end, name in (("source", source), ("target", target)):
            if name is None:
                raise self.error(line, f"an edge has no {end}")
            self._check_name(name, line)
        if self.num_edges == self._limit:
            raise self.error(line, f"more than {self._limit:,} edges (max_bytes / 8)")
        self._ends[0].append(source)
        self._ends[1].append(target)
        self._lines.append(line)
        self._directed.append(directed)
        self.update_edge(self.num_edges - 1, cells, line)

    def update_edge(self, edge: int, cells: Mapping[str, Any], line: int) -> None:
        """Adds attributes to an edge that is there; arguments as in `add_edge`."""
        chosen = self.choices.weight
        for name, value in cells.items():
            if chosen == AUTO:
                taken = name.lower() if name.lower() in ("weight", "value") else None
            else:
                taken = name if name == chosen else None
            if taken is None:
                if len(self._left_out) < 20:
                    self._left_out[name] = None
            elif value is not None:
                self._edge_cells.put(taken, edge, value, line)

    def build(self, directed: bool, named_by_shown: bool = False, untyped: bool = False) -> Network:
        """The network of all that was added.

        An undirected pair is oriented from the node that was declared first, so that it is the
        same pair in whatever order it stands. Where some edges are directed and some are not, the
        network is directed, and has the others in both directions.

        Args:
          directed: what a file without edges is.
          named_by_shown: whether the names to show are the ids where all are distinct.
          untyped: whether the format has no types, so that text may be a number.

        Raises:
          ValueError: there are no nodes, an end of an edge is no node, a weight is no number that
            is finite and not negative, or the label or weight that was chosen is nowhere.
        """
        if not self._places:
            raise ValueError(f"{self.file} has no nodes")
        ids: list[Any] = list(self._places)
        senders, receivers = (self._resolved(ends) for ends in self._ends)
        weights = weights_of(self.error, self._edge_cells, self._lines, self.choices.weight == AUTO)
        if self.choices.weight not in (None, AUTO) and weights is None and self.num_edges:
            raise ValueError(
                f"{self.file}: no edge has the attribute {self.choices.weight!r} (weight); there "
                f"are {list(self._left_out)}"
            )
        if weights is not None:
            absent = int(np.sum(np.isnan(weights)))
            self.count("edges without a weight, taken for 1", absent)
            weights = np.where(np.isnan(weights), 1.0, weights)
        senders, receivers, weights, directed = self._directions(
            senders, receivers, weights, directed
        )
        columns = self._cells.columns(len(ids), self._last_line)
        columns = {k: of_one_type(numbers_of_text(v) if untyped else v) for k, v in columns.items()}
        for name in [name for name, cells in columns.items() if cells is None]:
            self.count("attributes of nodes left out")
            del columns[name]
        label = self._label(columns)
        names = self._names(ids, columns)
        if named_by_shown and names is not None and len(set(names)) == len(names):
            ids, names = names, None
            self.about.append("nodes are named by their labels, which are distinct")
        self._tell(senders, receivers, len(ids), directed)
        return Network(
            ids=same_types(self.file, ids),
            senders=senders,
            receivers=receivers,
            weights=weights,
            directed=directed,
            columns=columns,
            label=label,
            names=names,
            about=tuple(self.about),
            counts=dict(self.counts),
        )

    def _check_name(self, name: Any, line: int) -> None:
        if isinstance(name, bool) or not isinstance(name, str | int):
            raise self.error(line, f"an id must be text or an integer, got {str(name)[:40]}")

    def _resolved(self, ends: list[Hashable]) -> np.ndarray:
        places = self._places
        try:
            return np.fromiter((places[end] for end in ends), np.int64, len(ends))
        except KeyError:
            at = next(k for k, end in enumerate(ends) if end not in places)
            source, target = self._ends[0][at], self._ends[1][at]
            raise self.error(
                self._lines[at],
                f"an edge from {source!r} to {target!r}: there is no node {ends[at]!r}",
            ) from None

    def _directions(
        self, senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray | None, directed: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, bool]:
        one_way = np.frombuffer(bytes(self._directed), np.bool_)
        if one_way.size:
            directed = bool(one_way.any())
        if not directed:
            senders, receivers = np.minimum(senders, receivers), np.maximum(senders, receivers)
        elif not one_way.all():
            both = np.flatnonzero(~one_way & (senders != receivers))
            self.count("undirected edges among directed ones, in both directions", both.size)
            ends = senders, receivers
            senders = np.concatenate([ends[0], ends[1][both]])
            receivers = np.concatenate([ends[1], ends[0][both]])
            weights = None if weights is None else np.concatenate([weights, weights[both]])
        return senders, receivers, weights, directed

    def _names(self, ids: list[Any], columns: dict[str, Any]) -> list[str] | None:
        """The names to show; a user may take them for the label, so they are an attribute too."""
        name = None if self._shown else shown_by(columns)
        if self._shown:
            shown = [self._shown.get(place) for place in range(len(ids))]
            if shown not in columns.values():
                columns.setdefault("label", shown)
        elif name is None:
            return None
        else:
            shown = columns[name]
            self.about.append(f"{name!r} is the name to show")
        names = [str(k) if n is None else n for k, n in zip(ids, shown, strict=True)]
        return None if names == [str(name) for name in ids] else names

    def _label(self, columns: Mapping[str, Any]) -> str | None:
        label = self.choices.label
        if label == AUTO:
            label = label_of(columns)
        elif label is not None and label not in columns and (label != "label" or not self._shown):
            raise ValueError(
                f"{self.file}: no node has the attribute {label!r} (label); there are "
                f"{list(columns)[:20]}"
            )
        return label

    def _tell(
        self, senders: np.ndarray, receivers: np.ndarray, num_nodes: int, directed: bool
    ) -> None:
        for what, times in count_pairs(senders, receivers, num_nodes).named().items():
            self.count(what, times)
        self.about[:0] = [
            "directed, from source to target"
            if directed
            else "undirected: a pair once, in either order",
            "weights of repeats are added",
        ]
        if self._left_out:
            self.about.append(f"attributes of edges left out: {', '.join(self._left_out)}")
