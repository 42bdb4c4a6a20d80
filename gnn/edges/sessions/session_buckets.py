"""Records of sessions in files, so that whole sessions can be taken as many at a time as fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.records.session_gaps import sessions_by_gap
from gnn.edges.sessions.session_items import SessionItems, session_items
from gnn.threads import Behind

# Sessions are spread over so many files, of which as many are taken at a time as memory holds.
_BUCKETS = 128
# What a record takes at most while it is worked on.
_BYTES_OF_A_RECORD = 110
_LEAST_RECORDS = 1 << 16
# With more, popular items would meet so many others that their pairs are no longer sorted.
_MOST_RECORDS = 1 << 22


class SessionGroup(NamedTuple):
    """Whole sessions of a log.

    Attributes:
      held: what they hold, in the order of the log.
      long: how many were left out or cut.
      numbers: int64 `[num_sessions]`, by which the sessions of the whole log are in order.
    """

    held: SessionItems
    long: int
    numbers: np.ndarray


class SessionBuckets:
    """Records by a hash of their session: in the same file all those of one.

    Args:
        path: the folder of the files.
        config: what of a record is needed, and what sessions are.
    """

    def __init__(self, path: Path, config: SessionGraphConfig):
        self._config = config
        fields: list[Any] = [("session", np.int64), ("item", np.int32)]
        if config.needs_order or config.half_life is not None or config.gap is not None:
            fields.append(("time", np.float64))
        self._dtype = np.dtype(fields)
        self._has_times = len(fields) > 2
        self._timed: bool | None = None
        self._last: float | None = None
        self._paths = [path / f"sessions_{number}" for number in range(_BUCKETS)]
        self._files = [path.open("wb") for path in self._paths]
        self._behind = Behind()

    def close(self) -> None:
        """Closes the files; nothing can be added any more."""
        try:
            self._behind.finish()
        finally:
            for file in self._files:
                file.close()

    def add(self, sessions: np.ndarray, items: np.ndarray, times: np.ndarray | None) -> None:
        """Adds records: see `SpilledSessions.add`."""
        if self._config.half_life is not None and times is None:
            raise ValueError("half_life needs the times of records, and there are none")
        if self._timed not in (None, times is not None):
            raise ValueError("times must be given with all records, or with none")
        self._timed = times is not None
        if times is not None and times.size:
            self._last = max(times.max(), -np.inf if self._last is None else self._last)
        # While these are written, others can be read.
        self._behind.call(self._write, sessions, items, times)

    def _write(self, sessions: np.ndarray, items: np.ndarray, times: np.ndarray | None) -> None:
        # The high bits of a product with an odd number: as good as random, and the same each time.
        hashed = sessions.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        bucket = (hashed >> np.uint64(64 - (_BUCKETS - 1).bit_length())).astype(np.uint8)
        order = np.argsort(bucket, kind="stable")
        records = np.empty(order.size, self._dtype)
        records["session"], records["item"] = sessions.take(order), items.take(order)
        if self._has_times:
            records["time"] = 0.0 if times is None else times.take(order)
        ends = np.cumsum(np.bincount(bucket, minlength=_BUCKETS))
        for file, start, stop in zip(self._files, [0, *ends], ends, strict=False):
            file.write(records[start:stop].data)

    def groups(self, memory: int) -> list[np.ndarray]:
        """The numbers of the files that are taken at a time.

        Args:
          memory: how many bytes whole sessions may need while they are counted.
        """
        sizes = [path.stat().st_size for path in self._paths]
        most = min(max(memory // _BYTES_OF_A_RECORD, _LEAST_RECORDS), _MOST_RECORDS)
        most *= self._dtype.itemsize
        group = np.cumsum(sizes) // most
        return [np.flatnonzero(group == number) for number in np.unique(group)]

    def read(self, numbers: np.ndarray, num_items: int) -> SessionGroup:
        """The sessions of some files, for a number of items."""
        parts = [np.fromfile(self._paths[number], self._dtype) for number in numbers]
        records = np.concatenate(parts)
        del parts
        times = records["time"].copy() if self._has_times else None
        sessions, items = records["session"].copy(), records["item"].copy()
        del records
        of_sessions = None
        if self._config.gap is not None and times is not None:
            users, sessions = sessions, sessions_by_gap(sessions, times, self._config.gap)
            of_sessions = np.empty(int(sessions.max(initial=-1)) + 1, np.int64)
            of_sessions[sessions] = users
            del users
        held, long = session_items(sessions, items, num_items, self._config, times, self._last)
        numbers = held.numbers
        if of_sessions is not None and self._config.weighting == "swing":
            numbers = _by_user(of_sessions)[numbers]  # None else compares sessions.
        return SessionGroup(held, long, numbers)


def _by_user(users: np.ndarray) -> np.ndarray:
    """Numbers of sessions that are in the order of their users, and of time.

    Args:
      users: int64 `[num_sessions]`, not descending: all sessions of a user are here.

    Raises:
      ValueError: a user is 2**31 or above, which `read_sessions` never gives.

    >>> (_by_user(np.array([3, 3, 5])) - (3 << 32)).tolist() == [0, 1, 2 << 32]
    True
    """
    if users.size and users[-1] >= 1 << 31:
        raise ValueError(f"users must be below 2**31 where sessions are compared, got {users[-1]}")
    return (users << 32) | (np.arange(users.size) - np.searchsorted(users, users))
