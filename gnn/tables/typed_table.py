"""A table whose columns have types, and whose gaps are kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from gnn.tables.coding import numbered
from gnn.tables.schema import Schema


class Texts:
    """Cells of text as places among distinct ones; the text "" is a gap.

    >>> texts = Texts.of(["tea", "", "tea"])
    >>> texts.codes.tolist(), texts.values.tolist(), texts.gaps.tolist()
    ([0, 1, 0], ['tea', ''], [False, True, False])
    """

    def __init__(self, codes: np.ndarray | None, values: Any) -> None:
        """Takes codes and values.

        Args:
          codes: int32 `[n]`, the place of each cell among the values; None where the values are the
            cells, of which the distinct ones are looked for when somebody asks.
          values: the distinct texts, an array of objects or an Arrow array; the cells, the latter.
        """
        self._codes, self._values = codes, values

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
        if len(parts) == 1:
            return parts[0]
        if not all(isinstance(part._values, np.ndarray) for part in parts):
            return cls(*_joined_by_arrow(parts))
        starts = np.cumsum([0, *(part.values.size for part in parts)])
        texts = list(chain.from_iterable(part.values.tolist() for part in parts))
        shifted = [part.codes + start for part, start in zip(parts, starts[:-1], strict=True)]
        return cls.of_codes(np.concatenate([np.zeros(0, np.int32), *shifted]), texts)

    @property
    def codes(self) -> np.ndarray:
        """The place of each cell among the values, int32 `[n]`."""
        self.settle()
        assert self._codes is not None
        return self._codes

    @property
    def values(self) -> np.ndarray:
        """The distinct texts, an array of objects; made when they are first asked for."""
        self.settle()
        if not isinstance(self._values, np.ndarray):
            self._values = self._values.to_numpy(zero_copy_only=False)
        return self._values

    @property
    def num_values(self) -> int:
        """How many distinct texts there are."""
        self.settle()
        return len(self._values)

    def values_at(self, places: np.ndarray) -> list[str]:
        """Some of the distinct texts, by their places, without making the others."""
        self.settle()
        if isinstance(self._values, np.ndarray):
            return self._values[places].tolist()
        return self._values.take(places).to_pylist()

    @property
    def gap_code(self) -> int:
        """The place of "" among the values; -1 if there are no gaps."""
        self.settle()
        if isinstance(self._values, np.ndarray):
            found = np.flatnonzero(self._values == "")
            return int(found[0]) if found.size else -1
        import pyarrow.compute as pc

        return pc.index(self._values, "").as_py()

    @property
    def gaps(self) -> np.ndarray:
        """Which cells are gaps, bool `[n]`."""
        return self.codes == self.gap_code

    def settle(self) -> None:
        """Looks for the distinct texts, where nobody has."""
        if self._codes is None:
            self._codes, self._values = _joined_by_arrow([self])

    def text(self) -> np.ndarray:
        """The cells, an array of objects `[n]`."""
        return self.values[self.codes]

    def take(self, rows: np.ndarray) -> Texts:
        """The cells of some rows."""
        return Texts(self.codes[rows], self._values)


def _joined_by_arrow(parts: Sequence[Texts]) -> tuple[np.ndarray, Any]:
    import pyarrow
    import pyarrow.compute as pc

    # More than 2 GB of text need the large offsets.
    kind = pyarrow.large_string()
    arrays = [
        pyarrow.array(part._values, kind)
        if isinstance(part._values, np.ndarray)
        else pc.cast(part._values, kind)
        for part in parts
    ]
    joined = pc.dictionary_encode(pyarrow.chunked_array(arrays))
    # All chunks have the same dictionary.
    places = [chunk.indices.to_numpy() for chunk in joined.chunks]
    codes = [
        found if part._codes is None else found[part._codes]
        for found, part in zip(places, parts, strict=True)
    ]
    return np.concatenate(codes), joined.chunk(0).dictionary


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
    ['brand', 'brand;price']
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

    def filled(self, broken: Mapping[str, np.ndarray] = MappingProxyType({})) -> list[str]:
        """Of each row the columns that are gaps, by name, separated by ";"; "" if there is none.

        Names stand in alphabetical order.

        Args:
          broken: name -> which further cells of a column count as gaps, bool `[n]`.
        """
        found: dict[int, list[str]] = {}
        for name in sorted(self.columns):
            gaps = self.gaps(name) | broken[name] if name in broken else self.gaps(name)
            for row in np.flatnonzero(gaps).tolist():
                found.setdefault(row, []).append(name)
        return [";".join(found.get(row, ())) for row in range(self.num_rows)]

    def take(self, rows: np.ndarray) -> TypedTable:
        """Some rows, by number or as a mask."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        taken = {
            name: cells.take(rows) if isinstance(cells, Texts) else cells[rows]
            for name, cells in self.columns.items()
        }
        return TypedTable(self.schema, taken, len(rows))
