"""The cells of a column in a table, checked, as the column takes them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from gnn.models.columns.encoded_column import EncodedColumn
from gnn.models.columns.image_columns import ImageColumn
from gnn.tables.typed_table import Texts, TypedTable

# That relative paths start from; None is the current one.
Folder: TypeAlias = str | os.PathLike[str] | None


def cells_of(table: TypedTable, column: EncodedColumn, root: Folder = None) -> Any:
    """An array of numbers, `Texts`, or of images `ImageFiles`.

    Args:
        table: which has the column.
        column: what they are for.
        root: the folder that relative paths of images start from.

    Raises:
        KeyError: the table lacks the column.
        TypeError: the cells are texts where the type has numbers, or the other way round.
        ValueError: vectors have another length.
    """
    if column.title not in table.columns:
        raise KeyError(
            f"the table lacks the column {column.title!r}; it has {sorted(table.columns)}"
        )
    cells, spec = table.columns[column.title], column.spec()
    if isinstance(cells, Texts) != (spec.dtype == tf.string):
        raise TypeError(
            f"column {column.title!r} is a {column.column.type}, whose cells are "
            f"{'texts' if spec.dtype == tf.string else 'numbers'}; got {type(cells).__name__}"
        )
    if isinstance(cells, Texts):
        return column.files(cells, root) if isinstance(column, ImageColumn) else cells
    if not spec.shape.is_compatible_with(cells.shape):
        raise ValueError(f"column {column.title!r} must have shape {spec.shape}, got {cells.shape}")
    return cells


def training_cells(
    table: TypedTable, columns: Iterable[EncodedColumn], rows: Any = None, root: Folder = None
) -> Iterator[tuple[EncodedColumn, Any]]:
    """Each column with its cells in the training rows.

    Args:
        table: which has the columns.
        columns: what the cells are for.
        rows: the training rows, by number or as a mask; None takes all.
        root: as in `cells_of`.

    Raises:
        KeyError: as `cells_of`.
        TypeError: likewise.
        ValueError: likewise; or there are no rows.
    """
    if rows is not None:
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
    if not (table.num_rows if rows is None else len(rows)):
        raise ValueError("rows must be the training rows, at least one, got none")
    for column in columns:
        cells = cells_of(table, column, root)
        if rows is not None:
            cells = cells[rows] if isinstance(cells, np.ndarray) else cells.take(rows)
        yield column, cells
