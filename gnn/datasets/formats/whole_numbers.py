"""Lines of whole numbers as a table, without a Python object for each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_MOST_DIGITS = 18
_ZERO, _NINE, _LINE_FEED = b"09\n"


def whole_numbers(lines: Sequence[str], separator: str | None = None) -> np.ndarray | None:
    r"""Lines that all have as many whole numbers, as a table.

    Args:
      lines: without line feeds; blank ones are passed over.
      separator: between numbers, one character; None is any number of blanks and tabs.

    Returns:
      int64 `[n, k]`; None where a line has something else: signs, zeros in front, which a name may
      have, more than 18 digits, or another number of columns than the first.

    >>> whole_numbers(["1 2", "", "10\t20"]).tolist(), whole_numbers(["1 2", "01 2"])
    ([[1, 2], [10, 20]], None)
    """
    text = "\n".join(lines)
    found = np.frombuffer(f"\n{text}\n".encode(), np.uint8)
    allowed = np.zeros(256, bool)
    allowed[list((separator or " \t").encode() + b"\n")] = True
    allowed[_ZERO : _NINE + 1] = True
    if not allowed[found].all():
        return None
    digit = (found >= _ZERO) & (found <= _NINE)
    starts = np.flatnonzero(digit[1:] & ~digit[:-1]) + 1
    if not starts.size:
        return np.zeros((0, 0), np.int64)
    lengths = np.flatnonzero(digit[:-1] & ~digit[1:]) + 1 - starts
    if lengths.max() > _MOST_DIGITS or np.any((found[starts] == _ZERO) & (lengths > 1)):
        return None
    columns = np.diff(np.searchsorted(starts, np.flatnonzero(found == _LINE_FEED)))
    width = int(columns.max())
    if columns[columns > 0].min() < width:
        return None
    if separator and text.count(separator) != starts.size - starts.size // width:
        return None  # A column is empty.
    return np.fromstring(text, np.int64, sep=" ").reshape(-1, width)
