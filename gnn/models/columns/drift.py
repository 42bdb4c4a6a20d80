"""How new rows differ from those that an encoder was adapted on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

_SHOWN = 5
# Shares of gaps that differ by less are the same.
_NOTABLE = 0.05


@dataclasses.dataclass(frozen=True)
class ColumnDrift:
    """One column: shares of rows, 0 to 1, then among the training rows and now.

    Attributes:
        gaps_then, gaps: rows without a value.
        others_then, others: rows with a category that is not among the encoder's; 0 for other
            types of columns.
        unseen: these categories, and how many rows have each, the most frequent first.
        below, above: how many rows lie below and above the range of the training.
    """

    gaps_then: float
    gaps: float
    others_then: float = 0.0
    others: float = 0.0
    unseen: Mapping[str, int] = dataclasses.field(default_factory=dict)
    below: int = 0
    above: int = 0

    def lines(self) -> list[str]:
        """What is notable, a line each; nothing where all is as it was.

        >>> ColumnDrift(0.1, 0.5).lines()
        ['50.0% gaps, 10.0% in training']
        """
        found = []
        if abs(self.gaps - self.gaps_then) >= _NOTABLE or (self.gaps and not self.gaps_then):
            found.append(f"{self.gaps:.1%} gaps, {self.gaps_then:.1%} in training")
        if self.unseen:
            some = ", ".join(
                f"{value!r} ({n:,})" for value, n in list(self.unseen.items())[:_SHOWN]
            )
            more = ", ..." if len(self.unseen) > _SHOWN else ""
            found.append(
                f"{self.others:.1%} of rows with other categories, {self.others_then:.1%} in "
                f"training; {len(self.unseen):,} of them: {some}{more}"
            )
        for rows, where in ((self.below, "below"), (self.above, "above")):
            if rows:
                found.append(f"{rows:,} rows {where} the range of the training")
        return found


@dataclasses.dataclass(frozen=True)
class Drift:
    """The columns of new rows beside those of the training, as `ColumnEncoder.drift` counts them.

    Attributes:
        rows: how many new rows.
        columns: by name.

    >>> print(Drift(4, {"price": ColumnDrift(0.0, 0.25, above=1)}))
    price: 25.0% gaps, 0.0% in training
    price: 1 rows above the range of the training
    """

    rows: int
    columns: Mapping[str, ColumnDrift]

    def lines(self) -> list[str]:
        """A line for all that is notable; none where all is as it was."""
        return [f"{name}: {line}" for name, c in self.columns.items() for line in c.lines()]

    def __str__(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines() or ["as in training"])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dataclasses.asdict(self)


def column_drift(learned: Mapping[str, Any], now: Mapping[str, Any]) -> ColumnDrift:
    """One column's, of what it learned and what it observes.

    >>> column_drift({"gaps": 0.5}, {"gaps": 0.25, "below": 2, "above": 0}).below
    2
    """
    unseen = sorted(now.get("unseen", {}).items(), key=lambda item: (-item[1], item[0]))
    return ColumnDrift(
        learned["gaps"],
        now["gaps"],
        learned.get("others", 0.0),
        now.get("others", 0.0),
        dict(unseen),
        now.get("below", 0),
        now.get("above", 0),
    )
