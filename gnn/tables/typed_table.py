"""A table whose columns have types, and whose gaps are kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np

from gnn.tables.coding import numbered
from gnn.tables.schema import Schema


@dataclasses.dataclass(frozen=True, eq=False)
class Texts:
    """Cells of text as places among distinct ones; the text "" is a gap.

    Attributes:
      codes: int32 `[n]`, the place of each cell among the values.
      values: the distinct texts, an array of objects.

    >>> texts = Texts.of(["tea", "", "tea"])
    >>> texts.codes.tolist(), texts.values.tolist(), texts.gaps.tolist()
    ([0, 1, 0], ['tea', ''], [False, True, False])
    """

    codes: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, cells: Sequence[str]) -> Texts:
        """Texts of cells in a list."""
        codes, distinct = numbered(cells)
        return cls(codes.astype(np.int32), np.array(distinct, object))

    @classmethod
    def of_codes(cls, codes: np.ndarray, values: Sequence[str]) -> Texts:
        """Texts of places among values of which some may be equal.

        >>> texts = Texts.of_codes(np.array([0, 1, 2]), ["tea", "milk", "tea"])
        >>> texts.codes.tolist(), texts.values.tolist()
        ([0, 1, 0], ['tea', 'milk'])
        """
        distinct = list(values)
        if len(set(distinct)) < len(distinct):
            places, distinct = numbered(distinct)
            codes = places[codes]
        return cls(codes.astype(np.int32), np.array(distinct, object))

    @classmethod
    def concatenate(cls, parts: Sequence[Texts]) -> Texts:
        """The cells of several texts one after the other.

        >>> Texts.concatenate([Texts.of(["tea", ""]), Texts.of(["", "milk"])]).text().tolist()
        ['tea', '', '', 'milk']
        """
        starts = np.cumsum([0, *(part.values.size for part in parts)])
        values = list(chain.from_iterable(part.values.tolist() for part in parts))
        shifted = [part.codes + start for part, start in zip(parts, starts[:-1], strict=True)]
        return cls.of_codes(np.concatenate([np.zeros(0, np.int32), *shifted]), values)

    @property
    def gaps(self) -> np.ndarray:
        """Which cells are gaps, bool `[n]`."""
        return (self.values == "")[self.codes] if self.values.size else np.zeros(0, bool)

    def text(self) -> np.ndarray:
        """The cells, an array of objects `[n]`."""
        return self.values[self.codes]

    def take(self, rows: np.ndarray) -> Texts:
        """The cells of some rows."""
        return Texts(self.codes[rows], self.values)


Cells: TypeAlias = np.ndarray | Texts


@dataclasses.dataclass(frozen=True, eq=False)
class TypedTable:
    """The features of a table: a row that was given is a row that is here.

    Attributes:
      schema: what the columns hold, the features' at least.
      columns: name -> the cells of a feature. A `"number"` is float32 `[n]`, NaN for a gap; a
        `"vector"` float32 `[n, length]`, a row of NaN for a gap; all others are `Texts`: an
        `"image"` the path of its file, a `"date"` as it is written.
      num_rows: how many rows.

    >>> table = TypedTable(
    ...     Schema.of({"price": "number", "brand": "category"}),
    ...     {"price": np.array([1.5, np.nan], np.float32), "brand": Texts.of(["", ""])},
    ...     2,
    ... )
    >>> table.filled()
    ['brand', 'brand price']
    """

    schema: Schema
    columns: Mapping[str, Cells]
    num_rows: int

    def gaps(self, name: str) -> np.ndarray:
        """Which cells of a column are gaps, bool `[n]`."""
        cells = self.columns[name]
        if isinstance(cells, Texts):
            return cells.gaps
        return np.isnan(cells if cells.ndim == 1 else cells[:, 0])

    def filled(self) -> list[str]:
        """Of each row the columns that are gaps, by name, separated by blanks; "" if there is none.

        Names stand in alphabetical order.
        """
        found = [""] * self.num_rows
        for name in sorted(self.columns):
            for row in np.flatnonzero(self.gaps(name)).tolist():
                found[row] = f"{found[row]} {name}".lstrip()
        return found

    def take(self, rows: np.ndarray) -> TypedTable:
        """Some rows, by number or as a mask."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        taken = {
            name: cells.take(rows) if isinstance(cells, Texts) else cells[rows]
            for name, cells in self.columns.items()
        }
        return TypedTable(self.schema, taken, len(rows))
