"""Tables of nodes: ids, features, labels and splits."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from itertools import compress
from typing import Any

import numpy as np

from gnn.datasets.frame_tables import frame_table, is_frame
from gnn.datasets.node_columns import FeatureColumn, NodeColumns
from gnn.datasets.node_labels import LabelColumn, TableLabels
from gnn.edges.missing import as_na_values, without_na
from gnn.graphs.batch.keys import RESERVED_KEYS
from gnn.tables.cells import quoted
from gnn.tables.opening import open_table
from gnn.tables.problems import Problems, RowCheck
from gnn.tables.table import Table

_STACKED = "features"
_NOT_FEATURES = ("id", "label", "split")


@dataclasses.dataclass(frozen=True, eq=False)
class NodeTable:
    """What a table of nodes holds, a row a node, in the order of the file.

    Attributes:
      ids: the ids, as text.
      features: `"features"` float32 `[n, k]`, the columns of numbers, and each column of lists
        under its own name, float32 `[n, length]`.
      labels: int32 `[n]` or `[n, k]`, -1 for unlabeled, or float32 targets; None if no node has a
        label.
      splits: name -> int32 rows.
      columns: the columns that these came from.
      problems: what was left out.
      note: what was guessed of the labels, in a few words.
    """

    ids: list[str]
    features: dict[str, np.ndarray]
    labels: np.ndarray | None
    splits: dict[str, np.ndarray]
    columns: NodeColumns
    problems: Problems
    note: str = ""


def read_nodes(
    path: Any,
    columns: NodeColumns | None = None,
    *,
    strict: bool = False,
    label_kind: str | None = None,
    na_values: Collection[str] | None = None,
    labels: bool = True,
) -> NodeTable:
    r"""Reads one table of nodes, such as new ones to predict.

    Its columns are those that `from_folder` describes: `id`, features, and `label` and `split`
    where there are. With the `columns` of another table, the features are those of that one, in
    its order; further columns are left out with a warning, and labels are numbered as there.

    Args:
      path: a file that ends in `.csv` or `.parquet`, or a pandas DataFrame, whose index names the
        nodes where it has no column `id`.
      columns: the columns of the table that a model was trained on; None finds them out.
      strict: whether malformed rows are errors, and without `columns` also columns left out.
      label_kind: as in `from_folder`; None takes that of `columns`.
      na_values: as in `from_folder`.
      labels: whether labels and splits are read; those that are not cannot be wrong.

    Returns:
      The table.

    Raises:
      FileNotFoundError: if there is no such file.
      ImportError: if it is Parquet, and PyArrow is not installed.
      ValueError: for a column that is missing, a label that is none of the classes of `columns`,
        and else as `from_folder`.

    >>> import tempfile, pathlib
    >>> columns = NodeColumns(("height", "age"), class_names=("cat", "dog"), num_classes=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "new.csv"
    ...     _ = path.write_text("id,age,height\na,3,0.5\nb,4,0.25\n")
    ...     table = read_nodes(path, columns)
    >>> table.ids, table.features["features"].tolist(), table.labels
    (['a', 'b'], [[0.5, 3.0], [0.25, 4.0]], None)
    """
    table, _ = load_nodes(path, columns, strict, label_kind, na_values, labels)
    table.problems.warn(stacklevel=2)
    return table


def load_nodes(
    path: Any,
    columns: NodeColumns | None,
    strict: bool,
    label_kind: str | None = None,
    na_values: Collection[str] | None = None,
    with_labels: bool = True,
    needs_ids: bool = True,
) -> tuple[NodeTable, set[str]]:
    """As `read_nodes`, without the warnings; also the ids that only malformed rows have.

    Rows of a table that needs no ids, and has none, are named by their numbers.
    """
    texts = as_na_values(na_values)
    label = LabelColumn(columns, label_kind, texts)
    table = frame_table(path) if is_frame(path) else open_table(path)
    has_label, has_split = (with_labels and name in table.header for name in ("label", "split"))
    problems = table.problems
    has_ids = needs_ids or "id" in table.header
    features = _feature_columns(table, columns, has_ids)
    lines: list[np.ndarray] = []
    ids: list[str] = []
    splits: list[str] = []
    for chunk in table.chunks:
        lines.append(chunk.lines)
        if has_ids:
            ids.extend(without_na(chunk.columns["id"].text(), texts))
        if has_split:
            splits.extend(without_na(chunk.columns["split"].text(), texts))
        if has_label:
            label.add(chunk.columns["label"])
        for feature in features:
            feature.add(chunk.columns[feature.name])
    problems.check(False, False)  # Now there is a row to look at.
    line = np.concatenate(lines)
    check = RowCheck(problems, line)
    ids = ids if has_ids else [str(row) for row in range(line.size)]
    check.reject_empty("id", ids)
    is_like_another = columns is not None
    if columns is None:
        columns, arrays = _found_features(table, features, check)
    else:
        arrays = _known_features(table, features, columns, check)
    if has_label:
        label.reject(table.name, check)
    _reject_duplicates(ids, line, problems.unit, check)
    # The table that the columns come from may have had others too, so they are no fault.
    problems.check(strict, strict and not is_like_another)

    good = check.good
    kept = list(compress(ids, good))
    labels = TableLabels(None, columns)
    if has_label:
        labels = label.read(table.name, good, columns)
    result = NodeTable(
        ids=kept,
        features={name: array[good] for name, array in arrays.items()},
        labels=labels.values,
        splits=_as_splits(list(compress(splits, good))),
        columns=labels.columns,
        problems=problems,
        note=labels.note,
    )
    return result, set(compress(ids, ~good)).difference(kept)


def _feature_columns(
    table: Table, columns: NodeColumns | None, has_ids: bool
) -> list[FeatureColumn]:
    """The columns to read; with `columns` in their order, and the others noted as left out."""
    table.require(["id"] if has_ids else [])
    others = [name for name in table.header if name not in _NOT_FEATURES]
    if columns is not None:
        names = [*columns.numbers, *columns.lists]
        table.require(names, " of those it needs")
        table.problems.columns |= {n: "not needed" for n in others if n not in set(names)}
        return [FeatureColumn(name) for name in names]
    # pandas writes its index so, and a row's number is no feature.
    indices = {n for n in others if not n or n.startswith("__index_level_")}
    table.problems.columns |= {n: "an index" if n else "no name" for n in others if n in indices}
    return [FeatureColumn(name) for name in others if name not in indices]


def _found_features(
    table: Table, features: list[FeatureColumn], check: RowCheck
) -> tuple[NodeColumns, dict[str, np.ndarray]]:
    """The features of a table, as its cells show them."""
    lists = {f.name: f.length for f in features if f.is_lists and f.length}
    numbers = tuple(f.name for f in features if not f.is_lists and f.is_numbers)
    used = {*numbers, *lists}
    table.problems.columns |= {f.name: "not numbers" for f in features if f.name not in used}
    for name in lists:
        if name in RESERVED_KEYS or (numbers and name == _STACKED):
            raise ValueError(
                f"{table.name}: a column of lists must not be named {name!r}, which is the name "
                f"of {'the columns of numbers' if name == _STACKED else 'a part of the graph'}"
            )
    columns = NodeColumns(numbers, lists)
    return columns, _arrays([f for f in features if f.name in used], columns, check)


def _known_features(
    table: Table, features: list[FeatureColumn], columns: NodeColumns, check: RowCheck
) -> dict[str, np.ndarray]:
    """The features that `columns` names."""
    for feature in features:
        if feature.is_lists != (feature.name in columns.lists):
            length = columns.lists.get(feature.name)
            need = "numbers" if length is None else f"lists of {length} numbers, as Parquet has"
            raise ValueError(f"{table.name}: column {feature.name!r} must hold {need}")
    return _arrays(features, columns, check)


def _arrays(
    features: list[FeatureColumn], columns: NodeColumns, check: RowCheck
) -> dict[str, np.ndarray]:
    stacked, arrays = [], {}
    for feature in features:
        if feature.name in columns.lists:
            arrays[feature.name] = feature.matrix(columns.lists[feature.name], check)
        else:
            stacked.append(feature.numbers(check))
    return {_STACKED: np.stack(stacked, axis=1), **arrays} if stacked else arrays


def _reject_duplicates(ids: list[str], line: np.ndarray, unit: str, check: RowCheck) -> None:
    """Keeps the first well-formed row of each id."""
    if len(set(ids)) == len(ids):
        return
    first: dict[str, int] = {}
    for row in np.flatnonzero(check.good).tolist():
        if first.setdefault(ids[row], row) != row:
            where = f"{unit} {line[first[ids[row]]]}"
            check.reject(row, "duplicate", f"id {quoted(ids[row])} is on {where} already")


def _as_splits(names: list[str]) -> dict[str, np.ndarray]:
    """The rows of each split, splits in order of first appearance."""
    codes = {name: k for k, name in enumerate(dict.fromkeys(names))}
    which = np.fromiter(map(codes.__getitem__, names), np.int64, len(names))
    return {n: np.flatnonzero(which == k).astype(np.int32) for n, k in codes.items() if n}
