"""The log of a folder, and the edges that a configuration makes of it."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from gnn.configs.sessions import SessionGraphConfig
from gnn.datasets.edge_times import EdgeTimes, row_seconds
from gnn.datasets.name_cells import name_cells
from gnn.datasets.node_numbers import NodeNumbers
from gnn.edges.edges import EdgeReport, Edges
from gnn.edges.from_sessions import reported
from gnn.edges.records.log_presets import columns_of_table
from gnn.edges.records.session_gaps import sessions_by_gap
from gnn.edges.sessions.session_edges import session_edges
from gnn.graphs.graph import Graph
from gnn.tables.problems import GAP, RowCheck
from gnn.tables.table import Table

_NOTES = ("edges", "config", "report", "log")


def edges_of_log(
    path: Path,
    table: Table,
    numbers: NodeNumbers,
    config: SessionGraphConfig,
    *,
    strict: bool,
    texts: frozenset[str],
    times: EdgeTimes | None = None,
    built: Graph | None = None,
) -> tuple[Edges, dict[str, Any]]:
    """Joins the items of a log, or takes the edges that were made of it before.

    Args:
      path: the file.
      table: the file, opened.
      numbers: the nodes.
      config: what is an edge. Columns that it does not name are looked for
        (`gnn.edges.records.log_presets`).
      strict: whether a malformed row is an error.
      texts: the texts that mean missing.
      times: which records are too late; the half-life is the configuration's.
      built: a graph that was made so. Its edges are taken where the log, the nodes and the
        configuration are the same; the log is then not read again.

    Returns:
      The edges, and what the graph is to say of its making: the text `"edges"`, `"config"` and
      `"report"` as of `Graph.from_sessions`, and `"log"`, by which the same log is known again.

    Raises:
      ValueError: a column is missing, two could be the item, too many rows are malformed, or the
        configuration wants times and there are none.
    """
    times = times or EdgeTimes()
    log: dict[str, Any] = {"file": path.name, "sha256": _checksum(path, texts)}
    log |= {} if times.until is None else {"until": times.until}
    config, remarks = columns_of_table(table, config, times.until is not None)
    if times.until is not None and config.time_column is None:
        times.column_of(table)  # Raises, and says what is missing.
    config_note = config.to_dict()
    if built is not None and built.ids is not None and numbers.is_fixed:
        same = built.notes.get("log") == log and built.notes.get("config") == config_note
        if same and built.ids.tolist() == numbers.names.tolist():
            senders, receivers, weights = map(
                np.array, (built.senders, built.receivers, built.weights)
            )
            kept = {name: built.notes[name] for name in _NOTES if name in built.notes}
            return Edges(senders, receivers, weights), kept
    edges = _read(table, numbers, config, strict, texts, times, remarks)
    notes: dict[str, Any] = {
        "edges": edges.report.text(),
        "config": config_note,
        "report": dataclasses.asdict(edges.report),
        "log": log,
    }
    return edges, {name: note for name, note in notes.items() if note}


def _read(
    table: Table,
    numbers: NodeNumbers,
    config: SessionGraphConfig,
    strict: bool,
    texts: frozenset[str],
    times: EdgeTimes,
    remarks: list[str],
) -> Edges:
    time_column = config.time_column
    timed = [] if time_column is None else [time_column]
    needed = (config.name_column, config.item_column, *timed)
    table.use(needed)
    who = "session" if config.user_column is None else "user"
    names = NodeNumbers()  # Sessions are numbered in the same way.
    parts: list[list[np.ndarray]] = [[np.zeros(0, np.int64)], [np.zeros(0, np.int64)]]
    moments: list[np.ndarray] = [np.zeros(0)]
    late = 0
    for chunk in table.chunks_of(needed):
        check = RowCheck(table.problems, chunk.lines)
        name, item = (name_cells(chunk.columns[each], texts) for each in needed[:2])
        check.reject_empty("item", item)
        seconds = None
        if time_column is not None:
            seconds = row_seconds(chunk.columns[time_column], texts, check)
            too_late = check.good & ~times.in_time(seconds)
            late += int(too_late.sum())
            check.good &= ~too_late
        found = numbers.of({"item": item}, check)[0]
        named = np.fromiter(map(bool, name), bool, len(name))
        for row in np.flatnonzero(check.good & ~named).tolist():
            check.note(row, GAP, f"no {who}")
        parts[1].append(found[named[check.good]])
        check.good &= named
        parts[0].append(names.of({who: name}, check)[0])
        if seconds is not None:
            moments.append(seconds[check.good])
    problems = table.problems
    problems.check(strict, False)
    sessions, items = map(np.concatenate, parts)
    times.check_some(problems.file, sessions.size, late)
    when = None if time_column is None else np.concatenate(moments)
    if config.gap is not None and when is not None:
        sessions = sessions_by_gap(sessions, when, config.gap)
    edges = session_edges(sessions, items, len(numbers), config, times=when)
    missing = problems.counts[GAP]
    malformed = problems.num_malformed - missing
    report = EdgeReport(
        problems.num_rows,
        missing=missing,
        malformed=malformed,
        malformed_rows=f"{problems.file}: {problems.named(without=GAP)}" if malformed else "",
        unit="record",
        remarks=(*remarks, *times.remarks(late)),
    )
    num_sessions = int(np.count_nonzero(np.bincount(sessions)))
    return reported(edges, report, num_sessions, len(numbers))


def _checksum(path: Path, texts: frozenset[str]) -> str:
    """Of a file, and of what counts as missing in it."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256")
    found.update("\0".join(sorted(texts)).encode())
    return found.hexdigest()
