"""Edges from sessions: which items occur together, and how often."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Sized
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from gnn.graphs.node_values import is_missing

if TYPE_CHECKING:
    from gnn.graphs.graph import Graph


def co_occurrence(
    session_index: ArrayLike, item_index: ArrayLike, num_items: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts, for each pair of items, the sessions that hold both.

    With the binary matrix X, `X[s, i] = 1` where session s holds item i, the counts are the
    entries of `X^T X` off its diagonal. Nothing is dropped, capped or cut, so a session of m
    distinct items alone gives m (m - 1) edges: split or sample very long sessions beforehand.

    Args:
      session_index: integers `[n]`, not negative; the session of each record.
      item_index: integers `[n]` from 0 to `num_items - 1`; its item. An item that a session holds
        several times counts once.
      num_items: the number of items.

    Returns:
      senders int32, receivers int32 and weights float32, each `[num_edges]`, sorted by receiver
      and then sender: each pair in both directions, without self loops. The counts are exact up
      to 2**24 sessions a pair, where float32 stops to hold every integer.

    Raises:
      TypeError: if an index is no integer.
      ValueError: if an index is out of range, the lengths differ, or the rank is not 1.

    Sessions {0, 1}, {0, 1, 2}: items 0 and 1 meet twice, the other pairs once.

    >>> senders, receivers, weights = co_occurrence([0, 0, 1, 1, 1], [0, 1, 0, 1, 2], 3)
    >>> senders.tolist(), receivers.tolist(), weights.tolist()
    ([1, 2, 0, 2, 0, 1], [0, 0, 1, 1, 2, 2], [2.0, 1.0, 2.0, 1.0, 1.0, 1.0])
    """
    sessions = _as_index("session_index", session_index, None)
    items = _as_index("item_index", item_index, num_items)
    if sessions.size != items.size:
        raise ValueError(
            f"session_index and item_index must have equal lengths, "
            f"got {sessions.size} and {items.size}"
        )
    num_sessions = int(sessions.max(initial=-1)) + 1
    if num_sessions > sessions.size:  # Numbers with gaps: count only the sessions there are.
        kept, sessions = np.unique(sessions, return_inverse=True)
        num_sessions = kept.size
    holds = sparse.csr_array(
        (np.ones(items.size, np.int32), (sessions, items)), shape=(num_sessions, num_items)
    )
    holds.data[:] = 1  # Building it added up an item's repetitions in a session.
    # The product's rows are unsorted; to CSC sorts them in linear time. It is symmetric, so a
    # column of the one is a row of the other.
    counts = (holds.T.tocsr() @ holds).tocsc()
    receivers = np.repeat(np.arange(num_items, dtype=np.int32), np.diff(counts.indptr))
    senders = counts.indices.astype(np.int32, copy=False)
    others = senders != receivers
    return senders[others], receivers[others], counts.data[others].astype(np.float32)


