"""How far edges join nodes of one class."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.graphs.graph import Graph
from gnn.graphs.labels import labeled_edges
from gnn.memory_maps import as_array

_WAYS = ("edge", "node", "adjusted")


def homophily(graph: Graph, labels: Any = None, *, by: str = "edge") -> float:
    """Measures how far the edges join nodes of one class.

    The edges that count are those that are no self loop, not of weight 0, and whose two ends are
    labeled (not -1); `E` is their number. Each counts once, whatever its weight, and so do parallel
    ones.

    - `"edge"`: `h = |{(i, j): y_i = y_j}| / E`, the share of edges that join one class, from 0 to
      1; that of `Graph.info` (Zhu et al. 2020, "Beyond Homophily in Graph Neural Networks", section
      2; they take every edge).
    - `"node"`: the mean over nodes of the share of senders of their class, among those that they
      receive an edge from; from 0 to 1. Nodes that receive no edge that counts take no part (Pei
      et al. 2020, "Geom-GCN: Geometric Graph Convolutional Networks").
    - `"adjusted"`: `(h - c) / (1 - c)`, where `c = sum_k a_k b_k` is the share that chance alone
      would give: class k sends the share `a_k` of the edges and receives `b_k`. It is 0 for edges
      that know nothing of classes, 1 where every edge joins one class, and it can be compared
      between graphs of different classes (Platonov et al. 2023, "Characterizing Graph Datasets for
      Node Classification"). In a directed graph it is the assortativity coefficient of
      Newman 2003, "Mixing patterns in networks", equation 2.

    Args:
        graph: the graph.
        labels: integers `[num_nodes]`, -1 for unlabeled, such as a model's predictions; None takes
            `graph.labels`.
        by: `"edge"`, `"node"` or `"adjusted"`.

    Returns:
        The measure.

    Raises:
        TypeError: `graph` is no `gnn.Graph`.
        ValueError: the labels are missing or are no class a node, or no edge counts, or `by` is
            none of the three; or for `"adjusted"`, all edges join nodes of one and the same class.

    Example:

    >>> graph = Graph.from_edges([0, 1], [1, 2], labels=[0, 0, 1], undirected=True)
    >>> homophily(graph), homophily(graph, by="node")
    (0.5, 0.5)
    >>> round(homophily(graph, by="adjusted"), 3)
    -0.333
    """
    if by not in _WAYS:
        raise ValueError(f"by must be one of {_WAYS}, got {by!r}")
    classes, counts = counted_edges(graph, labels)
    senders, receivers = classes[graph.senders[counts]], classes[graph.receivers[counts]]
    equal = senders == receivers
    if by == "node":
        nodes = graph.receivers[counts]
        number = np.bincount(nodes)
        right = np.bincount(nodes, weights=equal)
        return float(np.mean(right[number > 0] / number[number > 0]))
    share = float(np.mean(equal))
    if by == "edge":
        return share
    _, ends = np.unique(np.concatenate([senders, receivers]), return_inverse=True)
    sent, received = (np.bincount(part, minlength=ends.max() + 1) for part in np.split(ends, 2))
    chance = float(np.sum((sent / equal.size) * (received / equal.size)))
    if sent.size == 1:
        raise ValueError(
            f"adjusted homophily needs edges at two classes; all {equal.size:,} edges join nodes "
            f"of class {senders[0]}"
        )
    return (share - chance) / (1 - chance)


def counted_edges(graph: Graph, labels: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """The class of each node, and which edges count: no self loops, and two labeled ends.

    Args:
        graph: the graph.
        labels: integers `[num_nodes]`; None takes `graph.labels`.

    Returns:
        The classes, int `[num_nodes]`, and a boolean mask `[num_edges]`.

    Raises:
        TypeError: `graph` is no `gnn.Graph`.
        ValueError: the labels are missing or are no class a node, or no edge counts.

    Example:

    >>> graph = Graph.from_edges([0, 1, 1], [1, 1, 2], labels=[5, 7, -1])
    >>> counted_edges(graph)[1].tolist()
    [True, False, False]
    """
    if not isinstance(graph, Graph):
        raise TypeError(f"graph must be a gnn.Graph, got {type(graph).__name__}")
    name, given = ("graph.labels", graph.labels) if labels is None else ("labels", labels)
    if given is None:
        raise ValueError(f"{name} must be one integer a node; the graph has none")
    classes = as_array(given)
    if classes.dtype.kind not in "iu" or classes.ndim > 1:
        shape = ", ".join(map(str, classes.shape))
        raise ValueError(f"{name} must be one integer a node; got {classes.dtype}[{shape}]")
    if classes.shape != (graph.num_nodes,):
        raise ValueError(
            f"{name} must be one integer a node; got {classes.size:,} labels for "
            f"{graph.num_nodes:,} nodes"
        )
    counts = labeled_edges(graph.senders, graph.receivers, graph.weights, classes)
    if not counts.any():
        raise ValueError(
            f"an edge must join two labeled nodes (not -1); none of the {graph.num_edges:,} edges "
            "does"
        )
    return classes, counts
