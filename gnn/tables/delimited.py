"""Tables in text whose dialect is known: the delimiter, and the names of the columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from gnn.tables.cells import TextCells
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table
from gnn.tables.text_files import open_text

_CHUNK_LINES = 1 << 14
# So long a line is no row of a table; a file without line ends would come as one.
_LONGEST_LINE = 1 << 24


def open_delimited(
    path: Path,
    name: str,
    *,
    delimiter: str,
    header: Sequence[str] | None = None,
    quoted: bool = True,
) -> Table:
    r"""Opens a table of text, as its format says; lines count from 1.

    Blank lines are skipped, rows of another number of fields are malformed.

    Args:
      path: the file, in UTF-8; one that ends in `.gz` is decompressed.
      name: what errors call it.
      delimiter: what stands between two fields, such as `"\t"` or `"::"`.
      header: the names of the columns; None takes the first line that is not blank.
      quoted: whether fields may be quoted as RFC 4180 says; else a quote is a character as others
        are. With a delimiter of several characters nothing is quoted.

    Raises:
      ValueError: for a file that is empty, or two columns of one name. While the chunks are read:
        for text that is not UTF-8, a quote that is not closed, or a damaged file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "ratings.dat"
    ...     _ = path.write_text("1::10::5\n1::20\n2::10::3\n")
    ...     table = open_delimited(path, path.name, delimiter="::", header=["who", "what", "how"])
    ...     (chunk,) = table.chunks
    >>> chunk.columns["how"].text(), chunk.lines.tolist(), table.problems.malformed
    (('5', '3'), [1, 3], {2: '2 fields, not 3'})
    """
    quoted = quoted and len(delimiter) == 1
    skipped = 0
    if header is None:
        first = next(_rows(path, name, delimiter, quoted, 0), None)
        if first is None:
            raise ValueError(f"{name} is empty")
        skipped, header = first
    problems = Problems(name)
    names = list(header)

    def read(wanted: frozenset[str] | None) -> Iterator[Chunk]:
        places = {n: k for k, n in enumerate(names) if wanted is None or n in wanted}
        rows = _rows(path, name, delimiter, quoted, skipped)
        while block := list(islice(rows, _CHUNK_LINES)):
            problems.num_rows += len(block)
            good = [row for row in block if len(row[1]) == len(names)]
            if len(good) < len(block):
                for line, row in block:
                    if len(row) != len(names):
                        fields = "1 field" if len(row) == 1 else f"{len(row)} fields"
                        problems.add(line, "fields", f"{fields}, not {len(names)}")
            if good:
                lines = np.fromiter((line for line, _ in good), np.int64, len(good))
                cells = list(zip(*(row for _, row in good), strict=True))
                yield Chunk(lines, {n: TextCells(cells[k]) for n, k in places.items()})

    return Table(name, names, read, problems)


def _rows(
    path: Path, name: str, delimiter: str, quoted: bool, skipped: int
) -> Iterator[tuple[int, list[str]]]:
    """The last line of each row after line `skipped`, and its fields; no blank lines."""
    with open_text(path, name) as file:
        lines = _lines(file, name)
        if not quoted:
            for number, line in enumerate(lines, 1):
                line = line.rstrip("\r\n")
                if line and number > skipped:
                    yield number, line.split(delimiter)
            return
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            try:
                for row in reader:
                    if row and reader.line_num > skipped:
                        yield reader.line_num, row
                return
            except csv.Error as error:
                raise ValueError(f"{name}, line {reader.line_num}: {error}") from error


def _lines(file: TextIO, name: str) -> Iterator[str]:
    """Lines of which none is too long to be one."""
    for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), ""), 1):
        if len(line) == _LONGEST_LINE:
            raise ValueError(f"{name}, line {number}: longer than {_LONGEST_LINE:,} characters")
        yield line
