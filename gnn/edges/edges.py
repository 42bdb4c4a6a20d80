"""What every source of edges gives: arrays, the names of the nodes it found, and what was done."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class EdgeReport:
    """What became of the edges, or records, that a source gave.

    Attributes:
      given: how many edges there were; of sessions, how many records.
      zeros: edges of weight 0, which are none.
      merge: how repeats of (sender, receiver) were merged.
      repeats: edges that were merged into an earlier one; with `merge="keep"` those kept beside it.
      added: directions that an undirected graph lacked.
      raised: pairs whose two directions differed in weight: both have the larger now.
      missing: records without a session or an item.
      unknown: records of items that are no node.
      malformed: rows of a table that could not be read.
      malformed_rows: which these are, the first of them.
      sessions: of the records that were taken, how many sessions.
      items: how many items, which are the nodes.
      pairs: how many pairs of them met, before any was left out.
      unit: what was given, edges or records.
      remarks: what else there is to say, each in a few words.

    >>> print(EdgeReport(given=5, zeros=1, repeats=1, added=3).text())
    5 edges: 1 of weight 0 dropped, 1 repeat merged (sum), 3 directions added
    """

    given: int = 0
    zeros: int = 0
    merge: str = "sum"
    repeats: int = 0
    added: int = 0
    raised: int = 0
    missing: int = 0
    unknown: int = 0
    malformed: int = 0
    malformed_rows: str = ""
    sessions: int = 0
    items: int = 0
    pairs: int = 0
    unit: str = "edge"
    remarks: tuple[str, ...] = ()

    def text(self) -> str:
        """One line of text; "" where the edges are the given ones and nothing is to be said."""
        parts = []
        if self.malformed:
            parts.append(self.malformed_text())
        if self.missing:
            parts.append(f"{self.missing:,} without a session or an item left out")
        if self.unknown:
            parts.append(f"{self.unknown:,} of unknown items left out")
        if self.zeros:
            parts.append(f"{self.zeros:,} of weight 0 dropped")
        if self.repeats and self.merge == "keep":
            parts.append(f"{counted(self.repeats, 'repeat')} kept apart")
        elif self.repeats:
            parts.append(f"{counted(self.repeats, 'repeat')} merged ({self.merge})")
        if self.added:
            parts.append(f"{counted(self.added, 'direction')} added")
        if self.raised:
            parts.append(f"{counted(self.raised, 'pair')} raised to the larger weight")
        parts.extend(self.remarks)
        return f"{counted(self.given, self.unit)}: {', '.join(parts)}" if parts else ""

    def malformed_text(self) -> str:
        """How many rows were malformed, and which."""
        rows = counted(self.malformed, "malformed row")
        return f"{rows} left out ({self.malformed_rows})"


@dataclasses.dataclass(frozen=True, eq=False)
class Edges:
    """Edges as plain arrays.

    Attributes:
      senders: int32 `[num_edges]`, the node each edge comes from.
      receivers: int32 `[num_edges]`, the node each edge goes to.
      weights: float32 `[num_edges]`, finite and positive.
      ids: the names of the nodes, in the order of their numbers; None where the source has numbers.
      report: what was done to the edges given.
    """

    senders: np.ndarray
    receivers: np.ndarray
    weights: np.ndarray
    ids: list[Any] | None = None
    report: EdgeReport = EdgeReport()


def counted(count: int, what: str) -> str:
    """So many of what is named in the singular.

    >>> counted(1, "edge"), counted(1200, "edge")
    ('1 edge', '1,200 edges')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"
