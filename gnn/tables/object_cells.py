"""The cells of a column that lies in memory, as Python objects or numbers of NumPy."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Sequence
from typing import Any

import numpy as np

from gnn.tables.cells import NO_LIST, Codes, Lists, Numbers, numbers_of, parse_numbers
from gnn.tables.coding import numbered
from gnn.tables.iso_times import iso_texts
from gnn.tables.text_lists import joined
from gnn.tables.typed_arrow import float_text
from gnn.tables.typed_table import Texts
from gnn.tables.typed_text import Floats, floats_of_numbers, floats_of_text, without_gaps

_LISTS = (list, tuple, np.ndarray)


class ObjectCells:
    """Cells of any type; None and NaN are empty."""

    untyped = False

    def __init__(self, name: str, cells: Sequence[Any] | np.ndarray) -> None:
        """Takes the title of the column for messages, and the cells."""
        self._name, self._cells = name, cells

    @property
    def held(self) -> Sequence[Any] | np.ndarray:
        """The cells."""
        return self._cells

    def text(self) -> Sequence[str]:
        """The cells as text, an empty one as "".

        Raises:
          ValueError: if a cell is neither text nor a number.
        """
        return ["" if is_empty(cell) else self._as_text(cell) for cell in self._listed()]

    def numbers(self) -> Numbers:
        """The cells as numbers, as those of a CSV file that holds the same."""
        if isinstance(self._cells, np.ndarray) and self._cells.dtype.kind in "biuf":
            return numbers_of(self._cells.astype(np.float64))
        return parse_numbers(["" if is_empty(cell) else str(cell) for cell in self._listed()])

    def lists(self) -> Lists | None:
        """The cells as lists, or None if most of the lists are none of numbers."""
        cells = self._listed()
        is_list = [isinstance(cell, _LISTS) for cell in cells]
        if not any(is_list):
            return None
        found = [_as_array(cell) if isinstance(cell, _LISTS) else None for cell in cells]
        arrays = [array for array in found if array is not None]
        if sum(is_list) - len(arrays) > sum(array.size > 0 for array in arrays):
            return None  # Most are lists of something else.
        lengths = [
            array.size if array is not None else -1 if _is_blank(cell) else NO_LIST
            for cell, array in zip(cells, found, strict=True)
        ]
        return Lists(np.array(lengths, np.int64), np.concatenate([np.zeros(0), *arrays]))

    def coded(self) -> Codes:
        """The cells as places among values."""
        if isinstance(self._cells, np.ndarray) and self._cells.dtype.kind in "iu":
            return Codes(np.arange(len(self._cells)), self._cells)
        return Codes(*numbered(self._listed()))

    def floats(self, na_values: frozenset[str]) -> Floats:
        """As `Cells.floats`."""
        kind = getattr(self._cells, "dtype", None)
        if isinstance(kind, np.dtype) and kind.kind in "biuf":
            return floats_of_numbers(np.asarray(self._cells), na_values)
        cells = ["" if is_empty(cell) else str(cell) for cell in self._listed()]
        return floats_of_text(cells, na_values)

    def texts(self, na_values: frozenset[str]) -> Texts:
        """As `Cells.texts`."""
        kind = getattr(self._cells, "dtype", None)
        if isinstance(kind, np.dtype) and kind.kind == "M":
            codes, distinct = numbered(np.asarray(self._cells).view(np.int64).tolist())
            texts = iso_texts(np.array(distinct, np.int64).view(kind))
            return Texts.of_codes(codes, without_gaps(texts, na_values))
        cells = _with_iso_times(self._listed())
        codes, distinct = numbered(
            ["" if is_empty(cell) else self._as_typed_text(cell) for cell in cells]
        )
        return Texts.of_codes(codes, without_gaps(distinct, na_values))

    def take(self, rows: np.ndarray) -> ObjectCells:
        """The cells of some rows."""
        held: Any = self._cells
        if hasattr(held, "iloc"):
            return type(self)(self._name, held.iloc[rows])
        if isinstance(held, np.ndarray):
            return type(self)(self._name, held[rows])
        return type(self)(self._name, [held[row] for row in rows.tolist()])

    def _listed(self) -> Sequence[Any]:
        held: Any = self._cells
        return held.tolist() if hasattr(held, "tolist") else held

    def _as_text(self, cell: Any) -> str:
        if isinstance(cell, float) and cell.is_integer():  # As pandas has whole numbers with gaps.
            cell = int(cell)
        if not isinstance(cell, (str, int, float)):
            raise ValueError(f"{self._name} must hold text or numbers, got {cell!r}")
        return str(cell)

    def _as_typed_text(self, cell: Any) -> str:
        if isinstance(cell, str):
            return cell
        if isinstance(cell, (bool, np.bool_)):
            return "true" if cell else "false"
        if isinstance(cell, (float, np.floating)):
            return float_text(cell)
        if isinstance(cell, (int, np.integer, decimal.Decimal, datetime.time)):
            return str(cell)
        if isinstance(cell, _LISTS) and not any(isinstance(part, _LISTS) for part in cell):
            return joined(None if is_empty(part) else self._as_typed_text(part) for part in cell)
        raise ValueError(f"{self._name} must hold text, numbers, truths or times, got {cell!r}")


def is_empty(cell: Any) -> bool:
    """Whether a cell is None, NaN, or what pandas has in their place.

    >>> is_empty(None), is_empty(float("nan")), is_empty(0)
    (True, True, False)
    """
    if cell is None:
        return True
    return isinstance(cell, (float, np.floating, datetime.date)) and bool(cell != cell)


def _is_blank(cell: Any) -> bool:
    return is_empty(cell) or (isinstance(cell, str) and not cell.strip())


def _as_array(cell: Any) -> np.ndarray | None:
    """A list as its numbers, None as NaN; None where it holds anything else."""
    try:
        array = np.asarray(cell)
        is_number = array.dtype.kind in "biufO"
        return array.astype(np.float64).ravel() if is_number else None
    except (TypeError, ValueError):
        return None


def _with_iso_times(cells: Sequence[Any]) -> Sequence[Any]:
    """Cells, the dates and times among them as text."""
    places = [at for at, cell in enumerate(cells) if isinstance(cell, datetime.date)]
    if not places:
        return cells
    found, is_utc = list(cells), False
    times = np.full(len(places), "NaT", "datetime64[us]")
    for k, at in enumerate(places):
        time = found[at]
        if getattr(time, "tzinfo", None) is not None:
            time, is_utc = time.astimezone(datetime.UTC).replace(tzinfo=None), True
        if not is_empty(time):
            times[k] = time
    for at, text in zip(places, iso_texts(times, is_utc), strict=True):
        found[at] = text
    return found
