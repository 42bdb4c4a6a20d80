"""Tables in files of Arrow's own format, Feather among them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gnn.tables import limits
from gnn.tables.arrow_batches import checked_batches, chunks_of_batches
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table

_MAGIC = b"ARROW1"


def open_arrow(path: Path, name: str) -> Table:
    """Opens an Arrow file, or a stream in a file, as a table; its rows count from 0.

    Args:
      path: the file.
      name: what errors call it.

    Raises:
      ImportError: if PyArrow is not installed.
      ValueError: for what is no whole Arrow file, and too many columns.
    """
    try:
        import pyarrow
        from pyarrow import ipc
    except ImportError as error:
        raise ImportError(f"reading {name} needs PyArrow: pip install gnn[parquet]") from error
    source = pyarrow.OSFile(str(path))
    is_file = source.read(len(_MAGIC)) == _MAGIC
    source.seek(0)
    try:
        reader: Any = ipc.open_file(source) if is_file else ipc.open_stream(source)
    except (OSError, ValueError) as error:  # Arrow's own errors are among these.
        raise ValueError(f"{name} is not a whole Arrow file: {error}") from error
    header = list(reader.schema.names)
    limits.check_columns(name, len(header))
    problems = Problems(name, "row")

    def read(columns: frozenset[str] | None) -> Iterator[Chunk]:
        wanted = [title for title in header if columns is None or title in columns]
        batches = map(reader.get_batch, range(reader.num_record_batches)) if is_file else reader
        with source:
            checked = checked_batches(batches, name, path.stat().st_size)
            for chunk in chunks_of_batches(checked, name, wanted):
                problems.num_rows += chunk.lines.size
                yield chunk

    return Table(name, header, read, problems)
