"""Which records of a session are paired, and how matrices say so."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from gnn.edges.sessions.session_items import SessionItems


class Reach(NamedTuple):
    """With which records of its session each record is paired: those from `start` up to `stop`.

    Attributes:
      start: int64 `[n]`, places of records.
      stop: int64 `[n]`.
      itself: whether a record is among those that it is paired with, which is no pair.
    """

    start: np.ndarray
    stop: np.ndarray
    itself: bool


def every_pair_once(held: SessionItems) -> Reach:
    """Whole sessions, each pair in one direction: to the smaller number from the larger one.

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> held, _ = session_items(np.zeros(3, int), np.arange(3), 3, SessionGraphConfig())
    >>> every_pair_once(held).start.tolist(), every_pair_once(held).stop.tolist()
    ([1, 2, 3], [3, 3, 3])
    """
    places = np.arange(1, held.items.size + 1)
    return Reach(places, np.repeat(held.starts[1:], held.lengths), False)


def within(held: SessionItems, window: int | None, *, directed: bool) -> Reach:
    """Each record with those at most so many places from it, or those before it alone.

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> held, _ = session_items(np.zeros(3, int), np.arange(3), 3, SessionGraphConfig())
    >>> reach = within(held, 1, directed=False)
    >>> reach.start.tolist(), reach.stop.tolist()
    ([0, 0, 1], [2, 3, 3])
    """
    start, stop = (np.repeat(ends, held.lengths) for ends in (held.starts[:-1], held.starts[1:]))
    if window is None and not directed:
        return Reach(start, stop, True)
    places = np.arange(held.items.size)
    if window is not None:
        start, stop = np.maximum(start, places - window), np.minimum(stop, places + window + 1)
    return Reach(start, places if directed else stop, not directed)


class ReachRows:
    """The records of each item, and the items within reach of each record, as rows of matrices.

    Attributes:
      held: the items of the sessions.
      reach: which records are paired.
      records: integers `[n]`, the records of item 0 in their order, then those of item 1, ...
      starts: integers `[num_items + 1]`, where those of each item begin, and n.
      met: int64 `[num_items]`, how many records are within reach of those of an item.
    """

    def __init__(self, held: SessionItems, reach: Reach):
        size = held.items.size
        self.held, self.reach = held, reach
        self.met = np.bincount(held.items, reach.stop - reach.start, held.num_items)
        self.met = self.met.astype(np.int64)
        index = np.int32 if 2 * size + 2 <= np.iinfo(np.int32).max else np.int64
        # Rows 1, 3, 5, ... are those of the records; what is between them has no use.
        bounds = np.zeros(2 * size + 2, index)
        bounds[1:-1:2], bounds[2::2] = reach.start, reach.stop
        bounds[-1] = size
        self._bounds, self._items = bounds, held.items.astype(index, copy=False)
        # Each record has one item; turned to the other form, each item has its records in order.
        one_each = sparse.csr_array(
            (np.ones(size, np.int8), self._items, np.arange(size + 1, dtype=index)),
            shape=(size, held.num_items),
        ).tocsc()
        self.records, self.starts = one_each.indices, one_each.indptr

    def of_items(self, values: np.ndarray) -> sparse.csr_array:
        """The matrix of which row i has entries for the records of item i.

        Args:
          values: the entries, in the order of `records`.
        """
        shape = self.held.num_items, self._bounds.size - 1
        return sparse.csr_array((values, 2 * self.records + 1, self.starts), shape=shape)

    def reached(self, values: np.ndarray) -> sparse.csr_array:
        """The matrix of which row `2 r + 1` has the items of the records within reach of record r.

        Of it nothing is stored but where each row begins and ends: the rows overlap in the list of
        records.

        Args:
          values: the entry of each record.
        """
        shape = self._bounds.size - 1, self.held.num_items
        return sparse.csr_array((values, self._items, self._bounds), shape=shape)
