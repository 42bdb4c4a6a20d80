"""What any model says of the nodes of a graph, with all of their neighbors."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from gnn.data.full_batch import full_batch
from gnn.data.row_batches import row_batches
from gnn.graphs.graph import Graph
from gnn.layers.regularization import MONITORS
from gnn.models.classifiers.node_classifier import NodeClassifier
from gnn.models.inference.layerwise import LayerwiseRun
from gnn.models.inference.layerwise_evaluation import judge_layerwise, judged_nodes
from gnn.models.inference.memory import bytes_at_once, free_bytes, widest
from gnn.models.node_graph_model import NodeGraphModel

# Up to as many bytes, by `bytes_at_once`, a graph is one batch: Keras then traces one function.
MOST_BYTES_AT_ONCE = 2**30


def predict_nodes(
    model: keras.Model,
    graph: Graph,
    *,
    memory_limit: int | None = None,
    verbose: str | bool = "auto",
) -> np.ndarray:
    """The outputs for all nodes of a graph, exactly: nothing is sampled, at any size.

    How depends on the model:

    - a `NodeClassifier`: the whole graph in one batch while that takes up to 1 GiB (estimated as
      below), and above that `layerwise_predict`, in bounded memory;
    - a model that needs no graph, as a plain Keras model or a `GraphRegularizationModel`: rows of
      features, some thousands at a time;
    - another model of graphs, such as a `NodeGraphModel` of your own: the whole graph in one batch,
      or an error where that takes more memory than there is.

    Memory is estimated from above: the features, 36 bytes an edge, and `4 * width * (num_edges + 4
    * num_nodes)` bytes, where `width` is that of the widest of the features and the model's
    weights.

    Args:
        model: a Keras model of nodes. Without weights yet, it gets new ones.
        graph: the graph, with the features that the model takes.
        memory_limit: bytes that one batch of the third kind may take; None is what is free now.
        verbose: whether to show a progress bar where there are many chunks; "auto" where standard
            error is a terminal.

    Returns:
        The outputs, row i is node i.

    Raises:
        MemoryError: one batch would take more than `memory_limit`; the message says how much.
        ValueError: the graph has no features.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(3)])
    >>> predict_nodes(model, Graph.from_edges([0], [1], np.eye(2))).shape
    (2, 3)
    """
    if isinstance(model, NodeClassifier) and not fits_at_once(model, graph):
        return LayerwiseRun(model, graph, verbose=verbose).rows(to_embedding=False)
    batches = _batches(model, dataclasses.replace(graph, labels=None), None, memory_limit)
    return model.predict(batches, verbose=0)


def embed_nodes(model: NodeClassifier, graph: Graph, *, verbose: str | bool = "auto") -> np.ndarray:
    """The hidden states of all nodes, as `model.embed` gives them of the whole graph, exactly.

    Args:
        model: a `NodeClassifier`.
        graph: as in `predict_nodes`.
        verbose: as in `predict_nodes`.

    Returns:
        float32 `[n_nodes, units]`, row i is node i.

    Example:

    >>> from gnn.models import SGCNodeClassifier
    >>> embed_nodes(SGCNodeClassifier(num_classes=2), Graph.from_edges([0], [1], np.eye(2))).shape
    (2, 2)
    """
    if not fits_at_once(model, graph):
        return LayerwiseRun(model, graph, verbose=verbose).rows(to_embedding=True)
    inputs = next(iter(full_batch(dataclasses.replace(graph, labels=None))))
    return tf.cast(model.embed(inputs), tf.float32).numpy()


def evaluate_nodes(
    model: keras.Model,
    graph: Graph,
    split: str,
    *,
    known_labels: str | None = None,
    memory_limit: int | None = None,
    verbose: str | bool = "auto",
) -> dict[str, float]:
    """The loss and the metrics on the labeled nodes of a split, exactly, as `predict_nodes` does.

    Args:
        model: a compiled Keras model of nodes.
        graph: the graph, with features, labels and the split.
        split: whose labeled nodes are judged.
        known_labels: for a model with `pair_weights`, the split whose labels its loss may look at.
        memory_limit: as in `predict_nodes`.
        verbose: as in `predict_nodes`.

    Returns:
        `loss` and the metrics, by name. There is no graph loss where no edges were looked at: of a
        `GraphRegularizationModel` the loss is the supervised one.

    Raises:
        KeyError: there is no such split.
        MemoryError: as in `predict_nodes`.
        ValueError: the split has no labeled node, or as in `predict_nodes`.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2), labels=[0, 1], splits={"test": [0, 1]})
    >>> model = keras.Sequential([keras.Input([2]), keras.layers.Dense(2, "softmax")])
    >>> model.compile(loss="sparse_categorical_crossentropy")
    >>> list(evaluate_nodes(model, graph, "test"))
    ['loss']
    """
    nodes = judged_nodes(graph, split)
    if isinstance(model, NodeClassifier) and not fits_at_once(model, graph):
        run = LayerwiseRun(model, graph, verbose=verbose)
        return judge_layerwise(run, split, known_labels=known_labels)
    batches = _batches(model, graph, nodes, memory_limit, known_labels)
    found = model.evaluate(batches, verbose=0, return_dict=True)
    return {name: float(value) for name, value in without_graph_loss(model, found).items()}


def without_graph_loss(model: keras.Model, figures: dict[str, float]) -> dict[str, float]:
    """The figures without a graph loss that was not measured, for the model was fed no edges.

    Args:
        model: what was evaluated, on features alone if it needs no graph.
        figures: by name; `val_graph_loss` and the like are names too.

    Example:

    >>> without_graph_loss(keras.Sequential(), {"loss": 1.0, "val_graph_loss": 0.0})
    {'loss': 1.0}
    """
    if needs_graph(model):
        return figures
    return {
        name: value
        for name, value in figures.items()
        if name.removeprefix("val_") not in ("graph_loss", "scaled_graph_loss", *MONITORS)
    }


def needs_graph(model: keras.Model) -> bool:
    """Whether a model predicts a node from its neighbors.

    Example:

    >>> needs_graph(keras.Sequential())
    False
    """
    return isinstance(model, NodeGraphModel) and model.requires_graph


def fits_at_once(model: keras.Model, graph: Graph) -> bool:
    """Whether the whole graph in one batch is small.

    Example:

    >>> fits_at_once(keras.Sequential(), Graph.from_edges([0], [1], np.eye(2)))
    True
    """
    return bytes_at_once(model, graph) <= MOST_BYTES_AT_ONCE


def _batches(
    model: keras.Model,
    graph: Graph,
    nodes: np.ndarray | None,
    memory_limit: int | None,
    known_labels: str | None = None,
) -> tf.data.Dataset:
    rows = np.arange(graph.num_nodes) if nodes is None else nodes
    if not needs_graph(model):
        return row_batches(graph, rows)
    limit = free_bytes() if memory_limit is None else memory_limit
    needed = bytes_at_once(model, graph)
    if limit is not None and needed > limit:
        raise MemoryError(
            f"{type(model).__name__} has no stages to run one by one, so it takes the whole graph "
            f"in one batch, which may need {needed / 2**30:.3g} GiB, and the limit is "
            f"{limit / 2**30:.3g} GiB ({graph.num_edges} edges and {graph.num_nodes} nodes of "
            f"{widest(model, graph)} columns): raise memory_limit, make it a NodeClassifier, or "
            "sample, by gnn.data.neighborhoods"
        )
    chosen = dataclasses.replace(graph, splits={**graph.splits, "the chosen": rows})
    return full_batch(chosen, "the chosen", known_labels=known_labels)
