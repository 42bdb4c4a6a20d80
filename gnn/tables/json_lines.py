"""Tables in files of JSON lines: an object a line, whose keys are the columns."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from gnn.tables import limits
from gnn.tables.object_cells import ObjectCells
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table
from gnn.tables.text_files import decoded, line_blocks

_BLOCK_BYTES = 1 << 20
_HEADER_LINES = 100


def open_json_lines(path: Path, name: str) -> Table:
    """Opens a file of JSON lines as a table; its lines count from 1.

    The columns are the keys of the first 100 lines. A key that a line lacks is an empty cell.

    Args:
      path: the file.
      name: what errors call it.

    Raises:
      ValueError: for a file that is empty, has too many columns, or no object in its first lines.
    """
    _, block = next(line_blocks(path, name, _BLOCK_BYTES), (0, b""))
    first = list(islice(io.StringIO(decoded(block, name, 0), newline=""), _HEADER_LINES))
    if not any(line.strip() for line in first):
        raise ValueError(f"{name} is empty")
    _, rows = _rows_of(first, 0, Problems(name))
    if not rows:
        raise ValueError(
            f"{name} must have a JSON object a line, and has none in its first {len(first)} lines"
        )
    header = list(dict.fromkeys(key for row in rows for key in row))
    limits.check_columns(name, len(header))
    problems = Problems(name)

    def read(columns: frozenset[str] | None) -> Iterator[Chunk]:
        wanted = header if columns is None else [title for title in header if title in columns]
        return _chunks(path, wanted, problems)

    return Table(name, header, read, problems)


def _chunks(path: Path, wanted: list[str], problems: Problems) -> Iterator[Chunk]:
    for start, block in line_blocks(path, problems.file, _BLOCK_BYTES):
        texts = list(io.StringIO(decoded(block, problems.file, start), newline=""))
        lines, rows = _rows_of(texts, start, problems)
        if rows:
            columns = {
                title: ObjectCells(
                    f"{problems.file}: column {title!r}", [row.get(title) for row in rows]
                )
                for title in wanted
            }
            yield Chunk(np.array(lines, np.int64), columns)


def _rows_of(
    block: list[str], start: int, problems: Problems
) -> tuple[list[int], list[dict[str, Any]]]:
    """The objects of the lines after line `start`, and their lines."""
    numbers = [at for at, line in enumerate(block, start + 1) if not line.isspace()]
    texts = block if len(numbers) == len(block) else [line for line in block if not line.isspace()]
    problems.num_rows += len(numbers)
    try:  # All at once takes half the time of one by one.
        rows = json.loads(f"[{','.join(texts)}]")
        if len(rows) == len(numbers) and all(type(row) is dict for row in rows):
            return numbers, rows
    except (ValueError, RecursionError):
        pass
    good: list[int] = []
    found: list[dict[str, Any]] = []
    for number, text in zip(numbers, texts, strict=True):
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            problems.add(number, "JSON", f"no JSON: {getattr(error, 'msg', error)}")
            continue
        if isinstance(row, dict):
            good.append(number)
            found.append(row)
        else:
            problems.add(number, "object", f"{type(row).__name__}, not an object")
    return good, found
