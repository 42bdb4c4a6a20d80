"""What surrounds each node: how many neighbors, and how many of them are of its class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gnn.graphs.labels import labeled_edges
from gnn.memory_maps import blocks


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
    counts = np.zeros(num_nodes, np.int64)
    for sent, received, weighs in _parts(senders, receivers, weights):
        kept = (weighs > 0) & (sent != received)
        counts += np.bincount(received[kept], minlength=num_nodes)
    return counts


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
    labels = np.asarray(labels)
    number, same = np.zeros(len(labels), np.int64), np.zeros(len(labels), np.int64)
    for sent, received, weighs in _parts(senders, receivers, weights):
        counts = labeled_edges(sent, received, weighs, labels)
        sent, received = sent[counts], received[counts]
        number += np.bincount(received, minlength=len(labels))
        alike = received[labels[sent] == labels[received]]
        same += np.bincount(alike, minlength=len(labels))
    return np.divide(same, number, out=np.full(len(labels), np.nan), where=number > 0)


def _parts(senders: Any, receivers: Any, weights: Any) -> Iterator[tuple[np.ndarray, ...]]:
    """Some edges at a time, for they may lie in files."""
    senders, weights = np.asarray(senders), np.asarray(weights)
    for start, received in blocks(np.asarray(receivers)):
        part = slice(start, start + len(received))
        yield senders[part], received, weights[part]