def from_sessions(  # noqa: D417
    cls: type[Graph],
    /,
    sessions: Any,
    features: Any = None,
    *,
    ids: Sequence[Any] | np.ndarray | None = None,
    labels: ArrayLike | None = None,
    splits: Mapping[str, ArrayLike] | None = None,
    class_names: Sequence[str] | None = None,
) -> Graph:
    """Makes a graph whose edges join the items that occur in one session.

    The weight of an edge is the number of sessions that hold both its ends; each edge is there in
    both directions, and none joins an item to itself. Nothing is dropped, capped or cut: a
    session of one item gives no edge, one of m distinct items m (m - 1).

    What an item is depends on what else is given:

    - `ids`: an item is an id, one for each row of the features and labels.
    - no ids, but features or labels: an item is the index of a node.
    - neither: the nodes are the distinct items in order of first appearance, and become the ids.

    Args:
      sessions: a list of sessions, each a list of items; or a table with the columns `session` and
        `item` and a row a record: a pandas DataFrame or a dict of two sequences.
      features: as in `Graph.from_edges`.
      ids: as in `Graph`.
      labels: as in `Graph`.
      splits: as in `Graph`.
      class_names: as in `Graph`.

    Returns:
      The graph, its edges sorted by receiver and then sender.

    Raises:
      KeyError: if the table lacks a column.
      TypeError: if a session is a string, or an item should be an index and is no integer.
      ValueError: for an item that is missing, unknown or out of range; else as in `Graph`.

    >>> from gnn.graphs.graph import Graph
    >>> graph = Graph.from_sessions([["cat", "kitten"], ["kitten", "cat", "lion"]])
    >>> graph.ids.tolist()
    ['cat', 'kitten', 'lion']
    >>> graph.senders.tolist(), graph.receivers.tolist(), graph.weights.tolist()
    ([1, 2, 0, 2, 0, 1], [0, 0, 1, 1, 2, 2], [2.0, 1.0, 2.0, 1.0, 1.0, 1.0])
    """
    session_index, items = _records(sessions)
    has_rows = labels is not None or not (
        features is None or (isinstance(features, Mapping) and not features)
    )
    item_index = None
    if ids is None and not has_rows:
        item_index, ids = _numbered(items, "item")
    nodes = cls.from_edges(
        [], [], features, labels=labels, splits=splits, ids=ids, class_names=class_names
    )
    if nodes.ids is None:
        item_index = _as_nodes(items, nodes.num_nodes)
    elif item_index is None:
        item_index = _looked_up(items, nodes.ids)
    senders, receivers, weights = co_occurrence(session_index, item_index, nodes.num_nodes)
    return dataclasses.replace(nodes, senders=senders, receivers=receivers, weights=weights)


def _records(sessions: Any) -> tuple[np.ndarray, list[Any]]:
    """The number of each record's session, and its item."""
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
        return _numbered(names, "session")[0], items
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


def _numbered(values: list[Any], what: str) -> tuple[np.ndarray, list[Any]]:
    """The number of each value, in order of first appearance, and the distinct values."""
    numbers: defaultdict[Any, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    codes = np.fromiter(map(numbers.__getitem__, values), np.int64, len(values))
    distinct = list(numbers)
    missing = next((k for k, value in enumerate(distinct) if is_missing(value)), None)
    if missing is not None:
        at = int(np.argmax(codes == missing))
        raise ValueError(f"sessions: each record must have its {what}, got {values[at]!r} at {at}")
    return codes, distinct


def _looked_up(items: list[Any], ids: np.ndarray) -> np.ndarray:
    """The node of each item, found by its id."""
    nodes = {item: i for i, item in enumerate(ids.tolist())}
    index = np.fromiter(map(nodes.get, items, repeat(-1)), np.int64, len(items))
    if index.min(initial=0) < 0:
        item = items[int(np.argmin(index))]
        raise ValueError(f"sessions must hold items that are in ids, got {item!r}")
    return index


def _as_nodes(items: list[Any], num_nodes: int) -> np.ndarray:
    """Items that are indices of nodes."""
    for kind in set(map(type, items)):
        if kind is bool or not issubclass(kind, (int, np.integer)):
            item = next(item for item in items if type(item) is kind)
            raise TypeError(
                f"sessions must hold node indices (integers) where features or labels are given "
                f"without ids, got {item!r}"
            )
    return _as_index("sessions", items, num_nodes)


def _as_index(name: str, values: Any, size: int | None) -> np.ndarray:
    """A vector of integers from 0 to size - 1."""
    index = np.asarray(values)
    if index.ndim != 1:
        raise ValueError(f"{name} must have rank 1, got shape {index.shape}")
    if index.size == 0:
        return np.zeros(0, np.int64)
    if index.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got dtype {index.dtype}")
    bad = index < 0 if size is None else (index < 0) | (index >= size)
    if bad.any():
        at = int(np.argmax(bad))
        rule = "not be negative" if size is None else f"be from 0 to {size - 1}"
        raise ValueError(f"{name} must {rule}, got {index[at]} at position {at}")
    return index
