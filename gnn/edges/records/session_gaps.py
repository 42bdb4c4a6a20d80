"""Sessions out of the records of users, cut where there is a gap in time."""

from __future__ import annotations

import numpy as np


def sessions_by_gap(users: np.ndarray, times: np.ndarray, gap: float) -> np.ndarray:
    """The session of each record: a new one begins where a user did nothing for longer than a gap.

    A gap of exactly that length is none. Sessions are numbered by user, and then by time.

    Args:
      users: integers `[n]`, the user of each record.
      times: float64 `[n]`, in seconds.
      gap: in seconds.

    Returns:
      int32 `[n]`, in the order of the records.

    >>> users, times = np.array([1, 0, 1, 1]), np.array([0.0, 5.0, 100.0, 30.0])
    >>> sessions_by_gap(users, times, 30).tolist()
    [1, 0, 2, 1]
    """
    order = np.lexsort((times, users))
    users, times = users[order], times[order]
    begins = np.ones(users.size, bool)
    begins[1:] = (users[1:] != users[:-1]) | (times[1:] - times[:-1] > gap)
    sessions = np.empty(users.size, np.int32)
    sessions[order] = np.cumsum(begins, dtype=np.int32) - 1
    return sessions
