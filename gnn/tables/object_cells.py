"""The cells of a column that lies in memory, as Python objects or numbers of NumPy."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Sequence
from typing import Any

import numpy as np

from gnn.tables.cells import Codes, Lists, Numbers, numbers_of, parse_numbers
from gnn.tables.coding import numbered
from gnn.tables.iso_times import iso_texts
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
        """The cells as lists, or None if they are no lists of numbers."""
        cells = self._listed()
        if not any(isinstance(cell, _LISTS) for cell in cells):
            return None
        arrays = [np.asarray(x if isinstance(x, _LISTS) else [], np.float64).ravel() for x in cells]
        pairs = zip(cells, arrays, strict=True)
        lengths = [array.size if isinstance(cell, _LISTS) else -1 for cell, array in pairs]
        return Lists(np.array(lengths, np.int64), np.concatenate(arrays))

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
        raise ValueError(f"{self._name} must hold text, numbers, truths or times, got {cell!r}")


def is_empty(cell: Any) -> bool:
    """Whether a cell is None, NaN, or what pandas has in their place.

    >>> is_empty(None), is_empty(float("nan")), is_empty(0)
    (True, True, False)
    """
    if cell is None:
        return True
    return isinstance(cell, (float, np.floating, datetime.date)) and bool(cell != cell)


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
