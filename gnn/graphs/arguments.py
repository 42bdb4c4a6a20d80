"""Arguments that several parts take: a node by its name, and counts."""

from __future__ import annotations

import numbers
from typing import Any

from gnn.graphs.graph import Graph

_IDS_SHOWN = 10


def check_count(name: str, value: Any, least: int) -> int:
    """An integer, `least` or more.

    Raises:
        TypeError: it is no integer.
        ValueError: it is less.

    Example:

    >>> check_count("hops", 2, 1)
    2
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)


def find_node(graph: Graph, node: Any) -> int:
    """The index of the node that is called `node`.

    Args:
        graph: the graph.
        node: one of `graph.ids`; the node's index, where the graph has no ids.

    Raises:
        TypeError: `graph` is no `gnn.Graph`, or an index is no integer.
        KeyError: no node has the id; some that there are are named.
        ValueError: there is no node of that index.

    Example:

    >>> find_node(Graph.from_edges([0], [1], ids=["tea", "cup"]), "cup")
    1
    """
    if not isinstance(graph, Graph):
        raise TypeError(f"graph must be a gnn.Graph, got {type(graph).__name__}")
    if graph.ids is not None:
        ids = graph.ids.tolist()
        if node not in ids:
            shown = ", ".join(map(repr, ids[:_IDS_SHOWN]))
            more = f" and {len(ids) - _IDS_SHOWN:,} more" if len(ids) > _IDS_SHOWN else ""
            raise KeyError(f"node: no node has the id {node!r}; the ids are {shown}{more}")
        return ids.index(node)
    node = check_count("node", node, 0)
    if node >= graph.num_nodes:
        raise ValueError(f"node must be an index from 0 to {graph.num_nodes - 1}, got {node}")
    return node


def positive_integer(argument: str, value: Any) -> int:
    """Returns `value` as an int.

    Raises:
        ValueError: it is not a positive integer.

    Example:

    >>> positive_integer("heads", 8)
    8
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) <= 0:
        raise ValueError(f"{argument} must be a positive integer; got {value!r}")
    return int(value)


def check_counts(argument: str, values: tuple[Any, ...]) -> tuple[int, ...]:
    """The values as positive ints.

    Raises:
        ValueError: one of them is not a positive integer.

    Example:

    >>> check_counts("hidden_units", (16, 8))
    (16, 8)
    """
    for value in values:
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not whole or int(value) <= 0:
            raise ValueError(f"{argument} must be positive integers; got {values}")
    return tuple(int(value) for value in values)


def check_rate(argument: str, value: float) -> float:
    """The value as a float in `[0, 1)`.

    Raises:
        ValueError: it is outside.

    Example:

    >>> check_rate("dropout_rate", 0)
    0.0
    """
    if not 0 <= value < 1:
        raise ValueError(f"{argument} must be in [0, 1); got {value}")
    return float(value)
