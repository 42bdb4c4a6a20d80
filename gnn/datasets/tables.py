"""Tables in CSV or Parquet, read in chunks with the line of every row."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress, islice, repeat
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np

from gnn.datasets.table_cells import ArrowCells, TextCells
from gnn.datasets.table_problems import Problems

_CHUNK_ROWS = 1 << 12  # Small enough for a processor's cache.
_COLUMNS_SHOWN = 20
_OTHER_DELIMITERS = {";": "';'", "\t": "tabs", "|": "'|'"}


class Chunk(NamedTuple):
    """Some rows of a table that have the right number of fields.

    Attributes:
      lines: int64 `[n]`, the line of each row; for Parquet its number.
      columns: name -> the cells.
    """

    lines: np.ndarray
    columns: Mapping[str, TextCells | ArrowCells]


@dataclasses.dataclass
class Table:
    """A table that is read while `chunks` is walked through, once.

    Attributes:
      name: the file's name.
      header: the names of the columns.
      chunks: the rows.
      problems: where malformed rows go, those of a wrong number of fields while they are read.
    """

    name: str
    header: list[str]
    chunks: Iterator[Chunk]
    problems: Problems

    def require(self, columns: Iterable[str], why: str = "") -> None:
        """Checks that there are such columns.

        Args:
          columns: their names.
          why: what needs them, for the message.

        Raises:
          ValueError: if one is missing. The message names those there are.
        """
        missing = [name for name in columns if name not in self.header]
        if not missing:
            return
        named = ", ".join(map(repr, missing[:_COLUMNS_SHOWN]))
        found = ", ".join(map(repr, self.header[:_COLUMNS_SHOWN]))
        if len(self.header) > _COLUMNS_SHOWN:
            found += f" and {len(self.header) - _COLUMNS_SHOWN} more"
        hint = ""
        for delimiter, title in _OTHER_DELIMITERS.items():
            if len(self.header) == 1 and delimiter in self.header[0]:
                hint = f"; it seems to be separated by {title}, where commas are needed"
        plural = "s" if len(missing) > 1 else ""
        raise ValueError(f"{self.name} has no column{plural} {named}{why}; it has {found}{hint}")


def open_table(path: str | os.PathLike[str]) -> Table:
    r"""Opens a table by its suffix.

    CSV is UTF-8, with or without a byte order mark, separated by commas and quoted as RFC 4180
    says; its first line names the columns. Blank lines are skipped.

    Args:
      path: a file that ends in `.csv` or `.parquet`.

    Returns:
      The table, of which only the header is read.

    Raises:
      FileNotFoundError: if there is no such file.
      ImportError: if Parquet is to be read without PyArrow.
      ValueError: for another suffix, a file that is empty or not what its suffix says, or two
        columns of one name. While the chunks are read: for text that is not UTF-8, a quote that is
        not closed, or a damaged file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "edges.csv"
    ...     _ = path.write_text("source,target\na,b\na\nb,c\n")
    ...     table = open_table(path)
    ...     (chunk,) = table.chunks
    >>> table.header, chunk.columns["target"].text(), chunk.lines.tolist()
    (['source', 'target'], ('b', 'c'), [2, 4])
    >>> table.problems.malformed
    {3: '1 field, not 2'}
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {str(path)!r}")
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise ValueError(f"a table must end in .csv or .parquet, got {path.name!r}")
    table = _open_csv(path) if suffix == ".csv" else _open_parquet(path)
    twice = [name for name, count in Counter(table.header).items() if count > 1]
    if twice:
        raise ValueError(f"{path.name} has more than one column named {twice[0]!r}")
    return table


class _Rows(NamedTuple):
    """Rows as they stand, and the first line of each."""

    lines: list[int]
    rows: list[list[str]]


def _open_csv(path: Path) -> Table:
    with _utf8(path) as file:
        reader = csv.reader(file, strict=True)
        try:
            header = next(filter(None, reader), None)
        except csv.Error as error:
            raise ValueError(f"{path.name}, line 1: {error}") from error
        lines = reader.line_num
    if header is None:
        raise ValueError(f"{path.name} is empty")
    problems = Problems(path.name)
    return Table(path.name, header, _csv_chunks(path, header, lines, problems), problems)


