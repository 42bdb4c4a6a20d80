"""Tables of nodes: ids, features, labels and splits."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Collection, Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from gnn.datasets.columns.column_names import mask_of
from gnn.datasets.columns.dense_features import dense_features
from gnn.datasets.columns.gathered_columns import GatheredColumn, join_in_threads
from gnn.datasets.columns.node_roles import NodeRoles, node_roles
from gnn.datasets.columns.schema_guess import guess_column
from gnn.datasets.columns.typed_cells import typed_cells
from gnn.datasets.frame_tables import frame_table
from gnn.datasets.labels_apart import LabelsApart, splits_of
from gnn.datasets.name_cells import name_cells, name_texts
from gnn.datasets.node_labels import LabelColumn, TableLabels
from gnn.datasets.node_schema import NodeSchema
from gnn.edges.missing import as_na_values
from gnn.tables.cells import quoted
from gnn.tables.memory_tables import is_memory_table, read_often
from gnn.tables.opening import open_table
from gnn.tables.problems import Problems, RowCheck
from gnn.tables.schema import FEATURE_TYPES, Column, Schema
from gnn.tables.table import Table
from gnn.tables.typed_table import Cells, Texts, TypedTable


@dataclasses.dataclass(frozen=True, eq=False)
class NodeTable:
    """What a table of nodes holds, a row a node, in the order of the file.

    Attributes:
      ids: the ids, as text.
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

    ids: list[str]
    table: TypedTable
    features: dict[str, np.ndarray]
    labels: np.ndarray | None
    splits: dict[str, np.ndarray]
    columns: NodeSchema
    problems: Problems
    note: str = ""
    folder: Path | None = None


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
    read = _Reading(roles, given, known, texts, with_labels)
    lines, ids, splits = read.walk(table, label)
    wait = join_in_threads(read.columns.values())
    problems.check(False, False)  # Now there is a row to look at.
    line = np.concatenate(lines)
    check = RowCheck(problems, line)
    ids = ids if roles.id is not None else [str(row) for row in range(line.size)]
    check.reject_empty("id", ids)
    _reject_duplicates(ids, line, problems.unit, check)
    good = check.good
    wait()
    read.read_mistaken_again(open_again)
    schema, cells, masks = read.typed(table.name, table.header, good, line, problems)
    left_out = set(compress(ids, ~good))
    kept = ids if good.all() else list(compress(ids, good))
    found = columns or NodeSchema()
    labels = TableLabels(None, found)
    if label is not None:
        labels = label.read(table.name, good, found)
        _tell_of_labels(labels, line[good], problems, label.name)
    names = Texts.concatenate(splits)
    rows_of = splits_of(names.take(np.flatnonzero(good)) if splits else names, masks)
    if apart is not None:
        values, more = apart.joined(kept, table.name)
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
        ids=kept,
        table=typed,
        features=features,
        labels=labels.values,
        splits=rows_of,
        columns=described,
        problems=problems,
        note=labels.note,
        folder=None if is_in_memory else Path(os.fspath(path)).parent,
    )
    return result, left_out.difference(kept) if left_out else set()


class _Reading:
    """The columns of a table while it is walked through."""

    def __init__(
        self,
        roles: NodeRoles,
        given: Schema,
        known: NodeSchema | None,
        texts: frozenset[str],
        with_labels: bool,
    ) -> None:
        self._roles, self._texts = roles, texts
        self._types = dict(given.columns)
        if known is not None:
            self._types = {name: known.schema.columns[name] for name in roles.features}
        self._types |= {name: Column("mask", split=split) for name, split in roles.masks.items()}
        named = [*roles.features, *(roles.masks if with_labels else ())]
        self._split = roles.split if with_labels else None
        self.columns = {}
        for name in named:
            column = self._types.get(name)
            if column is None or column.type != "ignore":
                by_name = name in roles.masks and mask_of(name) is not None  # It may be lists.
                kind = None if column is None or by_name else column.type
                self.columns[name] = GatheredColumn(name, kind, texts)

    def walk(
        self, table: Table, label: LabelColumn | None
    ) -> tuple[list[np.ndarray], list[str], list[Texts]]:
        """The lines, the ids and the splits of all rows."""
        roles = self._roles
        names = [roles.id, self._split, label.name if label else None, *self.columns]
        lines: list[np.ndarray] = []
        ids: list[str] = []
        splits: list[Texts] = []
        for chunk in table.chunks_of(name for name in names if name is not None):
            lines.append(chunk.lines)
            if roles.id is not None:
                ids.extend(name_cells(chunk.columns[roles.id], self._texts))
            if self._split is not None:
                splits.append(name_texts(chunk.columns[self._split], self._texts))
            if label is not None:
                label.add(chunk.columns[label.name])
            for name, column in self.columns.items():
                column.add(chunk.columns[name], chunk.lines.size)
        return lines, ids, splits

    def read_mistaken_again(self, open_again: Callable[[], Table]) -> None:
        """Reads columns as texts that began with numbers and went on with other texts."""
        wrong = [name for name, column in self.columns.items() if column.is_mistaken]
        if not wrong:
            return
        self.columns |= {name: GatheredColumn(name, "text", self._texts) for name in wrong}
        for chunk in open_again().chunks_of(wrong):
            for name in wrong:
                self.columns[name].add(chunk.columns[name], chunk.lines.size)

    def typed(
        self,
        file: str,
        header: Sequence[str],
        good: np.ndarray,
        line: np.ndarray,
        problems: Problems,
    ) -> tuple[Schema, dict[str, Cells], dict[str, np.ndarray]]:
        """The schema, the cells of the features, and the rows of each mask, of the good rows."""
        roles = self._roles
        kept = np.flatnonzero(good)
        found: dict[str, Column] = {}
        cells: dict[str, Cells] = {}
        masks: dict[str, np.ndarray] = {}
        for name, gathered in self.columns.items():
            has_lists = name in roles.masks and mask_of(name) and gathered.lists is not None
            column = (None if has_lists else self._types.get(name)) or guess_column(gathered)
            if column.type in (*FEATURE_TYPES, "mask"):
                column, values, wrong = typed_cells(file, gathered, column)
                rows = sorted(row for row in wrong if good[row])
                problems.add_cells(name, line[rows].tolist(), [wrong[row] for row in rows])
                if len(kept) < good.size:
                    values = values.take(kept) if isinstance(values, Texts) else values[kept]
                if column.type == "mask":
                    assert isinstance(values, Texts)
                    is_in = np.flatnonzero((values.values == "true")[values.codes])
                    masks[roles.masks[name]] = is_in.astype(np.int32)
                else:
                    cells[name] = values
            found[name] = column
            self.columns[name] = GatheredColumn(name, None, self._texts)  # Its memory is free.
        guessed = {
            name: Column(kind, reason="it names the nodes" if kind == "id" else "it is called so")
            for name, kind in ((roles.id, "id"), (roles.label, "label"), (roles.split, "split"))
            if name is not None
        }
        found = {**guessed, **self._types, **found}
        return Schema({name: found[name] for name in header if name in found}), cells, masks


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


def _reject_duplicates(ids: list[str], line: np.ndarray, unit: str, check: RowCheck) -> None:
    """Keeps the first row of each id."""
    if len(set(ids)) == len(ids):
        return
    first: dict[str, int] = {}
    for row in np.flatnonzero(check.good).tolist():
        if first.setdefault(ids[row], row) != row:
            where = f"{unit} {line[first[ids[row]]]}"
            check.reject(row, "duplicate", f"id {quoted(ids[row])} is on {where} already")
