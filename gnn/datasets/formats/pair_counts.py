"""What stands more than once among edges."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gnn.edges.merging import edge_keys


class PairCounts(NamedTuple):
    """What stands more than once among edges.

    Attributes:
      edges: how many are listed.
      repeats: how many of them were listed before, from the same node to the same.
      loops: how many nodes have an edge to themselves.
      mutual: how many pairs of two nodes are listed in both directions.
    """

    edges: int
    repeats: int
    loops: int
    mutual: int

    @property
    def alone(self) -> int:
        """How many edges between two nodes lack their reverse, repeats aside."""
        return self.edges - self.repeats - self.loops - 2 * self.mutual

    def named(self) -> dict[str, int]:
        """The counts as `Network.counts` has them; no zeros.

        >>> PairCounts(edges=5, repeats=1, loops=0, mutual=2).named()
        {'repeats': 1, 'pairs in both directions': 2}
        """
        found = {
            "repeats": self.repeats,
            "loops": self.loops,
            "pairs in both directions": self.mutual,
        }
        return {what: count for what, count in found.items() if count}


def count_pairs(senders: np.ndarray, receivers: np.ndarray, num_nodes: int) -> PairCounts:
    """Counts repeats, loops and pairs in both directions.

    Args:
      senders: integers `[m]`.
      receivers: integers `[m]`.
      num_nodes: more than any of them.

    >>> count_pairs(np.array([0, 1, 0, 2, 1]), np.array([1, 0, 1, 2, 2]), 3)
    PairCounts(edges=5, repeats=1, loops=1, mutual=1)
    """
    # To sort is faster than the hash table of `np.unique`, where few are equal.
    ordered = np.sort(edge_keys(senders, receivers, num_nodes))
    distinct = ordered[np.diff(ordered, prepend=-1) > 0]
    source, target = distinct // max(num_nodes, 1), distinct % max(num_nodes, 1)
    loops = int(np.sum(source == target))
    both = np.intersect1d(distinct, edge_keys(target, source, num_nodes), assume_unique=True).size
    return PairCounts(len(senders), len(senders) - distinct.size, loops, (both - loops) // 2)
