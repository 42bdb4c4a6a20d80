"""Swing from logs that memory does not hold: sessions by the items that compare them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.sessions.session_buckets import SessionGroup
from gnn.edges.sessions.session_items import SessionItems
from gnn.edges.sessions.session_pairs import bounds_of
from gnn.edges.sessions.sorted_runs import SortedRun
from gnn.edges.sessions.swing import Swing, records_by_item, records_of

# What a session of an item takes while the last ones are found.
_BYTES_OF_A_SESSION = 100
_LEAST_SESSIONS = 1 << 12


class SpilledSwing:
    """What pairs weigh by Swing, some receivers at a time.

    1. `see`: of each group of sessions, the last ones of each item are written down.
    2. `find_first`: of all groups, that makes known which sessions an item takes.
    3. `divide`: each group's sessions are written, whole, for each range of items of which one
       takes them.
    4. `of`: what has been written for a range is all that its items compare.

    Disk holds 12 bytes a record for the second step, and for the fourth 5 for each item of each
    session that an item takes: at most `swing_sessions` sessions an item, and less where several
    items of a range take the same one.

    Args:
        path: the folder of the files.
        num_items: the number of items.
        config: which sessions an item takes, and the smoothing.
        memory: how many bytes to keep to.

    Attributes:
        lengths: int64 `[num_items]`, how many items the sessions that an item takes have in all,
          once they are found.
    """

    def __init__(self, path: Path, num_items: int, config: SessionGraphConfig, memory: int):
        self._path, self._num_items, self._memory = path, num_items, memory
        self._smoothing, self._most = config.swing_smoothing, config.swing_sessions
        self._seen: dict[int, SortedRun] = {}
        self._divided: dict[int, tuple[SortedRun, SortedRun]] = {}
        self._first = np.zeros(num_items, np.int64)
        self.lengths = np.zeros(num_items, np.int64)

    def see(self, number: int, group: SessionGroup) -> None:
        """Writes down the last sessions of each item, of the group of a number."""
        by_item = records_by_item(group.held)
        counts = np.diff(by_item.indptr)
        last = np.repeat(by_item.indptr[1:], counts) - np.arange(by_item.nnz) <= self._most
        sessions = by_item.indices[last]
        items = np.repeat(np.arange(self._num_items), counts)[last]
        run = SortedRun(self._path / f"last_{number}", self._num_items, (np.int64, np.int32))
        run.write(items, group.numbers[sessions], group.held.lengths[sessions])
        run.finish()
        self._seen[number] = run

    def find_first(self) -> None:
        """Finds the first of the sessions that each item takes, by its number."""
        sizes = sum(
            (run.sizes() for run in self._seen.values()), np.zeros(self._num_items, np.int64)
        )
        most = max(self._memory // _BYTES_OF_A_SESSION, _LEAST_SESSIONS)
        for start, stop in pairwise(bounds_of(sizes, most)):
            parts = [run.rows(start, stop) for run in self._seen.values()]
            if not parts:
                continue
            own = np.arange(stop - start)
            items = np.concatenate([np.repeat(own, np.diff(part[0])) for part in parts])
            numbers, lengths = (np.concatenate([part[field] for part in parts]) for field in (1, 2))
            order = np.lexsort((numbers, items))
            ends = np.cumsum(sizes[start:stop])
            begins = np.maximum(ends - sizes[start:stop], ends - self._most)
            some = sizes[start:stop] > 0
            self._first[start:stop][some] = numbers[order][begins[some]]
            taken = order[np.arange(order.size) >= begins[items[order]]]
            self.lengths[start:stop] = np.bincount(items[taken], lengths[taken], stop - start)

    def divide(self, bounds: list[int], number: int, group: SessionGroup) -> None:
        """Writes the sessions of a group for each range of items that takes them.

        Args:
          bounds: where the ranges begin, and the number of items.
          number: that of the group.
          group: some sessions.
        """
        held, num_ranges = group.held, len(bounds) - 1
        taken = np.repeat(group.numbers, held.lengths) >= self._first[held.items]
        by_item = records_by_item(held)
        takes = taken[by_item.data]
        whole = SortedRun(
            self._path / f"sessions_of_{number}", num_ranges, (np.int64, np.int32, np.float64)
        )
        items = SortedRun(self._path / f"items_of_{number}", num_ranges, (np.int32, np.bool_))
        for place, (start, stop) in enumerate(pairwise(bounds)):
            some = slice(by_item.indptr[start], by_item.indptr[stop])
            sessions = np.unique(by_item.indices[some][takes[some]])
            records, lengths = records_of(held, sessions)
            weights = np.ones(sessions.size) if held.weights is None else held.weights[sessions]
            whole.write(np.full(sessions.size, place), group.numbers[sessions], lengths, weights)
            items.write(np.full(records.size, place), held.items[records], taken[records])
        whole.finish()
        items.finish()
        self._divided[number] = whole, items

    def of(self, place: int) -> Swing:
        """What weighs the pairs of the receivers of a range."""
        whole = [run.rows(place, place + 1)[1:] for run, _ in self._divided.values()]
        parts = [run.rows(place, place + 1)[1:] for _, run in self._divided.values()]
        numbers, lengths, weights = (np.concatenate(field) for field in zip(*whole, strict=True))
        items, taken = (np.concatenate(field) for field in zip(*parts, strict=True))
        order = np.argsort(numbers)
        records = np.argsort(np.repeat(numbers, lengths), kind="stable")
        lengths = lengths[order].astype(np.int64)
        held = SessionItems(
            items[records],
            np.concatenate([[0], np.cumsum(lengths)]),
            lengths,
            weights[order],
            self._num_items,
            numbers[order],
        )
        return Swing(held, taken[records], self._smoothing)
