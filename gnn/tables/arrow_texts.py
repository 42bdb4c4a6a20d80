"""Arrow arrays of text, and what in them is a gap."""

from __future__ import annotations

from typing import Any

import numpy as np

_FIRST, _LAST = np.uint8(ord("!")), np.uint8(ord("~"))


def is_text(kind: Any) -> bool:
    """Whether a type of Arrow is text."""
    return str(kind) in ("string", "large_string", "string_view")


def without_nulls(array: Any) -> Any:
    """An array of text of a kind that Arrow has functions for, "" for null."""
    import pyarrow
    import pyarrow.compute as pc

    if str(array.type) == "string_view":
        array = pc.cast(array, pyarrow.large_string())
    return pc.fill_null(array, "") if array.null_count else array


def without_gaps_of_arrow(array: Any, na_values: frozenset[str], blanks: str | None = None) -> Any:
    """Texts without the blanks around them, those that are gaps as "".

    Args:
      array: an Arrow array of text, chunked perhaps.
      na_values: the texts that are gaps.
      blanks: the characters that are blanks; None takes white space of every kind.

    >>> import pyarrow
    >>> without_gaps_of_arrow(pyarrow.array([" tea", "NA", None]), frozenset({"NA"})).to_pylist()
    ['tea', '', '']
    """
    import pyarrow
    import pyarrow.compute as pc

    array = without_nulls(array)
    if blanks is None and _may_have_blanks(array):
        array = pc.utf8_trim_whitespace(array)
    elif blanks:
        array = pc.utf8_trim(array, blanks)
    named = sorted(na_values - {""})
    longest = max((len(text.encode()) for text in named), default=0)
    shortest = pc.min_max(pc.binary_length(array))["min"].as_py()
    if shortest is None or shortest > longest:
        return array
    is_gap = pc.is_in(array, value_set=pyarrow.array(named, array.type))
    if not pc.any(is_gap).as_py():
        return array
    return pc.if_else(is_gap, pyarrow.scalar("", array.type), array)


def bytes_of(array: Any) -> tuple[np.ndarray, np.ndarray]:
    """Where the cells of an array of text begin and end, integers `[n + 1]`, and the bytes.

    >>> import pyarrow
    >>> offsets, data = bytes_of(pyarrow.array(["tea", "", "cup"]))
    >>> offsets.tolist(), data.tobytes()
    ([0, 3, 3, 6], b'teacup')
    """
    _, offsets, data = array.buffers()
    kind = np.int64 if str(array.type) == "large_string" else np.int32
    if offsets is None or not len(array):
        return np.zeros(1, kind), np.zeros(0, np.uint8)
    places = np.frombuffer(offsets, kind)[array.offset : array.offset + len(array) + 1]
    return places, np.frombuffer(data or b"", np.uint8)[: places[-1]]


def _may_have_blanks(array: Any) -> bool:
    """Whether a cell begins or ends with a blank, or with no ASCII, where blanks are, too."""
    for chunk in getattr(array, "chunks", [array]):
        offsets, data = bytes_of(chunk)
        is_empty = offsets[1:] == offsets[:-1]
        ends = [offsets[:-1], offsets[1:] - 1]
        for places in ends:
            at = places[~is_empty] if is_empty.any() else places
            # From "!" to "~" there are all of ASCII but blanks and controls.
            if np.any((data[at] - _FIRST) > _LAST - _FIRST):
                return True
    return False
