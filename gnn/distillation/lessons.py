"""What a student learns from: the targets of the nodes that are seen, in batches."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.data.full_batch import full_batch
from gnn.data.neighborhoods import neighborhoods
from gnn.data.row_batches import all_rows, without_graph
from gnn.distillation.distillation_loss import distillation_targets
from gnn.distillation.soft_labels import softened
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels

# The split of the nodes with soft labels.
SEEN = "seen"


def lesson_graph(
    graph: Graph,
    logits: np.ndarray,
    *,
    temperature: float,
    weight: float,
    nodes: np.ndarray | None = None,
) -> Graph:
    """What a student learns from: targets for labels, a split `"seen"`, and the edges within it.

    Args:
        graph: the graph, with the split `"train"` where `weight` is below 1.
        logits: float `[n_nodes, num_classes]`, of the teacher.
        temperature: of the soft labels.
        weight: of the soft labels, 0 to 1.
        nodes: int `[n]`, which nodes are seen, as `seen_nodes` gives them; None sees all.

    Raises:
        ValueError: labels count, and no node that is seen has one.

    Example:

    >>> graph = Graph.from_edges([0, 1], [1, 2], np.eye(3), labels=[0, 1, 1], splits={"train": [0]})
    >>> lesson = lesson_graph(
    ...     graph, np.zeros((3, 2)), temperature=1.0, weight=0.5, nodes=np.array([0, 1]))
    >>> lesson.labels[lesson.split("seen")].tolist(), lesson.senders.tolist()
    ([[0.5, 0.5, 2.0, 0.0], [0.5, 0.5, 0.0, 0.0]], [0])
    """
    seen = seen_nodes(graph, None) if nodes is None else nodes
    labels = None
    if weight < 1:
        if graph.labels is None or "train" not in graph.splits:
            missing = "labels" if graph.labels is None else "split 'train'"
            raise ValueError(
                f"the graph has no {missing}, and with weight={weight} known labels count: give "
                "them, or weight=1.0, which learns from the teacher alone"
            )
        labels = known_labels(graph, "train")[seen]
        if not (labels >= 0).any():
            raise ValueError(
                "none of the nodes that are seen has a label in the split 'train', and with "
                f"weight={weight} known labels count"
            )
    targets = np.zeros((graph.num_nodes, 2 * logits.shape[1]), np.float32)
    targets[seen] = distillation_targets(softened(logits[seen], temperature), labels)
    found = dataclasses.replace(graph, labels=targets, class_names=None, splits={SEEN: seen})
    return with_edges_within(found, seen)


def with_edges_within(graph: Graph, nodes: np.ndarray) -> Graph:
    """The graph without the edges that lead to or from other nodes than these.

    Args:
        graph: the graph.
        nodes: int `[n]`, each once.

    Example:

    >>> graph = Graph.from_edges([0, 1], [1, 2])
    >>> with_edges_within(graph, np.array([1, 2])).senders.tolist()
    [1]
    """
    if len(nodes) == graph.num_nodes:
        return graph
    is_seen = np.zeros(graph.num_nodes, bool)
    is_seen[nodes] = True
    kept = is_seen[graph.senders] & is_seen[graph.receivers]
    return dataclasses.replace(
        graph,
        senders=graph.senders[kept],
        receivers=graph.receivers[kept],
        weights=graph.weights[kept],
    )


def lesson_batches(
    lesson: Graph, *, batch_size: int, fanout: Any, with_graph: bool, seed: int
) -> tf.data.Dataset:
    """The batches of an epoch, drawn anew each time; where `batch_size` is 0, one of all.

    Args:
        lesson: what `lesson_graph` returned.
        batch_size: nodes of a batch.
        fanout: neighbors that each brings, as in `gnn.data.neighborhoods`.
        with_graph: whether there is a graph loss, which needs them.
        seed: of the order and the neighbors.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2), labels=[0, 1], splits={"train": [0, 1]})
    >>> lesson = lesson_graph(graph, np.zeros((2, 2)), temperature=1.0, weight=1.0)
    >>> batches = lesson_batches(lesson, batch_size=1, fanout=0, with_graph=False, seed=0)
    >>> len(batches)
    2
    """
    if not batch_size:
        return full_batch(lesson, SEEN) if with_graph else all_rows(lesson, lesson.split(SEEN))
    batches = neighborhoods(
        lesson,
        SEEN,
        batch_size=min(batch_size, len(lesson.split(SEEN))),
        fanout=fanout if with_graph else 0,
        shuffle=True,
        seed=seed,
    )
    return batches if with_graph else batches.map(without_graph)


def seen_nodes(graph: Graph, nodes: Any) -> np.ndarray:
    """The nodes that are seen, each once.

    Args:
        graph: the graph.
        nodes: int `[n]`, or the name of a split; None is all.

    Raises:
        KeyError: there is no such split.
        TypeError: nodes are no integers.
        ValueError: no node is seen, or one that there is not.

    Example:

    >>> seen_nodes(Graph.from_edges([0, 1], [1, 2]), [2, 0, 2]).tolist()
    [0, 2]
    """
    if nodes is None:
        return np.arange(graph.num_nodes, dtype=np.int32)
    if isinstance(nodes, str):
        return graph.split(nodes)
    found = np.asarray(nodes)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise TypeError(
            "nodes must be integers, one a node that is seen, or the name of a split; got "
            f"{found.dtype} of shape {list(found.shape)}"
        )
    found = np.unique(found)
    if not len(found):
        raise ValueError("nodes must name a node that is seen; it is empty")
    if found[0] < 0 or found[-1] >= graph.num_nodes:
        wrong = found[0] if found[0] < 0 else found[-1]
        raise ValueError(f"nodes must be from 0 to {graph.num_nodes - 1}, got {int(wrong)}")
    return found.astype(np.int32)
