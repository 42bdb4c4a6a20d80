"""The nearest items of many queries, a block of queries at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gnn.edges.neighbors.copies import copies_of, with_copies
from gnn.edges.neighbors.exact import near_pairs
from gnn.edges.neighbors.metrics import Vectors

# Queries of a block, and neighbors of all of them.
_QUERIES, _NEIGHBORS = 1024, 2**20


def ranked_items(
    queries: NDArray, items: NDArray, counts: NDArray, metric: str, own: NDArray | None = None
) -> Iterator[tuple[NDArray, NDArray]]:
    """Yields the nearest items of each query, exact, in blocks of queries that want as many.

    Where items are equally far, the one with the lower index comes first.

    Args:
        queries: finite numbers `[num_queries, width]`.
        items: finite numbers `[num_items, width]`.
        counts: int `[num_queries]`, the items that each query wants at least, up to all.
        metric: "cosine", "ip" or "l2".
        own: int `[num_queries]`, the item that each query is, and that is left out; or None.

    Yields:
        Rows of the queries, and their items `[rows, k]`, with k the most that one of them wants.

    Example:

    >>> blocks = ranked_items(
    ...     np.array([[0.0]]), np.array([[3.0], [1.0], [-1.0]]), np.array([2]), "l2")
    >>> [(rows.tolist(), found.tolist()) for rows, found in blocks]
    [([0], [[1, 2]])]
    """
    copies = copies_of(items)
    distinct = Vectors.of(items[copies.first] if copies.any else items, metric)
    order = np.argsort(counts, kind="stable")
    start = 0
    while start < len(order):
        stop = min(start + _QUERIES, len(order))
        while stop - start > 1 and (stop - start) * counts[order[stop - 1]] > _NEIGHBORS:
            stop = start + (stop - start) // 2
        rows = order[start:stop]
        most = int(counts[rows[-1]])
        wanted = most + (own is not None)
        near = near_pairs(Vectors.of(queries[rows], metric), distinct, min(wanted, len(distinct)))
        found = with_copies(near, copies, wanted, without_self=False).columns
        found = found.reshape(len(rows), wanted)
        if own is not None:
            is_own = found == own[rows, np.newaxis]
            is_own[~is_own.any(axis=1), -1] = True  # Its copies were nearer by their index.
            found = found[~is_own].reshape(len(rows), most)
        yield rows, found
        start = stop
