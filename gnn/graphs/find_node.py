"""A node by its name."""

from __future__ import annotations

from typing import Any

from gnn.configs.arguments import check_count
from gnn.graphs.graph import Graph

_IDS_SHOWN = 10


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
