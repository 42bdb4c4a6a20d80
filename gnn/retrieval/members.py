"""Which items each vector of an index stands for: copies of it, and those that are zeros."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gnn.edges.neighbors.pairs import Near, first_of_run, nearest_of_each, only, rank_in_run

# The slot of items whose vector is zeros, which are held nowhere.
ZERO = -1


class Members(NamedTuple):
    """The rows of items slot by slot, those of a slot by the order of their ids.

    The last slot is that of zeros.

    Attributes:
        rows: int64 `[items]`.
        starts: int64 `[slots + 1]`, where those of a slot begin.
        counts: int64 `[slots + 1]`, how many it has.
    """

    rows: np.ndarray
    starts: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, slots: np.ndarray, num_slots: int, ranks: np.ndarray) -> Members:
        """The members of slots.

        Args:
            slots: int64 `[items]`, the slot of each item, or `ZERO`.
            num_slots: how many there are.
            ranks: the place of each item in the order of ids.

        Example:

        >>> Members.of(np.array([0, ZERO, 0]), 1, np.array([2, 1, 0])).rows.tolist()
        [2, 0, 1]
        """
        return cls._of_order(np.lexsort((ranks, slots % (num_slots + 1))), slots, num_slots)

    @classmethod
    def _of_order(cls, rows: np.ndarray, slots: np.ndarray, num_slots: int) -> Members:
        counts = np.bincount(slots[rows] % (num_slots + 1), minlength=num_slots + 1)
        return cls(rows, np.cumsum(counts) - counts, counts)

    def only(self, kept: np.ndarray, slots: np.ndarray) -> Members:
        """Those among them that a mask of items has.

        Args:
            kept: bool `[items]`.
            slots: as in `of`.
        """
        return self._of_order(self.rows[kept[self.rows]], slots, len(self.counts) - 1)

    def items(self, near: Near, k: int, ranks: np.ndarray) -> Near:
        """The k nearest items of each query, of the nearest slots.

        Args:
            near: queries and slots, sorted by query and distance.
            k: how many items of each.
            ranks: as in `of`: equally near items come in this order.

        Returns:
            Queries and rows of items.
        """
        held = np.minimum(self.counts[near.columns], k)
        before = np.cumsum(held) - held
        # Items that are nearer: what k are nearer than cannot be among the nearest k.
        nearer = before[first_of_run(near.rows, near.distances)] - before[first_of_run(near.rows)]
        near, held = only(near, nearer < k), held[nearer < k]
        of = np.repeat(np.arange(held.size), held)
        rows = self.rows[self.starts[near.columns][of] + rank_in_run(of)]
        found = Near(near.rows[of], ranks[rows], near.distances[of])
        chosen = nearest_of_each(found, k)
        return only(found, chosen)._replace(columns=rows[chosen])
