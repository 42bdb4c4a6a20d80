"""Exact nearest neighbors among embeddings, and how often they have the right label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.configs.arguments import check_integer

_METRICS = ("cosine", "l2")

# How many numbers a block holds: 8 MB of them, however many rows there are and however wide.
_BLOCK = 2**20


def nearest_neighbors(
    queries: Any, items: Any, k: int, metric: str = "cosine", exclude_self: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Finds for each query the `k` nearest items, by comparing it with all of them.

    The distance is `1 - q.x / (|q| |x|)` for `"cosine"`, where a row of zeros is at distance 1 from
    everything, and `|q - x|` (not its square) for `"l2"`. It is computed in float64. Where items
    are equally far, the one with the lower index comes first. The work is done in blocks: beside
    the arguments and the results it takes less than a hundred megabytes.

    Args:
        queries: `[num_queries, width]` real numbers, an array or what NumPy can make one of.
        items: `[num_items, width]`, likewise.
        k: how many neighbors, from 1 to the number of items.
        metric: `"cosine"` or `"l2"`.
        exclude_self: whether query i *is* item i, which is then not among its own neighbors. Items
            equal to it are.

    Returns:
        The indices into `items`, int64 `[num_queries, k]`, nearest first, and the distances,
        float64 of the same shape.

    Raises:
        TypeError: `k` is not an integer, or the rows are not real numbers.
        ValueError: a rank, width or number is not as said, `k` is more than there are items to
            find, or the metric is another.

    Example:

    >>> indices, distances = nearest_neighbors([[1, 0]], [[0, 1], [3, 4], [2, 0]], k=2)
    >>> indices.tolist(), distances.round(2).tolist()
    ([[2, 1]], [[0.0, 0.4]])
    """
    queries, items = _as_rows("queries", queries), _as_rows("items", items)
    if queries.shape[1] != items.shape[1]:
        raise ValueError(
            "queries and items must be equally wide; got widths "
            f"{queries.shape[1]} and {items.shape[1]}"
        )
    if metric not in _METRICS:
        raise ValueError(f"metric must be one of {', '.join(_METRICS)}; got {metric!r}")
    if exclude_self and len(queries) != len(items):
        raise ValueError(
            "exclude_self=True says that query i is item i, so there must be as many; got "
            f"{len(queries)} queries and {len(items)} items"
        )
    most = len(items) - bool(exclude_self)
    k = check_integer("k", k)
    if not 1 <= k <= most:
        raise ValueError(f"k must be from 1 to {most}, the items that can be neighbors; got {k}")

    # Until k items have been seen, their places are taken by one that is infinitely far.
    indices = np.full((len(queries), k), len(items), np.int64)
    distances = np.full((len(queries), k), np.inf)
    item_step = max(1, min(_BLOCK // max(1, items.shape[1]), 16384))
    for first_item in range(0, len(items), item_step):
        block = _prepare(items[first_item : first_item + item_step], metric)
        step = max(1, _BLOCK // len(block))
        for start in range(0, len(queries), step):
            rows = slice(start, start + step)
            some = _prepare(queries[rows], metric)
            left_out = np.arange(start, start + len(some)) - first_item if exclude_self else None
            found = _nearest_in_block(some, block, k, metric, left_out)
            indices[rows], distances[rows] = _merge(
                (indices[rows], distances[rows]), (found[0] + first_item, found[1])
            )
    return indices, distances


def neighbor_accuracy(
    queries: Any,
    query_labels: Any,
    items: Any,
    item_labels: Any,
    k: int = 1,
    metric: str = "cosine",
    exclude_self: bool = False,
) -> float:
    """The share of a query's `k` nearest items that have its label, averaged over the queries.

    For `k=1` it is the accuracy of a nearest-neighbor classifier; for more, the precision at k.

    Args:
        queries: `[num_queries, width]`, as `nearest_neighbors` takes them.
        query_labels: `[num_queries]`.
        items: `[num_items, width]`.
        item_labels: `[num_items]`.
        k: how many neighbors are judged.
        metric: `"cosine"` or `"l2"`.
        exclude_self: whether query i is item i, which then does not count.

    Returns:
        A number from 0 to 1.

    Raises:
        TypeError: as `nearest_neighbors`.
        ValueError: as `nearest_neighbors`; or there are no queries, labels and rows are not equally
            many, or a label is negative, which means unlabeled.

    Example:

    >>> neighbor_accuracy([[1, 0], [0, 1]], [5, 6], [[2, 0], [1, 1], [0, 3]], [5, 5, 5], k=2)
    0.5
    """
    queries, items = _as_rows("queries", queries), _as_rows("items", items)
    query_labels = _as_labels("query_labels", query_labels, len(queries))
    item_labels = _as_labels("item_labels", item_labels, len(items))
    if not len(queries):
        raise ValueError("queries must hold at least one row; got none")
    indices, _ = nearest_neighbors(queries, items, k, metric, exclude_self)
    return float(np.mean(item_labels[indices] == query_labels[:, None]))


def _as_rows(name: str, value: Any) -> NDArray[Any]:
    rows = np.asarray(value)
    if rows.ndim != 2:
        raise ValueError(f"{name} must have shape [rows, width]; got shape {rows.shape}")
    if rows.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers; got dtype {rows.dtype}")
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        raise ValueError(f"{name} must be finite; row {np.argmin(finite)} is not")
    return rows


def _as_labels(name: str, value: Any, rows: int) -> NDArray[Any]:
    labels = np.asarray(value)
    if labels.shape != (rows,):
        raise ValueError(f"{name} must have shape [{rows}], a label a row; got {labels.shape}")
    if labels.dtype.kind in "fi" and (labels < 0).any():
        raise ValueError(
            f"{name} must not be negative, which means unlabeled: leave such rows out; got "
            f"{labels.min()} at row {np.argmin(labels)}"
        )
    return labels


def _prepare(rows: NDArray[Any], metric: str) -> NDArray[np.float64]:
    """The rows in float64; for the cosine of length 1, where they are not zeros."""
    rows = rows.astype(np.float64)
    if metric == "cosine":
        norms = np.sqrt((rows**2).sum(axis=1, keepdims=True))
        rows /= np.where(norms > 0, norms, 1.0)
    return rows


def _nearest_in_block(
    queries: NDArray[np.float64],
    items: NDArray[np.float64],
    k: int,
    metric: str,
    left_out: NDArray[np.int64] | None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The min(k, len(items)) nearest of a block of items; an item left out is infinitely far.

    One matrix product finds the candidates: it gives `-q.x`, or half the squared distance. It
    rounds equal items differently, depending on where in the matrix they stand, so all that come
    within its error of the k-th are measured again, pair by pair.
    """
    k = min(k, len(items))
    query_squares, item_squares = (queries**2).sum(axis=1), (items**2).sum(axis=1)
    rough = -(queries @ items.T)
    if metric == "l2":
        rough += (query_squares[:, None] + item_squares) / 2
    if left_out is not None:
        inside = np.flatnonzero((left_out >= 0) & (left_out < len(items)))
        rough[inside, left_out[inside]] = np.inf
    largest = np.sqrt(query_squares) + np.sqrt(item_squares.max())
    error = 4 * (queries.shape[1] + 8) * np.finfo(np.float64).eps * largest**2
    limit = np.partition(rough, k - 1, axis=1)[:, k - 1] + error
    rows, columns = np.nonzero(rough <= limit[:, None])

    distances = np.empty(len(rows))
    step = max(1, _BLOCK // max(1, queries.shape[1]))
    for start in range(0, len(rows), step):
        pairs = slice(start, start + step)
        left, right = queries[rows[pairs]], items[columns[pairs]]
        if metric == "cosine":
            distances[pairs] = np.clip(1 - (left * right).sum(axis=1), 0, 2)
        else:
            distances[pairs] = np.sqrt(((left - right) ** 2).sum(axis=1))
    if left_out is not None:
        distances[columns == left_out[rows]] = np.inf
    order = np.lexsort((columns, distances, rows))
    counts = np.bincount(rows, minlength=len(queries))
    firsts = (np.cumsum(counts) - counts)[:, None] + np.arange(k)
    return columns[order[firsts]].astype(np.int64), distances[order[firsts]]


def _merge(
    known: tuple[NDArray[np.int64], NDArray[np.float64]],
    found: tuple[NDArray[np.int64], NDArray[np.float64]],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The nearest of those known and those found, as many as are known."""
    indices = np.concatenate([known[0], found[0]], axis=1)
    distances = np.concatenate([known[1], found[1]], axis=1)
    order = np.lexsort((indices, distances), axis=1)[:, : known[0].shape[1]]
    return np.take_along_axis(indices, order, axis=1), np.take_along_axis(distances, order, axis=1)
