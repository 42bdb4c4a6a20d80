"""Tables in memory: of pandas, or whatever has the Arrow interface, read like those of files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gnn.tables import arrow_batches
from gnn.tables.cells import Cells
from gnn.tables.frame_cells import cells_of_series
from gnn.tables.object_cells import ObjectCells
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table

_ARROW = ("__arrow_c_stream__", "__arrow_c_array__")


def is_memory_table(value: Any) -> bool:
    """Whether a value is a table: a DataFrame, a mapping of columns, or has the Arrow interface.

    >>> is_memory_table({"id": ["a"]}), is_memory_table("nodes.csv"), is_memory_table([1])
    (True, False, False)
    """
    return isinstance(value, Mapping) or any(hasattr(value, name) for name in ("iloc", *_ARROW))


def memory_table(value: Any, name: str = "the table", unit: str = "row") -> Table:
    """A table in memory, of which some rows at a time are made cells.

    Args:
      value: a pandas DataFrame or a mapping of columns; or what has the Arrow interface, such as a
        DataFrame of Polars, a relation of DuckDB, or a table, record batch or reader of Arrow.
      name: what errors call it.
      unit: what errors call a row. Rows count from 0.

    Returns:
      The table. Of a reader the rows can be had once.

    Raises:
      ImportError: if it has the Arrow interface alone, and PyArrow is not installed.
      TypeError: if it is no table.
      ValueError: if two columns have one name; while it is read, if columns have other lengths.

    >>> table = memory_table({"id": ["a", "b"], "price": [1.5, None]})
    >>> (chunk,) = table.chunks
    >>> table.header, chunk.columns["price"].numbers().strange
    (['id', 'price'], {1: ''})
    """
    if isinstance(value, Mapping):
        return _of_columns([(str(key), value[key]) for key in value], name, unit)
    if hasattr(value, "iloc"):
        named = [(str(key), value.iloc[:, at]) for at, key in enumerate(value.columns)]
        return _of_columns(named, name, unit)
    if is_memory_table(value):
        return _of_arrow(value, name, unit)
    raise TypeError(
        f"{name} must be a DataFrame, a mapping of columns or a table of Arrow, got a "
        f"{type(value).__name__}"
    )


def read_often(value: Any) -> Any:
    """A table in memory that can be read more than once: of a stream, all of its rows.

    Args:
      value: as for `memory_table`.

    Raises:
      ImportError: as `memory_table`.
    """
    is_arrow = any(hasattr(value, interface) for interface in _ARROW)
    if not is_arrow or isinstance(value, Mapping) or hasattr(value, "iloc"):
        return value
    return _reader(value).read_all()


def as_frame(value: Any) -> Any:
    """What has the Arrow interface as a DataFrame of pandas; anything else as it is.

    Args:
      value: such as a DataFrame of Polars, a relation of DuckDB, or a table of Arrow.

    Raises:
      ImportError: as `memory_table`, or pandas is not installed.
    """
    if hasattr(value, "iloc") or not any(hasattr(value, interface) for interface in _ARROW):
        return value
    return _reader(value).read_all().to_pandas()


def _of_columns(columns: list[tuple[str, Any]], name: str, unit: str) -> Table:
    problems = Problems(name, unit)

    def read(wanted: frozenset[str] | None) -> Iterator[Chunk]:
        named = {key: held for key, held in columns if wanted is None or key in wanted}
        lengths = {key: len(held) for key, held in named.items()}
        if len(set(lengths.values())) > 1:
            keys, sizes = " and ".join(lengths), " and ".join(map(str, lengths.values()))
            raise ValueError(f"{name}: the columns {keys} must have equal lengths, got {sizes}")
        count = problems.num_rows = next(iter(lengths.values()), 0)
        for start in range(0, count, arrow_batches.CHUNK_ROWS):
            rows = slice(start, min(start + arrow_batches.CHUNK_ROWS, count))
            cells = {
                key: _cells_of(f"{name}: column {key!r}", held, rows) for key, held in named.items()
            }
            yield Chunk(np.arange(rows.start, rows.stop), cells)

    return Table(name, [key for key, _ in columns], read, problems)


def _cells_of(name: str, column: Any, rows: slice) -> Cells:
    if hasattr(column, "iloc"):
        return cells_of_series(name, column.iloc[rows])
    part = column[rows]
    if not isinstance(part, (list, tuple, np.ndarray)):
        part = part.tolist() if hasattr(part, "tolist") else list(part)
    return ObjectCells(name, part)


def _of_arrow(value: Any, name: str, unit: str) -> Table:
    reader = _reader(value)
    header = list(reader.schema.names)
    problems = Problems(name, unit)

    def read(wanted: frozenset[str] | None) -> Iterator[Chunk]:
        titles = [title for title in header if wanted is None or title in wanted]
        for chunk in arrow_batches.chunks_of_batches(reader, name, titles):
            problems.num_rows += chunk.lines.size
            yield chunk

    return Table(name, header, read, problems)


def _reader(value: Any) -> Any:
    """What has the Arrow interface as a reader of record batches."""
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError(
            f"a {type(value).__name__} needs PyArrow: pip install gnn[parquet]"
        ) from error
    if isinstance(value, pyarrow.Table):
        return value.to_reader()
    if isinstance(value, pyarrow.RecordBatchReader):
        return value
    if hasattr(value, "__arrow_c_stream__"):
        return pyarrow.RecordBatchReader.from_stream(value)
    batch = pyarrow.record_batch(value)
    return pyarrow.RecordBatchReader.from_batches(batch.schema, [batch])
