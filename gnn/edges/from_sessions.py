"""Edges from sessions: which items occur together, and what that says."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence, Sized
from itertools import chain, compress
from typing import Any

import numpy as np

from gnn.configs.sessions import as_session_graph_config
from gnn.edges.edges import EdgeReport, Edges
from gnn.edges.missing import as_na_values, missing_among
from gnn.edges.numbering import looked_up, numbered
from gnn.edges.session_edges import session_edges

_WAYS = ("raise", "drop")


def edges_from_sessions(
    sessions: Any,
    config: Any = None,
    *,
    ids: Sequence[Any] | None = None,
    num_nodes: int | None = None,
    unknown: str = "raise",
    missing: str = "raise",
    na_values: Collection[str] | None = None,
) -> Edges:
    """Joins the items that occur in one session, as a configuration says.

    What an item is depends on what else is given: one of `ids`; the index of a node, where
    `num_nodes` is given; else any name, and the distinct ones in order of appearance become the
    ids.

    Args:
      sessions: a list of sessions, each a list of items; or a table with the columns `session` and
        `item` and a row a record: a pandas DataFrame or a dict of two sequences.
      config: a `gnn.SessionGraphConfig` or a dict of its fields; None weighs a pair by the number
        of sessions that hold both.
      ids: the names of the nodes.
      num_nodes: the number of nodes, where there are no ids.
      unknown: what becomes of a record whose item is no node: `"raise"` an error, or `"drop"`.
      missing: what becomes of a record without a session or an item, alike. An item without a
        session is a node that joins nothing.
      na_values: the texts that mean missing; None takes `gnn.edges.missing.NA_VALUES`. An item that
        is among the ids is none of them.

    Raises:
      KeyError: if the table lacks a column.
      TypeError: if a session is a string, or an item should be an index and is no integer.
      ValueError: for an item that is missing, unknown or out of range, or an argument that is
        neither `"raise"` nor `"drop"`.

    >>> edges = edges_from_sessions([["a", "b"], ["b", "a", None]], missing="drop")
    >>> edges.ids, edges.senders.tolist(), edges.weights.tolist(), edges.report.missing
    (['a', 'b'], [1, 0], [2.0, 2.0], 1)
    """
    for name, way in (("unknown", unknown), ("missing", missing)):
        if way not in _WAYS:
            raise ValueError(f"{name} must be one of {_WAYS}, got {way!r}")
    config = as_session_graph_config(config)
    texts = as_na_values(na_values)
    names, items = _records(sessions)
    given = len(items)
    known = frozenset(name for name in ids or () if isinstance(name, str))
    codes, distinct = numbered(items)
    none = missing_among(distinct, texts - known)
    no_item, no_session = none[codes], np.zeros(given, bool)
    if isinstance(names, np.ndarray):  # Sessions are lists, and have no names.
        session_index = names
    else:
        session_index, session_names = numbered(names)
        no_session = missing_among(session_names, texts)[session_index]
    gaps = no_item | no_session
    if missing == "raise" and gaps.any():
        at = int(np.argmax(gaps))
        what, found = ("item", items[at]) if no_item[at] else ("session", names[at])
        raise ValueError(
            f'sessions: each record must have its {what}, got {found!r} at {at}; missing="drop" '
            "leaves such records out"
        )
    if ids is None and num_nodes is None:
        nodes, ids = np.cumsum(~none) - 1, list(compress(distinct, ~none))
    elif ids is not None:
        nodes = looked_up(distinct, ids)
    else:
        nodes = _as_nodes(items, distinct, no_item, none, num_nodes or 0)
    index = nodes[codes]
    strange = ~no_item & (index < 0)
    if unknown == "raise" and strange.any():
        at = int(np.argmax(strange))
        rule = "hold items that are in ids"
        if ids is None:
            rule = f"be from 0 to {(num_nodes or 0) - 1}"
        raise ValueError(
            f'sessions must {rule}, got {items[at]!r} at position {at}; unknown="drop" leaves '
            "such records out"
        )
    joined = ~gaps & ~strange
    count = len(ids) if ids is not None else num_nodes or 0
    edges = session_edges(session_index[joined], index[joined], count, config)
    report = EdgeReport(
        given,
        missing=int(gaps.sum()),
        unknown=int(strange.sum()),
        unit="record",
        remarks=edges.report.remarks,
    )
    return dataclasses.replace(edges, ids=None if ids is None else list(ids), report=report)


def _records(sessions: Any) -> tuple[Any, list[Any]]:
    """The session of each record, a number already where sessions are lists; and its item."""
    if isinstance(sessions, Mapping) or hasattr(sessions, "columns"):
        lists = {}
        for name in ("session", "item"):
            if name not in sessions:
                columns = list(sessions)[:20]
                raise KeyError(f"sessions: the table has no column {name!r}; it has {columns}")
            column = sessions[name]
            lists[name] = column.tolist() if hasattr(column, "tolist") else list(column)
        names, items = lists["session"], lists["item"]
        if len(names) != len(items):
            raise ValueError(
                f"sessions: the columns session and item must have equal lengths, "
                f"got {len(names)} and {len(items)}"
            )
        return names, items
    sessions = list(sessions)
    kinds = set(map(type, sessions))
    for kind in kinds:
        if issubclass(kind, (str, bytes)) or not issubclass(kind, Iterable):
            at = next(i for i, session in enumerate(sessions) if type(session) is kind)
            raise TypeError(f"sessions must be lists of items, got {sessions[at]!r} at {at}")
    if not all(issubclass(kind, Sized) for kind in kinds):
        sessions = [list(session) for session in sessions]
    lengths = np.fromiter(map(len, sessions), np.int64, len(sessions))
    return np.repeat(np.arange(len(sessions)), lengths), list(chain.from_iterable(sessions))


def _as_nodes(
    items: list[Any], distinct: list[Any], no_item: np.ndarray, none: np.ndarray, num_nodes: int
) -> np.ndarray:
    """The node that each distinct item is the index of, -1 where there is none."""
    given = items if not none.any() else list(compress(items, ~no_item))
    for kind in set(map(type, given)):
        if kind is bool or not issubclass(kind, (int, np.integer)):
            item = next(item for item in given if type(item) is kind)
            raise TypeError(
                f"sessions must hold node indices (integers) where features or labels are given "
                f"without ids, got {item!r}"
            )
    found = zip(distinct, none.tolist(), strict=True)
    nodes = (item if not no and 0 <= item < num_nodes else -1 for item, no in found)
    return np.fromiter(nodes, np.int64, len(distinct))
