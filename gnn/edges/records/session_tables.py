"""Sessions as tables of records, whatever they are given as: one table, or one a file."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from itertools import chain
from typing import Any

import numpy as np

from gnn.configs.session_columns import SessionColumns
from gnn.edges.records.log_files import open_log_file
from gnn.edges.records.session_files import are_files, files_of
from gnn.tables.cells import ArrowCells, Cells
from gnn.tables.object_cells import ObjectCells
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table

_NAME = "the table"
# The unit of records in memory, which count from 0.
POSITION = "position"
_CHUNK_ROWS = 1 << 16
_CHUNK_SESSIONS = 1 << 14


def tables_of(sessions: Any, columns: SessionColumns) -> Iterator[Table]:
    """The tables of records.

    Args:
      sessions: lists of items; a table with the Arrow interface, a pandas DataFrame or a mapping of
        columns; or files: a path, a pattern, or a list of these.
      columns: the names of the columns. Lists get those of the session and the item.

    Raises:
      FileNotFoundError, IsADirectoryError: as `files_of`.
      ImportError: a table needs PyArrow.
      TypeError: a session is no list.
      ValueError: columns have different lengths; or as `open_log_file`.
    """
    if are_files(sessions):
        for path in files_of(sessions):
            yield open_log_file(path, str(path))
    elif isinstance(sessions, Mapping) or hasattr(sessions, "iloc"):
        yield _of_columns(sessions)
    elif hasattr(sessions, "__arrow_c_stream__") or hasattr(sessions, "__arrow_c_array__"):
        yield _of_arrow(sessions)
    elif hasattr(sessions, "columns"):
        yield _of_columns(sessions)
    else:
        yield _of_lists(sessions, columns)


def _of_columns(table: Any) -> Table:
    """A mapping of columns, or a DataFrame, of which some rows at a time become Python objects."""
    header = list(table)
    problems = Problems(_NAME, POSITION)

    def read(wanted: frozenset[str] | None) -> Iterator[Chunk]:
        named = {name: table[name] for name in header if wanted is None or name in wanted}
        lengths = {name: len(column) for name, column in named.items()}
        if len(set(lengths.values())) > 1:
            names, sizes = " and ".join(lengths), " and ".join(map(str, lengths.values()))
            raise ValueError(f"sessions: the columns {names} must have equal lengths, got {sizes}")
        count = problems.num_rows = next(iter(lengths.values()), 0)
        for start in range(0, count, _CHUNK_ROWS):
            rows = slice(start, min(start + _CHUNK_ROWS, count))
            cells = {name: _cells_of(name, column, rows) for name, column in named.items()}
            yield Chunk(np.arange(rows.start, rows.stop), cells)

    return Table(_NAME, header, read, problems)


def _cells_of(name: str, column: Any, rows: slice) -> Cells:
    part = column.iloc[rows] if hasattr(column, "iloc") else column[rows]
    kind = getattr(part, "dtype", None)
    if getattr(kind, "name", "") in ("str", "string") and importlib.util.find_spec("pyarrow"):
        import pyarrow  # Most columns of text in pandas are Arrow's.

        return ArrowCells(f"{_NAME}: column {name!r}", pyarrow.array(part))
    if isinstance(kind, np.dtype) and kind.kind in "iu":
        part = np.asarray(part)
    elif getattr(kind, "kind", None) != "M":  # Times stay as they are.
        part = part.tolist() if hasattr(part, "tolist") else list(part)
    return ObjectCells(f"{_NAME}: column {name!r}", part)


def _of_arrow(table: Any) -> Table:
    """What has the Arrow interface, read as a stream of record batches."""
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError(
            f"sessions: a {type(table).__name__} needs PyArrow: pip install gnn[parquet]"
        ) from error
    if isinstance(table, pyarrow.Table):
        reader = table.to_reader()
    elif hasattr(table, "__arrow_c_stream__"):
        reader = pyarrow.RecordBatchReader.from_stream(table)
    else:
        batch = pyarrow.record_batch(table)
        reader = pyarrow.RecordBatchReader.from_batches(batch.schema, [batch])
    header = list(reader.schema.names)
    problems = Problems(_NAME, POSITION)

    def read(wanted: frozenset[str] | None) -> Iterator[Chunk]:
        named = [name for name in header if wanted is None or name in wanted]
        for batch in reader:
            for at in range(0, batch.num_rows, _CHUNK_ROWS):
                part = batch.slice(at, _CHUNK_ROWS)
                cells = {
                    name: ArrowCells(f"{_NAME}: column {name!r}", part.column(name))
                    for name in named
                }
                start = problems.num_rows
                problems.num_rows += part.num_rows
                yield Chunk(np.arange(start, problems.num_rows), cells)

    return Table(_NAME, header, read, problems)


def _of_lists(sessions: Iterable[Any], columns: SessionColumns) -> Table:
    """Lists of items; the session of a record is the number of its list."""
    if columns.time_column is not None:
        raise ValueError(
            f"time_column must be None for lists of items, which have no times; "
            f"got {columns.time_column!r}"
        )
    lists = _checked_lists(sessions)
    problems = Problems(_NAME, POSITION)

    def read(wanted: frozenset[str] | None) -> Iterator[Chunk]:
        del wanted  # There are no others.
        for first in range(0, len(lists), _CHUNK_SESSIONS):
            part = lists[first : first + _CHUNK_SESSIONS]
            lengths = np.fromiter(map(len, part), np.int64, len(part))
            numbers = np.repeat(np.arange(first, first + len(part)), lengths)
            items = list(chain.from_iterable(part))
            cells: dict[str, Cells] = {
                columns.session_column: ObjectCells("sessions", numbers),
                columns.item_column: ObjectCells("sessions", items),
            }
            start = problems.num_rows
            problems.num_rows += len(items)
            yield Chunk(np.arange(start, problems.num_rows), cells)

    return Table(_NAME, [columns.session_column, columns.item_column], read, problems)


def _checked_lists(sessions: Iterable[Any]) -> Sequence[Sequence[Any]]:
    listed = list(sessions)
    kinds = set(map(type, listed))
    for kind in kinds:
        if issubclass(kind, (str, bytes)) or not issubclass(kind, Iterable):
            at = next(i for i, session in enumerate(listed) if type(session) is kind)
            raise TypeError(f"sessions must be lists of items, got {listed[at]!r} at {at}")
    if not all(issubclass(kind, Sized) for kind in kinds):
        return [list(session) for session in listed]
    return listed
