"""Records of sessions as plain arrays: what readers give, and counting takes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gnn.edges.edges import EdgeReport


@dataclasses.dataclass(frozen=True, eq=False)
class SessionRecords:
    """Records in the order in which they were given, those left out not among them.

    Attributes:
      sessions: int32 `[n]`, the number of the session of each record: in order of first appearance,
        or by user and time where sessions were made of these.
      items: int32 `[n]`, the number of its item, from 0 to `num_items - 1`.
      times: float64 `[n]`, seconds since 1970, finite; None where no column of times was named.
      num_items: the number of items, those of no record with them.
      ids: the names of the items in the order of their numbers; None where they have none.
      report: how many records there were, and what was left out.
    """

    sessions: np.ndarray
    items: np.ndarray
    times: np.ndarray | None
    num_items: int
    ids: list[Any] | None
    report: EdgeReport

    @property
    def num_sessions(self) -> int:
        """One more than the largest number of a session."""
        return int(self.sessions.max(initial=-1)) + 1
