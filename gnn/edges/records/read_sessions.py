"""From sessions, whatever they are given as, to records as plain arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from gnn.configs.arguments import check_verbose
from gnn.configs.session_columns import SessionColumns
from gnn.edges.edges import EdgeReport
from gnn.edges.memory import give_back_memory
from gnn.edges.missing import as_na_values
from gnn.edges.records.open_log import open_log
from gnn.edges.records.record_numbers import RecordNumbers
from gnn.edges.records.session_records import SessionRecords
from gnn.tables.problems import Problems, TableWarning

_WAYS = ("raise", "drop")
# So many malformed rows of a kind are remembered, in each of so many files.
_ROWS_NAMED = 5
_FILES_NAMED = 3
# So many records are handed over at a time.
_RECORDS_TAKEN = 1 << 20


def read_sessions(
    sessions: Any,
    columns: SessionColumns,
    *,
    ids: Sequence[Any] | None = None,
    num_nodes: int | None = None,
    unknown: str = "raise",
    missing: str = "raise",
    na_values: Collection[str] | None = None,
    strict: bool = False,
    verbose: str | bool = False,
    take: Callable[[np.ndarray, np.ndarray, np.ndarray | None], None] | None = None,
) -> SessionRecords:
    """Reads records chunk by chunk, and numbers their sessions and items.

    Memory holds 8 bytes a record (16 with times), the distinct names, and a chunk.

    Args:
      sessions: as in `gnn.edges.records.open_log.open_log`.
      columns: the names of the columns, and the gap between two sessions of a user.
      ids: the names of the nodes.
      num_nodes: the number of nodes, where there are no ids; items are then indices.
      unknown: what becomes of a record whose item is no node: `"raise"` an error, or `"drop"`.
      missing: what becomes of a record without a session (or user), an item or a time, alike. An
        item without a session is a node that joins nothing.
      na_values: the texts that mean missing; None takes `gnn.edges.missing.NA_VALUES`. An item that
        is among the ids is none of them.
      strict: whether a malformed row is an error.
      verbose: whether to show a progress bar of records; "auto" where standard error is a terminal,
        once a second has passed.
      take: takes the records some at a time, sessions (or users), items and times; memory then
        holds no more of them, and none are returned.

    Raises:
      KeyError: a table lacks a column.
      TypeError: an item should be an index and is no integer; or as `tables_of`.
      ValueError: for an item that is missing, unknown or out of range; names that are numbers in
        one file and text in another; more than half of the rows of a table malformed; files
        without a record; an argument that is out of range; or as `tables_of`.

    Warns:
      TableWarning: for malformed rows, which are left out.

    >>> records = read_sessions({"session": [7, 7, 9], "item": ["b", "a", "b"]}, SessionColumns())
    >>> records.sessions.tolist(), records.items.tolist(), records.ids
    ([0, 0, 1], [0, 1, 0], ['b', 'a'])
    """
    for name, way in (("unknown", unknown), ("missing", missing)):
        if way not in _WAYS:
            raise ValueError(f"{name} must be one of {_WAYS}, got {way!r}")
    check_verbose(verbose)
    log = open_log(sessions, columns)
    numbers = RecordNumbers(
        log.columns,
        ids=ids,
        num_nodes=num_nodes,
        drops_unknown=unknown == "drop",
        drops_missing=missing == "drop",
        texts=as_na_values(na_values),
    )
    found: list[Problems] = []
    waiting = 0
    is_auto = verbose == "auto"
    with tqdm(
        desc="reading",
        unit=" records",
        unit_scale=True,
        disable=None if is_auto else not verbose,
        delay=1.0 if is_auto else 0.0,  # A bar for each small graph would be in the way.
    ) as bar:
        for table in log.tables:
            table.problems.kept = _ROWS_NAMED
            for chunk in numbers.chunks_of(table):
                numbers.add(table, chunk)
                bar.update(chunk.lines.size)
                waiting += chunk.lines.size
                if take is not None and waiting >= _RECORDS_TAKEN:
                    numbers.hand_over(take)
                    waiting = 0
            table.problems.check_rows(strict)
            found.append(table.problems)
    given = sum(problems.num_rows for problems in found)
    if log.are_files and not given:
        raise ValueError(f"sessions must have records, got none in {found[0].file}{_more(found)}")
    bad = [problems for problems in found if problems.counts]
    report = EdgeReport(
        given,
        missing=numbers.missing,
        unknown=numbers.unknown,
        malformed=sum(problems.num_malformed for problems in bad),
        malformed_rows=_named(bad),
        unit="record",
        remarks=log.remarks,
    )
    if bad:
        text = f"sessions: {report.malformed_text()}; strict=True makes this an error"
        warnings.warn(text, TableWarning, stacklevel=4)  # Who called Graph.from_sessions.
    if take is not None:
        numbers.hand_over(take)
    num_items, names = numbers.items()
    fields = numbers.fields()
    del numbers
    give_back_memory()
    return SessionRecords(*fields, num_items, names, report)


def _named(bad: list[Problems]) -> str:
    shown = "; ".join(f"{problems.file}: {problems.named()}" for problems in bad[:_FILES_NAMED])
    return shown + _more(bad[_FILES_NAMED - 1 :])


def _more(found: list[Problems]) -> str:
    """How many files there are beside the first."""
    others = len(found) - 1
    return f" and {others:,} more file{'' if others == 1 else 's'}" if others > 0 else ""
