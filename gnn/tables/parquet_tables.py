"""Tables in Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gnn.tables import arrow_batches, limits
from gnn.tables.arrow_batches import checked_batches, chunks_of_batches
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table


def open_parquet(path: Path, name: str) -> Table:
    """Opens a Parquet file as a table; its rows count from 0.

    Args:
      path: the file.
      name: what errors call it.

    Raises:
      ImportError: if PyArrow is not installed.
      ValueError: for what is no whole Parquet file, and one that claims too many columns or rows.
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
    about, size = file.metadata, path.stat().st_size
    header = list(file.schema_arrow.names)
    limits.check_columns(name, len(header))
    limits.check_rows(name, about.num_rows, size)
    there = sum(about.row_group(at).num_rows for at in range(about.num_row_groups))
    if there != about.num_rows:
        raise ValueError(
            f"{name} is not a whole Parquet file: it claims {about.num_rows:,} rows, and its parts "
            f"{there:,}"
        )

    def read(columns: frozenset[str] | None) -> Iterator[Chunk]:
        wanted = [title for title in header if columns is None or title in columns]
        with file:
            batches = file.iter_batches(arrow_batches.CHUNK_ROWS, columns=wanted)
            yield from chunks_of_batches(checked_batches(batches, name, size), name, wanted)

    return Table(name, header, read, Problems(name, "row", num_rows=about.num_rows))
