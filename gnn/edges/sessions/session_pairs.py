"""Which items sessions hold together, and how often, in blocks that threads share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from scipy import sparse

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.sessions.session_items import SessionItems
from gnn.edges.threads import in_threads

# Multiplications a block: a thread holds some tens of megabytes at a time. SciPy begins each
# product with a number for each item, so that many items make larger blocks worth it.
_PRODUCTS, _PRODUCTS_AN_ITEM = 1 << 20, 4

_Made = TypeVar("_Made")


class Pairs(NamedTuple):
    """Ordered pairs of two different items, sorted by receiver and then sender.

    Attributes:
      senders: int32 `[n]`.
      receivers: int32 `[n]`.
      counts: integers `[n]`, in how many sessions they meet, or how often.
      together: `[n]`, the same with what each session counts.
    """

    senders: np.ndarray
    receivers: np.ndarray
    counts: np.ndarray
    together: np.ndarray


class Reach(NamedTuple):
    """With which records of its session each record is paired: those from `start` up to `stop`.

    Attributes:
      start: int64 `[n]`, places of records.
      stop: int64 `[n]`.
      item_itself: whether an item may meet itself, which is no pair.
    """

    start: np.ndarray
    stop: np.ndarray
    item_itself: bool


def every_pair_once(held: SessionItems) -> Reach:
    """Whole sessions, each pair in one direction: to the smaller number from the larger one.

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> held, _ = session_items(np.zeros(3, int), np.arange(3), 3, SessionGraphConfig())
    >>> every_pair_once(held).start.tolist(), every_pair_once(held).stop.tolist()
    ([1, 2, 3], [3, 3, 3])
    """
    places = np.arange(1, held.items.size + 1)
    return Reach(places, np.repeat(held.starts[1:], held.lengths), held.has_repeats)


def within(held: SessionItems, window: int | None, *, directed: bool) -> Reach:
    """Each record with those at most so many places from it, or those before it alone.

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> held, _ = session_items(np.zeros(3, int), np.arange(3), 3, SessionGraphConfig())
    >>> reach = within(held, 1, directed=False)
    >>> reach.start.tolist(), reach.stop.tolist()
    ([0, 0, 1], [2, 3, 3])
    """
    places = np.arange(held.items.size)
    start, stop = (np.repeat(ends, held.lengths) for ends in (held.starts[:-1], held.starts[1:]))
    if window is not None:
        start, stop = np.maximum(start, places - window), np.minimum(stop, places + window + 1)
    return Reach(start, places if directed else stop, True)


def reach_of(held: SessionItems, config: SessionGraphConfig, *, halves: bool) -> Reach:
    """Which records a configuration pairs.

    Args:
      held: the items of the sessions.
      config: the window and the direction.
      halves: whether each pair is to come in one direction only.
    """
    if halves:
        return every_pair_once(held)
    return within(held, config.window, directed=config.directed)


def in_blocks(
    held: SessionItems,
    reach: Reach,
    make: Callable[[Pairs], _Made],
    *,
    factors: np.ndarray | None = None,
    threads: int | None = None,
) -> Iterator[_Made]:
    """Counts pairs of items in blocks of receivers; the blocks come in the order of the receivers.

    A pair's count is the number of times that a record of the sender is within reach of a record of
    the receiver. It is computed as a product of sparse matrices, `A B`: `A[i, r] = 1` where record
    r is of item i, and `B[r, j]` counts the records of item j within the reach of r. Of B nothing
    is stored but where each row begins and ends: its rows overlap in the list of records. Blocks
    have about as many multiplications each, and all pairs of a receiver are in one block.

    Args:
      held: the items of the sessions.
      reach: which records are paired.
      make: what is made of a block, in the thread that computed it.
      factors: float64 `[num_sessions]`, not 0, what a session counts; None: 1.
      threads: how many threads share the blocks; None takes one for each processor at hand. SciPy
        multiplies without Python's lock.

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> records = np.array([0, 0, 1]), np.array([0, 2, 2])
    >>> held, _ = session_items(*records, 3, SessionGraphConfig())
    >>> reach = within(held, None, directed=False)
    >>> (pairs,) = in_blocks(held, reach, lambda pairs: pairs)
    >>> pairs.senders.tolist(), pairs.receivers.tolist(), pairs.counts.tolist()
    ([2, 0], [0, 2], [1, 1])
    """
    product = _Product(held, reach, factors)

    def block(ends: tuple[int, int]) -> _Made:
        return make(product.rows(*ends))

    return in_threads(block, pairwise(product.bounds()), threads)


class _Product:
    """The matrices A and B, once with ones and once with the factors of the sessions."""

    def __init__(self, held: SessionItems, reach: Reach, factors: np.ndarray | None):
        size, self._num_items = held.items.size, held.num_items
        self._reach = reach
        self._multiplications = np.bincount(
            held.items, reach.stop - reach.start, minlength=held.num_items
        )
        index = np.int32 if 2 * size + 2 <= np.iinfo(np.int32).max else np.int64
        # Rows 1, 3, 5, ... of B are those of the records; what is between them has no use.
        bounds = np.zeros(2 * size + 2, index)
        bounds[1:-1:2], bounds[2::2] = reach.start, reach.stop
        bounds[-1] = size
        self._bounds, self._items = bounds, held.items.astype(index, copy=False)
        # Each record has one item; turned to the other form, each item has its records in order.
        one_each = sparse.csr_array(
            (np.ones(size, np.int8), self._items, np.arange(size + 1, dtype=index)),
            shape=(size, held.num_items),
        ).tocsc()
        self._rows_of, self._starts = 2 * one_each.indices + 1, one_each.indptr
        self._ones = self._matrices(np.ones(size, np.int32), np.ones(size, np.int32))
        self._weighted = None
        if factors is not None:
            of_records = np.repeat(factors, held.lengths)[one_each.indices]
            self._weighted = self._matrices(of_records, np.ones(size))

    def _matrices(
        self, of_rows: np.ndarray, of_records: np.ndarray
    ) -> tuple[sparse.csr_array, sparse.csr_array]:
        rows = self._bounds.size - 1
        shapes = (self._num_items, rows), (rows, self._num_items)
        return (
            sparse.csr_array((of_rows, self._rows_of, self._starts), shape=shapes[0]),
            sparse.csr_array((of_records, self._items, self._bounds), shape=shapes[1]),
        )

    def bounds(self) -> list[int]:
        """Where the blocks of rows begin, and the number of rows."""
        block = np.cumsum(self._multiplications) - self._multiplications
        block //= max(_PRODUCTS, _PRODUCTS_AN_ITEM * self._num_items)
        return [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), self._num_items]

    @staticmethod
    def _rows(
        matrices: tuple[sparse.csr_array, sparse.csr_array], start: int, stop: int
    ) -> sparse.csr_array:
        return sorted_product(matrices[0][start:stop], matrices[1])

    def rows(self, start: int, stop: int) -> Pairs:
        """The pairs of the receivers from `start` up to `stop`."""
        counts = self._rows(self._ones, start, stop)
        receivers = np.repeat(np.arange(start, stop, dtype=np.int32), np.diff(counts.indptr))
        together = counts.data
        if self._weighted is not None:
            together = self._rows(self._weighted, start, stop).data
        pairs = Pairs(counts.indices.astype(np.int32, copy=False), receivers, counts.data, together)
        if not self._reach.item_itself:
            return pairs
        other = pairs.senders != receivers
        return Pairs(*(field[other] for field in pairs))


def sorted_product(left: sparse.csr_array, right: sparse.csr_array) -> sparse.csr_array:
    """The product of two sparse matrices, its columns ascending in each row.

    >>> sorted_product(sparse.eye_array(2).tocsr(), sparse.eye_array(2).tocsr()).indices.tolist()
    [0, 1]
    """
    product = left @ right
    if product.nnz < product.shape[1]:
        product.sort_indices()
        return product
    return product.tocsc().tocsr()  # To turn it over twice sorts it in linear time.
