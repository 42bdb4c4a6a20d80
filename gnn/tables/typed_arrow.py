"""Arrow arrays as the numbers and the texts of a typed table."""

from __future__ import annotations

from typing import Any

import numpy as np

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

    array = pc.cast(array, pyarrow.large_string())
    is_empty = pc.equal(pc.binary_length(array), 0)
    odd = _has_other_bytes(array)
    named = [text for text in na_values if text and not text.encode().strip(_OF_NUMBERS)]
    if named:
        is_named = pc.is_in(array, value_set=pyarrow.array(named, array.type))
        odd |= is_named.to_numpy(zero_copy_only=False)
    # A null is cast without being read.
    plain = pc.if_else(pc.or_(is_empty, pyarrow.array(odd)), None, array)
    try:
        values = _as_float64(plain)
    except pyarrow.ArrowInvalid:  # Such as 1-2.
        is_plain = pc.fill_null(pc.match_substring_regex(plain, _PLAIN_NUMBER), True)
        odd |= ~is_plain.to_numpy(zero_copy_only=False)
        try:
            values = _as_float64(pc.if_else(is_plain, plain, None))
        except pyarrow.ArrowInvalid:  # Such as 1e400.
            return floats_of_text(pc.fill_null(array, "").to_pylist(), na_values)
    floats = as_floats(values)
    # Whatever is NaN now is a gap or wrong, or too large.
    places = np.flatnonzero(np.isnan(floats))
    is_left = odd[places] | ~np.isnan(values[places])
    places = places[is_left]
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


def _has_other_bytes(array: Any) -> np.ndarray:
    """Which cells of large text have a byte that no plain number has; null has none."""
    _, offsets, data = array.buffers()
    places = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    odd = np.zeros(len(array), bool)
    if data is None or not len(array):
        return odd
    is_other = np.ones(256, bool)
    is_other[list(_OF_NUMBERS)] = False
    held = np.frombuffer(data, np.uint8)[places[0] : places[-1]]
    found = np.flatnonzero(is_other[held]) + places[0]
    odd[np.searchsorted(places, found, "right") - 1] = True
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
    import pyarrow
    import pyarrow.compute as pc

    if str(array.type) == "string_view":  # Of which Arrow has few functions.
        array = pc.cast(array, pyarrow.large_string())
    array = pc.fill_null(array, "")
    if _seem_distinct(array):
        return Texts(None, _without_gaps(array, na_values))
    coded = pc.dictionary_encode(array)
    codes, values = coded.indices.to_numpy(), coded.dictionary
    cleaned = _without_gaps(values, na_values)
    if not cleaned.equals(values):  # Then some may be equal now.
        again = pc.dictionary_encode(cleaned)
        codes, values = again.indices.to_numpy()[codes], again.dictionary
    return Texts(codes, values)


def _seem_distinct(array: Any) -> bool:
    """Whether most of many cells differ: to look for equal ones in each chunk would be in vain."""
    import pyarrow.compute as pc

    first = array.slice(0, _LOOKED_AT)
    return len(array) > _LOOKED_AT and 10 * pc.count_distinct(first).as_py() > 9 * _LOOKED_AT


def _without_gaps(array: Any, na_values: frozenset[str]) -> Any:
    """As `without_gaps`, of an Arrow array."""
    import pyarrow
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(array)
    is_gap = pc.is_in(trimmed, value_set=pyarrow.array(sorted(na_values), array.type))
    return pc.if_else(is_gap, pyarrow.scalar("", array.type), trimmed)


def float_text(value: Any) -> str:
    """A float in decimal, a whole one as an integer, NaN as "".

    >>> float_text(2.0), float_text(2.5), float_text(float("nan"))
    ('2', '2.5', '')
    """
    if value != value:
        return ""
    return str(int(value)) if float(value).is_integer() else str(value)


def is_text(kind: Any) -> bool:
    """Whether a type of Arrow is text."""
    return str(kind) in ("string", "large_string", "string_view")


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
