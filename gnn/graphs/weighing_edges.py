"""Which edges are edges: those of weight 0 are none."""

from __future__ import annotations

import numpy as np

from gnn.memory_maps import blocks


def weighing_edges(weights: np.ndarray) -> np.ndarray | slice:
    """The positions of the edges that weigh something, to index arrays of edges with.

    Args:
        weights: float `[n_edges]`, in memory or in a file, which is read in parts.

    Returns:
        int64 `[n]`, or `slice(None)` where that is all, which copies nothing.

    Example:

    >>> weighing_edges(np.array([1.0, 0.0, 2.0])).tolist(), weighing_edges(np.ones(2))
    ([0, 2], slice(None, None, None))
    """
    plain = np.asarray(weights)
    if plain.strides == (0,) and plain.size:  # One number stands for all.
        return slice(None) if plain[0] else np.zeros(0, np.int64)
    if all(part.all() for _, part in blocks(plain)):
        return slice(None)
    return np.concatenate([start + np.flatnonzero(part) for start, part in blocks(plain)])
