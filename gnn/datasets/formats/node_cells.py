"""Attributes that some nodes or edges have, as columns with gaps."""

from __future__ import annotations

import collections
import re
from collections.abc import Callable
from typing import Any

MAX_COLUMNS = 10_000
_EXACT = 2**53
# Without leading zeros, which make a name of a number.
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})?(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?")


class SparseColumns:
    """Cells put one by one; columns grow as they come, and no further than a limit."""

    def __init__(self, error: Callable[[int, str], ValueError], what: str, max_cells: int) -> None:
        """Takes what makes an error of a line and a text, what a row is, and the most cells."""
        self._error, self._what, self._limit = error, what, max_cells
        self._columns: dict[str, list[Any]] = {}
        self._size = 0

    def put(self, name: str, row: int, value: Any, line: int) -> None:
        """Sets the cell of a row.

        Raises:
          ValueError: there are more than 10,000 columns, or too many cells.
        """
        cells = self._columns.get(name)
        if cells is None:
            if len(self._columns) == MAX_COLUMNS:
                raise self._error(line, f"more than {MAX_COLUMNS:,} attributes of {self._what}s")
            cells = self._columns[name] = []
        if row < len(cells):
            cells[row] = value
            return
        self._grow(row + 1 - len(cells), line)
        cells.extend([None] * (row - len(cells)))
        cells.append(value)

    def columns(self, rows: int, last_line: int) -> dict[str, Any]:
        """All columns, a cell a row, None for a gap.

        Args:
          rows: how many there are.
          last_line: what errors name.

        Raises:
          ValueError: there are too many cells.
        """
        for cells in self._columns.values():
            self._grow(rows - len(cells), last_line)
            cells.extend([None] * (rows - len(cells)))
        return dict(self._columns)

    def _grow(self, more: int, line: int) -> None:
        self._size += more
        if self._size > self._limit:
            raise self._error(
                line,
                f"attributes of {self._what}s need a table of more than {self._limit:,} cells "
                "(max_bytes / 8)",
            )


def of_one_type(cells: list[Any]) -> list[Any] | None:
    """Cells of one type: text, booleans, integers, numbers, or lists of numbers.

    igraph and Gephi write every number as a double, so whole ones are integers. NaN is a gap. Text
    among others makes all of them text.

    Args:
      cells: of any type, None for a gap.

    Returns:
      The cells, or None where they are lists of something else, or of lists and others.

    >>> of_one_type([1.0, None, 2.0]), of_one_type([1, "b"]), of_one_type([0.5, 2])
    ([1, None, 2], ['1', 'b'], [0.5, 2])
    """
    cells = [None if cell != cell else cell for cell in cells]
    kinds = {type(cell) for cell in cells if cell is not None}
    if list in kinds or dict in kinds:
        numbers = all(cell is None or _is_vector(cell) for cell in cells)
        return cells if numbers else None
    if len(kinds) > 1 and not kinds <= {int, float}:
        return [None if cell is None else str(cell) for cell in cells]
    if float in kinds and all(cell is None or _is_whole(cell) for cell in cells):
        return [None if cell is None else int(cell) for cell in cells]
    return cells


def numbers_of_text(cells: list[Any]) -> list[Any]:
    """Cells of a format that has no types: numbers, where all of them are.

    >>> numbers_of_text(["1", None, "2.5"]), numbers_of_text(["1", "02"])
    ([1, None, 2.5], ['1', '02'])
    """
    given = [cell for cell in cells if cell is not None]
    if not all(cell and isinstance(cell, str) and _NUMBER.fullmatch(cell) for cell in given):
        return cells
    try:
        return [None if cell is None else _number(cell) for cell in cells]
    except ValueError:  # Only an exponent.
        return cells


def same_types(file: str, ids: list[Any]) -> list[Any]:
    """Ids that are all text, or all integers of 64 bits; where they are neither, as text.

    Raises:
      ValueError: as text two are one.

    >>> same_types("a.json", [1, "b"])
    ['1', 'b']
    """
    kinds = {type(name) for name in ids}
    if kinds == {str} or (kinds == {int} and -(2**63) <= min(ids) and max(ids) < 2**63):
        return ids
    texts = [str(name) for name in ids]
    if len(set(texts)) < len(texts):
        twice = collections.Counter(texts).most_common(1)[0][0]
        raise ValueError(f"{file}: ids must be distinct as text, got {twice!r} more than once")
    return texts


def _number(text: str) -> int | float:
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _is_vector(cell: Any) -> bool:
    return type(cell) is list and all(type(value) in (int, float) for value in cell)


def _is_whole(cell: float) -> bool:
    return abs(cell) < _EXACT and cell == int(cell)
