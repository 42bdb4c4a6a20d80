"""Edges from sessions: which items occur together, and what that says."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from gnn.configs.sessions import as_session_graph_config
from gnn.configs.sizes import as_bytes
from gnn.edges.edges import EdgeReport, Edges
from gnn.edges.records.open_log import open_log
from gnn.edges.records.read_sessions import read_sessions
from gnn.edges.sessions.session_edges import session_edges
from gnn.edges.sessions.spilled_edges import SpilledSessions


def edges_from_sessions(
    sessions: Any,
    config: Any = None,
    *,
    ids: Sequence[Any] | None = None,
    num_nodes: int | None = None,
    unknown: str = "raise",
    missing: str = "raise",
    na_values: Collection[str] | None = None,
    strict: bool = False,
    verbose: str | bool = False,
    memory: int | str | None = None,
) -> Edges:
    """Joins the items that occur in one session, as a configuration says.

    What an item is depends on what else is given: one of `ids`; the index of a node, where
    `num_nodes` is given; else any name, and the distinct ones in order of appearance become the
    ids.

    Args:
      sessions: lists of items, a table, or files, as `gnn.Graph.from_sessions` takes them; or a
        log that is open (`gnn.edges.records.open_log`), which has its configuration.
      config: a `gnn.SessionGraphConfig` or a dict of its fields; None weighs a pair by the number
        of sessions that hold both.
      ids: the names of the nodes.
      num_nodes: the number of nodes, where there are no ids.
      unknown: what becomes of a record whose item is no node: `"raise"` an error, or `"drop"`.
      missing: what becomes of a record without a session, an item or a time, alike. An item
        without a session is a node that joins nothing.
      na_values: the texts that mean missing; None takes `gnn.edges.missing.NA_VALUES`. An item that
        is among the ids is none of them.
      strict: whether a malformed row is an error.
      verbose: whether to show progress; "auto" where standard error is a terminal.
      memory: how much of it to keep to, in bytes or as text such as `"2GB"`, with files in the
        system's place for temporary ones (`gnn.edges.sessions.spilled_edges`); None takes what it
        takes. Edges without a limit of neighbors are then read from these files as they are used.

    Raises:
      KeyError, TypeError, ValueError: as `read_sessions`.

    >>> edges = edges_from_sessions([["a", "b"], ["b", "a", None]], missing="drop")
    >>> edges.ids, edges.senders.tolist(), edges.weights.tolist(), edges.report.missing
    (['a', 'b'], [1, 0], [2.0, 2.0], 1)
    >>> edges.report.sessions, edges.report.items, edges.report.pairs
    (2, 2, 1)
    """
    log = open_log(sessions, as_session_graph_config(config))
    config = log.columns
    read = functools.partial(
        read_sessions,
        log,
        config,
        ids=ids,
        num_nodes=num_nodes,
        unknown=unknown,
        missing=missing,
        na_values=na_values,
        strict=strict,
        verbose=verbose,
    )
    if memory is None:
        records = read()
        edges = session_edges(
            records.sessions, records.items, records.num_items, config, times=records.times
        )
        num_sessions = int(np.count_nonzero(np.bincount(records.sessions)))
    else:
        budget, shown = as_bytes("memory", memory), verbose is True
        with SpilledSessions(config, memory=budget, verbose=shown) as spilled:
            records = read(take=spilled.add)
            edges = spilled.edges(records.num_items)
            num_sessions = spilled.num_sessions
    edges = reported(edges, records.report, num_sessions, records.num_items)
    return dataclasses.replace(edges, ids=records.ids)


def reported(edges: Edges, records: EdgeReport, num_sessions: int, num_items: int) -> Edges:
    """Edges whose report tells of the records that they were made of, too.

    Args:
      edges: as `session_edges` made them.
      records: what became of the records.
      num_sessions: how many sessions were taken.
      num_items: how many items there are.

    >>> edges = edges_from_sessions([["a"], ["b"]])
    >>> edges.report.text()
    '2 records: no session holds two items, so there are no edges'
    """
    remarks = records.remarks + edges.report.remarks
    if not edges.senders.size:
        remarks += (
            "no pair of items is left, so there are no edges"
            if edges.report.given
            else "no session holds two items, so there are no edges",
        )
    report = dataclasses.replace(
        records, sessions=num_sessions, items=num_items, pairs=edges.report.given, remarks=remarks
    )
    return dataclasses.replace(edges, report=report)
