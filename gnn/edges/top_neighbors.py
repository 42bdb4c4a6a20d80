"""The few heaviest edges of each node, of which both directions stay or go."""

from __future__ import annotations

import numpy as np
from scipy import sparse

# Rows whose two directions are compared at a time.
_ROWS = 2**16


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
    """Edges that were chosen by their receivers, so that each has its reverse, of the same weight.

    Args:
      senders: integers `[n]`.
      receivers: integers `[n]` that do not descend; no edge is there twice.
      weights: `[n]`, positive, the same for both directions.
      num_nodes: the number of nodes.
      mutual: whether both ends must have chosen an edge; else one is enough, and what the other
        lacks is added.

    Returns:
      The senders, receivers and weights, sorted by receiver and then sender.

    >>> chosen = np.array([1, 0, 1]), np.array([0, 1, 2]), np.array([3.0, 3.0, 2.0])
    >>> [field.tolist() for field in in_both_directions(*chosen, 3, mutual=True)]
    [[1, 0], [0, 1], [3.0, 3.0]]
    >>> [field.tolist() for field in in_both_directions(*chosen, 3, mutual=False)]
    [[1, 0, 2, 1], [0, 1, 1, 2], [3.0, 3.0, 2.0, 2.0]]
    """
    ends = np.cumsum(np.bincount(receivers, minlength=num_nodes))
    shape = num_nodes, num_nodes
    # One 64-bit index would make all of them 64 bits wide.
    narrow = np.int32 if max(senders.size, num_nodes) < 2**31 else np.int64
    starts = np.concatenate([[0], ends]).astype(narrow)
    chosen = sparse.csr_array((weights, senders.astype(narrow, copy=False), starts), shape=shape)
    # The rows of a transpose are sorted, in linear time.
    reverse = chosen.T.tocsr()
    chosen = reverse.T.tocsr()
    parts = []
    for start in range(0, max(1, num_nodes), _ROWS):  # All at once would take twice the memory.
        rows = slice(start, start + _ROWS)
        one, other = chosen[rows], reverse[rows]
        edges = one.minimum(other) if mutual else one.maximum(other)
        parts.append((edges.indices, edges.data, np.diff(edges.indptr)))
    del chosen, reverse, edges
    fields = [list(field) for field in zip(*parts, strict=True)]
    del parts
    # Each field lets go of its parts before the next is made.
    senders, weights, lengths = (np.concatenate(fields.pop(0)) for _ in range(3))
    receivers = np.repeat(np.arange(num_nodes, dtype=np.int32), lengths)
    return senders.astype(np.int32, copy=False), receivers, weights
