"""Small graphs for the tests of layers, as GraphsTuples and as dense matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from gnn.graphs.batch.graphs_tuple import BatchGraph, graph_from_inputs

# Five edges among four nodes; node 0 receives nothing, nodes 1 and 2 two edges, node 3 one.
SENDERS, RECEIVERS = [0, 1, 2, 0, 3], [1, 2, 1, 3, 2]
FEATURES = [[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0], [0.5, -0.5]]


def graph_of(senders: Any, receivers: Any, nodes: Any, weights: Any = None) -> BatchGraph:
    """A graph of one component; without weights they are ones."""
    weights = np.ones(len(senders)) if weights is None else np.asarray(weights)
    count = int(nodes.shape[0]) if hasattr(nodes, "shape") else len(nodes)
    graph = graph_from_inputs(
        {
            "x": tf.ones([count, 1]),
            "n_node": [count],
            "n_edge": [len(senders)],
            "edges": tf.reshape(tf.constant(weights, tf.float32), [len(senders), -1]),
            "senders": tf.constant(senders, tf.int32),
            "receivers": tf.constant(receivers, tf.int32),
            "globals": tf.zeros([1, 0]),
        }
    )
    if not isinstance(nodes, tf.SparseTensor):
        nodes = tf.constant(nodes, tf.float32)
    return graph.replace(nodes=nodes)


def four_nodes() -> BatchGraph:
    """The graph at the head of this file, without weights."""
    return graph_of(SENDERS, RECEIVERS, FEATURES)


def cosines(shape: tuple[int, ...], step: float) -> np.ndarray:
    """Numbers without a pattern that any program can make."""
    return np.cos(np.arange(np.prod(shape)) * step).reshape(shape).astype(np.float32)


def random_graph(
    num_features: int, as_sparse: bool = False, seed: int = 0
) -> tuple[BatchGraph, np.ndarray, np.ndarray, np.ndarray]:
    """Ten nodes, the last without edges: the graph, features, `[receiver, sender]` and its edges.

    The edges come in no order and no pair twice; some features are 0.
    """
    rng = np.random.default_rng(seed)
    matrix = rng.uniform(0.5, 2.0, (10, 10)) * (rng.random((10, 10)) < 0.35)
    matrix[9] = matrix[:, 9] = 0
    edges = rng.permutation(np.argwhere(matrix))
    receivers, senders = edges.T
    features = rng.normal(size=(10, num_features)) * (rng.random((10, num_features)) < 0.6)
    features = features.astype(np.float32)
    nodes = tf.sparse.from_dense(features) if as_sparse else features
    graph = graph_of(senders, receivers, nodes, matrix[receivers, senders])
    return graph, features, matrix, edges


def shuffled(graph: BatchGraph) -> BatchGraph:
    """The same graph with its edges in another order."""
    order = np.random.default_rng(7).permutation(int(graph.n_edge[0]))
    names = ("senders", "receivers", "edges")
    return graph.replace(**{name: tf.gather(getattr(graph, name), order) for name in names})
