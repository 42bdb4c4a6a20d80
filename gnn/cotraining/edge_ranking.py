"""How well an agreement model ranks edges: by true labels, to judge with only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from gnn.graphs.graph import Graph
from gnn.graphs.weighing_edges import weighing_edges

_AT_ONCE = 65536  # Pairs that are scored at once: their encodings take memory.


def agreement_auc(
    graph: Graph,
    labels: np.ndarray,
    agree: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    encodings: tf.Tensor,
) -> float | None:
    """The area under the ROC curve over edges of which an end had no label.

    Args:
        graph: with the true labels, -1 where they are not known; loops and edges of
            weight 0 do not count.
        labels: int `[n_nodes]`, those that the model was trained on, -1 where there was none.
        agree: gives agreements `[n, 1]` of encodings of senders and of receivers.
        encodings: `[n_nodes, ...]`, of all nodes.

    Returns:
        The probability that an edge between nodes of one label is trusted more than one between
        nodes of two; None where there are no edges of both kinds.

    Example:

    >>> graph = Graph.from_edges([0, 1, 2], [1, 2, 2], labels=[0, 0, 1])
    >>> known, encodings = np.array([0, -1, -1]), tf.constant([[1.0], [1.0], [0.0]])
    >>> agreement_auc(graph, known, tf.multiply, encodings)
    1.0
    """
    from sklearn.metrics import roc_auc_score

    true = graph.labels
    assert true is not None
    kept = weighing_edges(graph.weights)
    ends = np.stack([graph.senders[kept], graph.receivers[kept]], axis=1)
    unknown = (labels[ends] < 0).any(axis=1) & (true[ends] >= 0).all(axis=1)
    pairs = ends[unknown & (ends[:, 0] != ends[:, 1])]
    equal = true[pairs[:, 0]] == true[pairs[:, 1]]
    if equal.all() or not equal.any():
        return None
    scores = [
        agree(*(tf.gather(encodings, some[:, side]) for side in (0, 1)))
        for some in np.split(pairs, range(_AT_ONCE, len(pairs), _AT_ONCE))
    ]
    return float(roc_auc_score(equal, np.concatenate(scores)[:, 0]))
