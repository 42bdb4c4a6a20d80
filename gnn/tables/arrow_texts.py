"""Arrow arrays of text, and what in them is a gap."""

from __future__ import annotations

from typing import Any


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
    if blanks is None:
        array = pc.utf8_trim_whitespace(array)
    elif blanks:
        array = pc.utf8_trim(array, blanks)
    named = sorted(na_values - {""})
    is_gap = pc.is_in(array, value_set=pyarrow.array(named, array.type))
    if not pc.any(is_gap).as_py():
        return array
    return pc.if_else(is_gap, pyarrow.scalar("", array.type), array)
