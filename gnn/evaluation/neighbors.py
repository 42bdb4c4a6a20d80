"""Exact nearest neighbors among embeddings, and how often they have the right label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.configs.arguments import check_integer
from gnn.edges.neighbors.exact import nearest
from gnn.edges.neighbors.metrics import as_vectors

METRICS = ("cosine", "l2")


def nearest_neighbors(
    queries: Any, items: Any, k: int, metric: str = "cosine", exclude_self: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Finds for each query the `k` nearest items, by comparing it with all of them.

    The distance is `1 - q.x / (|q| |x|)` for `"cosine"`, where a row of zeros is at distance 1 from
    everything, and `|q - x|` (not its square) for `"l2"`. It is computed in float64. Where items
    are equally far, the one with the lower index comes first. The work is done in blocks: beside
    the arguments and the results it takes a hundred megabytes, and 25 for each processor.

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
    queries, items = as_vectors("queries", queries), as_vectors("items", items)
    if queries.shape[1] != items.shape[1]:
        raise ValueError(
            "queries and items must be equally wide; got widths "
            f"{queries.shape[1]} and {items.shape[1]}"
        )
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}; got {metric!r}")
    if exclude_self and len(queries) != len(items):
        raise ValueError(
            "exclude_self=True says that query i is item i, so there must be as many; got "
            f"{len(queries)} queries and {len(items)} items"
        )
    most = len(items) - bool(exclude_self)
    k = check_integer("k", k)
    if not 1 <= k <= most:
        raise ValueError(f"k must be from 1 to {most}, the items that can be neighbors; got {k}")

    near = nearest(queries, items, k, metric, without_self=exclude_self)
    shape = len(queries), k
    return near.columns.reshape(shape), near.distances.reshape(shape)


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
    queries, items = as_vectors("queries", queries), as_vectors("items", items)
    query_labels = as_labels("query_labels", query_labels, len(queries))
    item_labels = as_labels("item_labels", item_labels, len(items))
    if not len(queries):
        raise ValueError("queries must hold at least one row; got none")
    indices, _ = nearest_neighbors(queries, items, k, metric, exclude_self)
    return float(np.mean(item_labels[indices] == query_labels[:, None]))


def as_labels(name: str, value: Any, rows: int) -> NDArray[Any]:
    """Labels of rows, none below 0.

    Raises:
        ValueError: they are not one a row, or one means unlabeled.

    Example:

    >>> as_labels("labels", [3, 1], 2)
    array([3, 1])
    """
    labels = np.asarray(value)
    if labels.shape != (rows,):
        raise ValueError(f"{name} must have shape [{rows}], a label a row; got {labels.shape}")
    if labels.dtype.kind in "fi" and (labels < 0).any():
        raise ValueError(
            f"{name} must not be negative, which means unlabeled: leave such rows out; got "
            f"{labels.min()} at row {np.argmin(labels)}"
        )
    return labels
