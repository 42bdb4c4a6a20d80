"""The loss and the metrics of a model on a large graph, a stage of the model at a time."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels as labels_known
from gnn.graphs.sampling.chunks import Chunk
from gnn.graphs.splits import is_labeled
from gnn.models.agreement.agreement_weights import weigh_by_agreement
from gnn.models.classifiers.node_classifier import NodeClassifier
from gnn.models.inference.layerwise import LayerwiseRun
from gnn.models.inference.node_rows import FeatureState


def layerwise_evaluate(
    model: NodeClassifier,
    graph: Graph,
    split: str,
    *,
    known_labels: str | None = None,
    batch_size: int | None = None,
    memory_limit: int = 2**30,
    verbose: str | bool = "auto",
) -> dict[str, float]:
    """What `model.evaluate` gives of the whole graph in one batch, in bounded memory.

    The compiled loss and metrics judge the logits of `layerwise_predict`. With a graph loss, it is
    the mean over all nodes that receive an edge, and those of the split, chunk by chunk.

    Args:
        model: a compiled classifier.
        graph: the graph, with features, labels and the split.
        split: whose labeled nodes are judged.
        known_labels: for a model with `pair_weights`, the split whose labels its loss may look at.
        batch_size: as in `layerwise_predict`.
        memory_limit: as in `layerwise_predict`.
        verbose: as in `layerwise_predict`.

    Returns:
        `loss` and the metrics, by name.

    Raises:
        KeyError: there is no such split.
        TypeError: as in `layerwise_predict`.
        ValueError: the model is not compiled, the split has no labeled node, or as in
            `layerwise_predict`.

    Example:

    >>> from gnn.models import GraphConvolutionalNodeClassifier
    >>> graph = Graph.from_edges([0, 1], [1, 0], np.eye(2), labels=[0, 1], splits={"test": [1]})
    >>> model = GraphConvolutionalNodeClassifier(num_classes=2)
    >>> model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    >>> sorted(layerwise_evaluate(model, graph, "test"))
    ['accuracy', 'loss']
    """
    run = LayerwiseRun(model, graph, batch_size, memory_limit, verbose)
    return judge_layerwise(run, split, known_labels=known_labels)


def judge_layerwise(
    run: LayerwiseRun,
    split: str,
    *,
    known_labels: str | None = None,
    logits: np.ndarray | None = None,
) -> dict[str, float]:
    """As `layerwise_evaluate`, of a run over a graph that serves several times.

    Args:
        run: of a model over the graph.
        split: as in `layerwise_evaluate`.
        known_labels: likewise.
        logits: of all nodes, where they are known; None computes them.
    """
    model, graph = run.model, run.graph
    nodes = judged_nodes(graph, split)
    if not model.compiled:
        raise ValueError("the model must be compiled to be evaluated: it has no loss")
    if logits is None:
        logits = run.rows(to_embedding=False)
    model.reset_metrics()
    if model.regularization is not None:
        run.keep({"bare"})
        known = None if known_labels is None else labels_known(graph, known_labels)
        for chunk in run.chunks("bare"):
            _track_graph_loss(model, graph, chunk, logits, nodes, known)
    assert graph.labels is not None
    found = model.test_outputs(graph.labels[nodes], logits[nodes])
    return {name: float(value) for name, value in found.items()}


def judged_nodes(graph: Graph, split: str) -> np.ndarray:
    """The labeled nodes of a split, in its order.

    Raises:
        KeyError: there is no such split.
        ValueError: it has none.

    Example:

    >>> graph = Graph.from_edges([], [], labels=[0, -1], splits={"test": [1, 0]})
    >>> judged_nodes(graph, "test").tolist()
    [0]
    """
    nodes = graph.split(split)
    if graph.labels is not None:
        nodes = nodes[is_labeled(graph.labels[nodes])]
    if graph.labels is None or not len(nodes):
        raise ValueError(f"evaluation needs labeled nodes in the split {split!r}, and it has none")
    return nodes


def _track_graph_loss(
    model: NodeClassifier,
    graph: Graph,
    chunk: Chunk,
    logits: np.ndarray,
    nodes: np.ndarray,
    known: np.ndarray | None,
) -> None:
    """Counts the graph loss of a chunk's receivers in the metric that is its mean."""
    assert model.regularization is not None
    own = nodes[(nodes >= chunk.start) & (nodes < chunk.stop)] - chunk.start + chunk.first
    rows = slice(None) if chunk.nodes is None else chunk.nodes
    batch = BatchGraph(
        nodes=tf.convert_to_tensor(logits[rows]),
        edges=tf.convert_to_tensor(chunk.weights[:, np.newaxis]),
        senders=tf.convert_to_tensor(chunk.senders),
        receivers=tf.convert_to_tensor(chunk.receivers),
        globals=tf.zeros([1, 0]),
        n_node=tf.constant([chunk.num_rows], tf.int32),
        n_edge=tf.constant([len(chunk.senders)], tf.int32),
    )
    batch.readout = tf.convert_to_tensor(own.astype(np.int32))
    if known is not None:
        batch.known_labels = tf.convert_to_tensor(known[rows])
    if model.agreement_model is not None:
        features = FeatureState(graph).rows(chunk)
        batch = weigh_by_agreement(batch, features, model.agreement_model)
    model.regularization(batch, training=False)
    model.regularization.track()
