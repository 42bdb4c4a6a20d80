"""The labels that a loss may look at, and those of a batch's nodes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gnn.graphs.graph import Graph


def known_labels(graph: Graph, split: str = "train") -> np.ndarray:
    """The labels of a split's nodes; no other label is looked at.

    Args:
        graph: a graph with one integer label a node.
        split: the name of the split whose labels are known.

    Returns:
        int32 `[n_nodes]`: the label of each node of the split, -1 for every other node (and for one
        of the split that has no label).

    Raises:
        KeyError: an unknown split.
        TypeError: the graph has no labels, or they are not one integer a node.

    Example:

    >>> graph = Graph.from_edges([], [], labels=[2, 0, 1], splits={"train": [0, 2], "test": [1]})
    >>> known_labels(graph).tolist()
    [2, -1, 1]
    """
    labels = graph.labels
    if labels is None or labels.ndim != 1 or labels.dtype.kind != "i":
        got = "none" if labels is None else f"{labels.dtype} of shape {labels.shape}"
        raise TypeError(
            f"graph.labels must be one integer a node, -1 where it is not known; got {got}"
        )
    nodes = graph.split(split)
    known = np.full(graph.num_nodes, -1, np.int32)
    known[nodes] = labels[nodes]
    return known


def labeled_nodes(graph: Graph, split: str) -> tuple[np.ndarray, np.ndarray]:
    """The nodes of a split that have a label, and their labels.

    Args:
        graph: a graph with one integer label a node.
        split: the name of the split.

    Returns:
        Two int arrays, in the split's own order.

    Raises:
        KeyError: an unknown split.

    Example:

    >>> graph = Graph.from_edges([], [], labels=[2, -1, 1], splits={"test": [2, 1, 0]})
    >>> labeled_nodes(graph, "test")
    (array([2, 0], dtype=int32), array([1, 2], dtype=int32))
    """
    nodes = graph.split(split)
    assert graph.labels is not None
    nodes = nodes[graph.labels[nodes] >= 0]
    return nodes, graph.labels[nodes]


def known_labels_of(known: np.ndarray, batch: Mapping[str, np.ndarray]) -> np.ndarray:
    """The known labels of a batch's nodes; nodes that are padding have none.

    Args:
        known: what `known_labels` returns.
        batch: holds `node_ids` and, if it is padded, `node_mask`.

    Returns:
        int32 `[n_nodes]` of the batch.

    Example:

    >>> batch = {"node_ids": np.array([1, 0]), "node_mask": np.array([True, False])}
    >>> known_labels_of(np.array([5, 6], np.int32), batch).tolist()
    [6, -1]
    """
    labels = known[batch["node_ids"]]
    mask = batch.get("node_mask")
    return labels if mask is None else np.where(mask, labels, np.int32(-1))
