"""A table whose columns have types, and whose gaps are kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from gnn.tables.arrow_texts import without_gaps_of_arrow
from gnn.tables.coding import numbered
from gnn.tables.row_hashes import arrow_hashes, num_distinct
from gnn.tables.schema import Schema


class Texts:
    """Cells of text as places among distinct ones; the text "" is a gap.

    >>> texts = Texts.of(["tea", "", "tea"])
    >>> texts.codes.tolist(), texts.values.tolist(), texts.gaps.tolist()
    ([0, 1, 0], ['tea', ''], [False, True, False])
    """

    def __init__(
        self, codes: np.ndarray | None, values: Any, na_values: frozenset[str] | None = None
    ) -> None:
        """Takes codes and values.

        Args:
          codes: int32 `[n]`, the place of each cell among the values; None where the values are the
            cells, of which the distinct ones are looked for when somebody asks.
          values: the distinct texts, an array of objects or an Arrow array; the cells, the latter.
          na_values: the texts that are gaps, where the values are as they lie, with blanks perhaps;
            None where gaps are "" already.
        """
        self._codes, self._values, self._na_values = codes, values, na_values
        self._num_distinct: int | None = None

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
            cells = [len(part._values) for part in parts if part._codes is None]
            coded = [len(part._codes) for part in parts if part._codes is not None]
            if sum(cells) > sum(coded):
                return cls(None, *_cells_by_arrow(parts))
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
        return _some(self._values, places)

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
        if self._codes is not None:
            return self.codes == self.gap_code
        import pyarrow.compute as pc

        self._tidy()
        is_gap = pc.equal(pc.binary_length(self._values), 0)
        return is_gap.to_numpy() if hasattr(is_gap, "chunks") else is_gap.to_numpy(False)

    @property
    def num_cells(self) -> int:
        """How many cells there are."""
        return len(self._values if self._codes is None else self._codes)

    @property
    def is_settled(self) -> bool:
        """Whether the distinct texts have been looked for."""
        return self._codes is not None

    def count_distinct(self) -> int:
        """How many distinct texts there are, counted by hashes where nobody has looked for them."""
        if self._codes is not None:
            return self.num_values
        if self._num_distinct is None:
            self._tidy()
            self._num_distinct = num_distinct(arrow_hashes(self._values))
        return self._num_distinct

    def cells_at(self, rows: np.ndarray) -> list[str]:
        """The cells of some rows, without looking for distinct texts."""
        if self._codes is not None:
            return self.values_at(self.codes[rows])
        self._tidy()
        return _some(self._values, rows)

    def settle(self) -> None:
        """Looks for the distinct texts, where nobody has."""
        if self._codes is None or self._na_values is not None:
            self._codes, self._values = _joined_by_arrow([self])
            self._na_values = None

    def _tidy(self) -> None:
        """Takes blanks and gaps from cells, once."""
        if self._na_values is not None:
            self._values = without_gaps_of_arrow(self._values, self._na_values)
            self._na_values = None

    def text(self) -> np.ndarray:
        """The cells, an array of objects `[n]`."""
        return self.values[self.codes]

    def take(self, rows: np.ndarray) -> Texts:
        """The cells of some rows."""
        if self._codes is None:
            return Texts(None, self._values.take(rows), self._na_values)
        return Texts(self._codes[rows], self._values, self._na_values)


def _some(values: Any, places: np.ndarray) -> list[str]:
    if isinstance(values, np.ndarray):
        return values[places].tolist()
    return values.take(places).to_pylist()


def _cells_by_arrow(parts: Sequence[Texts]) -> tuple[Any, frozenset[str] | None]:
    """The cells of parts, in most of which nobody has looked for distinct texts; what is a gap."""
    import pyarrow

    given: list[Any] = []
    for part in parts:
        cells = part._values
        if isinstance(cells, np.ndarray):
            cells = pyarrow.array(cells, pyarrow.string())
        if part._codes is not None:
            cells = cells.take(pyarrow.array(part._codes))
        given += getattr(cells, "chunks", [cells])
    if len({array.type for array in given}) > 1:
        given = [array.cast(pyarrow.large_string()) for array in given]
    na_values = next((part._na_values for part in parts if part._na_values is not None), None)
    return pyarrow.chunked_array(given), na_values


def _joined_by_arrow(parts: Sequence[Texts]) -> tuple[np.ndarray, Any]:
    """The codes of all cells, and the distinct texts; blanks and gaps are taken from these."""
    import pyarrow
    import pyarrow.compute as pc

    # More than 2 GB of text need the large offsets.
    kind = pyarrow.large_string()
    arrays = [
        pyarrow.chunked_array([pyarrow.array(part._values, kind)])
        if isinstance(part._values, np.ndarray)
        else pyarrow.chunked_array(
            [c.cast(kind) for c in getattr(part._values, "chunks", [part._values])], kind
        )
        for part in parts
    ]
    chunks = [chunk for array in arrays for chunk in array.chunks]
    joined = pc.dictionary_encode(pyarrow.chunked_array(chunks, kind))
    # All chunks have the same dictionary.
    places = np.concatenate(
        [np.zeros(0, np.int32), *(chunk.indices.to_numpy() for chunk in joined.chunks)]
    )
    values = joined.chunk(0).dictionary if joined.num_chunks else pyarrow.array([], kind)
    na_values = next((part._na_values for part in parts if part._na_values is not None), None)
    if na_values is not None:
        tidy = without_gaps_of_arrow(values, na_values)
        if not tidy.equals(values):  # Then some may be equal now.
            again = pc.dictionary_encode(tidy)
            places, values = again.indices.to_numpy()[places], again.dictionary
    ends = np.cumsum([len(array) for array in arrays])[:-1]
    codes = [
        found if part._codes is None else found[part._codes]
        for found, part in zip(np.split(places, ends), parts, strict=True)
    ]
    return np.concatenate(codes), values


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
