"""The batches of a run: how training, evaluation and prediction read a graph."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.data.full_batch import full_batch
from gnn.data.neighborhoods import neighborhoods
from gnn.data.row_batches import all_rows, row_batches, without_graph
from gnn.graphs.graph import Graph
from gnn.runs.recipes import number_of_classes
from gnn.runs.run_config import ALL_NEIGHBORS, NETWORK_NAMES, SAMPLED, RunConfig

_NODES_OF_EVALUATION = 128


def training_batches(config: RunConfig, graph: Graph) -> tf.data.Dataset:
    """The data of `fit`, once; with `steps_per_epoch` they are to be repeated.

    Args:
        config: resolved.
        graph: with a split `"train"`.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2), labels=[0, 1], splits={"train": [0, 1]})
    >>> config = RunConfig(model="mlp", batch_size=0)
    >>> rows, labels = next(iter(training_batches(config, graph)))
    >>> labels.numpy().tolist()
    [0, 1]
    """
    graph = with_labels_for_loss(config, graph)
    if config.batch_size and config.model == "mlp":
        return _seeded(config, graph, fanout=0).map(without_graph)
    if config.batch_size:
        extra: dict[str, Any] = {}
        if config.unlabeled_batch_size:
            extra = {
                "unlabeled": "rest",
                "unlabeled_batch_size": config.unlabeled_batch_size,
            }
        return _seeded(config, graph, fanout=fanout_of(config), **extra)
    if config.model == "mlp":
        return all_rows(graph, graph.split("train"))
    return full_batch(graph, "train")


def evaluation_batches(config: RunConfig, graph: Graph, split: str) -> tf.data.Dataset:
    """The nodes of a split in its order, each once; without the graph where the model needs none.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2), labels=[0, 1], splits={"test": [1]})
    >>> rows, labels = next(iter(evaluation_batches(RunConfig(model="mlp"), graph, "test")))
    >>> rows.numpy().tolist(), labels.numpy().tolist()
    ([[0.0, 1.0]], [1])
    """
    return inference_batches(config, with_labels_for_loss(config, graph), graph.split(split))


def inference_batches(
    config: RunConfig, graph: Graph, nodes: np.ndarray | None = None
) -> tf.data.Dataset:
    """Batches of these nodes in their order (None: all), with labels where the graph has some.

    A network has the whole graph in one batch or, where the configuration says so, neighborhoods
    that are sampled.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2))
    >>> next(iter(inference_batches(RunConfig(model="mlp"), graph))).numpy().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    nodes = np.arange(graph.num_nodes) if nodes is None else nodes
    if config.model not in NETWORK_NAMES:
        return row_batches(graph, nodes)
    chosen = dataclasses.replace(graph, splits={"chosen": nodes})
    if config.inference != SAMPLED:
        return full_batch(chosen, "chosen")
    return neighborhoods(
        chosen,
        "chosen",
        batch_size=_NODES_OF_EVALUATION,
        fanout=fanout_of(config),
        seed=config.seed or 0,
    )


def with_labels_for_loss(config: RunConfig, graph: Graph) -> Graph:
    """The graph with its labels as the loss takes them: classes, or a column a class.

    Example:

    >>> graph = Graph.from_edges([], [], labels=[1, 0, -1])
    >>> with_labels_for_loss(RunConfig(loss="categorical_hinge"), graph).labels.tolist()
    [[0.0, 1.0], [1.0, 0.0], [nan, nan]]
    """
    if config.loss is None or config.loss.startswith("sparse") or graph.labels is None:
        return graph
    labels = np.asarray(graph.labels)
    columns = np.eye(number_of_classes(graph), dtype=np.float32)[np.maximum(labels, 0)]
    columns[labels < 0] = np.nan
    return dataclasses.replace(graph, labels=columns, class_names=None)


def _seeded(config: RunConfig, graph: Graph, fanout: Any, **extra: Any) -> tf.data.Dataset:
    return neighborhoods(
        graph,
        "train",
        batch_size=config.batch_size or 1,
        fanout=fanout,
        shuffle=True,
        seed=config.seed,
        **extra,
    )


def fanout_of(config: RunConfig) -> tuple[int | None, ...]:
    """The fanout as `gnn.data.neighborhoods` takes it, None for all neighbors.

    Example:

    >>> fanout_of(RunConfig(fanout=[10, -1]))
    (10, None)
    """
    return tuple(None if most == ALL_NEIGHBORS else most for most in config.fanout or ())
