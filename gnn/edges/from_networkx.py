"""Edges from a NetworkX graph."""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.edges.checks import without_weight
from gnn.edges.edges import Edges
from gnn.edges.merging import merge_edges

if TYPE_CHECKING:
    import networkx as nx


def edges_from_networkx(
    graph: nx.Graph,
    *,
    weight: str | None = "weight",
    merge: str = "sum",
    undirected: bool | None = None,
) -> Edges:
    """The edges of a NetworkX graph; its nodes, in their order, are the ids.

    Args:
      graph: a NetworkX graph of any of the four classes.
      weight: the edge attribute with the weight, 1 where an edge has none; None gives ones. The
        default may be an attribute that no edge has.
      merge: as in `merge_edges`; parallel edges of a multigraph are repeats.
      undirected: as in `merge_edges`; None asks the graph.

    Raises:
      KeyError: if no edge has the attribute named; the numeric ones are listed.
      TypeError: for weights that are no numbers.
      ValueError: as `merge_edges`.

    >>> import networkx as nx
    >>> edges = edges_from_networkx(nx.Graph([("a", "b", {"weight": 2})]))
    >>> edges.ids, edges.senders.tolist(), edges.weights.tolist()
    (['a', 'b'], [0, 1], [2.0, 2.0])
    """
    ids = list(graph)
    index = {node: i for i, node in enumerate(ids)}
    listed = list(graph.edges(data=True))
    weights: list[Any] | None = None
    remarks: tuple[str, ...] = ()
    if weight is not None and listed:
        remarks = _remarks(weight, (data for _, _, data in listed))
        weights = None if remarks else [data.get(weight, 1) for _, _, data in listed]
    edges = merge_edges(
        np.fromiter((index[sender] for sender, _, _ in listed), np.int64, len(listed)),
        np.fromiter((index[receiver] for _, receiver, _ in listed), np.int64, len(listed)),
        weights,
        merge=merge,
        undirected=not graph.is_directed() if undirected is None else undirected,
        num_nodes=len(ids),
    )
    report = dataclasses.replace(edges.report, remarks=remarks)
    return dataclasses.replace(edges, ids=ids, report=report)


def _remarks(weight: str, attributes: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """What to remark where no edge has the default attribute; nothing where one has it."""
    numeric: dict[str, None] = {}
    for data in attributes:
        if weight in data:
            return ()
        numeric |= dict.fromkeys(k for k, value in data.items() if isinstance(value, numbers.Real))
    return without_weight("no edge has the attribute", weight, list(numeric))
