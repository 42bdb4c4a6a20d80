"""Vectors that are there several times: found, taken out of a search, and put back after it."""

from __future__ import annotations

import dataclasses

import numpy as np

from gnn.edges.neighbors.metrics import Vectors, distances
from gnn.edges.neighbors.pairs import (
    Near,
    first_of_run,
    nearest_of_each,
    nothing,
    only,
    others,
    rank_in_run,
    together,
)

# Numbers that are hashed at a time: they stay in the cache.
_HASHED = 2**17
# Rows that are put back at a time.
_ROWS = 2**14


@dataclasses.dataclass(frozen=True, eq=False)
class Copies:
    """Which rows are equal.

    Attributes:
        first: int64 `[distinct]`, ascending: of each distinct row the first that is so.
        number: int64 `[rows]`, the place in `first` of the row's first.
    """

    first: np.ndarray
    number: np.ndarray

    @property
    def any(self) -> bool:
        """Whether a row is there twice."""
        return self.first.size < self.number.size


def copies_of(vectors: np.ndarray) -> Copies:
    """Finds equal rows, by a hash of each row; rows that share one are compared.

    Two equal rows are taken for different ones only where a third has their hash, by chance in
    2**64.

    Args:
        vectors: real numbers `[rows, width]`. -0 is 0.

    Example:

    >>> found = copies_of(np.array([[1, 2], [0, 5], [1, 2]]))
    >>> found.first.tolist(), found.number.tolist()
    ([0, 1], [0, 1, 0])
    """
    count, width = vectors.shape
    hashes = np.empty(count, np.uint64)
    step = max(1, _HASHED // max(1, width))
    for start in range(0, count, step):
        hashes[start : start + step] = _hashes(vectors[start : start + step])
    order = np.argsort(hashes, kind="stable")
    begins = np.ones(count, bool)
    begins[1:] = hashes[order[1:]] == hashes[order[:-1]]
    begins[1:] ^= True
    first = np.empty(count, np.int64)
    first[order] = order[begins][np.cumsum(begins) - 1]
    later = np.flatnonzero(first != np.arange(count))
    for start in range(0, later.size, step):
        some = later[start : start + step]
        differ = some[np.any(vectors[some] != vectors[first[some]], axis=1)]
        first[differ] = differ
    own = first == np.arange(count)
    return Copies(np.flatnonzero(own), (np.cumsum(own) - 1)[first])


def _hashes(vectors: np.ndarray) -> np.ndarray:
    """A number for each row, equal for equal rows wherever they stand."""
    words = (vectors.astype(np.float64) + 0.0).view(np.uint64)
    factors = np.random.default_rng(0).integers(2**63, size=words.shape[1], dtype=np.uint64)
    words ^= words >> np.uint64(32)
    words *= 2 * factors + np.uint64(1)
    words ^= words >> np.uint64(32)
    return words.sum(axis=1, dtype=np.uint64)


def with_copies(
    near: Near, copies: Copies, k: int | None, *, each: bool = False, without_self: bool = False
) -> Near:
    """Puts copies back among what was found of distinct vectors.

    Each copy of a vector is as near as that vector, and of equally near ones the smallest index
    comes first. So a row is near at most `k` copies of one vector, those that come first.

    Args:
        near: pairs whose columns are distinct vectors, as `Copies.first` lists them: of each row
            the nearest k, or the nearest k + 1 if it is to be left out itself.
        copies: which vectors are equal.
        k: how many of each row stay; None is all.
        each: whether the rows of `near`, too, are distinct vectors, and a row for each vector is
            wanted.
        without_self: whether row i is column i, which is left out.

    Returns:
        Pairs whose columns are all the vectors.

    Example:

    Vectors 0 and 2 are equal, and 1 is at a distance of 3.

    >>> copies = Copies(np.array([0, 1]), np.array([0, 1, 0]))
    >>> near = Near(np.array([0, 0]), np.array([0, 1]), np.array([0.0, 3.0]))
    >>> with_copies(near, copies, 2).columns.tolist()
    [0, 2]
    """
    if not copies.any:
        return others(near, k) if without_self else near
    members = np.argsort(copies.number, kind="stable")
    counts = np.bincount(copies.number)
    starts = np.cumsum(counts) - counts
    wanted = copies.number if each else np.arange(near.rows.max(initial=-1) + 1)
    lengths = np.bincount(near.rows, minlength=int(wanted.max(initial=-1)) + 1)
    begins = np.cumsum(lengths) - lengths
    parts = [nothing()]
    for start in range(0, wanted.size, _ROWS):
        some = wanted[start : start + _ROWS]
        rows, at = _ranges(begins[some], lengths[some])
        columns, apart = near.columns[at], near.distances[at]
        held = counts[columns]
        if k is not None:
            held = np.minimum(held, k + without_self)
            # What k or more are nearer than, however many copies they are of, cannot be among k.
            chosen = _nearer(rows, apart, held) < k + without_self
            rows, columns, apart, held = rows[chosen], columns[chosen], apart[chosen], held[chosen]
        of, place = _ranges(starts[columns], held)
        part = Near(rows[of] + start, members[place], apart[of])
        if without_self:
            part = only(part, part.rows != part.columns)
        parts.append(only(part, nearest_of_each(part, k)))
    return together(parts)


def with_itself(near: Near, vectors: Vectors) -> Near:
    """The pairs, and each vector with itself: what its copies are near to.

    Example:

    >>> with_itself(nothing(), Vectors.of(np.array([[2.0]]), "ip")).distances.tolist()
    [-4.0]
    """
    rows, apart = np.arange(len(vectors)), np.empty(len(vectors))
    for start in range(0, rows.size, _ROWS):
        some = vectors.exact(slice(start, start + _ROWS))
        apart[start : start + _ROWS] = distances(some, some, vectors.metric)
    near = together([near, Near(rows, rows, apart)])
    return only(near, nearest_of_each(near, None))


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The integers of some ranges, one after the other, and which range each is of."""
    of = np.repeat(np.arange(starts.size), lengths)
    return of, starts[of] + rank_in_run(of)


def _nearer(rows: np.ndarray, distances: np.ndarray, held: np.ndarray) -> np.ndarray:
    """How many vectors are nearer to a row than each of its pairs; a pair holds so many copies."""
    before = np.cumsum(held) - held
    return before[first_of_run(rows, distances)] - before[first_of_run(rows)]
