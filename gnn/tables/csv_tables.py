"""Tables in CSV files, read in blocks with the line of every row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from gnn.tables import limits
from gnn.tables.csv_arrow import Block, arrow_chunk
from gnn.tables.csv_layout import Layout, row_ends
from gnn.tables.csv_rows import Lines, chunks_of_lines, chunks_of_quoted
from gnn.tables.delimiters import DELIMITERS, find_delimiter
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table
from gnn.tables.text_files import decoded, line_blocks, suffix_of
from gnn.threads import in_threads

_SAMPLE_BYTES = 1 << 16
_BLOCK_BYTES = 1 << 23
# A block with a malformed row is cut in parts, so that Python has few of its rows to look at.
_PART_BYTES = 1 << 20
_LINE_END = re.compile(rb"\r\n|\r|\n")


def open_csv(
    path: Path, name: str, delimiter: str | None = None, header: Sequence[str] | None = None
) -> Table:
    """Opens a CSV file as a table; its lines count from 1, the header's.

    Args:
      path: the file.
      name: what errors call it.
      delimiter: what separates cells; None finds it by `find_delimiter`, which tries commas first,
        and for a file that ends in `.tsv` tabs.
      header: the names of the columns of a file that has none; None takes its first row.

    Raises:
      ValueError: for a file that is empty, has too many columns, or is no text.
    """
    _, sample = next(line_blocks(path, name, _SAMPLE_BYTES), (0, b""))
    text = decoded(sample, name, 0)
    _check_width(text, name, delimiter)
    if delimiter is None:
        delimiter = find_delimiter(text, "\t" if suffix_of(path) == ".tsv" else ",")
    titles, start = (list(header), 0) if header is not None else _header(text, name, delimiter)
    limits.check_columns(name, len(titles))
    problems = Problems(name)

    def read(wanted: frozenset[str] | None) -> Iterator[Chunk]:
        return _chunks(path, Layout.of(delimiter, titles, wanted), start, problems)

    return Table(name, titles, read, problems)


def _header(text: str, name: str, delimiter: str) -> tuple[list[str], int]:
    """The names of the columns, and the line in which they end."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    try:
        header = next(filter(None, reader), None)
    except csv.Error as error:
        raise ValueError(f"{name}, line 1: {error}") from error
    if header is None:
        raise ValueError(f"{name} is empty")
    return [title.strip(" ") for title in header], reader.line_num


def _check_width(text: str, name: str, delimiter: str | None) -> None:
    """Refuses a header that is too wide before it is cut."""
    first = next(filter(str.strip, io.StringIO(text, newline="")), "")
    widths = map(first.count, DELIMITERS if delimiter is None else delimiter)
    limits.check_columns(name, max(widths) + 1)


def _chunks(path: Path, layout: Layout, start: int, problems: Problems) -> Iterator[Chunk]:
    """The rows after line `start`; blocks are cut ahead by threads."""
    blocks = _blocks(path, layout, start, problems)
    by_python: list[Iterator[Chunk]] = []

    def until_python() -> Iterator[Block]:
        for block in blocks:
            if not isinstance(block, Block):
                by_python.append(block)
                return
            yield block

    def cut(block: Block) -> tuple[Block, Chunk | None]:
        return block, arrow_chunk(block, layout, problems.file)

    is_left = True
    while is_left:
        for block, chunk in in_threads(cut, until_python()):
            yield from _chunks_of_block(block, chunk, layout, problems)
        is_left = bool(by_python)
        for rows in by_python:
            yield from rows
        by_python.clear()


def _blocks(
    path: Path, layout: Layout, start: int, problems: Problems
) -> Iterator[Block | Iterator[Chunk]]:
    """Blocks of whole rows; and rows that only Python can cut, to be taken before what follows."""
    blocks = _after(start, line_blocks(path, problems.file, _BLOCK_BYTES))
    held: tuple[int, bytes] | None = None  # The beginning of a row that goes on.
    for begin, block in blocks:
        if held is not None:
            begin, block = held[0], held[1] + block
            held = None
        if b'"' not in block:
            if _has_bare_cr(block):
                block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            yield Block(begin, block, None)
            continue
        rows = None if _has_bare_cr(block) else row_ends(block, layout.delimiter)
        if rows is None or not rows.ends.size:
            lines = Lines(block, begin, blocks, problems)
            yield chunks_of_quoted(lines, layout, begin, problems)
            continue
        end = int(rows.ends[-1])
        if end < len(block):
            held = begin + block.count(b"\n", 0, end), block[end:]
        yield Block(begin, block[:end], rows)
    if held is not None:  # A quote that is not closed, for its reader to say so.
        lines = Lines(held[1], held[0], blocks, problems)
        yield chunks_of_quoted(lines, layout, held[0], problems)


def _chunks_of_block(
    block: Block, chunk: Chunk | None, layout: Layout, problems: Problems
) -> Iterator[Chunk]:
    """The rows of a block: those that PyArrow has cut, or else cut in parts."""
    if chunk is not None:
        problems.num_rows += chunk.lines.size
        yield chunk
        return
    for part in _parts(block, layout.delimiter):
        if len(part.data) < len(block.data):
            chunk = arrow_chunk(part, layout, problems.file)
        if chunk is not None:
            problems.num_rows += chunk.lines.size
            yield chunk
        elif part.rows is None:
            yield from chunks_of_lines(part.data, layout, part.start, problems)
        else:
            lines = Lines(part.data, part.start, iter(()), problems)
            yield from chunks_of_quoted(lines, layout, part.start, problems)


def _parts(block: Block, delimiter: str) -> Iterator[Block]:
    """A block in parts of whole rows of about `_PART_BYTES`."""
    rows = block.rows or row_ends(block.data, delimiter)
    if rows is None:
        yield block
        return
    last = rows.ends.size - 1
    wanted = np.arange(_PART_BYTES, len(block.data), _PART_BYTES)
    cuts = np.unique(np.append(np.searchsorted(rows.ends, wanted), last))
    at = line = 0
    for row in cuts.tolist():
        end = int(rows.ends[row])
        part = block.data[at:end]
        inner = row_ends(part, delimiter) if b'"' in part else None
        yield Block(block.start + line, part, inner)
        at, line = end, int(rows.lines[min(row + 1, last)])


def _after(lines: int, blocks: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Blocks without the first lines."""
    for start, block in blocks:
        if start < lines:
            ends = [found.end() for found in islice(_LINE_END.finditer(block), lines - start)]
            start, block = start + len(ends), block[ends[-1] if ends else len(block) :]
            if start < lines:
                continue
        if block:
            yield start, block


def _has_bare_cr(block: bytes) -> bool:
    """Whether a CR alone may end a line."""
    return b"\r" in block and block.count(b"\r") != block.count(b"\r\n")
