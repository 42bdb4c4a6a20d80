"""Tables in CSV files, read in chunks with the line of every row."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, compress, islice, repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gnn.tables.cells import TextCells
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table
from gnn.tables.text_files import open_text

_CHUNK_ROWS = 1 << 12  # Small enough for a processor's cache.


class _Rows(NamedTuple):
    """Rows as they stand, and the first line of each."""

    lines: list[int]
    rows: list[list[str]]


class _Columns(NamedTuple):
    """How many columns there are, and the places of those that are wanted."""

    width: int
    places: dict[str, int]

    @classmethod
    def of(cls, header: list[str], wanted: Collection[str] | None) -> _Columns:
        named = {name: k for k, name in enumerate(header) if wanted is None or name in wanted}
        return cls(len(header), named)


def open_csv(path: Path, name: str) -> Table:
    """Opens a CSV file as a table; its lines count from 1, the header's.

    Args:
      path: the file.
      name: what errors call it.

    Raises:
      ValueError: for a file that is empty, or not text.
    """
    with open_text(path, name) as file:
        reader = csv.reader(file, strict=True)
        try:
            header = next(filter(None, reader), None)
        except csv.Error as error:
            raise ValueError(f"{name}, line 1: {error}") from error
        start = reader.line_num
    if header is None:
        raise ValueError(f"{name} is empty")
    problems = Problems(name)

    def read(wanted: frozenset[str] | None) -> Iterator[Chunk]:
        return _chunks(path, _Columns.of(header, wanted), start, problems)

    return Table(name, header, read, problems)


def _chunks(path: Path, columns: _Columns, start: int, problems: Problems) -> Iterator[Chunk]:
    """The rows after line `start`."""
    with open_text(path, problems.file) as file:
        lines = islice(file, start, None)
        while block := list(islice(lines, _CHUNK_ROWS)):
            text = "".join(block)
            if '"' in text:  # From here on a row may have several lines.
                for rows in _quoted_rows(chain(block, lines), start, problems):
                    yield from _chunk_of_rows(columns, rows, problems)
                return
            yield from _chunk_of_lines(columns, block, text, start, problems)
            start += len(block)


def _chunk_of_lines(
    columns: _Columns, block: list[str], text: str, start: int, problems: Problems
) -> Iterator[Chunk]:
    """Lines without a quote, each a row: they are cut all at once, unless one is malformed."""
    width = columns.width
    commas = np.fromiter(map(str.count, block, repeat(",")), np.int64, len(block))
    if width > 1 and (commas == width - 1).all():
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        cells = text.removesuffix("\n").replace("\n", ",").split(",")
        problems.num_rows += len(block)
        named = {name: TextCells(cells[k::width]) for name, k in columns.places.items()}
        yield Chunk(np.arange(start + 1, start + 1 + len(block)), named)
        return
    plain = [line.rstrip("\r\n") for line in block]
    numbers = [start + 1 + at for at, line in enumerate(plain) if line]
    rows = _Rows(numbers, [line.split(",") for line in plain if line])
    yield from _chunk_of_rows(columns, rows, problems)


def _quoted_rows(lines: Iterable[str], start: int, problems: Problems) -> Iterator[_Rows]:
    """Blocks of rows without blank lines, of the lines after line `start`."""
    reader = csv.reader(lines, strict=True)
    numbers: list[int] = []
    rows: list[list[str]] = []
    first, is_whole = 1, False
    while not is_whole:
        try:
            for row in reader:
                if row:
                    numbers.append(start + first)
                    rows.append(row)
                first = reader.line_num + 1
                if len(rows) == _CHUNK_ROWS:
                    break
            else:
                is_whole = True
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
            continue
        if rows:
            yield _Rows(numbers, rows)
            numbers, rows = [], []


def _chunk_of_rows(columns: _Columns, block: _Rows, problems: Problems) -> Iterator[Chunk]:
    """The rows that have a field for each column, if any has; the others are malformed."""
    lines, rows = block
    problems.num_rows += len(rows)
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    fits = lengths == columns.width
    if not fits.all():
        for at in np.flatnonzero(~fits).tolist():
            fields = "1 field" if lengths[at] == 1 else f"{lengths[at]} fields"
            problems.add(lines[at], "fields", f"{fields}, not {columns.width}")
        lines, rows = list(compress(lines, fits)), list(compress(rows, fits))
    if rows:
        cells = list(zip(*rows, strict=True))
        named = {name: TextCells(cells[k]) for name, k in columns.places.items()}
        yield Chunk(np.array(lines, np.int64), named)
