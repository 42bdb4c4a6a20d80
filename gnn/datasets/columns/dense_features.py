"""Numbers, truths and vectors of a table as the features of a graph, with gaps filled."""

from __future__ import annotations

import dataclasses

import numpy as np

from gnn.datasets.node_schema import STACKED, NodeSchema
from gnn.tables.typed_table import Texts, TypedTable
from gnn.threads import in_threads

# Rows that are written at a time: they stay in the cache.
_ROWS = 1 << 14


def dense_features(
    table: TypedTable, columns: NodeSchema, known: bool, counted: np.ndarray
) -> tuple[NodeSchema, dict[str, np.ndarray]]:
    """What layers take without an encoder.

    Columns of numbers and truths are stacked in their order in `"features"`, float32 `[n, k]`.
    After them comes a flag for each column that has gaps, 1 for a gap; a gap itself is the mean of
    the column. A vector is a feature under its own name, a gap the mean vector, if it is among
    `NodeSchema.lists`.

    Args:
      table: the table.
      columns: its columns.
      known: whether they are those of another table. Flags and means are then that one's, and where
        it has no mean, as in columns of earlier versions, this table's.
      counted: bool `[n]`, the rows that a mean is of.

    Returns:
      The columns, with means and flags, and the features.

    >>> from gnn.tables.schema import Schema
    >>> schema = Schema.of({"price": "number", "size": "number"})
    >>> price, size = np.float32([1, np.nan, 3]), np.float32([5, 6, 7])
    >>> table = TypedTable(schema, {"price": price, "size": size}, 3)
    >>> _, features = dense_features(table, NodeSchema(schema), False, np.ones(3, bool))
    >>> features["features"].tolist()
    [[1.0, 5.0, 0.0], [2.0, 6.0, 1.0], [3.0, 7.0, 0.0]]
    """
    numbers = {name: _as_floats(table, name) for name in columns.numbers}
    vectors = {name: _as_floats(table, name) for name in columns.lists}
    arrays = {**numbers, **vectors}
    means = in_threads(
        lambda name: columns.fills.get(name) or _means(arrays[name], counted), arrays
    )
    fills = dict(zip(arrays, means, strict=True))
    if not known:
        flagged = tuple(name for name, values in numbers.items() if np.isnan(values).any())
        columns = dataclasses.replace(columns, fills=fills, flagged=flagged)
    features = {name: _filled(values, fills[name]) for name, values in vectors.items()}
    if not numbers:
        return columns, features
    count, flagged = len(numbers), columns.flagged
    stacked = np.empty((table.num_rows, count + len(flagged)), np.float32)

    def stack(start: int) -> None:
        block = slice(start, start + _ROWS)
        for place, (name, values) in enumerate(numbers.items()):
            stacked[block, place] = _filled(values[block], fills[name])
        for place, name in enumerate(flagged, count):
            stacked[block, place] = np.isnan(numbers[name][block])

    for _ in in_threads(stack, range(0, table.num_rows, _ROWS)):
        pass
    return columns, {STACKED: stacked, **features}


def _as_floats(table: TypedTable, name: str) -> np.ndarray:
    cells = table.columns[name]
    if not isinstance(cells, Texts):
        return cells
    values = {"true": 1.0, "false": 0.0, "": np.nan}
    return np.array([values[text] for text in cells.values], np.float32)[cells.codes]


def _means(values: np.ndarray, counted: np.ndarray) -> tuple[float, ...]:
    """The mean of each column over rows without a gap; 0 where there is none."""
    values = values.reshape(len(values), -1)
    there = ~np.isnan(values[:, 0]) & counted
    if not there.any():
        return (0.0,) * values.shape[1]
    return tuple(values[there].mean(axis=0, dtype=np.float64).tolist())


def _filled(values: np.ndarray, means: tuple[float, ...]) -> np.ndarray:
    gaps = np.isnan(values if values.ndim == 1 else values[:, 0])
    if not gaps.any():
        return values
    filled = values.copy()
    filled[gaps] = means[0] if values.ndim == 1 else means
    return filled
