"""Tables of nodes: ids, features, labels and splits."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gnn.datasets.columns.dense_features import dense_features
from gnn.datasets.columns.gathered_columns import join_in_threads
from gnn.datasets.columns.node_roles import node_roles
from gnn.datasets.frame_tables import frame_table
from gnn.datasets.labels_apart import LabelsApart, splits_of
from gnn.datasets.node_columns import NodeColumns
from gnn.datasets.node_labels import LabelColumn, TableLabels
from gnn.datasets.node_schema import NodeSchema
from gnn.datasets.row_names import RowNames
from gnn.edges.missing import as_na_values
from gnn.tables.cells import quoted
from gnn.tables.memory_tables import is_memory_table, read_often
from gnn.tables.opening import open_table
from gnn.tables.problems import Problems, RowCheck
from gnn.tables.schema import Schema
from gnn.tables.table import Table
from gnn.tables.typed_table import Texts, TypedTable


@dataclasses.dataclass(frozen=True, eq=False)
class NodeTable:
    """What a table of nodes holds, a row a node, in the order of the file.

    Attributes:
      names: the ids, of which `ids` makes a list.
      table: the features as cells by their types, gaps kept; what `gnn.ColumnEncoder` takes.
      features: what layers take without an encoder: `"features"` float32 `[n, k]`, the columns of
        numbers and truths, gaps filled, with flags of gaps after them; and each column of vectors
        under its own name, float32 `[n, length]`.
      labels: int32 `[n]` or `[n, k]`, -1 for unlabeled, or float32 targets; None if no node has a
        label.
      splits: name -> int32 rows.
      columns: the columns that these came from.
      problems: what was left out, and which cells are wrong.
      note: what was guessed of the labels, in a few words.
      folder: the folder that paths of images are relative to; None where the table is in memory.
    """

    names: RowNames
    table: TypedTable
    features: dict[str, np.ndarray]
    labels: np.ndarray | None
    splits: dict[str, np.ndarray]
    columns: NodeSchema
    problems: Problems
    note: str = ""
    folder: Path | None = None

    @property
    def ids(self) -> list[str]:
        """The ids, as text."""
        return self.names.tolist()


def read_nodes(
    path: Any,
    columns: NodeSchema | None = None,
    *,
    strict: bool = False,
    label_kind: str | None = None,
    na_values: Collection[str] | None = None,
    labels: bool = True,
    schema: Any = None,
    exclude: Sequence[str] = (),
    distinct: bool = True,
) -> NodeTable:
    r"""Reads one table of nodes, such as new ones to predict.

    Its columns are those that `from_folder` describes: `id`, features, and `label` and `split`
    where there are. With the `columns` of another table, the features are those of that one, in
    its order; further columns are left out with a warning, and labels are numbered as there.

    Args:
      path: a file that `gnn.tables.opening.open_table` opens; or a table in memory: a pandas
        DataFrame, whose index names the nodes where it has no column that does, or what has the
        Arrow interface, such as a DataFrame of Polars or a relation of DuckDB.
      columns: the columns of the table that a model was trained on; None finds them out.
      strict: whether malformed rows and wrong cells are errors.
      label_kind: as in `from_folder`; None takes that of `columns`.
      na_values: as in `from_folder`.
      labels: whether labels and splits are read; those that are not cannot be wrong.
      schema: what some columns hold, as in `from_folder`.
      exclude: columns that are no features.
      distinct: whether a row without an id, or with that of an earlier row, is left out, since
        nothing could name it. Without it all rows stay, and a missing id is "".

    Returns:
      The table.

    Raises:
      FileNotFoundError: if there is no such file.
      ImportError: if it is Parquet, and PyArrow is not installed.
      ValueError: for a column that is missing, a label that is none of the classes of `columns`,
        both `columns` and a schema, and else as `from_folder`.

    >>> import tempfile, pathlib
    >>> columns = NodeSchema(
    ...     Schema.of({"height": "number", "age": "number"}), ("cat", "dog"), 2, fills={"age": (5,)}
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "new.csv"
    ...     _ = path.write_text("id,age,height\na,3,0.5\nb,,0.25\n")
    ...     table = read_nodes(path, columns)
    >>> table.ids, table.features["features"].tolist(), table.labels
    (['a', 'b'], [[0.5, 3.0], [0.25, 5.0]], None)
    >>> table.table.filled()
    ['', 'age']
    """
    found, _ = load_nodes(
        path,
        columns,
        strict,
        label_kind,
        na_values,
        labels,
        given=as_given(columns, schema, exclude),
        distinct=distinct,
    )
    found.problems.warn(stacklevel=2)
    return found


def as_given(columns: NodeSchema | None, schema: Any, exclude: Sequence[str]) -> Schema:
    """What a user says of columns.

    Raises:
      TypeError: as `Schema.of`.
      ValueError: as `Schema.of`, or there are columns of another table, which say all.
    """
    if isinstance(exclude, str):
        raise TypeError(f"exclude must be names of columns, got the text {exclude!r}")
    given = Schema.of(schema, exclude)
    if given.columns and columns is not None:
        raise ValueError("schema and exclude are for a table that columns do not describe already")
    return given


def load_nodes(
    path: Any,
    columns: NodeSchema | None,
    strict: bool,
    label_kind: str | None = None,
    na_values: Collection[str] | None = None,
    with_labels: bool = True,
    needs_ids: bool = True,
    given: Schema | None = None,
    apart: LabelsApart | None = None,
    labels_alone: bool = False,
    distinct: bool = True,
) -> tuple[NodeTable, set[str]]:
    """As `read_nodes`, without the warnings; also the ids that only malformed rows have.

    Rows of a table that needs no ids, and has none, are named by their numbers. Labels `apart` take
    the place of those in the table. A table of `labels_alone` has no features.
    """
    texts = as_na_values(na_values)
    known = None if labels_alone else columns
    wanted = known.id_column if known is not None else None
    is_in_memory = is_memory_table(path)
    path = read_often(path) if is_in_memory else path

    def open_again() -> Table:
        return frame_table(path, wanted) if is_in_memory else open_table(path)

    table = open_again()
    given = given or Schema()
    roles = node_roles(table, given, known, needs_ids, labels_alone)
    problems = table.problems
    problems.columns |= roles.unused
    label = None
    if with_labels and roles.label is not None and apart is None:
        label = LabelColumn(roles.label, columns, label_kind, texts)
    read = NodeColumns(roles, given, known, texts, with_labels)
    lines, ids, splits = read.walk(table, label)
    wait = join_in_threads(read.columns.values())
    problems.check(False, False)  # Now there is a row to look at.
    line = np.concatenate(lines)
    check = RowCheck(problems, line)
    if roles.id is None:
        names = RowNames([str(row) for row in range(line.size)])
    else:
        names = RowNames.of_cells(ids, texts)
    if distinct:
        _reject_unnamed(names, line, problems.unit, check)
    good = check.good
    wait()
    read.read_mistaken_again(open_again)
    schema, cells, masks = read.typed(table.name, table.header, good, line, problems)
    kept = names.take(good)
    left_out = set() if kept is names else set(names.take(~good).tolist())
    found = columns or NodeSchema()
    labels = TableLabels(None, found)
    if label is not None:
        labels = label.read(table.name, good, found)
        _tell_of_labels(labels, line[good], problems, label.name)
    split = Texts.concatenate(splits)
    rows_of = splits_of(split.take(np.flatnonzero(good)) if splits else split, masks)
    if apart is not None:
        values, more = apart.joined(kept.tolist(), table.name)
        labels = dataclasses.replace(labels, values=values)
        rows_of = {**rows_of, **more}
    problems.check(strict, False)
    typed = TypedTable(schema, cells, len(kept))
    described = labels.columns
    if known is None:
        described = dataclasses.replace(described, schema=schema, fills={}, flagged=())
    if apart is not None:
        described = apart.with_classes(described)
    counted = np.ones(len(kept), bool)
    for name, rows in rows_of.items():
        counted[rows] &= name == "train"
    described, features = dense_features(typed, described, known is not None, counted)
    result = NodeTable(
        names=kept,
        table=typed,
        features=features,
        labels=labels.values,
        splits=rows_of,
        columns=described,
        problems=problems,
        note=labels.note,
        folder=None if is_in_memory else Path(os.fspath(path)).parent,
    )
    return result, left_out.difference(kept.tolist()) if left_out else left_out


def _tell_of_labels(labels: TableLabels, line: np.ndarray, problems: Problems, name: str) -> None:
    """Names wrong labels; raises where most of them are."""
    rows = sorted(labels.wrong)
    lines, reasons = line[rows].tolist(), [labels.wrong[row] for row in rows]
    if 2 * len(rows) > labels.given:
        first = ", ".join(
            f"{problems.unit} {at} ({why})"
            for at, why in list(zip(lines, reasons, strict=True))[:5]
        )
        raise ValueError(
            f"{problems.file}: {len(rows)} of {labels.given} labels are wrong, more than half: "
            f"{first}"
        )
    problems.add_cells(name, lines, reasons)


def _reject_unnamed(names: RowNames, line: np.ndarray, unit: str, check: RowCheck) -> None:
    """Keeps the first row of each id."""
    for row in np.flatnonzero(names.empty).tolist():
        check.reject(row, "no id", "no id")
    for row, first in names.repeats(check.good).items():
        where = f"{unit} {line[first]}"
        check.reject(row, "duplicate", f"id {quoted(names[row])} is on {where} already")
