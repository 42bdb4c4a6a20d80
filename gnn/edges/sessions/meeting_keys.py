"""Pairs of many records: all that some receivers meet as numbers, sorted and counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.edges.sessions.pairs import Pairs
from gnn.edges.sessions.reach import ReachRows


class MeetingKeys:
    """Counts each meeting of two records as a number, of 32 bits where that is enough.

    Processors sort numbers faster than a product of sparse matrices jumps from column to column.

    Args:
      rows: which items each record meets. No session has an item twice, and each counts once.

    Example:

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.reach import within
    >>> from gnn.edges.sessions.session_items import session_items
    >>> records = np.array([0, 0, 1, 1, 1]), np.array([0, 2, 0, 1, 2])
    >>> held, _ = session_items(*records, 3, SessionGraphConfig("count"))
    >>> keys = MeetingKeys(ReachRows(held, within(held, None, directed=False)))
    >>> [field.tolist() for field in keys.of(0, 2)[:3]]
    [[1, 2, 0, 2], [0, 0, 1, 1], [1, 2, 1, 1]]
    """

    def __init__(self, rows: ReachRows):
        self._rows, self._num_items = rows, rows.held.num_items
        self._reached = rows.reached(np.ones(rows.held.items.size, np.int8))

    def of(self, start: int, stop: int) -> Pairs:
        """The pairs of the receivers from `start` up to `stop`."""
        rows, reach, size = self._rows, self._rows.reach, stop - start
        first, last = int(rows.starts[start]), int(rows.starts[stop])
        records = rows.records[first:last]
        met = self._reached[2 * records + 1]
        begins = met.indptr[rows.starts[start : stop + 1] - first]
        # The number of a pair: its receiver's place here by the number of items, and its sender.
        small = size * self._num_items <= np.iinfo(np.uint32).max
        kind: Any = np.uint32 if small else np.uint64
        bases = np.arange(size + 1, dtype=kind) * kind(self._num_items)
        keys = np.repeat(bases[:-1], np.diff(begins))
        senders = met.indices.view(np.uint32 if met.indices.itemsize == 4 else np.uint64)
        np.add(keys, senders, out=keys, casting="same_kind")
        itself = 0
        if reach.itself:  # Such numbers are sorted to the end, and cut off.
            keys[met.indptr[:-1] + (records - reach.start[records])] = np.iinfo(kind).max
            itself = records.size
        del met, senders
        keys.sort()
        keys, counts = _counted(keys[: keys.size - itself])
        sizes = np.diff(np.searchsorted(keys, bases))
        keys -= np.repeat(bases[:-1], sizes)
        receivers = np.repeat(np.arange(start, stop, dtype=np.int32), sizes)
        return Pairs(keys.view(np.int32) if small else keys.astype(np.int32), receivers, *counts)


def _counted(keys: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """The different ones of sorted numbers, and how often each is there, which is said twice."""
    new = np.ones(keys.size, bool)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    begins = np.flatnonzero(new)
    counts = np.empty(begins.size, np.int32)
    if begins.size:
        np.subtract(begins[1:], begins[:-1], out=counts[:-1], casting="same_kind")
        counts[-1] = keys.size - begins[-1]
    return keys[begins], (counts, counts)
