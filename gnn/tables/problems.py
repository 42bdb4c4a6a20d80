"""What was wrong with a table: rows and columns left out, counted and named."""

from __future__ import annotations

import dataclasses
import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np

_SHOWN_OF_A_KIND = 5
_COLUMNS_SHOWN = 20
# The kind of problem that is a gap in sound data, however many there are.
GAP = "no session"


class TableWarning(UserWarning):
    """Something of a table was left out: malformed rows, or columns that are no feature."""


@dataclasses.dataclass
class Problems:
    """What was left out of one table.

    Attributes:
      file: the name of the file.
      unit: `"line"` for CSV, whose lines count from 1, the header's; `"row"` for Parquet, whose
        rows count from 0.
      num_rows: the rows read, malformed ones included, without the header and blank lines.
      malformed: line (or row) -> what is wrong with it; for a row over several lines the first.
      kinds: kind of problem -> the lines that have it.
      columns: name of a column left out -> the reason.
      counts: kind of problem -> how many rows have it.
      kept: how many rows of a kind `malformed` and `kinds` hold at most; None holds all.
      cells: name of a column -> line and reason of the first of its cells that are wrong, and so
        were taken for gaps; their rows stay.
      cell_counts: name of a column -> how many of its cells are wrong.
      remarks: what else there is to say, a line of text each.

    >>> problems = Problems("edges.csv", num_rows=8)
    >>> problems.add(7, "number", "weight 'x' is not a number")
    >>> print(*problems.messages())
    edges.csv: 1 malformed row left out: line 7 (weight 'x' is not a number); strict=True makes this
    an error
    """

    file: str
    unit: str = "line"
    num_rows: int = 0
    malformed: dict[int, str] = dataclasses.field(default_factory=dict)
    kinds: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    columns: dict[str, str] = dataclasses.field(default_factory=dict)
    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    kept: int | None = None
    cells: dict[str, list[tuple[int, str]]] = dataclasses.field(default_factory=dict)
    cell_counts: Counter[str] = dataclasses.field(default_factory=Counter)
    remarks: list[str] = dataclasses.field(default_factory=list)

    def add(self, line: int, kind: str, reason: str) -> None:
        """Names one malformed row.

        Args:
          line: its line or row.
          kind: what such problems have in common; the first five of a kind are shown.
          reason: what is wrong, in a few words.
        """
        self.counts[kind] += 1
        if self.kept is None or self.counts[kind] <= self.kept:
            self.malformed[line] = reason
            self.kinds.setdefault(kind, []).append(line)

    def add_cells(self, column: str, lines: Sequence[int], reasons: Sequence[str]) -> None:
        """Names the cells of a column that are wrong.

        Args:
          column: its name.
          lines: the line or row of each.
          reasons: what is wrong with each, in a few words.
        """
        if lines:
            self.cell_counts[column] += len(lines)
            shown = list(zip(lines, reasons, strict=True))[:_SHOWN_OF_A_KIND]
            self.cells.setdefault(column, []).extend(shown)

    @property
    def num_malformed(self) -> int:
        """How many rows are malformed."""
        return self.counts.total()

    def messages(self) -> list[str]:
        """A line of text each for malformed rows, wrong cells, and columns left out."""
        texts = []
        if self.counts:
            rows = _counted(self.num_malformed)
            texts.append(
                f"{self.file}: {rows} left out: {self.named()}; strict=True makes this an error"
            )
        if self.cell_counts:
            texts.append(
                f"{self.file}: {self._counted_cells()} taken for {_gaps(self.cell_counts)}: "
                f"{self._named_cells()}; strict=True makes this an error"
            )
        if self.columns:
            texts.append(f"{self.file}: columns left out: {self._named_columns()}")
        texts += [f"{self.file}: {remark}" for remark in self.remarks]
        return texts

    def check(self, strict_rows: bool, strict_columns: bool) -> None:
        """Raises where too much is wrong, or where nothing may be and something is.

        Args:
          strict_rows: whether a malformed row is an error.
          strict_columns: whether a column left out is one.

        Raises:
          ValueError: if there are no rows, more than half are malformed, or as the arguments say.
        """
        if not self.num_rows:
            raise ValueError(f"{self.file} has no rows")
        self.check_rows(strict_rows)
        if strict_columns and self.columns:
            raise ValueError(f"{self.file}: columns left out: {self._named_columns()}")

    def check_rows(self, strict: bool) -> None:
        """Raises where too many rows are malformed.

        Args:
          strict: whether one is too many.

        Raises:
          ValueError: if more than half are malformed, or with `strict` any, or a wrong cell.
        """
        bad = self.num_malformed
        wrong = bad - self.counts[GAP]
        if 2 * wrong > self.num_rows:
            raise ValueError(
                f"{self.file}: {bad} of {self.num_rows} rows are malformed, more than half: "
                f"{self.named()}{self._hint()}"
            )
        if strict and bad:
            raise ValueError(f"{self.file}: {_counted(bad)}: {self.named()}")
        if strict and self.cell_counts:
            raise ValueError(f"{self.file}: {self._counted_cells()}: {self._named_cells()}")

    def warn(self, stacklevel: int) -> None:
        """Warns of what was left out.

        Args:
          stacklevel: how far above this call the user's own is, as in `warnings.warn`.
        """
        for text in self.messages():
            warnings.warn(text, TableWarning, stacklevel=stacklevel + 1)

    def named(self, without: str = "") -> str:
        """The first malformed rows of each kind, and how many more there are.

        Args:
          without: a kind that is told elsewhere.
        """
        parts = []
        for kind, lines in self.kinds.items():
            if kind == without:
                continue
            for line in sorted(lines)[:_SHOWN_OF_A_KIND]:
                parts.append(f"{self.unit} {line} ({self.malformed[line]})")
            if self.counts[kind] > _SHOWN_OF_A_KIND:
                parts.append(f"{self.counts[kind] - _SHOWN_OF_A_KIND} more of this kind")
        return ", ".join(parts)

    def _counted_cells(self) -> str:
        count = self.cell_counts.total()
        return f"{count} wrong cell{'' if count == 1 else 's'}"

    def _named_cells(self) -> str:
        parts = []
        for column, cells in self.cells.items():
            parts += [f"{self.unit} {line} ({reason})" for line, reason in cells]
            if self.cell_counts[column] > len(cells):
                parts.append(f"{self.cell_counts[column] - len(cells)} more in {column!r}")
        return ", ".join(parts)

    def _named_columns(self) -> str:
        names: dict[str, list[str]] = {}
        for name, reason in self.columns.items():
            names.setdefault(reason, []).append(repr(name))
        parts = []
        for reason, named in names.items():
            more = len(named) - _COLUMNS_SHOWN
            shown = ", ".join(named[:_COLUMNS_SHOWN]) + (f" and {more} more" if more > 0 else "")
            parts.append(f"{shown} ({reason})")
        return ", ".join(parts)

    def _hint(self) -> str:
        """What most often causes so many problems of the most frequent kind."""
        most = max(self.counts, key=self.counts.__getitem__)
        return {
            "fields": ". Is its delimiter a comma?",
            "unknown": ". Ids are compared as text, so '01' is not '1'",
            "no node": ". Their nodes are left out: mend the rows of that table first",
            "time": ". Times are seconds since 1970, or ISO 8601",
        }.get(most, "")


