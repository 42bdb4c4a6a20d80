"""Draws of pairs of nodes: of equal or different labels, distinct, and in turn."""

from __future__ import annotations

import numpy as np

# Draws that fall on pairs left out are drawn again, so often before there are held to be no others.
_MOST_ROUNDS = 100


class PairDraws:
    """Draws uniformly from the ordered pairs of labeled nodes of equal, or of different, labels.

    Args:
        labels: int `[n_nodes]`, -1 where unknown.
        equal: which of the two.
        exclude: int `[n, 2]`, pairs that are not drawn, in both directions, or None.
        rng: of the draws.

    Example:

    >>> draw = PairDraws(np.array([0, 0, 1, -1]), True, None, np.random.default_rng(0))
    >>> np.unique(draw(9), axis=0).tolist()
    [[0, 1], [1, 0]]
    """

    def __init__(
        self,
        labels: np.ndarray,
        equal: bool,
        exclude: np.ndarray | None,
        rng: np.random.Generator,
    ):
        nodes = np.flatnonzero(labels >= 0)
        # By class, so that a class is a range.
        self._nodes = nodes[np.argsort(labels[nodes], kind="stable")]
        _, first, own, sizes = np.unique(
            labels[self._nodes], return_index=True, return_inverse=True, return_counts=True
        )
        self._first, self._size = first[own], sizes[own]
        # How many partners each node has; the cumulative sum numbers all pairs.
        partners = self._size - 1 if equal else len(nodes) - self._size
        self._ends = np.cumsum(partners, dtype=np.int64)
        self._equal, self._rng = equal, rng
        self._exclude = np.empty(0) if exclude is None else undirected_keys(exclude)

    def __call__(self, count: int) -> np.ndarray:
        """int32 `[count, 2]`; fewer where everything found is left out."""
        kept = [np.empty((0, 2), np.int32)]
        for _ in range(_MOST_ROUNDS):
            if count <= 0 or not self._ends.size or not self._ends[-1]:
                break
            drawn = self._draw(count)
            drawn = drawn[~np.isin(undirected_keys(drawn), self._exclude)]
            kept.append(drawn)
            count -= len(drawn)
        return np.concatenate(kept)

    def _draw(self, count: int) -> np.ndarray:
        number = self._rng.integers(self._ends[-1], size=count)
        sender = np.searchsorted(self._ends, number, side="right")
        rank = self._ends[sender] - 1 - number  # Among the sender's partners.
        first, size = self._first[sender], self._size[sender]
        if self._equal:
            receiver = first + rank
            receiver += receiver >= sender
        else:
            receiver = np.where(rank >= first, rank + size, rank)
        return np.stack([self._nodes[sender], self._nodes[receiver]], axis=1).astype(np.int32)


def distinct_pairs(draw: PairDraws, nodes: np.ndarray, count: int) -> np.ndarray:
    """`count` distinct pairs, each with one of some nodes; fewer where there are not so many.

    Example:

    >>> draw = PairDraws(np.array([0, 0, 1]), True, None, np.random.default_rng(0))
    >>> np.sort(distinct_pairs(draw, np.array([0]), 5)).tolist()
    [[0, 1]]
    """
    found = np.empty((0, 2), np.int32)
    for _ in range(_MOST_ROUNDS if len(nodes) else 0):
        drawn = draw(2 * count)
        found = np.concatenate([found, drawn[np.isin(drawn, nodes).any(axis=1)]])
        _, first = np.unique(undirected_keys(found), return_index=True)
        found = found[np.sort(first)][:count]
        if len(found) == count:
            break
    return found


def in_turn(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` rows in random order, every one before any comes again.

    Example:

    >>> np.sort(in_turn(np.array([7, 8]), 4, np.random.default_rng(0))).tolist()
    [7, 7, 8, 8]
    """
    order = np.arange(0)
    while len(rows) and len(order) < count:
        order = np.concatenate([order, rng.permutation(len(rows))])
    return rows[order[:count]]


def undirected_keys(rows: np.ndarray) -> np.ndarray:
    """int64 `[n]`, a number a pair that both of its directions share.

    Example:

    >>> bool(np.ptp(undirected_keys(np.array([[3, 9], [9, 3]]))) == 0)
    True
    """
    ends = np.sort(rows, axis=1).astype(np.int64)
    return ends[:, 0] << 32 | ends[:, 1]
