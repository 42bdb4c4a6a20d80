"""The cells of one column, from CSV or Parquet, as text, numbers, lists or names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from gnn.tables.arrow_texts import is_text
from gnn.tables.coding import numbered
from gnn.tables.number_texts import as_numbers, is_infinite
from gnn.tables.typed_arrow import floats_of_arrow, texts_of_arrow
from gnn.tables.typed_table import Texts
from gnn.tables.typed_text import Floats, floats_of_text, texts_of_text

_LONGEST_SHOWN = 40


class Numbers(NamedTuple):
    """Cells as numbers.

    Attributes:
      values: float64 `[n]`; what stands at a position of `strange` means nothing.
      strange: position -> the cell, where it is no number that is finite in float32; empty is "".
    """

    values: np.ndarray
    strange: dict[int, str]


NO_LIST = -2


class Lists(NamedTuple):
    """Cells that are lists of numbers.

    Attributes:
      lengths: int64 `[n]`, -1 for an empty cell, `NO_LIST` for one that is no list of numbers.
      values: float64, all lists one after the other.
    """

    lengths: np.ndarray
    values: np.ndarray


class Codes(NamedTuple):
    """Cells as places among values.

    Attributes:
      places: integers `[n]`, the place of each cell among the values.
      values: the distinct values in order of first appearance: a list, or of text in Arrow an Arrow
        array; of integers perhaps a NumPy array of the cells as they stand, with repeats.
    """

    places: np.ndarray
    values: Any


class Cells(Protocol):
    """The cells of a column of some rows, whatever they lie in."""

    @property
    def untyped(self) -> bool:
        """Whether the cells are text because the format has no types."""

    @property
    def held(self) -> Any:
        """What the cells lie in: a list or tuple, an array, an Arrow array."""

    def text(self) -> Sequence[str]:
        """The cells as text, an empty one as ""."""

    def numbers(self) -> Numbers:
        """The cells as numbers."""

    def lists(self) -> Lists | None:
        """The cells as lists, or None if they are no lists of numbers."""

    def coded(self) -> Codes:
        """The cells as places among values of their own types; an empty one is a value too."""

    def floats(self, na_values: frozenset[str]) -> Floats:
        """The cells as numbers of a typed table.

        Args:
          na_values: the texts that are gaps, without blanks around them.

        Returns:
          float32 `[n]`, NaN for gaps and for wrong cells; and position -> text of the wrong cells,
          which are no gaps and no numbers that are finite in float32.
        """

    def texts(self, na_values: frozenset[str]) -> Texts:
        """The cells as texts of a typed table, gaps as "".

        There are no blanks around them. Whole numbers have no point, truths are `"true"` and
        `"false"`, dates and times are in ISO 8601.

        Args:
          na_values: as for `floats`.

        Raises:
          ValueError: if a cell is none of these.
        """

    def take(self, rows: np.ndarray) -> Cells:
        """The cells of some rows, by their places."""


class TextCells:
    """The cells of a CSV column."""

    untyped = True

    def __init__(self, cells: Sequence[str]) -> None:
        """Takes the cells as they stand in the file, without their quotes."""
        self._cells = cells

    def text(self) -> Sequence[str]:
        """The cells, an empty one as ""."""
        return self._cells

    def numbers(self) -> Numbers:
        """The cells as numbers; "true" and "false" in any case are 1 and 0."""
        return parse_numbers(self._cells)

    def lists(self) -> Lists | None:
        """None: CSV has no lists."""
        return None

    @property
    def held(self) -> Sequence[str]:
        """The cells."""
        return self._cells

    def coded(self) -> Codes:
        """The cells as places among the distinct ones."""
        return Codes(*numbered(self._cells))

    def floats(self, na_values: frozenset[str]) -> Floats:
        """As `Cells.floats`."""
        return floats_of_text(self._cells, na_values)

    def texts(self, na_values: frozenset[str]) -> Texts:
        """As `Cells.texts`."""
        return texts_of_text(self._cells, na_values)

    def take(self, rows: np.ndarray) -> TextCells:
        """The cells of some rows."""
        return TextCells([self._cells[row] for row in rows.tolist()])


class ArrowCells:
    """The cells of a Parquet column."""

    def __init__(self, name: str, array: Any, *, untyped: bool = False) -> None:
        """Takes the title of the column for messages, the Arrow array, and `Cells.untyped`."""
        import pyarrow

        self._name = name
        self.untyped = untyped
        if pyarrow.types.is_dictionary(array.type):
            if str(array.type.value_type) == "string_view":  # Of which Arrow cannot look up any.
                values = array.dictionary.cast(pyarrow.large_string())
                array = pyarrow.DictionaryArray.from_arrays(array.indices, values)
            array = array.dictionary_decode()
        self._array = array

    def text(self) -> Sequence[str]:
        """The cells as text, whole numbers in decimal, an empty one as "".

        Raises:
          ValueError: if the column's type is neither text nor whole numbers.
        """
        import pyarrow
        import pyarrow.compute as pc

        array, kinds = self._array, pyarrow.types
        if kinds.is_null(array.type):
            return [""] * len(array)
        if kinds.is_boolean(array.type):
            return ["" if cell is None else str(cell) for cell in array.to_pylist()]
        if kinds.is_floating(array.type):
            # pandas makes floats of whole numbers when some are missing.
            values = array.to_numpy(zero_copy_only=False).astype(np.float64)
            if np.array_equal(values, np.trunc(values), equal_nan=True) and not np.any(
                np.isinf(values)
            ):
                return ["" if value != value else str(int(value)) for value in values.tolist()]
        if not (is_text(array.type) or kinds.is_integer(array.type)):
            raise ValueError(
                f"{self._name} must hold text or whole numbers, got the type {array.type}"
            )
        text = pc.fill_null(pc.cast(self._trimmed(), pyarrow.large_string()), "")
        return text.to_numpy(zero_copy_only=False).tolist()

    def numbers(self) -> Numbers:
        """The cells as numbers, as those of a CSV file that holds the same."""
        import pyarrow
        import pyarrow.compute as pc

        array, kinds = self._array, pyarrow.types
        if kinds.is_boolean(array.type):
            array = pc.cast(array, pyarrow.uint8())
        number = (kinds.is_integer, kinds.is_floating, kinds.is_decimal)
        if any(is_kind(array.type) for is_kind in number):
            return numbers_of(_floats(array))
        cells = array.to_pylist()
        return parse_numbers(["" if cell is None else str(cell) for cell in cells])

    def lists(self) -> Lists | None:
        """The cells as lists, or None if they are no lists of numbers."""
        import pyarrow
        import pyarrow.compute as pc

        array, kinds = self._array, pyarrow.types
        is_list = (kinds.is_list, kinds.is_large_list, kinds.is_fixed_size_list)
        if not any(is_kind(array.type) for is_kind in is_list):
            return None
        inner = array.type.value_type
        if not (kinds.is_integer(inner) or kinds.is_floating(inner)):
            return None
        lengths = pc.fill_null(pc.cast(pc.list_value_length(array), pyarrow.int64()), -1)
        # What a null of a fixed size stands on is no value.
        return Lists(lengths.to_numpy(zero_copy_only=False), _floats(array.drop_null().flatten()))

    @property
    def held(self) -> Any:
        """The Arrow array."""
        return self._array

    def coded(self) -> Codes:
        """The cells as places among values; null is None."""
        import pyarrow
        import pyarrow.compute as pc

        array, kinds = self._trimmed(), pyarrow.types
        if kinds.is_integer(array.type) and not array.null_count:
            return Codes(np.arange(len(array)), array.to_numpy())
        if str(array.type) in ("string_view", "binary_view"):
            whole = pyarrow.large_string() if "string" in str(array.type) else "large_binary"
            array = pc.cast(array, whole)
        try:
            coded = pc.dictionary_encode(array, null_encoding="encode")
        except (NotImplementedError, pyarrow.ArrowInvalid):  # Of nested types.
            return Codes(*numbered(array.to_pylist()))
        values = coded.dictionary
        is_text = kinds.is_string(values.type) or kinds.is_large_string(values.type)
        return Codes(coded.indices.to_numpy(), values if is_text else values.to_pylist())

    def floats(self, na_values: frozenset[str]) -> Floats:
        """As `Cells.floats`."""
        return floats_of_arrow(self._array, na_values)

    def texts(self, na_values: frozenset[str]) -> Texts:
        """As `Cells.texts`."""
        return texts_of_arrow(self._name, self._array, na_values)

    def _trimmed(self) -> Any:
        """The array, without blanks around the cells where the format has no types."""
        if not self.untyped or not is_text(self._array.type):
            return self._array
        import pyarrow.compute as pc

        data = self._array.buffers()[-1]
        has_blanks = data is not None and b" " in memoryview(data).tobytes()
        return pc.utf8_trim(self._array, " ") if has_blanks else self._array

    def take(self, rows: np.ndarray) -> ArrowCells:
        """The cells of some rows."""
        return ArrowCells(self._name, self._array.take(rows), untyped=self.untyped)


def parse_numbers(cells: Sequence[str]) -> Numbers:
    """Reads text as numbers, in the notations of Python's `float` without underscores.

    Args:
      cells: the text of each cell.

    Returns:
      The numbers, and the cells that are none.

    >>> parse_numbers(["1.5", "x", "", "true"])
    Numbers(values=array([1.5, nan, nan, 1. ]), strange={1: 'x', 2: ''})
    """
    values = as_numbers(cells)
    return Numbers(values, {at: cells[at] for at in _strange(values)})


def numbers_of(values: np.ndarray) -> Numbers:
    """Numbers as those of a CSV file that holds the same, NaN as an empty cell.

    >>> numbers_of(np.array([1.5, np.nan, np.inf])).strange
    {1: '', 2: 'inf'}
    """
    return Numbers(values, {at: _shown(values[at]) for at in _strange(values)})


def is_word(cell: str) -> bool:
    """Whether a cell is neither empty nor written as a number, NaN and infinity included."""
    try:
        float(cell)
    except ValueError:
        return bool(cell)
    return "_" in cell


def quoted(cell: str) -> str:
    """A cell as messages show it, a long one cut."""
    return repr(cell if len(cell) <= _LONGEST_SHOWN else f"{cell[:_LONGEST_SHOWN]}...")


def why_no_number(column: str, cell: str) -> str:
    """What is wrong with a cell where a number is needed.

    >>> why_no_number("weight", "x")
    "weight 'x' is not a number"
    """
    if not cell:
        return f"{column} is empty"
    rule = "is not a number" if is_word(cell) else "is not finite in float32"
    return f"{column} {quoted(cell)} {rule}"


def _strange(values: np.ndarray) -> list[int]:
    """The positions of numbers that are not finite in float32."""
    return np.flatnonzero(is_infinite(values)).tolist()


def _floats(array: Any) -> np.ndarray:
    """An Arrow array of numbers as float64 of its own, NaN for null."""
    import pyarrow
    import pyarrow.compute as pc

    values = pc.cast(array, pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values.astype(np.float64)


def _shown(value: float) -> str:
    """A number that is not finite, as a CSV file of pandas has it."""
    return "" if value != value else str(value)
