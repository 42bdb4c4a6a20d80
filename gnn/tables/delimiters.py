"""What separates the cells of a CSV file, found from its first rows."""

from __future__ import annotations

import csv
import io
from itertools import islice

DELIMITERS = (",", ";", "\t", "|")
_ROWS_LOOKED_AT = 20


def check_delimiter(delimiter: str | None) -> str | None:
    """The argument, which is None or one character that can separate cells.

    Raises:
      ValueError: if it cannot.
    """
    fits = isinstance(delimiter, str) and len(delimiter) == 1 and delimiter.isascii()
    if delimiter is not None and (not fits or delimiter in '\r\n" '):
        raise ValueError(
            f"delimiter must be one ASCII character such as ',' or ';', got {delimiter!r}"
        )
    return delimiter


def find_delimiter(text: str, first: str = ",") -> str:
    r"""The delimiter of a file.

    It is `first` where that splits the header. Or else it is the other one that splits the header,
    and more than half of the first rows into as many cells; of several the one that makes most
    cells. Where there is none, there is one column, and it is `first`.

    Args:
      text: the first rows, the header's among them.
      first: the delimiter that is tried first.

    >>> find_delimiter("id;price\na;1,5\nb;2,5\n")
    ';'
    >>> find_delimiter("title\none; two\n"), find_delimiter("a,b;c,d\n1,2;3,4\n")
    (',', ',')
    """
    found, most = first, 1
    for delimiter in (first, *(other for other in DELIMITERS if other != first)):
        width, *others = _widths(text, delimiter) or [0]
        if delimiter == first and width > 1:
            return first
        agree = sum(other == width for other in others)
        if width > most and (not others or 2 * agree > len(others)):
            found, most = delimiter, width
    return found


def _widths(text: str, delimiter: str) -> list[int]:
    """How many cells the header and the first rows have; blank lines are no rows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [len(row) for row in islice(filter(None, reader), 1 + _ROWS_LOOKED_AT)]
    except csv.Error:
        return []
