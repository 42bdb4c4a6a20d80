"""Rows of a CSV file, cut by Python: each malformed one is named by its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import compress, repeat
from typing import NamedTuple

import numpy as np

from gnn.tables import limits
from gnn.tables.cells import TextCells
from gnn.tables.csv_layout import Layout
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk
from gnn.tables.text_files import decoded

_CHUNK_ROWS = 1 << 14


class _Rows(NamedTuple):
    """Rows as they stand, and the first line of each."""

    lines: list[int]
    rows: list[list[str]]


class Lines:
    """The lines of a block, and of further ones as long as a row goes on.

    Attributes:
      begun: how many characters the row that is being read has so far.
    """

    def __init__(
        self, block: bytes, start: int, blocks: Iterator[tuple[int, bytes]], problems: Problems
    ) -> None:
        """Takes the block, how many lines there are before it, and where further ones come from."""
        self.begun = 0
        self._blocks, self._name = blocks, problems.file
        self._take(block, start)

    def _take(self, block: bytes, start: int) -> None:
        text = decoded(block, self._name, start)
        self._lines = io.StringIO(text, newline="")
        self._size, self._read, self._line = len(text), 0, start

    @property
    def is_empty(self) -> bool:
        """Whether the block is read to its end."""
        return self._read == self._size

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        if self.is_empty:
            start, block = next(self._blocks)
            self._take(block, start)
        line = self._lines.readline()
        self._line += 1
        self._read += len(line)
        self.begun += len(line)
        limits.check_line(self._name, self._line, self.begun)
        return line


def chunks_of_lines(
    block: bytes, layout: Layout, start: int, problems: Problems
) -> Iterator[Chunk]:
    """Lines without a quote, each a row: they are cut all at once, unless one is malformed.

    Args:
      block: the lines.
      layout: the columns.
      start: how many lines there are before them.
      problems: counts the rows, and takes those that are malformed.

    Raises:
      ValueError: for what is not UTF-8.
    """
    text = decoded(block, problems.file, start)
    lines = list(io.StringIO(text, newline=""))
    delimiter, width = layout.delimiter, layout.width
    widths = 1 + np.fromiter(map(str.count, lines, repeat(delimiter)), np.int64, len(lines))
    if width > 1 and (widths == width).all():
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        cells = text.removesuffix("\n").replace("\n", delimiter).split(delimiter)
        problems.num_rows += len(lines)
        has_blanks = layout.has_blanks(block)
        named = {k: _cells(cells[at::width], has_blanks) for k, at in layout.places.items()}
        yield Chunk(np.arange(start + 1, start + 1 + len(lines)), named)
        return
    plain = [line.rstrip("\r\n") for line in lines]
    numbers = np.flatnonzero(np.fromiter(map(bool, plain), bool, len(plain)))
    fits = _check_widths(widths[numbers], start + 1 + numbers, layout, problems)
    good = numbers[fits].tolist()
    rows = _Rows([start + 1 + at for at in good], [plain[at].split(delimiter) for at in good])
    yield from _chunk_of_rows(rows, layout)


def chunks_of_quoted(
    lines: Lines, layout: Layout, start: int, problems: Problems
) -> Iterator[Chunk]:
    """Rows of which cells may be quoted, and span lines.

    Args:
      lines: those of a block; further ones are taken until a row ends where its block does.
      layout: the columns.
      start: how many lines there are before them.
      problems: counts the rows, and takes those that are malformed.

    Raises:
      ValueError: for what is not UTF-8, and a quote that is not closed.
    """
    for block in _quoted_rows(lines, layout, start, problems):
        widths = np.fromiter(map(len, block.rows), np.int64, len(block.rows))
        fits = _check_widths(widths, np.array(block.lines, np.int64), layout, problems)
        if not fits.all():
            block = _Rows(list(compress(block.lines, fits)), list(compress(block.rows, fits)))
        yield from _chunk_of_rows(block, layout)


def _quoted_rows(lines: Lines, layout: Layout, start: int, problems: Problems) -> Iterator[_Rows]:
    """Blocks of rows without blank lines, of the lines after line `start`."""
    reader = csv.reader(lines, delimiter=layout.delimiter, strict=True, skipinitialspace=True)
    numbers: list[int] = []
    rows: list[list[str]] = []
    first = 1
    while not lines.is_empty:
        try:
            for row in reader:
                if row:
                    numbers.append(start + first)
                    rows.append(row)
                first = reader.line_num + 1
                lines.begun = 0
                if len(rows) == _CHUNK_ROWS or lines.is_empty:
                    break
        except csv.Error as error:
            line = start + first
            if reader.line_num > first:
                raise ValueError(
                    f"{problems.file}, line {line}: a quote is opened that is not closed as it "
                    f"should be ({error}, line {start + reader.line_num})"
                ) from error
            problems.num_rows += 1
            problems.add(line, "quotes", str(error))
            first = reader.line_num + 1
            lines.begun = 0
            continue
        if rows:
            yield _Rows(numbers, rows)
            numbers, rows = [], []
    if rows:
        yield _Rows(numbers, rows)


def _check_widths(
    widths: np.ndarray, lines: np.ndarray, layout: Layout, problems: Problems
) -> np.ndarray:
    """Which rows have a field for each column; the others are malformed."""
    problems.num_rows += widths.size
    fits = widths == layout.width
    for at in np.flatnonzero(~fits).tolist():
        fields = "1 field" if widths[at] == 1 else f"{widths[at]} fields"
        problems.add(int(lines[at]), "fields", f"{fields}, not {layout.width}")
    return fits


def _chunk_of_rows(block: _Rows, layout: Layout) -> Iterator[Chunk]:
    if block.rows:
        cells = list(zip(*block.rows, strict=True))
        named = {name: _cells(cells[k], True) for name, k in layout.places.items()}
        yield Chunk(np.array(block.lines, np.int64), named)


def _cells(cells: list[str] | tuple[str, ...], has_blanks: bool) -> TextCells:
    return TextCells([cell.strip(" ") for cell in cells] if has_blanks else cells)
