"""What surrounds each node: how many neighbors, and how many of them are of its class."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.graphs.labels import labeled_edges
from gnn.graphs.weighing_edges import weighing_edges


def neighbor_counts(senders: Any, receivers: Any, weights: Any, num_nodes: int) -> np.ndarray:
    """How many edges each node receives, without those of weight 0 and self loops.

    Args:
        senders: integers `[n_edges]`.
        receivers: integers `[n_edges]`.
        weights: float `[n_edges]`.
        num_nodes: how many nodes there are.

    Returns:
        int64 `[num_nodes]`.

    Example:

    >>> neighbor_counts([0, 1, 2, 2], [1, 1, 1, 0], np.array([1.0, 1, 1, 0]), 3).tolist()
    [0, 2, 0]
    """
    kept = weighing_edges(weights)
    senders, receivers = np.asarray(senders)[kept], np.asarray(receivers)[kept]
    return np.bincount(receivers[senders != receivers], minlength=num_nodes).astype(np.int64)


def neighbor_homophily(senders: Any, receivers: Any, weights: Any, labels: Any) -> np.ndarray:
    """Of each node's labeled neighbors the share that has its class.

    Neighbors are the nodes that it receives an edge from, an edge each; edges of weight 0 and self
    loops count for nothing. `gnn.graphs.homophily(graph, by="node")` is the mean of it.

    Args:
        senders: integers `[n_edges]`.
        receivers: integers `[n_edges]`.
        weights: float `[n_edges]`.
        labels: integers `[num_nodes]`, the true classes; -1 where there is none.

    Returns:
        float64 `[num_nodes]`; NaN where the node, or all of its neighbors, have no label.

    Example:

    >>> neighbor_homophily([1, 2, 3, 0], [0, 0, 0, 3], np.ones(4), np.array([5, 5, 7, -1])).tolist()
    [0.5, nan, nan, nan]
    """
    senders, receivers, labels = np.asarray(senders), np.asarray(receivers), np.asarray(labels)
    counts = labeled_edges(senders, receivers, np.asarray(weights), labels)
    senders, receivers = senders[counts], receivers[counts]
    number = np.bincount(receivers, minlength=len(labels))
    same = np.bincount(
        receivers, weights=labels[senders] == labels[receivers], minlength=len(labels)
    )
    return np.divide(same, number, out=np.full(len(labels), np.nan), where=number > 0)
