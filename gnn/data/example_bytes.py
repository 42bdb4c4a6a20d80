"""The bytes of many `tf.train.Example`s at once, put together column by column.

To fill messages of protocol buffers feature by feature takes more than ten times as long. What is
written here is read by any reader of examples: a map from names to lists of bytes, floats or
integers (tensorflow/core/example/example.proto), by the wire format of protocol buffers. Rows whose
features have the same sizes differ in nothing but values, and make a table of bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

# Of a field with a length: its number, 1, 2 or 3.
_FIRST, _SECOND, _THIRD = b"\x0a", b"\x12", b"\x1a"


class Column(NamedTuple):
    """One feature of many rows.

    Attributes:
        name: of the feature.
        sizes: of some rows, how many bytes the feature has, 0 where it has none; integers `[n]`.
        fill: writes the features of some rows of equal size, uint8 `[n, size]`.
    """

    name: str
    sizes: Callable[[np.ndarray], np.ndarray]
    fill: Callable[[np.ndarray, np.ndarray], None]


class Part(NamedTuple):
    """Features of examples that come from the same rows.

    Attributes:
        columns: the features.
        rows: integers `[n]`, the row of each example.
    """

    columns: Sequence[Column]
    rows: np.ndarray


def entries(
    parts: Sequence[Part], prefix: str = "", places: np.ndarray | None = None
) -> list[bytes]:
    """The entries that the maps of examples have of some features, side by side.

    Args:
        parts: all of as many rows.
        prefix: what all names begin with.
        places: integers `[n]`, not negative, which follow the prefix, and `_` follows them; or
            None.

    >>> import tensorflow as tf
    >>> columns = [column_of("x", np.array([0.5, 1.5])), column_of("y", ["a", "bc"])]
    >>> own, other = Part(columns, np.array([1])), Part(columns[:1], np.array([0]))
    >>> whole = example_of([*entries([own]), *entries([other], "n_", np.array([12]))])
    >>> feature = tf.train.Example.FromString(whole).features.feature
    >>> feature["x"].float_list.value, feature["y"].bytes_list.value
    ([1.5], [b'bc'])
    >>> feature["n_12_x"].float_list.value
    [0.5]
    """
    columns = [(column, part.rows) for part in parts for column in part.columns]
    sizes = np.stack([column.sizes(rows) for column, rows in columns], axis=1)
    digits = np.zeros(len(sizes), np.int64)
    if places is not None:
        digits = 1 + np.searchsorted(10 ** np.arange(1, 19), places, side="right")
    found: list[bytes] = [b""] * len(sizes)
    for some in _of_one_kind(np.column_stack([digits, sizes])):
        width, kind = int(digits[some[0]]), sizes[some[0]].tolist()
        before = prefix + "0" * width + "_" * (width > 0)
        filled = [
            (_entry_start(before + column.name, size), column, rows[some], size)
            for (column, rows), size in zip(columns, kind, strict=True)
            if size
        ]
        whole = sum(len(start) + size for start, _, _, size in filled)
        table, at = np.empty((some.size, whole), np.uint8), 0
        for start, column, rows, size in filled:
            table[:, at : at + len(start)] = np.frombuffer(start, np.uint8)
            if places is not None:
                first = at + start.index(prefix.encode()) + len(prefix.encode())
                table[:, first : first + width] = _digits(places[some], width)
            at += len(start)
            column.fill(rows, table[:, at : at + size])
            at += size
        raw = table.tobytes()
        for place, end in zip(some.tolist(), range(whole, len(raw) + 1, whole), strict=True):
            found[place] = raw[end - whole : end]
    return found


def example_of(parts: Sequence[bytes]) -> bytes:
    """An example of the entries of its map.

    >>> example_of([]).hex()
    '0a00'
    """
    return b"".join([_FIRST, _number(sum(map(len, parts))), *parts])


def _digits(numbers: np.ndarray, width: int) -> np.ndarray:
    """Numbers of so many digits as text, uint8 `[n, width]`."""
    powers = 10 ** np.arange(width - 1, -1, -1)
    return ord("0") + numbers[:, None] // powers % 10


def _of_one_kind(sizes: np.ndarray) -> Iterator[np.ndarray]:
    """The places of rows that are equal, one kind after the other."""
    kinds = np.zeros(len(sizes), np.int64)
    for column in sizes.T:  # One after the other: most have one size only.
        if (column != column[:1]).any():
            kinds = np.unique(kinds * (column.max() + 1) + column, return_inverse=True)[1]
    for kind in range(int(kinds.max(initial=-1)) + 1):
        yield np.flatnonzero(kinds == kind)


def column_of(name: str, values: Any) -> Column:
    """The feature that an array is, a row an example.

    Args:
        name: of the feature.
        values: numbers or strings `[n, ...]`, a SciPy sparse matrix, or a list of strings. Floats
            are written in single precision, integers and booleans as int64.
    """
    values = np.array(values) if isinstance(values, list) else values
    if sparse.issparse(values):
        return _any_column(name, lambda row: values[[row]].toarray().ravel())
    if values.dtype.kind == "f":
        return _column_of_floats(name, values)
    if values.dtype.kind in "biu" and values.ndim == 1:
        return _column_of_integers(name, values)
    if values.dtype.kind == "U" and values.ndim == 1:
        return _column_of_text(name, values)
    return _any_column(name, lambda row: np.ravel(values[row]))


def only_where(column: Column, present: np.ndarray) -> Column:
    """A feature that some rows have.

    Args:
        column: the feature.
        present: bool, which rows have it.
    """

    def sizes(rows: np.ndarray) -> np.ndarray:
        return np.where(present[rows], column.sizes(rows), 0)

    return column._replace(sizes=sizes)


def _column_of_floats(name: str, values: np.ndarray) -> Column:
    """Floats, of which each row has as many."""
    width = 4 * int(np.prod(values.shape[1:]))
    start = _list_start(_SECOND, width)

    def fill(rows: np.ndarray, table: np.ndarray) -> None:
        table[:, : len(start)] = np.frombuffer(start, np.uint8)
        some = np.ascontiguousarray(values[rows], "<f4").reshape(rows.size, -1)
        table[:, len(start) :] = some.view(np.uint8).reshape(rows.size, width)

    return Column(name, lambda rows: np.full(rows.size, len(start) + width), fill)


def _column_of_integers(name: str, values: np.ndarray) -> Column:
    """An integer a row: seven bits a byte, the lowest first, and a bit that says: more to come."""

    def wide(rows: np.ndarray) -> np.ndarray:
        return values[rows].astype(np.int64).view(np.uint64)  # Negative ones modulo 2**64.

    def lengths(rows: np.ndarray) -> np.ndarray:
        bounds = np.uint64(1) << np.arange(7, 64, 7, dtype=np.uint64)
        return 1 + np.searchsorted(bounds, wide(rows), side="right")

    def fill(rows: np.ndarray, table: np.ndarray) -> None:
        length = table.shape[1] - len(_list_start(_THIRD, 1))
        start = _list_start(_THIRD, length)
        table[:, : len(start)] = np.frombuffer(start, np.uint8)
        shifts = 7 * np.arange(length, dtype=np.uint64)
        septets = (wide(rows)[:, None] >> shifts) & np.uint64(127)
        septets[:, :-1] |= np.uint64(128)
        table[:, len(start) :] = septets

    return Column(name, lambda rows: len(_list_start(_THIRD, 1)) + lengths(rows), fill)


def _column_of_text(name: str, texts: np.ndarray) -> Column:
    """A string a row."""

    def sizes(rows: np.ndarray) -> np.ndarray:
        lengths, kind = np.unique(_utf8(texts[rows])[1], return_inverse=True)
        of_length = [len(_text_start(length)) + length for length in lengths.tolist()]
        return np.array(of_length, np.int64)[kind]

    def fill(rows: np.ndarray, table: np.ndarray) -> None:
        codes, lengths = _utf8(texts[rows])
        size = int(lengths[0])
        start = _text_start(size)
        table[:, : len(start)] = np.frombuffer(start, np.uint8)
        table[:, len(start) :] = codes[:, :size]

    return Column(name, sizes, fill)


def _utf8(texts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Strings as bytes, with zeros after them, uint8 `[n, width]`, and their lengths."""
    letters = np.ascontiguousarray(texts).view(np.uint32)
    letters = letters.reshape(texts.size, texts.dtype.itemsize // 4)
    if letters.max(initial=0) < 128:
        codes = letters.astype(np.uint8)
    else:
        raw = np.strings.encode(texts, "utf-8")
        codes = raw.view(np.uint8).reshape(texts.size, raw.dtype.itemsize)
    width = codes.shape[1]
    lengths = width - np.argmax(codes[:, ::-1] != 0, axis=1) if width else np.zeros(texts.size, int)
    return codes, np.where(codes.any(axis=1), lengths, 0)


def _any_column(name: str, row_of: Callable[[int], np.ndarray]) -> Column:
    """Whatever a row has, made one by one."""
    of_row = functools.lru_cache(maxsize=1 << 15)(lambda row: _feature(row_of(row)))

    def sizes(rows: np.ndarray) -> np.ndarray:
        return np.array([len(of_row(row)) for row in rows.tolist()], np.int64)

    def fill(rows: np.ndarray, table: np.ndarray) -> None:
        raw = b"".join([of_row(row) for row in rows.tolist()])
        table[:] = np.frombuffer(raw, np.uint8).reshape(table.shape)

    return Column(name, sizes, fill)


def _feature(values: np.ndarray) -> bytes:
    """A feature of integers, or of strings."""
    if values.dtype.kind == "f":
        return _list_start(_SECOND, 4 * values.size) + values.astype("<f4").tobytes()
    if values.dtype.kind in "biu":
        packed = b"".join(
            [_number(value % (1 << 64)) for value in values.astype(np.int64).tolist()]
        )
        return _list_start(_THIRD, len(packed)) + packed
    texts = [text.encode() if isinstance(text, str) else text for text in values.tolist()]
    strings = b"".join([_FIRST + _number(len(text)) + text for text in texts])
    return _FIRST + _number(len(strings)) + strings


@functools.lru_cache(maxsize=1 << 14)
def _entry_start(name: str, size: int) -> bytes:
    """What stands before a feature in the map: its name, and of how many bytes it is."""
    key = name.encode()
    head = _FIRST + _number(len(key)) + key + _SECOND + _number(size)
    return _FIRST + _number(len(head) + size) + head


def _list_start(kind: bytes, size: int) -> bytes:
    """What stands before the numbers of a list; without any there is no list of them."""
    held = _FIRST + _number(size) if size else b""
    return kind + _number(len(held) + size) + held


def _text_start(size: int) -> bytes:
    """What stands before the only string of a list."""
    held = _FIRST + _number(size)
    return _FIRST + _number(len(held) + size) + held


def _number(value: int) -> bytes:
    """A number of 64 bits, seven of them a byte, the lowest first."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)
