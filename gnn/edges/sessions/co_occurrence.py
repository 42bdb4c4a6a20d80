"""Counts of co-occurrence: in how many sessions two items are together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.checks import as_integers
from gnn.edges.sessions.session_edges import session_edges


def co_occurrence(
    session_index: ArrayLike, item_index: ArrayLike, num_items: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts, for each pair of items, the sessions that hold both.

    Nothing is dropped, capped or cut, so a session of m distinct items alone gives m (m - 1)
    edges: `gnn.Graph.from_sessions` has a configuration that leaves long sessions out.

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
    edges = session_edges(sessions, items, num_items, SessionGraphConfig("count"))
    return edges.senders, edges.receivers, edges.weights


def _as_index(name: str, values: Any, size: int | None) -> np.ndarray:
    """A vector of integers from 0 to size - 1."""
    index = as_integers(name, values)
    bad = index < 0 if size is None else (index < 0) | (index >= size)
    if bad.any():
        at = int(np.argmax(bad))
        rule = "not be negative" if size is None else f"be from 0 to {size - 1}"
        raise ValueError(f"{name} must {rule}, got {index[at]} at position {at}")
    return index
