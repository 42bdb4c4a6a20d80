"""Checks of a graph's fields: the number of nodes, splits, and where the edges of each node lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gnn.configs.arguments import check_integer
from gnn.edges.checks import MOST_NODES, as_indices, as_integers, nodes_named, read_only
from gnn.memory_maps import as_array, blocks, cast


def count_nodes(
    num_nodes: Any, rows: Mapping[str, Any], senders: np.ndarray, receivers: np.ndarray
) -> int:
    """The number of nodes, once everything with a row a node agrees on it.

    Args:
      num_nodes: what was given, or None.
      rows: name -> what has a row a node, or None.
      senders: integers, looked at where nothing else tells.
      receivers: integers, alike.

    Raises:
      TypeError: `num_nodes` is no integer.
      ValueError: two numbers differ, or there are no nodes, or too many.

    >>> count_nodes(None, {"labels": np.zeros(3)}, np.array([0]), np.array([1]))
    3
    """
    counts = {name: value.shape[0] for name, value in rows.items() if value is not None}
    if num_nodes is not None:
        counts = {"num_nodes": check_integer("num_nodes", num_nodes), **counts}
    if not counts:
        counts["num_nodes"] = nodes_named(senders, receivers)
    first, number = next(iter(counts.items()))
    for name, count in counts.items():
        if count != number:
            raise ValueError(
                f"{first} and {name} must agree on the number of nodes, got {number} and {count}"
            )
    if not 0 < number <= MOST_NODES:
        raise ValueError(f"a graph must have from 1 to {MOST_NODES} nodes, got {number} ({first})")
    return int(number)


def as_split(name: Any, values: Any, num_nodes: int) -> np.ndarray:
    """The indices of a split, from indices or from a mask.

    Raises:
      TypeError: the name is no string, or the indices are no integers.
      ValueError: an index is out of range or there twice, or a mask has another shape.

    >>> as_split("train", [True, False, True], 3).tolist()
    [0, 2]
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f"splits must be named by non-empty strings, got the name {name!r}")
    title, array = f"splits[{name!r}]", as_array(values)
    if array.dtype.kind == "b":
        if array.shape != (num_nodes,):
            raise ValueError(
                f"{title} must have shape ({num_nodes},) to be a mask of the nodes, "
                f"got {array.shape}"
            )
        array = np.flatnonzero(array)
    indices = as_indices(title, array, num_nodes)
    seen, counts = np.unique(indices, return_counts=True)
    if seen.size < indices.size:
        node = seen[np.argmax(counts > 1)]
        hint = ". A mask must be boolean" if num_nodes > 1 and array.shape == (num_nodes,) else ""
        raise ValueError(
            f"{title} must hold each node once, got node {node} {counts.max()} times{hint}"
        )
    return indices


def as_offsets(values: Any, receivers: np.ndarray, num_nodes: int) -> np.ndarray | None:
    """Where the edges into each node start, if they are grouped by receiver.

    Raises:
      ValueError: the edges are not sorted by receiver, or start elsewhere.

    >>> as_offsets([0, 2, 3], np.array([0, 0, 1]), 2).tolist()
    [0, 2, 3]
    """
    if values is None:
        return None
    offsets = cast(as_integers("offsets", values), np.int64)
    counts = np.zeros(num_nodes, np.int64)
    for start, part in blocks(receivers):
        last = receivers[start - 1] if start else 0
        if part[0] < last or np.any(part[1:] < part[:-1]):
            raise ValueError("offsets must be None where the edges are not sorted by receiver")
        first = int(part[0])
        counts[first : part[-1] + 1] += np.bincount(part - first)
    if offsets.size != num_nodes + 1 or offsets[0] or np.any(np.diff(offsets) != counts):
        raise ValueError("offsets must say where the edges into each node start and where they end")
    return read_only(offsets)
