"""pandas DataFrames as tables, read like those of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gnn.datasets.columns.column_names import named_ids
from gnn.tables.cells import Numbers, parse_numbers
from gnn.tables.object_cells import ObjectCells
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table
from gnn.tables.typed_table import Texts
from gnn.tables.typed_text import Floats, floats_of_numbers

_NAME = "the DataFrame"


def is_frame(value: Any) -> bool:
    """Whether a value is a pandas DataFrame; pandas is not imported to find out.

    >>> is_frame("nodes.csv")
    False
    """
    kinds = [(kind.__module__.split(".")[0], kind.__name__) for kind in type(value).__mro__]
    return ("pandas", "DataFrame") in kinds


def frame_table(frame: Any, id_column: str | None = None) -> Table:
    """A DataFrame as a table of nodes.

    Args:
      frame: a row a node. Its index becomes the column with the ids, unless it has one.
      id_column: what that column is called; None finds it out, and calls it `id`.

    Returns:
      The table. Problems name the row, counted from 0.

    Raises:
      ValueError: if two columns have one name.

    >>> import pandas as pd
    >>> table = frame_table(pd.DataFrame({"x": [1.5, None]}, index=["a", "b"]))
    >>> (chunk,) = table.chunks
    >>> chunk.columns["id"].text(), chunk.columns["x"].numbers().strange
    (['a', 'b'], {1: ''})
    """
    columns = {str(name): frame.iloc[:, place] for place, name in enumerate(frame.columns)}
    if len(columns) < frame.shape[1]:
        names = [str(name) for name in frame.columns]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{_NAME} has more than one column named {twice!r}")
    name = id_column or next(iter(named_ids(list(columns))), "id")
    if name not in columns:
        columns = {name: frame.index.to_series(), **columns}
    cells = {
        name: FrameCells(f"{_NAME}: column {name!r}", series) for name, series in columns.items()
    }

    def read(wanted: frozenset[str] | None) -> Iterator[Chunk]:
        if len(frame):
            named = {k: held for k, held in cells.items() if wanted is None or k in wanted}
            yield Chunk(np.arange(len(frame)), named)

    return Table(_NAME, list(columns), read, Problems(_NAME, "row", num_rows=len(frame)))


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
            values = series.to_numpy(np.float64, na_value=np.nan)
            with np.errstate(over="ignore"):
                strange = np.flatnonzero(~np.isfinite(values.astype(np.float32)))
            shown = {int(at): "" if np.isnan(values[at]) else str(values[at]) for at in strange}
            return Numbers(values, shown)
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
