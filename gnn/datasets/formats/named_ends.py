"""Edges whose ends are names of nodes: their places, and what stands more than once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gnn.datasets.formats.network import Network
from gnn.datasets.formats.pair_counts import count_pairs


@dataclasses.dataclass(frozen=True, eq=False)
class NamedNodes:
    """Nodes by name, and the rows of their tables that hold.

    Attributes:
      places: name -> number, in order of appearance.
      rows: the row of each node.
      counts: rows that repeat a name, which are left out.
    """

    places: Mapping[str, int]
    rows: list[int]
    counts: Mapping[str, int]

    @classmethod
    def of(cls, names: Sequence[str]) -> NamedNodes:
        """Nodes of a column of names; of those with one name the first row holds.

        >>> nodes = NamedNodes.of(["b", "a", "b"])
        >>> list(nodes.places), nodes.rows, nodes.counts
        (['b', 'a'], [0, 1], {'repeated nodes left out': 1})
        """
        places: dict[str, int] = {}
        rows: list[int] = []
        for row, name in enumerate(names):
            if name not in places:
                places[name] = len(rows)
                rows.append(row)
        repeated = len(names) - len(rows)
        return cls(places, rows, {"repeated nodes left out": repeated} if repeated else {})

    def take(self, cells: Sequence[Any]) -> list[Any]:
        """The cells of the rows that hold."""
        return [cells[row] for row in self.rows]

    def ends(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        weights: Sequence[float] | None = None,
    ) -> NamedEnds:
        """The places of the ends of edges; edges of a node that is not there are left out."""
        get = self.places.get
        found = np.array(
            [[get(name, -1) for name in names] for names in (sources, targets)], np.int64
        ).reshape(2, -1)
        known = (found >= 0).all(axis=0)
        weighed = None if weights is None else np.asarray(weights, np.float32)[known]
        unknown = int(np.sum(~known))
        counts = {"edges of unknown nodes left out": unknown} if unknown else {}
        return NamedEnds(found[0][known], found[1][known], weighed, counts)


@dataclasses.dataclass(frozen=True, eq=False)
class NamedEnds:
    """Edges by the places of their ends.

    Attributes:
      senders: int64 `[m]`.
      receivers: int64 `[m]`.
      weights: float32 `[m]`, or None for ones.
      counts: edges that were left out.
    """

    senders: np.ndarray
    receivers: np.ndarray
    weights: np.ndarray | None
    counts: Mapping[str, int]

    def network(
        self,
        nodes: NamedNodes,
        about: Sequence[str],
        counts: Mapping[str, int] | None = None,
        **fields: Any,
    ) -> Network:
        """A network of these edges.

        Args:
          nodes: the nodes.
          about: how the file is read.
          counts: what else was left out or done.
          **fields: others of `Network`.
        """
        pairs = count_pairs(self.senders, self.receivers, len(nodes.places)).named()
        return Network(
            list(nodes.places),
            self.senders,
            self.receivers,
            self.weights,
            about=tuple(about),
            counts={**nodes.counts, **self.counts, **(counts or {}), **pairs},
            **fields,
        )
