"""The cells of a column that lies in memory, as Python objects or numbers of NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gnn.tables.cells import Codes, Lists, Numbers, parse_numbers
from gnn.tables.coding import numbered

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
        return ["" if _is_empty(cell) else self._as_text(cell) for cell in self._listed()]

    def numbers(self) -> Numbers:
        """The cells as numbers, as those of a CSV file that holds the same."""
        return parse_numbers(["" if _is_empty(cell) else str(cell) for cell in self._listed()])

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


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and cell != cell)
