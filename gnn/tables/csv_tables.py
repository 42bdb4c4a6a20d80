"""Tables in CSV files, read in chunks with the line of every row."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, compress, repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gnn.tables.cells import ArrowCells, TextCells
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table
from gnn.tables.text_files import open_text

_CHUNK_CHARACTERS = 1 << 20
_CHUNK_ROWS = 1 << 14


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
        return _chunks(path, header, wanted, start, problems)

    return Table(name, header, read, problems)


def _chunks(
    path: Path, header: list[str], wanted: Collection[str] | None, start: int, problems: Problems
) -> Iterator[Chunk]:
    """The rows after line `start`."""
    columns = _Columns.of(header, wanted)
    with open_text(path, problems.file) as file:
        for _ in range(start):
            file.readline()
        while text := file.read(_CHUNK_CHARACTERS):
            text += file.readline()
            if '"' in text:  # From here on a row may have several lines.
                lines = chain(io.StringIO(text, newline=""), file)
                for rows in _quoted_rows(lines, start, problems):
                    yield from _chunk_of_rows(columns, rows, problems)
                return
            whole = None if wanted is None else _by_arrow(text, columns, start, problems)
            if whole is not None:
                yield whole
                start += whole.lines.size
                continue
            block = list(io.StringIO(text, newline=""))
            yield from _chunk_of_lines(columns, block, text, start, problems)
            start += len(block)


def _by_arrow(text: str, columns: _Columns, start: int, problems: Problems) -> Chunk | None:
    """Lines without a quote, cut by PyArrow where it is there: three times as fast.

    None where a line is no row: PyArrow does not say which one.
    """
    try:
        import pyarrow
        from pyarrow import csv as arrow_csv
    except ImportError:
        return None
    lines = text.count("\n") + (not text.endswith("\n"))
    names = [str(k) for k in range(columns.width)]
    asked = {str(k): name for name, k in columns.places.items()}
    if text.count("\r") != text.count("\r\n"):
        return None
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(text.encode()),
            arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=1 << 24),
            arrow_csv.ParseOptions(quote_char=False),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(asked, pyarrow.string()), include_columns=list(asked)
            ),
        ).combine_chunks()
    except pyarrow.ArrowInvalid:
        return None
    if table.num_rows != lines:  # A blank line.
        return None
    problems.num_rows += lines
    cells = {
        name: ArrowCells(f"{problems.file}: column {name!r}", table[k].chunk(0), untyped=True)
        for k, name in asked.items()
    }
    return Chunk(np.arange(start + 1, start + 1 + lines), cells)


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
