"""The columns of a table of nodes, gathered while it is walked through, and typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gnn.datasets.columns.column_names import mask_of
from gnn.datasets.columns.gathered_columns import GatheredColumn
from gnn.datasets.columns.node_roles import NodeRoles
from gnn.datasets.columns.schema_guess import guess_column
from gnn.datasets.columns.typed_cells import typed_cells
from gnn.datasets.name_cells import name_texts
from gnn.datasets.node_labels import LabelColumn
from gnn.datasets.node_schema import NodeSchema
from gnn.tables.cells import Cells
from gnn.tables.problems import Problems
from gnn.tables.schema import FEATURE_TYPES, Column, Schema
from gnn.tables.table import Chunk, Table
from gnn.tables.typed_table import Cells as TypedCells
from gnn.tables.typed_table import Texts
from gnn.threads import in_threads


class NodeColumns:
    """The columns of a table while it is walked through.

    Args:
      roles: what the columns are for.
      given: what the user says of some.
      known: those of another table, which are wanted; None finds out.
      texts: the texts that are gaps.
      with_labels: whether splits are read.

    Attributes:
      columns: name -> what is gathered of a feature or a mask.
    """

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
    ) -> tuple[list[np.ndarray], list[Cells], list[Texts]]:
        """The lines, the cells of ids and the splits of all rows."""
        roles = self._roles
        names = [roles.id, self._split, label.name if label else None, *self.columns]
        lines: list[np.ndarray] = []
        ids: list[Cells] = []
        splits: list[Texts] = []
        for chunk in table.chunks_of(name for name in names if name is not None):
            lines.append(chunk.lines)
            if roles.id is not None:
                ids.append(chunk.columns[roles.id])
            if self._split is not None:
                splits.append(name_texts(chunk.columns[self._split], self._texts))
            if label is not None:
                label.add(chunk.columns[label.name])
            self._add(chunk)
        return lines, ids, splits

    def _add(self, chunk: Chunk) -> None:
        def add(name: str) -> None:
            self.columns[name].add(chunk.columns[name], chunk.lines.size)

        for _ in in_threads(add, self.columns):
            pass

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
    ) -> tuple[Schema, dict[str, TypedCells], dict[str, np.ndarray]]:
        """The schema, the cells of the features, and the rows of each mask, of the good rows."""
        roles = self._roles
        kept = np.flatnonzero(good)
        found: dict[str, Column] = {}
        cells: dict[str, TypedCells] = {}
        masks: dict[str, np.ndarray] = {}

        def type_column(name: str) -> tuple[Column, TypedCells | None, dict[int, str]]:
            gathered = self.columns[name]
            column = self._types.get(name)
            is_by_name = name in roles.masks and mask_of(name) is not None
            if column is None or (is_by_name and gathered.lists is not None):
                column = guess_column(gathered)
            if column.type not in (*FEATURE_TYPES, "mask"):
                return column, None, {}
            return typed_cells(file, gathered, column)

        for name, (column, values, wrong) in zip(
            self.columns, in_threads(type_column, list(self.columns)), strict=True
        ):
            found[name] = column
            self.columns[name] = GatheredColumn(name, None, self._texts)  # Its memory is free.
            if values is None:
                continue
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
        guessed = {
            name: Column(kind, reason="it names the nodes" if kind == "id" else "it is called so")
            for name, kind in ((roles.id, "id"), (roles.label, "label"), (roles.split, "split"))
            if name is not None
        }
        found = {**guessed, **self._types, **found}
        return Schema({name: found[name] for name in header if name in found}), cells, masks
