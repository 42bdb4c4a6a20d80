"""The cells of a column of a pandas DataFrame."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np

from gnn.tables.cells import ArrowCells, Cells, Numbers, numbers_of, parse_numbers
from gnn.tables.object_cells import ObjectCells
from gnn.tables.typed_table import Texts
from gnn.tables.typed_text import Floats, floats_of_numbers


def cells_of_series(name: str, series: Any) -> Cells:
    """The cells of a column; text goes to Arrow, where most of pandas' is already.

    Args:
      name: what errors call the column.
      series: the column of pandas.

    >>> import pandas as pd
    >>> cells_of_series("column 'x'", pd.Series([1, None])).text()
    ['1', '']
    """
    kind = series.dtype
    if getattr(kind, "name", "") in ("str", "string") and importlib.util.find_spec("pyarrow"):
        import pyarrow

        array = pyarrow.array(series)
        return ArrowCells(name, array.combine_chunks() if hasattr(array, "chunks") else array)
    if isinstance(kind, np.dtype) and kind.kind in "iu":
        return ObjectCells(name, np.asarray(series))  # None is missing.
    return FrameCells(name, series)


class FrameCells(ObjectCells):
    """The cells of a column of a DataFrame."""

    def __init__(self, name: str, series: Any) -> None:
        """Takes what errors call it, and the column."""
        super().__init__(name, series)
        self._missing = series.isna().to_numpy()

    def text(self) -> Sequence[str]:
        """The cells as text, a missing one as "".

        Raises:
          ValueError: if a cell is neither text nor a number.
        """
        return [
            "" if gone else self._as_text(cell)
            for cell, gone in zip(self._listed(), self._missing, strict=True)
        ]

    def numbers(self) -> Numbers:
        """The cells as numbers, as those of a CSV file that holds the same."""
        series: Any = self._cells
        if series.dtype.kind in "biuf":
            return numbers_of(series.to_numpy(np.float64, na_value=np.nan))
        cells = zip(self._listed(), self._missing, strict=True)
        return parse_numbers(["" if gone else str(cell) for cell, gone in cells])

    def floats(self, na_values: frozenset[str]) -> Floats:
        """As `Cells.floats`."""
        series: Any = self._cells
        if series.dtype.kind in "biuf":
            return floats_of_numbers(series.to_numpy(np.float64, na_value=np.nan), na_values)
        return self._present().floats(na_values)

    def texts(self, na_values: frozenset[str]) -> Texts:
        """As `Cells.texts`."""
        series: Any = self._cells
        if series.dtype.kind == "M" and isinstance(series.dtype, np.dtype):
            return super().texts(na_values)
        return self._present().texts(na_values)

    def _present(self) -> ObjectCells:
        """The cells as Python objects, None for those that are missing."""
        pairs = zip(self._listed(), self._missing, strict=True)
        return ObjectCells(self._name, [None if gone else cell for cell, gone in pairs])
