"""Tables in text without quotes, whose cells any text separates: `a::b`, or tabs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from gnn.tables import limits
from gnn.tables.cells import TextCells
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table
from gnn.tables.text_files import decoded, line_blocks

_CHUNK_LINES = 1 << 14
_BLOCK_BYTES = 1 << 20


def open_plain_rows(
    path: Path, name: str, delimiter: str, header: Sequence[str] | None = None
) -> Table:
    r"""Opens a table in which a quote is a character as others are; lines count from 1.

    Blank lines are skipped, rows of another number of cells are malformed.

    Args:
      path: the file, in UTF-8, compressed perhaps.
      name: what errors call it.
      delimiter: what stands between two cells, of one character or more.
      header: the names of the columns; None takes the first line that is not blank.

    Raises:
      ValueError: for a file that is empty, or two columns of one name; else as
        `gnn.tables.csv_tables.open_csv`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "ratings.dat"
    ...     _ = path.write_text("1::10::5\n1::20\n2::10::3\n")
    ...     table = open_plain_rows(path, path.name, "::", ["who", "what", "how"])
    ...     (chunk,) = table.chunks
    >>> chunk.columns["how"].text(), chunk.lines.tolist(), table.problems.malformed
    (('5', '3'), [1, 3], {2: '2 fields, not 3'})
    """
    start = 0
    if header is None:
        first = next(_rows(path, name, delimiter, 0), None)
        if first is None:
            raise ValueError(f"{name} is empty")
        start, header = first
    names, problems = list(header), Problems(name)
    limits.check_columns(name, len(names))

    def read(wanted: frozenset[str] | None) -> Iterator[Chunk]:
        places = {n: k for k, n in enumerate(names) if wanted is None or n in wanted}
        rows = _rows(path, name, delimiter, start)
        while block := list(islice(rows, _CHUNK_LINES)):
            problems.num_rows += len(block)
            for line, row in block:
                if len(row) != len(names):
                    fields = "1 field" if len(row) == 1 else f"{len(row)} fields"
                    problems.add(line, "fields", f"{fields}, not {len(names)}")
            good = [(line, row) for line, row in block if len(row) == len(names)]
            if good:
                lines = np.fromiter((line for line, _ in good), np.int64, len(good))
                cells = list(zip(*(row for _, row in good), strict=True))
                yield Chunk(lines, {n: TextCells(cells[k]) for n, k in places.items()})

    return Table(name, names, read, problems)


def _rows(path: Path, name: str, delimiter: str, start: int) -> Iterator[tuple[int, list[str]]]:
    """The number of each line after line `start`, and its cells; no blank lines."""
    for before, block in line_blocks(path, name, _BLOCK_BYTES):
        text = decoded(block, name, before).replace("\r\n", "\n").replace("\r", "\n")
        for number, line in enumerate(text.split("\n"), before + 1):
            if line and number > start:
                yield number, line.split(delimiter)
