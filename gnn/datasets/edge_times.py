"""When the edges of a table, or the records of a log, were: how old they may be, what age does."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gnn.configs.durations import as_seconds
from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.decay import as_text, decayed_weights, times_in_seconds
from gnn.edges.edges import counted
from gnn.edges.records.log_presets import time_column
from gnn.edges.records.record_times import seconds_of
from gnn.tables.cells import Cells
from gnn.tables.problems import RowCheck
from gnn.tables.table import Table


@dataclasses.dataclass(frozen=True)
class EdgeTimes:
    """What is asked of the times of edges.

    Attributes:
      column: the column with the times; None finds it by its name.
      half_life: seconds after which an edge counts half; None knows no age.
      until: seconds since 1970; what is later is left out; None takes all.

    >>> EdgeTimes.of(None, "30d", "1970-01-02")
    EdgeTimes(column=None, half_life=2592000.0, until=86400.0)
    """

    column: str | None = None
    half_life: float | None = None
    until: float | None = None

    @classmethod
    def of(cls, column: str | None, half_life: Any, until: Any) -> EdgeTimes:
        """As users say it.

        Args:
          column: of the times.
          half_life: seconds, or text such as `"30d"`.
          until: a time, as tables have them; a date is its beginning.

        Raises:
          TypeError: `half_life` is no length of time.
          ValueError: likewise, or it is 0; or `until` is no time.
        """
        life = None if half_life is None else as_seconds("half_life", half_life)
        if life == 0:
            raise ValueError("half_life must be above 0, got 0")
        end = None
        if until is not None:
            try:
                end = float(times_in_seconds("until", [until])[0])
            except ValueError as error:
                raise ValueError(f"until must be a time such as '2026-03-01': {error}") from error
        return cls(column, life, end)

    @property
    def is_needed(self) -> bool:
        """Whether times are read at all."""
        return self.half_life is not None or self.until is not None

    @property
    def asked(self) -> str:
        """The options that need times."""
        return " and ".join(
            name for name in ("half_life", "until") if getattr(self, name) is not None
        )

    def column_of(self, table: Table) -> str | None:
        """The column of a table of edges; None where nobody asks for times.

        Raises:
          ValueError: there is none that is called so, or two could be it.
        """
        if not self.is_needed:
            return None
        name = self.column or time_column(table.header)
        if name is None:
            raise ValueError(
                f"{table.name}: {self.asked} needs the times of edges, and no column is called as "
                f"those are; time_column (--time-column) says which, of {list(table.header)}"
            )
        return name

    def config_of_log(self, config: SessionGraphConfig) -> SessionGraphConfig:
        """What the configuration of a log becomes.

        Raises:
          ValueError: it has another half-life.
        """
        if self.half_life is not None and config.half_life not in (None, self.half_life):
            raise ValueError(
                f"half_life is given twice: {self.half_life:g} seconds, and {config.half_life:g} "
                "in session_config"
            )
        given: dict[str, Any] = {"time_column": self.column, "half_life": self.half_life}
        return dataclasses.replace(config, **{k: v for k, v in given.items() if v is not None})

    def in_time(self, seconds: np.ndarray) -> np.ndarray:
        """Which times are not too late, bool `[n]`."""
        return np.ones(seconds.size, bool) if self.until is None else seconds <= self.until

    def check_some(self, file: str, kept: int, late: int) -> None:
        """Raises where everything is too late.

        Raises:
          ValueError: as said.
        """
        if late and not kept:
            assert self.until is not None
            raise ValueError(
                f"{file}: until {as_text(self.until)} leaves nothing: all {late:,} rows are later"
            )

    def weights(
        self, weights: np.ndarray, seconds: np.ndarray, late: int
    ) -> tuple[np.ndarray, list[str]]:
        """The weights that edges have at their age, and what was done.

        Args:
          weights: float32 `[n]`.
          seconds: float64 `[n]`, of edges that are not too late.
          late: how many were.
        """
        done = self.remarks(late)
        if self.half_life is None or not seconds.size:
            return weights, done
        found = decayed_weights(weights, seconds, self.half_life)
        since = as_text(float(seconds.max()))
        gone = int(((found == 0) & (weights > 0)).sum())
        done.append(f"halved every {self.half_life / 86400:g} days before {since}")
        return found, [*done, *([f"{counted(gone, 'edge')} too old to weigh"] if gone else [])]

    def remarks(self, late: int) -> list[str]:
        """What was left out."""
        return [] if self.until is None else [f"{late:,} later than {as_text(self.until)} left out"]


def row_seconds(cells: Cells, texts: frozenset[str], check: RowCheck) -> np.ndarray:
    """The times of rows; those without one, or with one that is none, are rejected.

    Args:
      cells: the times.
      texts: the texts that mean missing.
      check: the rows.
    """
    seconds, strange = seconds_of(cells, texts)
    for row, reason in strange.items():
        check.reject(row, "time", reason)
    for row in np.flatnonzero(np.isnan(seconds) & check.good).tolist():
        check.reject(row, "time", "no time")
    return seconds
