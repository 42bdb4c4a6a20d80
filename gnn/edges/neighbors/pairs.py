"""Pairs of vectors that are near each other, sorted and counted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Near(NamedTuple):
    """Rows and what is near them: sorted by row, then distance, then column.

    Attributes:
        rows: int64 `[n]`.
        columns: int64 `[n]`.
        distances: float64 `[n]`.
    """

    rows: np.ndarray
    columns: np.ndarray
    distances: np.ndarray


def nothing() -> Near:
    """No pairs.

    Example:

    >>> nothing().rows.size
    0
    """
    return Near(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def together(parts: list[Near]) -> Near:
    """The pairs of all parts, one after the other.

    Example:

    >>> together([nothing(), nothing()]).rows.size
    0
    """
    return Near(*(np.concatenate(field) for field in zip(*parts, strict=True)))


def nearest_of_each(pairs: Near, k: int | None) -> np.ndarray:
    """Which pairs stay when each row keeps the k nearest, of equally near ones those first.

    Args:
        pairs: in any order.
        k: how many; None keeps all.

    Returns:
        Positions in `pairs`, in the order of a `Near`.

    Example:

    >>> rows, columns, distances = np.array([1, 0, 0]), np.array([5, 4, 3]), np.array([0, 7, 7.0])
    >>> nearest_of_each(Near(rows, columns, distances), 1).tolist()
    [2, 0]
    """
    order = np.lexsort((pairs.columns, pairs.distances, pairs.rows))
    return order if k is None else order[rank_in_run(pairs.rows[order]) < k]


def first_of_run(*keys: np.ndarray) -> np.ndarray:
    """Where the run begins that each place is in: of places side by side with equal keys.

    Example:

    >>> first_of_run(np.array([4, 4, 4, 0]), np.array([1, 2, 2, 2])).tolist()
    [0, 1, 1, 3]
    """
    first = np.zeros(keys[0].size, bool)
    first[:1] = True
    for key in keys:
        first[1:] |= key[1:] != key[:-1]
    return np.maximum.accumulate(np.where(first, np.arange(first.size), 0))


def rank_in_run(values: np.ndarray) -> np.ndarray:
    """The place of each among the equal ones beside it.

    Example:

    >>> rank_in_run(np.array([4, 4, 4, 0, 0])).tolist()
    [0, 1, 2, 0, 1]
    """
    return np.arange(values.size) - first_of_run(values)


def only(pairs: Near, chosen: np.ndarray) -> Near:
    """Some of the pairs, by a mask or by their positions.

    Example:

    >>> only(nothing(), np.zeros(0, bool)).rows.size
    0
    """
    return Near(*(field[chosen] for field in pairs))


def others(pairs: Near, k: int | None) -> Near:
    """The first k of each row, where row i is column i and left out.

    Args:
        pairs: those of a row side by side.
        k: how many; None is all.

    Example:

    >>> near = Near(np.array([0, 0, 0]), np.array([4, 0, 7]), np.array([0.0, 0.0, 1.0]))
    >>> others(near, 1).columns.tolist()
    [4]
    """
    pairs = only(pairs, pairs.rows != pairs.columns)
    return pairs if k is None else only(pairs, rank_in_run(pairs.rows) < k)
