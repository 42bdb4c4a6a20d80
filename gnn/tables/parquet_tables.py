"""Tables in Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gnn.tables.cells import ArrowCells
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table

_CHUNK_ROWS = 1 << 16


def open_parquet(path: Path, name: str) -> Table:
    """Opens a Parquet file as a table; its rows count from 0.

    Args:
      path: the file.
      name: what errors call it.

    Raises:
      ImportError: if PyArrow is not installed.
      ValueError: for what is no whole Parquet file.
    """
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError(f"reading {name} needs PyArrow: pip install gnn[parquet]") from error
    try:
        # Or else it keeps all that it has read, until the last row group.
        file = parquet.ParquetFile(path, pre_buffer=False)
    except (OSError, ValueError) as error:  # Arrow's own errors are among these.
        raise ValueError(f"{name} is not a whole Parquet file: {error}") from error
    problems = Problems(name, "row", num_rows=file.metadata.num_rows)
    header = list(file.schema_arrow.names)

    def read(columns: frozenset[str] | None) -> Iterator[Chunk]:
        wanted = header if columns is None else [title for title in header if title in columns]
        return _chunks(file, name, wanted)

    return Table(name, header, read, problems)


def _chunks(file: Any, name: str, wanted: list[str]) -> Iterator[Chunk]:
    start = 0
    with file:
        try:
            for batch in file.iter_batches(_CHUNK_ROWS, columns=wanted):
                columns = {
                    title: ArrowCells(f"{name}: column {title!r}", batch.column(title))
                    for title in wanted
                }
                yield Chunk(np.arange(start, start + batch.num_rows), columns)
                start += batch.num_rows
        except (OSError, ValueError) as error:
            raise ValueError(f"{name} is damaged after row {start}: {error}") from error
