"""Arrow arrays as the numbers and the texts of a typed table."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.tables.iso_times import iso_texts
from gnn.tables.number_texts import as_numbers, is_infinite
from gnn.tables.typed_table import Texts
from gnn.tables.typed_text import (
    Floats,
    as_floats,
    floats_of_numbers,
    floats_of_text,
    without_gaps,
)

# What Arrow and Python read alike. Whatever else Python takes for a number is looked at there.
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

    array = _with_large_offsets(array)
    gaps = pyarrow.array(sorted(na_values | {""}), array.type)
    # A gap stands for a null, which is cast without being read.
    array = pc.if_else(pc.is_in(array, value_set=gaps), None, array)
    try:
        values = _as_float64(array)
        odd = is_infinite(values) & array.is_valid().to_numpy(zero_copy_only=False)
    except pyarrow.ArrowInvalid:
        is_plain = pc.match_substring_regex(array, _PLAIN_NUMBER)
        odd = pc.fill_null(pc.invert(is_plain), False).to_numpy(zero_copy_only=False)
        try:
            values = _as_float64(pc.if_else(is_plain, array, None))
        except pyarrow.ArrowInvalid:  # Such as 1e400.
            return floats_of_text(pc.fill_null(array, "").to_pylist(), na_values)
        odd |= is_infinite(values) & array.is_valid().to_numpy(zero_copy_only=False)
    places = np.flatnonzero(odd)
    if not places.size:
        return as_floats(values), {}
    others = pc.dictionary_encode(array.take(pyarrow.array(places)))
    texts = others.dictionary.to_pylist()
    codes = others.indices.to_numpy()
    read = as_numbers(texts)
    values[places] = read[codes]
    gap = np.fromiter((text.strip() in na_values | {""} for text in texts), bool, len(texts))
    is_wrong = (is_infinite(read) & ~gap)[codes]
    found = zip(places[is_wrong].tolist(), codes[is_wrong].tolist(), strict=True)
    return as_floats(values), {at: texts[code] for at, code in found}


def texts_of_arrow(name: str, array: Any, na_values: frozenset[str]) -> Texts:
    """The cells of an array as texts, null and NaN as gaps.

    Numbers are in decimal, whole ones without a point; truths `"true"` and `"false"`; dates and
    times in ISO 8601.

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
    if not _has_texts(array.type):
        raise ValueError(
            f"{name} must hold text, numbers, truths or times, got the type {array.type}"
        )
    coded = pc.dictionary_encode(_with_large_offsets(array))
    values = coded.dictionary
    if is_text(array.type):
        texts = values.to_pylist()
    elif kinds.is_boolean(array.type):
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


def _with_large_offsets(array: Any) -> Any:
    """Text of which every function of Arrow knows the type."""
    import pyarrow
    import pyarrow.compute as pc

    return pc.cast(array, pyarrow.large_string()) if str(array.type) == "string_view" else array


def _as_float64(array: Any) -> np.ndarray:
    """An Arrow array as float64 of its own, NaN for null."""
    import pyarrow
    import pyarrow.compute as pc

    values = pc.cast(array, pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values.astype(np.float64)
