"""The few heaviest edges of each node, and edges whose two directions stay or go together."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from gnn.edges.growing_arrays import GrowingArrays
from gnn.threads import in_threads

# Rows whose two directions are compared at a time.
_ROWS = 2**13


def heaviest(nodes: np.ndarray, weights: np.ndarray, k: int) -> np.ndarray:
    """Which edges are among the k heaviest of their node; of equal ones, those that come first.

    Args:
      nodes: integers `[n]` that do not descend, the node of each edge.
      weights: float32 `[n]`, not negative.
      k: how many to keep at most, 1 or more.

    Returns:
      bool `[n]`.

    >>> heaviest(np.array([0, 0, 0, 7]), np.float32([1, 3, 1, 0.5]), 2).tolist()
    [True, True, False, True]
    """
    begins = np.flatnonzero(np.diff(nodes, prepend=-1))
    lengths = np.diff(begins, append=nodes.size)
    long = np.repeat(lengths > k, lengths)
    kept = ~long
    if not long.any():
        return kept
    # The edges of too long nodes alone. Floats that are not negative are ordered as their bits.
    bits = np.invert((weights[long] + np.float32(0)).view(np.uint32)).astype(np.uint64)  # -0 is 0.
    starts = np.cumsum(lengths[lengths > k]) - lengths[lengths > k]
    row = np.repeat(np.arange(starts.size, dtype=np.uint64), lengths[lengths > k])
    key = row << np.uint64(32) | bits
    last = np.sort(key)[starts + k - 1]  # The key of the k-th heaviest.
    last_of = np.repeat(last, lengths[lengths > k])
    above, level = key < last_of, key == last_of
    # So many of those that weigh as much as the k-th are kept.
    room = k - np.add.reduceat(above, starts, dtype=np.int64)
    rank = np.cumsum(level)
    before = rank[starts] - level[starts]
    rank -= np.repeat(before, lengths[lengths > k])
    kept[long] = above | (level & (rank <= np.repeat(room, lengths[lengths > k])))
    return kept


def in_both_directions(
    senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray, num_nodes: int, *, mutual: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges of which some are given in one direction, in both, each of the same weight.

    Args:
      senders: integers `[n]`.
      receivers: integers `[n]`; the edges are sorted by receiver and then sender, none is twice.
      weights: `[n]`, above 0, the same for both directions.
      num_nodes: the number of nodes.
      mutual: whether both directions must be given; else one is enough, and the other is added.

    Returns:
      The senders, receivers and weights, sorted as before.

    >>> chosen = np.array([1, 0, 1]), np.array([0, 1, 2]), np.array([3.0, 3.0, 2.0])
    >>> [field.tolist() for field in in_both_directions(*chosen, 3, mutual=True)]
    [[1, 0], [0, 1], [3.0, 3.0]]
    >>> [field.tolist() for field in in_both_directions(*chosen, 3, mutual=False)]
    [[1, 0, 2, 1], [0, 1, 1, 2], [3.0, 3.0, 2.0, 2.0]]
    """
    both = GrowingArrays((np.int32, weights.dtype), senders.size * (1 if mutual else 2))
    edges = _by_receiver(senders, receivers, weights, num_nodes)
    lengths = _add_both_directions(edges, both, mutual=mutual)
    senders, weights = both.finished()
    return senders, np.repeat(np.arange(num_nodes, dtype=np.int32), lengths), weights


def _add_both_directions(
    edges: sparse.csr_array, both: GrowingArrays, *, mutual: bool
) -> np.ndarray:
    """Adds the columns and entries of a matrix and its transpose, and gives the lengths of rows."""
    back, lengths = edges.T.tocsr(), [np.zeros(0, np.int64)]

    def rows(start: int) -> sparse.csr_array:
        some = slice(start, start + _ROWS)
        return edges[some].minimum(back[some]) if mutual else edges[some].maximum(back[some])

    for part in in_threads(rows, range(0, edges.shape[0], _ROWS)):
        both.append(part.indices, part.data)
        lengths.append(np.diff(part.indptr))
    return np.concatenate(lengths)


def sort_senders(
    senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray, num_nodes: int
) -> None:
    """Sorts the edges of each receiver by sender, in place.

    Args:
      senders: int32 `[n]`.
      receivers: integers `[n]` that do not descend; no edge is there twice.
      weights: `[n]`.
      num_nodes: the number of nodes.

    >>> senders, weights = np.array([2, 1], np.int32), np.array([3.0, 5.0])
    >>> sort_senders(senders, np.array([0, 0]), weights, 3)
    >>> senders.tolist(), weights.tolist()
    ([1, 2], [5.0, 3.0])
    """
    edges = _by_receiver(senders, receivers, weights, num_nodes)
    edges.has_canonical_format = edges.has_sorted_indices = False
    edges.sort_indices()
    senders[:], weights[:] = edges.indices, edges.data


def with_the_edge_back(
    senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray, num_nodes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Those edges of which both directions are given, each with its own weight.

    >>> given = np.array([1, 0, 1]), np.array([0, 1, 2]), np.array([3.0, 1.0, 2.0])
    >>> [field.tolist() for field in with_the_edge_back(*given, 3)]
    [[1, 0], [0, 1], [3.0, 1.0]]
    """
    edges = _by_receiver(senders, receivers, weights, num_nodes)
    is_back = _by_receiver(senders, receivers, np.ones_like(weights), num_nodes).T.tocsr()
    return _edges_of(edges.multiply(is_back).tocsr())


def _by_receiver(
    senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray, num_nodes: int
) -> sparse.csr_array:
    lengths = np.bincount(receivers, minlength=num_nodes)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    if starts[-1] <= np.iinfo(np.int32).max:
        starts = starts.astype(np.int32)
    edges = sparse.csr_array((weights, senders, starts), shape=(num_nodes, num_nodes))
    edges.has_canonical_format = True
    return edges


def _edges_of(edges: sparse.csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    receivers = np.arange(edges.shape[0], dtype=np.int32)
    senders = edges.indices.astype(np.int32, copy=False)
    return senders, np.repeat(receivers, np.diff(edges.indptr)), edges.data
