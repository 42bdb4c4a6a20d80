"""The table of edges of a folder."""

from __future__ import annotations

import dataclasses

import numpy as np

from gnn.datasets.columns.column_names import edge_ends, weight_column
from gnn.datasets.edge_times import EdgeTimes, row_seconds
from gnn.datasets.name_cells import name_cells
from gnn.datasets.node_numbers import NodeNumbers
from gnn.edges.edges import counted
from gnn.tables.cells import why_no_number
from gnn.tables.problems import Problems, RowCheck
from gnn.tables.table import Table

_LINES_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class EdgeColumns:
    """What the columns of edges are called; None is found by what they usually are.

    Attributes:
      source: the column with the ids that edges come from.
      target: the column with the ids that they go to.
      weight: the column with the weights.
    """

    source: str | None = None
    target: str | None = None
    weight: str | None = None

    def of(self, table: Table) -> tuple[str, str, str | None]:
        """The columns of a table; without weights the last is None.

        Raises:
          ValueError: there are none.
        """
        source, target = edge_ends(table.header) or ("source", "target")
        source, target = self.source or source, self.target or target
        if source == target:
            raise ValueError(f"{table.name}: source and target must differ, got {source!r} twice")
        weight = self.weight or weight_column(table.header)
        table.use((source, target) if self.weight is None else (source, target, weight or ""))
        if weight is not None:
            table.problems.columns.pop(weight, None)
        return source, target, weight


def read_edges(
    table: Table,
    columns: EdgeColumns,
    numbers: NodeNumbers,
    strict: bool,
    texts: frozenset[str],
    times: EdgeTimes | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Senders, receivers, weights, and what was done to them; a weight that is missing is 1.

    Args:
      table: the edges.
      columns: what they are called.
      numbers: the nodes.
      strict: whether a malformed row, or a column that is not needed, is an error.
      texts: the texts that mean missing.
      times: which edges are too late, and what the age of the others does; None asks for neither.

    Raises:
      ValueError: a column is missing, too many rows are malformed, or `strict` and a weight is
        missing.
    """
    source, target, weights_of = columns.of(table)
    edges, weights = [np.zeros((2, 0), np.int64)], [np.zeros(0, np.float32)]
    missing: list[int] = []
    times = times or EdgeTimes()
    time_of, moments, late = times.column_of(table), [np.zeros(0)], 0
    used = [source, target, *(name for name in (weights_of, time_of) if name is not None)]
    if time_of is not None:
        table.use(used)
        table.problems.columns.pop(time_of, None)
    for chunk in table.chunks_of(used):
        check = RowCheck(table.problems, chunk.lines)
        ends = {
            what: name_cells(chunk.columns[name], texts)
            for what, name in (("source", source), ("target", target))
        }
        for what, cells in ends.items():
            check.reject_empty(what, cells)
        weight, gaps = np.ones(chunk.lines.size), list[int]()
        if weights_of is not None:
            values, strange = chunk.columns[weights_of].numbers()
            gaps = [row for row, cell in strange.items() if cell.strip() in {"", *texts}]
            weight = values.copy()
            weight[gaps] = 1
            for row in strange.keys() - gaps:
                check.reject(row, "number", why_no_number("weight", strange[row]))
            for row in np.flatnonzero(weight < 0).tolist():
                check.reject(row, "negative", f"weight {weight[row]:g} is negative")
        if time_of is not None:
            seconds = row_seconds(chunk.columns[time_of], texts, check)
            too_late = check.good & ~times.in_time(seconds)
            late += int(too_late.sum())
            check.good &= ~too_late
        edges.append(numbers.of(ends, check))
        if time_of is not None:
            moments.append(seconds[check.good])
        missing.extend(chunk.lines[[row for row in gaps if check.good[row]]].tolist())
        weights.append(weight[check.good].astype(np.float32))
    table.problems.check(strict, strict)
    _tell_of_missing(missing, table.problems, strict)
    senders, receivers = np.concatenate(edges, axis=1)
    if time_of is None:
        return senders, receivers, np.concatenate(weights), []
    times.check_some(table.name, senders.size, late)
    found, done = times.weights(np.concatenate(weights), np.concatenate(moments), late)
    return senders, receivers, found, done


def _tell_of_missing(lines: list[int], problems: Problems, strict: bool) -> None:
    """Counts the weights that are missing and names the first, or raises."""
    if not lines:
        return
    shown = ", ".join(f"{problems.unit} {line}" for line in lines[:_LINES_SHOWN])
    more = f" and {len(lines) - _LINES_SHOWN:,} more" if len(lines) > _LINES_SHOWN else ""
    told = f"{counted(len(lines), 'weight')} missing and taken for 1: {shown}{more}"
    if strict:
        raise ValueError(f"{problems.file}: {told}")
    problems.remarks.append(told)
