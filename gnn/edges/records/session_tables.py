"""Sessions as tables of records, whatever they are given as: one table, or one a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import chain
from typing import Any

import numpy as np

from gnn.configs.session_columns import SessionColumns
from gnn.edges.records.log_files import open_log_file
from gnn.edges.records.session_files import are_files, files_of
from gnn.tables.cells import Cells
from gnn.tables.memory_tables import is_memory_table, memory_table
from gnn.tables.object_cells import ObjectCells
from gnn.tables.problems import Problems
from gnn.tables.table import Chunk, Table

_NAME = "the table"
# The unit of records in memory, which count from 0.
POSITION = "position"
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
    elif is_memory_table(sessions):
        yield memory_table(sessions, unit=POSITION)
    else:
        yield _of_lists(sessions, columns)


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