def _csv_chunks(
    path: Path, header: Sequence[str], start: int, problems: Problems
) -> Iterator[Chunk]:
    """The rows after line `start`."""
    with _utf8(path) as file:
        lines = islice(file, start, None)
        while block := list(islice(lines, _CHUNK_ROWS)):
            text = "".join(block)
            if '"' in text:  # From here on a row may have several lines.
                for rows in _quoted_rows(chain(block, lines), start, problems):
                    yield from _chunk_of_rows(header, rows, problems)
                return
            yield from _chunk_of_lines(header, block, text, start, problems)
            start += len(block)


def _chunk_of_lines(
    header: Sequence[str], block: list[str], text: str, start: int, problems: Problems
) -> Iterator[Chunk]:
    """Lines without a quote, each a row: they are cut all at once, unless one is malformed."""
    width = len(header)
    commas = np.fromiter(map(str.count, block, repeat(",")), np.int64, len(block))
    if width > 1 and (commas == width - 1).all():
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        cells = text.removesuffix("\n").replace("\n", ",").split(",")
        problems.num_rows += len(block)
        columns = {name: TextCells(cells[k::width]) for k, name in enumerate(header)}
        yield Chunk(np.arange(start + 1, start + 1 + len(block)), columns)
        return
    plain = [line.rstrip("\r\n") for line in block]
    numbers = [start + 1 + at for at, line in enumerate(plain) if line]
    rows = _Rows(numbers, [line.split(",") for line in plain if line])
    yield from _chunk_of_rows(header, rows, problems)


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


def _chunk_of_rows(header: Sequence[str], block: _Rows, problems: Problems) -> Iterator[Chunk]:
    """The rows that have a field for each column, if any has; the others are malformed."""
    lines, rows = block
    problems.num_rows += len(rows)
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    fits = lengths == len(header)
    if not fits.all():
        for at in np.flatnonzero(~fits).tolist():
            fields = "1 field" if lengths[at] == 1 else f"{lengths[at]} fields"
            problems.add(lines[at], "fields", f"{fields}, not {len(header)}")
        lines, rows = list(compress(lines, fits)), list(compress(rows, fits))
    if rows:
        cells = zip(header, zip(*rows, strict=True), strict=True)
        yield Chunk(np.array(lines, np.int64), {name: TextCells(c) for name, c in cells})


@contextlib.contextmanager
def _utf8(path: Path) -> Iterator[TextIO]:
    """The file, as text that `csv` can read; an error of its encoding names the line."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError as error:
        line = _undecodable_line(path)
        raise ValueError(f"{path.name}, line {line}: not UTF-8 ({error.reason})") from error


def _undecodable_line(path: Path) -> int:
    """The first line that is not UTF-8, counted as `csv` does: a bare CR ends a line too."""
    number = 0
    with open(path, "rb") as file:
        for piece in file:
            for line in piece.splitlines():
                number += 1
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    return number
    return number


def _open_parquet(path: Path) -> Table:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError(f"reading {path.name} needs PyArrow: pip install gnn[parquet]") from error
    try:
        file = parquet.ParquetFile(path)
    except (OSError, ValueError) as error:  # Arrow's own errors are among these.
        raise ValueError(f"{path.name} is not a whole Parquet file: {error}") from error
    problems = Problems(path.name, "row", num_rows=file.metadata.num_rows)
    header = list(file.schema_arrow.names)
    return Table(path.name, header, _parquet_chunks(path, file, header), problems)


def _parquet_chunks(path: Path, file: Any, header: Sequence[str]) -> Iterator[Chunk]:
    start = 0
    with file:
        try:
            for batch in file.iter_batches(1 << 16):
                titles = [f"{path.name}: column {name!r}" for name in header]
                cells = zip(header, titles, batch.columns, strict=True)
                columns = {name: ArrowCells(title, array) for name, title, array in cells}
                yield Chunk(np.arange(start, start + batch.num_rows), columns)
                start += batch.num_rows
        except (OSError, ValueError) as error:
            raise ValueError(f"{path.name} is damaged after row {start}: {error}") from error
