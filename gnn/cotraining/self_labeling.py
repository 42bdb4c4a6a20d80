"""Which unlabeled nodes are given the label that a classifier predicts."""

from __future__ import annotations

import numpy as np


def most_confident(
    probabilities: np.ndarray,
    nodes: np.ndarray,
    count: int,
    min_confidence: float,
    proportions: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The nodes of which a classifier is most sure, and the labels it gives them.

    As in the co-training of Stretcu et al., "Graph agreement models", NeurIPS 2019, section 3.3:
    those whose largest probability is over `min_confidence`, in descending order, the first `count`
    of all, or of each class the first `int(proportion * count)`. Of equals, the first in `nodes`.

    Args:
        probabilities: float `[n_nodes, n_classes]`.
        nodes: int `[n]`, those that may be labeled.
        count: the most that are.
        min_confidence: the probability to exceed.
        proportions: float `[n_classes]`, of the classes; None labels without looking at classes.

    Returns:
        Two int arrays: nodes, and their labels, the most certain first.

    Example:

    >>> beliefs = np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.55, 0.45]])
    >>> most_confident(beliefs, np.arange(4), 2, 0.4)
    (array([0, 2]), array([0, 1]))
    >>> most_confident(beliefs, np.arange(4), 4, 0.6, np.array([0.75, 0.25]))
    (array([0, 2]), array([0, 1]))
    """
    confidence = probabilities[nodes].max(axis=1)
    labels = probabilities[nodes].argmax(axis=1)
    order = np.argsort(-confidence, kind="stable")
    order = order[confidence[order] > min_confidence]
    if proportions is None:
        chosen = order[:count]
    else:
        quota = (proportions * count).astype(np.int64)
        rank = np.empty(len(order), np.int64)
        for label in range(len(proportions)):
            of_class = labels[order] == label
            rank[of_class] = np.arange(of_class.sum())
        chosen = order[rank < quota[labels[order]]]
    return nodes[chosen], labels[chosen]
