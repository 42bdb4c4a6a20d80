"""Arrow arrays as the numbers and the texts of a typed table."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.tables.arrow_texts import bytes_of, is_text, without_nulls
from gnn.tables.iso_times import iso_texts
from gnn.tables.text_lists import joined
from gnn.tables.typed_table import Texts
from gnn.tables.typed_text import (
    Floats,
    as_floats,
    floats_of_numbers,
    floats_of_text,
    texts_of_text,
    without_gaps,
)

# What numbers that Arrow and Python read alike are made of.
_OF_NUMBERS = b"0123456789.eE-"
_FIRST, _LAST = np.uint8(ord("-")), np.uint8(ord("9"))
_EXPONENTS = np.frombuffer(b"eE", np.uint8)
_LOOKED_AT = 1000
_PLAIN_NUMBER = r"^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def floats_of_arrow(array: Any, na_values: frozenset[str]) -> Floats:
    """The cells of an array of any type as numbers; null and NaN are gaps.

    Args:
      array: an Arrow array.
      na_values: as in `floats_of_text`.

    Returns:
      The numbers, and the cells that are wrong.
    """
    import pyarrow
    import pyarrow.compute as pc

    kinds = pyarrow.types
    if kinds.is_null(array.type):
        return np.full(len(array), np.nan, np.float32), {}
    if kinds.is_boolean(array.type):
        array = pc.cast(array, pyarrow.uint8())
    if any(f(array.type) for f in (kinds.is_integer, kinds.is_floating, kinds.is_decimal)):
        return floats_of_numbers(_as_float64(array), na_values)
    if is_text(array.type):
        return _floats_of_text(array, na_values)
    cells = ["" if cell is None else str(cell) for cell in array.to_pylist()]
    return floats_of_text(cells, na_values)


def _floats_of_text(array: Any, na_values: frozenset[str]) -> Floats:
    """The plain numbers by Arrow, the distinct ones of all other cells by Python."""
    import pyarrow
    import pyarrow.compute as pc

    array = without_nulls(array)
    offsets, data = bytes_of(array)
    is_empty = offsets[1:] == offsets[:-1]
    odd = _has_other_bytes(offsets, data)
    named = [text for text in na_values if text and not text.encode().strip(_OF_NUMBERS)]
    if named:
        is_named = pc.is_in(array, value_set=pyarrow.array(named, array.type))
        odd |= is_named.to_numpy(zero_copy_only=False)
    try:
        values = _as_float64(_masked(array, ~(odd | is_empty)))
    except pyarrow.ArrowInvalid:  # Such as 1-2.
        is_plain = pc.match_substring_regex(array, _PLAIN_NUMBER).to_numpy(zero_copy_only=False)
        odd |= ~(is_plain | is_empty)
        try:
            values = _as_float64(_masked(array, ~(odd | is_empty)))
        except pyarrow.ArrowInvalid:  # Such as 1e400.
            return floats_of_text(array.to_pylist(), na_values)
    floats = as_floats(values)
    # Whatever is NaN now is a gap, or wrong, or too large.
    places = np.flatnonzero(odd | (np.isnan(floats) & ~np.isnan(values)))
    if not places.size:
        return floats, {}
    others = pc.dictionary_encode(array.take(pyarrow.array(places)))
    texts = others.dictionary.to_pylist()
    codes = others.indices.to_numpy()
    read, wrong = floats_of_text(texts, na_values)
    floats[places] = read[codes]
    is_wrong = np.zeros(len(texts), bool)
    is_wrong[list(wrong)] = True
    at = np.flatnonzero(is_wrong[codes])
    found = zip(places[at].tolist(), codes[at].tolist(), strict=True)
    return floats, {place: texts[code] for place, code in found}


def _masked(array: Any, is_there: np.ndarray) -> Any:
    """The same cells, others than those that are there null: a cast does not look at them."""
    import pyarrow

    padded = np.concatenate([np.zeros(array.offset % 8, bool), is_there])
    skipped = bytes(array.offset // 8)
    bits = pyarrow.py_buffer(skipped + np.packbits(padded, bitorder="little").tobytes())
    _, *buffers = array.buffers()
    return pyarrow.Array.from_buffers(array.type, len(array), [bits, *buffers], offset=array.offset)


def _has_other_bytes(offsets: np.ndarray, data: np.ndarray) -> np.ndarray:
    """Which cells have a byte that no plain number has."""
    odd = np.zeros(offsets.size - 1, bool)
    held = data[offsets[0] : offsets[-1]]
    # From "-" to "9" there are the digits, the point, and "/", which a cast refuses.
    places = np.flatnonzero((held - _FIRST) > _LAST - _FIRST)
    places = places[~np.isin(held[places], _EXPONENTS)] + offsets[0]
    odd[np.searchsorted(offsets, places, "right") - 1] = True
    return odd


def texts_of_arrow(name: str, array: Any, na_values: frozenset[str]) -> Texts:
    """The cells of an array as texts, null and NaN as gaps.

    Numbers are in decimal, whole ones without a point; truths `"true"` and `"false"`; dates and
    times in ISO 8601; lists of texts are `joined`.

    Args:
      name: what errors call the column.
      array: an Arrow array.
      na_values: as in `texts_of_text`.

    Raises:
      ValueError: if it holds something else, such as lists.
    """
    import pyarrow
    import pyarrow.compute as pc

    kinds = pyarrow.types
    if kinds.is_null(array.type):
        return Texts(np.zeros(len(array), np.int32), np.array([""], object))
    is_list = (kinds.is_list, kinds.is_large_list, kinds.is_fixed_size_list)
    if any(is_kind(array.type) for is_kind in is_list) and is_text(array.type.value_type):
        return texts_of_text([joined(cell or ()) for cell in array.to_pylist()], na_values)
    if not _has_texts(array.type):
        raise ValueError(
            f"{name} must hold text, numbers, truths or times, got the type {array.type}"
        )
    if is_text(array.type):
        return _texts_of_text(array, na_values)
    coded = pc.dictionary_encode(array)
    values = coded.dictionary
    if kinds.is_boolean(array.type):
        texts = ["true" if value else "false" for value in values.to_pylist()]
    elif kinds.is_floating(array.type):
        texts = [float_text(value) for value in values.to_numpy(zero_copy_only=False)]
    elif kinds.is_date(array.type) or kinds.is_timestamp(array.type):
        zone = getattr(array.type, "tz", None)
        texts = iso_texts(values.to_numpy(zero_copy_only=False), is_utc=zone is not None)
    elif kinds.is_time(array.type):
        texts = [value.isoformat() for value in values.to_pylist()]
    else:
        texts = [str(value) for value in values.to_pylist()]
    codes = coded.indices
    if codes.null_count:
        codes = pc.fill_null(codes, len(texts))
        texts.append("")
    return Texts.of_codes(codes.to_numpy(), without_gaps(texts, na_values))


def _texts_of_text(array: Any, na_values: frozenset[str]) -> Texts:
    import pyarrow.compute as pc

    array = without_nulls(array)
    if _seem_distinct(array):
        return Texts(None, array, na_values)
    coded = pc.dictionary_encode(array)
    return Texts(coded.indices.to_numpy(), coded.dictionary, na_values)


def _seem_distinct(array: Any) -> bool:
    """Whether most of many cells differ: to look for equal ones in each chunk would be in vain."""
    import pyarrow.compute as pc

    first = array.slice(0, _LOOKED_AT)
    return len(array) > _LOOKED_AT and 10 * pc.count_distinct(first).as_py() > 9 * _LOOKED_AT


def float_text(value: Any) -> str:
    """A float in decimal, a whole one as an integer, NaN as "".

    >>> float_text(2.0), float_text(2.5), float_text(float("nan"))
    ('2', '2.5', '')
    """
    if value != value:
        return ""
    return str(int(value)) if float(value).is_integer() else str(value)


def _has_texts(kind: Any) -> bool:
    import pyarrow

    kinds = pyarrow.types
    others = (
        kinds.is_boolean,
        kinds.is_integer,
        kinds.is_floating,
        kinds.is_decimal,
        kinds.is_date,
        kinds.is_timestamp,
        kinds.is_time,
    )
    return is_text(kind) or any(is_kind(kind) for is_kind in others)


def _as_float64(array: Any) -> np.ndarray:
    """An Arrow array as float64, NaN for null."""
    import pyarrow
    import pyarrow.compute as pc

    return pc.cast(array, pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
