"""The sessions and items of records as numbers, one chunk after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Any

import numpy as np

from gnn.configs.session_columns import SessionColumns
from gnn.edges.missing import missing_among
from gnn.edges.records.numbering import Indices, Names
from gnn.edges.records.one_type import OneType
from gnn.edges.records.record_times import seconds_of
from gnn.edges.records.session_gaps import sessions_by_gap
from gnn.edges.records.session_tables import POSITION
from gnn.tables.cells import Cells, quoted
from gnn.tables.object_cells import ObjectCells
from gnn.tables.problems import RowCheck
from gnn.tables.table import Chunk, Table

_COLUMNS_SHOWN = 20


class RecordNumbers:
    """Numbers the records of tables as they are read.

    Attributes:
      missing: how many records lacked a session, an item or a time, and were left out.
      unknown: how many records of items that are no node were left out.
    """

    def __init__(
        self,
        columns: SessionColumns,
        *,
        ids: Sequence[Any] | None,
        num_nodes: int | None,
        drops_unknown: bool,
        drops_missing: bool,
        texts: frozenset[str],
    ) -> None:
        """Takes what `read_sessions` does, and the texts that mean missing."""
        self._columns = columns
        self._drops_unknown, self._drops_missing = drops_unknown, drops_missing
        self._who = "session" if columns.user_column is None else "user"
        self._names = Names()
        self._nodes: Names | Indices = Names(ids)
        self._rule = "hold items that are in ids"
        self._are_integers = bool(ids) and all(type(name) is int for name in ids or ())
        if ids is None and num_nodes is not None:
            self._nodes, self._are_integers = Indices(num_nodes), True
            self._rule = f"be from 0 to {num_nodes - 1}"
        self._texts = texts
        self._item_texts = texts.difference(name for name in ids or () if isinstance(name, str))
        self._types = OneType(f"{self._who}s"), OneType("items")
        self._parts: list[list[np.ndarray]] = []
        self._settled = 0  # How many of these have numbers that stay.
        self.missing = self.unknown = 0

    def chunks_of(self, table: Table) -> Iterator[Chunk]:
        """The rows of a table, of the columns that are needed.

        Raises:
          KeyError: if one is missing.
        """
        columns = self._columns
        needed = [columns.name_column, columns.item_column]
        needed += [] if columns.time_column is None else [columns.time_column]
        for name in needed:
            if name not in table.header:
                raise KeyError(
                    f"sessions: {table.name} has no column {name!r}; it has "
                    f"{table.header[:_COLUMNS_SHOWN]}"
                )
        return table.chunks_of(needed)

    def add(self, table: Table, chunk: Chunk) -> None:
        """Numbers the records of a chunk.

        Raises:
          TypeError: if an item should be an index and is no integer.
          ValueError: for an item that is missing or unknown, or of another type than those before.
        """
        columns, lines = self._columns, chunk.lines
        names, items = chunk.columns[columns.name_column], chunk.columns[columns.item_column]
        check = RowCheck(table.problems, lines)
        if self._are_integers and items.untyped:
            items = _integers(items, self._item_texts, check)
        times, moments = None, None
        if columns.time_column is not None:
            times = chunk.columns[columns.time_column]
            moments, strange = seconds_of(times, self._texts)
            for row, why in strange.items():
                check.reject(row, "time", why)
        if not check.good.all():
            rows = np.flatnonzero(check.good)
            lines, names, items = lines[rows], names.take(rows), items.take(rows)
            if times is not None and moments is not None:
                times, moments = times.take(rows), moments[rows]
        self._add(table, lines, (names, items, times), moments)

    def _add(
        self,
        table: Table,
        lines: np.ndarray,
        cells: tuple[Cells, Cells, Cells | None],
        moments: np.ndarray | None,
    ) -> None:
        """Numbers well-formed records."""
        names, items, times = cells
        sessions, no_session = self._numbered(table, names, is_item=False)
        nodes, no_item = self._numbered(table, items, is_item=True)
        no_time = np.zeros(lines.size, bool) if moments is None else np.isnan(moments)
        gaps = no_session | no_item | no_time
        if gaps.any() and not self._drops_missing:
            row = int(np.argmax(gaps))
            what, found = (
                ("item", items)
                if no_item[row]
                else (self._who, names)
                if no_session[row]
                else ("time", times or names)
            )
            place = _place(table, lines[row]).removeprefix(f"{POSITION} ")
            raise ValueError(
                f"sessions: each record must have its {what}, got {_shown(found, row)} at {place}; "
                'missing="drop" leaves such records out'
            )
        strange = ~no_item & (nodes < 0)
        if strange.any() and not self._drops_unknown:
            row = int(np.argmax(strange))
            raise ValueError(
                f"sessions must {self._rule}, got {_shown(items, row)} at "
                f'{_place(table, lines[row])}; unknown="drop" leaves such records out'
            )
        self.missing += int(gaps.sum())
        self.unknown += int(strange.sum())
        fields = [sessions.astype(np.int32), nodes.astype(np.int32)]
        fields += [] if moments is None else [moments]
        joined = ~gaps & ~strange
        self._parts.append(fields if joined.all() else [each[joined] for each in fields])
        if self._names.is_due or self._nodes.is_due:
            self._settle()

    def _numbered(
        self, table: Table, cells: Cells, *, is_item: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """The number of each cell, -1 where it is unknown or missing; and which are missing."""
        column = self._columns.item_column if is_item else self._columns.name_column
        where = f"the column {column!r} of {table.name}"
        try:
            places, values = cells.coded()
        except TypeError as error:
            raise TypeError(
                f"sessions: {where} must hold names, such as text or integers: {error}"
            ) from error
        names = self._nodes if is_item else self._names
        values, none = _without_missing(values, self._item_texts if is_item else self._texts)
        if table.problems.unit != POSITION:
            self._types[is_item].check(values, where)
        if not names.takes(values):
            self._settle()
        numbers = np.full(none.size, -1, np.int64)
        numbers[~none] = names.numbers_of(values)
        return numbers[places], none[places]

    def _settle(self) -> None:
        """Has provisional numbers give way to those that stay."""
        for k, names in enumerate((self._names, self._nodes)):
            final = names.settle()
            if final is not None:
                for part in self._parts[self._settled :]:
                    part[k] = final[part[k]]
        self._settled = len(self._parts)

    def hand_over(self, take: Callable[[np.ndarray, np.ndarray, np.ndarray | None], None]) -> None:
        """Lets go of the records there are: their sessions (or users), items and times."""
        self._settle()
        for sessions, items, *times in self._parts:
            take(sessions, items, times[0] if times else None)
        self._parts.clear()
        self._settled = 0

    def fields(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """The sessions, the items and the times of all records that were not left out, once."""
        self._settle()
        sessions, items = self._joined(0, np.int32), self._joined(1, np.int32)
        times = None if self._columns.time_column is None else self._joined(2, np.float64)
        gap = self._columns.gap
        if gap is not None and times is not None:
            sessions = sessions_by_gap(sessions, times, gap)
        return sessions, items, times

    def _joined(self, field: int, dtype: type) -> np.ndarray:
        """A field of all parts, of which each is let go of as soon as it is copied."""
        whole: np.ndarray = np.empty(sum(part[field].size for part in self._parts), dtype)
        start = 0
        for part in self._parts:
            stop = start + part[field].size
            whole[start:stop] = part[field]
            part[field], start = whole[:0], stop
        return whole

    def items(self) -> tuple[int, list[Any] | None]:
        """How many items there are, and their names."""
        self._settle()
        return len(self._nodes), self._nodes.listed()


def _integers(cells: Cells, texts: frozenset[str], check: RowCheck) -> Cells:
    """Cells of text as integers, None where they are missing."""
    listed = cells.text()
    try:
        values = np.fromiter(map(int, listed), np.int64, len(listed))
        if "_" not in "".join(listed):
            return ObjectCells("item", values)
    except (ValueError, OverflowError):
        pass
    found: list[int | None] = []
    for row, cell in enumerate(listed):
        number = None
        if cell not in texts:
            try:
                number = int(cell) if "_" not in cell else None
            except ValueError:
                pass
            if number is None:
                check.reject(row, "integer", f"item {quoted(cell)} is not a whole number")
        found.append(number)
    return ObjectCells("item", found)


def _place(table: Table, line: int) -> str:
    unit = table.problems.unit
    return f"{unit} {line}" + ("" if unit == POSITION else f" of {table.name}")


def _shown(cells: Cells, row: int) -> str:
    values = cells.take(np.array([row])).coded().values
    return repr((values if isinstance(values, list) else values.tolist())[0])


def _without_missing(values: Any, texts: frozenset[str]) -> tuple[Any, np.ndarray]:
    """The values that are not missing, and which are."""
    if isinstance(values, np.ndarray):  # Of integers.
        return values, np.zeros(values.size, bool)
    if isinstance(values, list):
        none = missing_among(values, texts)
        return (list(compress(values, ~none)) if none.any() else values), none
    import pyarrow
    import pyarrow.compute as pc

    listed = pc.is_in(values, value_set=pyarrow.array(sorted(texts), values.type))
    none = pc.or_(listed, pc.is_null(values)).to_numpy(zero_copy_only=False)
    return (values.filter(pyarrow.array(~none)) if none.any() else values), none