class RowCheck:
    """Which of some rows are well-formed; a row is rejected once, for the first reason given."""

    def __init__(self, problems: Problems, lines: np.ndarray) -> None:
        """Takes where rejected rows are named, and the line of each row."""
        self.good = np.ones(lines.size, bool)
        self._problems, self._lines = problems, lines

    def reject(self, row: int, kind: str, reason: str) -> None:
        """Leaves out a row.

        Args:
          row: its place among these.
          kind: as in `Problems.add`.
          reason: as in `Problems.add`.
        """
        if self.good[row]:
            self.good[row] = False
            self._problems.add(int(self._lines[row]), kind, reason)

    def note(self, row: int, kind: str, reason: str) -> None:
        """Names a row that is malformed in part, and stays.

        Args:
          row: its place among these.
          kind: as in `Problems.add`.
          reason: as in `Problems.add`.
        """
        self._problems.add(int(self._lines[row]), kind, reason)

    def reject_empty(self, what: str, cells: Sequence[str]) -> None:
        """Leaves out the rows whose cell is empty.

        Args:
          what: the name of their column.
          cells: a cell of each row.
        """
        if "" in cells:
            for row, cell in enumerate(cells):
                if not cell:
                    self.reject(row, f"no {what}", f"no {what}")


def _gaps(counts: Counter[str]) -> str:
    return "a gap" if counts.total() == 1 else "gaps"


def _counted(count: int) -> str:
    return f"{count} malformed row{'' if count == 1 else 's'}"
