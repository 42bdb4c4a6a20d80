"""How the rows of a CSV file are laid out in bytes: its columns, and where its rows end."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

_QUOTE, _LF, _CR = ord('"'), ord("\n"), ord("\r")


class Layout(NamedTuple):
    """What separates cells, how many columns there are, and the places of those that are wanted."""

    delimiter: str
    width: int
    places: dict[str, int]

    @classmethod
    def of(cls, delimiter: str, header: list[str], wanted: Collection[str] | None) -> Layout:
        """The layout of a file with such a header; None wants all columns."""
        named = {name: k for k, name in enumerate(header) if wanted is None or name in wanted}
        return cls(delimiter, len(header), named)

    def has_blanks(self, block: bytes) -> bool:
        """Whether there may be blanks around cells, which do not count."""
        delimiter = self.delimiter.encode()
        ends = (delimiter, b'"', b"\n", b"\r")
        around = [pair for end in ends for pair in (b" " + end, end + b" ")]
        return block[:1] == b" " or block[-1:] == b" " or any(pair in block for pair in around)


class RowEnds(NamedTuple):
    """Where the rows of a block end, and on which of its lines they begin.

    Attributes:
      ends: int64 `[n]`, the place behind the line end of each row; of the last row perhaps the end
        of the block.
      lines: int64 `[n]`, the first line of each row, counted from 0.
    """

    ends: np.ndarray
    lines: np.ndarray


def row_ends(block: bytes, delimiter: str) -> RowEnds | None:
    r"""The whole rows of a block whose first row begins with it.

    Args:
      block: lines that end with LF or CR LF.
      delimiter: what separates cells.

    Returns:
      The rows, without one that goes on behind the block; None where a quote stands neither at the
      beginning nor at the end of a cell, and is no part of a pair, so that only a reader that goes
      cell by cell can tell what it means.

    >>> rows = row_ends(b'a,"1\n2"\nb,3\n"c', ",")
    >>> rows.ends.tolist(), rows.lines.tolist()
    ([8, 12], [0, 2])
    >>> row_ends(b'a,5" pipe\n', ",") is None
    True
    """
    data = np.frombuffer(block, np.uint8)
    newlines = np.flatnonzero(data == _LF)
    quotes = np.flatnonzero(data == _QUOTE)
    if not _are_well_placed(data, quotes, ord(delimiter)):
        return None
    is_end = np.searchsorted(quotes, newlines) % 2 == 0
    ends = newlines[is_end] + 1
    numbers = np.flatnonzero(is_end) + 1
    if quotes.size % 2 == 0 and data.size and data[-1] != _LF:
        ends, numbers = np.append(ends, data.size), np.append(numbers, 0)
    lines = np.concatenate([[0], numbers[:-1]])[: ends.size]
    return RowEnds(ends, lines)


def _are_well_placed(data: np.ndarray, quotes: np.ndarray, delimiter: int) -> bool:
    """Whether quotes open at the beginning of cells, and close at the end, or are pairs within."""
    opening, closing = quotes[::2], quotes[1::2]
    # The second quote of a pair seems to open a cell, and the first to have closed one.
    before = data[np.maximum(opening - 1, 0)]
    begins = (opening == 0) | _is_any(before, delimiter, _LF, _QUOTE)
    behind = data[np.minimum(closing + 1, data.size - 1)]
    finishes = (closing == data.size - 1) | _is_any(behind, delimiter, _LF, _CR, _QUOTE)
    return bool(begins.all() and finishes.all())


def _is_any(values: np.ndarray, *wanted: int) -> np.ndarray:
    found = values == wanted[0]
    for value in wanted[1:]:
        found |= values == value
    return found
