"""Exact nearest neighbors: every query is compared with every item, in blocks that threads share.

A matrix product in single precision says roughly how near each item is. Whatever comes within its
error of the k-th nearest is measured again in double precision, pair by pair, so that distances are
exact, and equal ones in the order of the items.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from threadpoolctl import threadpool_limits

from gnn.edges.neighbors.copies import copies_of, with_copies
from gnn.edges.neighbors.frame import Frame, error_of_products
from gnn.edges.neighbors.metrics import Vectors, distances
from gnn.edges.neighbors.pairs import Near, nearest_of_each, nothing, only, others, together
from gnn.threads import in_threads

# Numbers of items that are held in single precision at a time: 16 MB.
_HELD = 2**22
# The queries and items of one product: what it gives stays in the cache of a processor.
_QUERIES, _ITEMS = 256, 2**13
# Items of which first the nearest alone is looked at.
_GROUP = 32
# So many times k pairs a query, and more, are measured; else products are in double precision.
_TIMES, _MORE = 16, 256
# Numbers that are gathered at a time to measure pairs.
_GATHERED = 2**18


def nearest(
    queries: np.ndarray, items: np.ndarray, k: int, metric: str, *, without_self: bool = False
) -> Near:
    """Finds the k nearest items of each query; of equally near ones those of the lowest index.

    Items that are equal are compared once.

    Args:
        queries: finite numbers `[num_queries, width]`.
        items: finite numbers `[num_items, width]`.
        k: how many, from 1 to the number of items, less one if the query itself is one of them.
        metric: `"cosine"`, `"ip"` or `"l2"`.
        without_self: whether query i is item i, and not its own neighbor.

    Returns:
        k pairs of each query.

    Example:

    >>> found = nearest(np.array([[0.0]]), np.array([[2.0], [1.0], [-1.0]]), 2, "l2")
    >>> found.columns.tolist(), found.distances.tolist()
    ([1, 2], [1.0, 1.0])
    """
    copies = copies_of(items)
    distinct = Vectors.of(items[copies.first] if copies.any else items, metric)
    most = min(k + without_self, len(distinct))
    near = near_pairs(Vectors.of(queries, metric), distinct, most)
    return with_copies(near, copies, k, without_self=without_self)


def near_pairs(
    queries: Vectors,
    items: Vectors,
    k: int | None = None,
    within: float = np.inf,
    *,
    without_self: bool = False,
    threads: int | None = None,
) -> Near:
    """Finds what is near each query: the k nearest items, and none that is farther than a bound.

    Beside the vectors and the pairs it takes 40 megabytes, and 25 for each processor. The items had
    better be different: of equal ones each is measured.

    Args:
        queries: the vectors asked about.
        items: the vectors among which neighbors are sought, of the same width and metric.
        k: how many of each query at most; None is all that are near enough.
        within: how far apart two vectors of a pair are at most.
        without_self: whether query i is item i, and not its own neighbor.
        threads: how many threads share the queries; None takes one for each processor at hand.

    Returns:
        The pairs.

    Example:

    >>> vectors = Vectors.of(np.array([[0.0], [1.0], [5.0]]), "l2")
    >>> found = near_pairs(vectors, vectors, within=2.0)
    >>> found.rows.tolist(), found.columns.tolist()
    ([0, 0, 1, 1, 2], [0, 1, 1, 0, 2])
    """
    frame = Frame.of(queries, items)
    step = max(1, _HELD // max(1, items.given.shape[1]))
    found = nothing()
    for first in range(0, len(items), step):
        held = _Held.of(items, first, min(first + step, len(items)), frame)
        starts = range(0, len(queries), _QUERIES)
        # Threads that each shared its products with all others would wait for each other.
        with threadpool_limits(1, "blas"):
            search = _Search(queries, held, k, within, without_self)
            part = together([nothing(), *in_threads(search.of_queries, starts, threads)])
        if first:
            part = together([found, part])
            part = only(part, nearest_of_each(part, k))
        found = part
    return found


@dataclasses.dataclass(frozen=True, eq=False)
class _Held:
    """Some of the items, ready for products.

    Attributes:
        items: all of them.
        first: the first of those held.
        frame: how they stand.
        single: float32 `[held, ...]`, the factors of the product.
        longest: the length of the longest.
    """

    items: Vectors
    first: int
    frame: Frame
    single: np.ndarray
    longest: float

    @classmethod
    def of(cls, items: Vectors, first: int, stop: int, frame: Frame) -> _Held:
        width = items.given.shape[1] + (frame.metric == "l2")
        single, longest = np.empty((stop - first, width), np.float32), 0.0
        for start in range(first, stop, _ITEMS):
            end = min(start + _ITEMS, stop)
            rows, lengths = frame.asked(items, slice(start, end))
            single[start - first : end - first] = rows
            longest = max(longest, float(lengths.max()))
        return cls(items, first, frame, single, longest)

    def __len__(self) -> int:
        return len(self.single)

    def columns(self, start: int, dtype: type) -> np.ndarray:
        """The factors of some items from one on."""
        if dtype is np.float32:
            return self.single[start : start + _ITEMS]
        first = self.first + start
        stop = min(first + _ITEMS, self.first + len(self))
        return self.frame.asked(self.items, slice(first, stop))[0]


class _TooManyError(Exception):
    """Vectors are all but equal: single precision leaves too many to measure."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Search:
    """What is near some queries at a time, among the items held."""

    queries: Vectors
    held: _Held
    k: int | None
    within: float
    without_self: bool

    def of_queries(self, start: int) -> Near:
        """The pairs of the queries from one on."""
        rows = slice(start, min(start + _QUERIES, len(self.queries)))
        exact = self.queries.exact(rows)
        try:
            found = self._near(rows, exact, np.float32)
        except _TooManyError:
            found = self._near(rows, exact, np.float64)
        found = Near(found.rows + start, found.columns + self.held.first, found.distances)
        return others(found, self.k) if self.without_self else found

    def _near(self, at: slice, exact: np.ndarray, dtype: type) -> Near:
        """The pairs, by products of one precision."""
        held, k = self.held, self.k
        if k is not None:
            k = min(k + self.without_self, len(held))
        asked, lengths = held.frame.asking(self.queries, at)
        margin = 2 * error_of_products(asked.shape[1], lengths, held.longest, dtype)
        # No product is less than -2 or above 2, and what is no item is infinitely low.
        floor = np.clip(held.frame.least(self.within, lengths) - margin, -2, 2)
        limit, asked = floor, asked.astype(dtype)
        best: np.ndarray = np.full((len(asked), k or 0), -np.inf, dtype)
        scores: np.ndarray = np.empty((len(asked), _ITEMS + _GROUP), dtype)
        found, count = [nothing()], 0  # With rough distances.
        for start in range(0, len(held), _ITEMS):
            columns = held.columns(start, dtype)
            groups = _in_groups(scores, asked, columns, k)
            highest = groups.max(axis=1) if groups.shape[1] > 1 else groups[:, 0]
            if k is not None:
                # k groups hold an item as near as their nearest: so near is the k-th item at least.
                best = np.concatenate([best, highest], axis=1)
                best = np.partition(best, -k, axis=1)[:, -k:]
                limit = np.maximum(floor, best[:, 0] - margin)
            some = _above(groups, highest, limit.astype(dtype))
            found.append(some._replace(columns=some.columns + start))
            count += some.rows.size
            if k is not None and count > len(asked) * (_TIMES * k + _MORE):
                if dtype is np.float32:
                    raise _TooManyError
                rough = together(found)
                kept = nearest_of_each(self._measured(rough, exact), k)
                found, count = [only(rough, kept)], kept.size
        rough = together(found)
        near = self._measured(only(rough, rough.distances <= -limit[rough.rows]), exact)
        near = only(near, near.distances <= self.within)
        return only(near, nearest_of_each(near, k))

    def _measured(self, rough: Near, exact: np.ndarray) -> Near:
        """Pairs with their distances in double precision."""
        apart, items = np.empty(rough.rows.size), self.held.items
        step = max(1, _GATHERED // max(1, exact.shape[1]))
        for start in range(0, apart.size, step):
            some = slice(start, start + step)
            near = items.exact(rough.columns[some] + self.held.first)
            apart[some] = distances(exact[rough.rows[some]], near, items.metric)
        return Near(rough.rows, rough.columns, apart)


def _in_groups(
    scores: np.ndarray, asked: np.ndarray, columns: np.ndarray, k: int | None
) -> np.ndarray:
    """Products of queries and items, in a buffer that is used again.

    Returns:
        `[queries, members, groups]`; item i is member `i // groups` of group `i % groups`. Members
        that are no items are infinitely far.
    """
    count = len(columns)
    members = _GROUP if count >= 4 * _GROUP * (k or 1) else 1
    groups = -(-count // members)
    np.matmul(asked, columns.T, out=scores[:, :count])
    scores[:, count : members * groups] = -np.inf
    return scores[:, : members * groups].reshape(len(asked), members, groups)


def _above(groups: np.ndarray, highest: np.ndarray, limit: np.ndarray) -> Near:
    """The pairs whose products reach the limit of their query; rough distances are minus these."""
    rows, group = np.nonzero(highest >= limit[:, None])
    if groups.shape[1] == 1:
        return Near(rows, group, -highest[rows, group])
    members = groups[rows, :, group]
    hits, member = np.nonzero(members >= limit[rows, None])
    columns = member * groups.shape[2] + group[hits]
    return Near(rows[hits], columns, -members[hits, member])
