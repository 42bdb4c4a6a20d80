"""Tables of nodes in memory."""

from __future__ import annotations

from typing import Any

from gnn.datasets.columns.column_names import named_ids
from gnn.tables.memory_tables import memory_table
from gnn.tables.table import Table


def frame_table(frame: Any, id_column: str | None = None) -> Table:
    """A table in memory as a table of nodes.

    Args:
      frame: a row a node, as for `gnn.tables.memory_tables.memory_table`. The index of a pandas
        DataFrame becomes the column with the ids, unless it has one.
      id_column: what that column is called; None finds it out, and calls it `id`.

    Returns:
      The table. Problems name the row, counted from 0.

    Raises:
      ImportError, TypeError, ValueError: as `memory_table`.

    >>> import pandas as pd
    >>> table = frame_table(pd.DataFrame({"x": [1.5, None]}, index=["a", "b"]))
    >>> (chunk,) = table.chunks
    >>> list(chunk.columns["id"].text()), chunk.columns["x"].numbers().strange
    (['a', 'b'], {1: ''})
    """
    if not hasattr(frame, "iloc"):
        return memory_table(frame)
    table = memory_table(frame, "the DataFrame")
    name = id_column or next(iter(named_ids(table.header)), "id")
    if name in table.header:
        return table
    columns = {str(key): frame.iloc[:, place] for place, key in enumerate(frame.columns)}
    return memory_table({name: frame.index.to_series(), **columns}, "the DataFrame")
