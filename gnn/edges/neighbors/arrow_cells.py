"""Vectors in cells, and the nearest ones within a cell, from and to tables of Arrow.

It is what a task of a cluster does, and knows nothing of the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.edges.neighbors.exact import near_pairs
from gnn.edges.neighbors.metrics import Vectors, lengths
from gnn.edges.neighbors.pairs import rank_in_run

if TYPE_CHECKING:
    import pyarrow as pa

_ROUNDS = 6
# Numbers that are compared at a time, 8 bytes each.
_NUMBERS = 1 << 22


def assign_cells(
    batches: Iterator[pa.RecordBatch], centers: np.ndarray, metric: str, longest: float, read: int
) -> Iterator[pa.RecordBatch]:
    """Says of each vector in which cell it is held, and in which its neighbors are sought.

    Args:
        batches: `id` and `vector`.
        centers: float64 `[cells, width]`, as `placed` places what is held.
        metric: `"cosine"`, `"ip"` or `"l2"`.
        longest: how long the longest vector is.
        read: in how many cells neighbors are sought.

    Yields:
        `id`, `vector`, `home`, the cell of the nearest center, and `cells`, those of the centers
        that are nearest to the vector as it is asked about.
    """
    import pyarrow as pa

    for whole in batches:
        step = max(1, _NUMBERS // len(centers))  # A batch with all centers would be gigabytes.
        for start in range(0, whole.num_rows, step):
            batch = whole.slice(start, step)
            vectors = vectors_of(batch.column("vector"), batch.column("id"))
            cells = cells_of(vectors, centers, metric, longest, read).astype(np.int32)
            ends = np.arange(0, cells.size + 1, cells.shape[1], dtype=np.int32)
            yield pa.RecordBatch.from_pydict(
                {
                    "id": batch.column("id"),
                    "vector": batch.column("vector"),
                    "home": homes_of(vectors, centers, metric, longest).astype(np.int32),
                    "cells": pa.ListArray.from_arrays(ends, cells.ravel()),
                }
            )


def homes_of(vectors: np.ndarray, centers: np.ndarray, metric: str, longest: float) -> np.ndarray:
    """The cell that each vector is held in, integers `[rows]`.

    >>> homes_of(np.array([[4.0], [1.0]]), np.array([[0.0], [5.0]]), "l2", 4.0).tolist()
    [1, 0]
    """
    return _nearness(placed(vectors, metric, longest, asks=False), centers).argmax(axis=1)


def cells_of(
    vectors: np.ndarray,
    centers: np.ndarray,
    metric: str,
    longest: float,
    most: int | None = None,
) -> np.ndarray:
    """The cells that are nearest to each vector, in this order, integers `[rows, most]`.

    >>> cells_of(np.array([[4.0], [1.0]]), np.array([[0.0], [5.0]]), "l2", 4.0).tolist()
    [[1, 0], [0, 1]]
    """
    nearness = -_nearness(placed(vectors, metric, longest, asks=True), centers)
    if most is None or most >= len(centers):
        return np.argsort(nearness, axis=1, kind="stable")
    near = np.sort(np.argpartition(nearness, most - 1, axis=1)[:, :most], axis=1)
    order = np.argsort(np.take_along_axis(nearness, near, axis=1), axis=1, kind="stable")
    return np.take_along_axis(near, order, axis=1)


def trained_centers(vectors: np.ndarray, cells: int, seed: int) -> np.ndarray:
    """Centers of cells by k-means, of vectors that are placed as what is held.

    >>> sorted(trained_centers(np.array([[0.0], [1.0], [9.0]]), 2, 0).ravel().tolist())
    [0.5, 9.0]
    """
    from sklearn.cluster import KMeans

    cells = min(cells, len(vectors))
    means = KMeans(cells, n_init=1, max_iter=_ROUNDS, random_state=seed).fit(vectors)
    return np.asarray(means.cluster_centers_)


def near_sample(
    batches: Iterator[pa.RecordBatch], sample: np.ndarray, k: int, metric: str
) -> Iterator[pa.RecordBatch]:
    """Finds the nearest of some vectors among those of a task.

    Args:
        batches: `id` and `vector`, those among which neighbors are sought.
        sample: `[rows, width]`, the vectors asked about.
        k: how many of each, themselves counted.
        metric: `"cosine"`, `"ip"` or `"l2"`.

    Yields:
        `row` of the sample, and `id`, `vector` and `distance` of the k nearest.
    """
    import pyarrow as pa

    asked, found = Vectors.of(sample, metric), None
    for batch in batches:
        if not batch.num_rows:
            continue
        table = pa.Table.from_batches([batch]).sort_by("id").combine_chunks()
        vectors = Vectors.of(vectors_of(table["vector"], table["id"]), metric)
        near = near_pairs(asked, vectors, min(k, len(vectors)), threads=1)
        some = table.take(pa.array(near.columns))
        some = some.append_column("row", pa.array(near.rows.astype(np.int64)))
        some = some.append_column("distance", pa.array(near.distances))
        both = some if found is None else pa.concat_tables([found, some])
        both = both.sort_by([(name, "ascending") for name in ("row", "distance", "id")])
        found = both.take(pa.array(np.flatnonzero(rank_in_run(both["row"].to_numpy()) < k)))
    if found is not None:
        yield from found.select(["row", "id", "vector", "distance"]).combine_chunks().to_batches()


def placed(vectors: np.ndarray, metric: str, longest: float, *, asks: bool) -> np.ndarray:
    """Vectors where the Euclidean distance says what the metric does; float64.

    `"cosine"` has them of length 1. `"ip"` gets one more number (Bachrach et al., RecSys 2014,
    section 3), as in `gnn.edges.neighbors.approximate`.

    Args:
        vectors: `[rows, width]`.
        metric: `"cosine"`, `"ip"` or `"l2"`.
        longest: how long the longest vector is that is held.
        asks: whether they are asked about, or held.

    >>> placed(np.array([[0.0, 3.0]]), "ip", 5.0, asks=False).tolist()
    [[0.0, 0.6, 0.8]]
    """
    rows = vectors.astype(np.float64)
    if metric == "l2":
        return rows
    size = lengths(rows)[:, None]
    if metric == "cosine":
        return rows / np.where(size > 0, size, 1.0)
    rows = rows / np.where(size > 0, size, 1.0) if asks else rows / (longest or 1.0)
    rest = np.zeros(len(rows)) if asks else np.sqrt(np.maximum(0, 1 - (rows**2).sum(axis=1)))
    return np.column_stack([rows, rest])


def near_in_cell(table: pa.Table, k: int, metric: str) -> pa.Table:
    """Finds the nearest vectors of a cell.

    Args:
        table: `id`, `vector`, `asks` and `holds`: whether its neighbors are sought, and whether it
            may be one.
        k: how many of each.
        metric: `"cosine"`, `"ip"` or `"l2"`.

    Returns:
        `id`, `neighbor` and `distance`, a vector itself left out; of equally near ones those of the
        smallest ids.
    """
    import pyarrow as pa

    table = table.sort_by("id")
    asks, holds = (np.flatnonzero(table[name].to_numpy()) for name in ("asks", "holds"))
    vectors = vectors_of(table["vector"], table["id"])
    asked, held = (Vectors.of(vectors[some], metric) for some in (asks, holds))
    near = near_pairs(asked, held, k + 1, threads=1)  # A core has other tasks beside.
    rows, columns = asks[near.rows], holds[near.columns]
    others = rows != columns
    ids = table["id"].combine_chunks()
    return pa.table(
        {
            "id": ids.take(pa.array(rows[others])),
            "neighbor": ids.take(pa.array(columns[others])),
            "distance": near.distances[others],
        }
    )


def vectors_of(column: Any, ids: Any) -> np.ndarray:
    """A column of lists of one length as an array `[rows, width]`.

    Args:
        column: the lists.
        ids: whose they are.

    Raises:
        ValueError: lists have different lengths, or a number is missing or not finite.
    """
    lists = column.combine_chunks() if hasattr(column, "chunks") else column
    sizes = np.diff(np.asarray(lists.offsets))
    other = np.flatnonzero(sizes != sizes[:1])
    if other.size:
        at = int(other[0])
        raise ValueError(
            f"vectors must be of one length; got {sizes[0]} of {ids[0].as_py()!r} and {sizes[at]} "
            f"of {ids[at].as_py()!r}"
        )
    rows = lists.flatten().to_numpy(zero_copy_only=False).reshape(len(lists), -1)
    wrong = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if wrong.size:
        raise ValueError(
            f"vectors must be finite; that of {ids[int(wrong[0])].as_py()!r} holds a number that "
            "is missing or is not"
        )
    return rows


def _nearness(rows: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """The larger the nearer each center is to each row."""
    return rows @ centers.T - (centers**2).sum(axis=1) / 2
