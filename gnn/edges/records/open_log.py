"""A log that is opened: its tables, and which of their columns are taken."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import chain
from typing import Any, Generic, TypeVar

from gnn.configs.session_columns import SessionColumns
from gnn.edges.records.log_presets import columns_of_table
from gnn.edges.records.session_files import are_files
from gnn.edges.records.session_tables import tables_of
from gnn.tables.table import Table

_AnyColumns = TypeVar("_AnyColumns", bound=SessionColumns)


@dataclasses.dataclass(frozen=True, eq=False)
class OpenLog(Generic[_AnyColumns]):
    """A log of which nothing but a header is read.

    Attributes:
      columns: the configuration, with the columns that the first table has.
      remarks: what was found there, each in a few words.
      tables: the tables, to be read once.
      are_files: whether they lie in files.
    """

    columns: _AnyColumns
    remarks: tuple[str, ...]
    tables: Iterator[Table]
    are_files: bool


def open_log(sessions: Any, columns: _AnyColumns) -> OpenLog[_AnyColumns]:
    """Opens a log, and looks for its columns.

    Args:
      sessions: as in `gnn.edges.records.session_tables.tables_of`; or a log that is open, which
        comes back as it is.
      columns: a `SessionColumns`, or what inherits it.

    Raises:
      FileNotFoundError, ImportError, TypeError: as `tables_of`.
      ValueError: as `tables_of` and `columns_of_log`.

    >>> open_log({"visit": [1], "sku": ["tea"]}, SessionColumns()).columns.item_column
    'sku'
    """
    if isinstance(sessions, OpenLog):
        return sessions
    tables = tables_of(sessions, columns)
    first = next(tables)
    found, remarks = columns_of_table(first, columns)
    return OpenLog(found, tuple(remarks), chain([first], tables), are_files(sessions))
