"""The batches of a run: how training, evaluation and prediction read a graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.data.full_batch import full_batch
from gnn.data.neighborhoods import neighborhoods
from gnn.graphs.batch.graphs_tuple import split_inputs
from gnn.graphs.graph import Graph
from gnn.ops.sparse import sparse_tensor
from gnn.runs.recipes import MOST_NODES_AT_ONCE, number_of_classes
from gnn.runs.run_config import ALL_NEIGHBORS, NETWORK_NAMES, RunConfig

_ROWS_OF_EVALUATION = 4096
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
    if config.batch_size and config.model == "mlp":
        dataset = _seeded(config, graph, fanout=0).map(_without_graph)
    elif config.batch_size:
        extra: dict[str, Any] = {}
        if config.unlabeled_batch_size:
            extra = {
                "unlabeled": "rest",
                "unlabeled_batch_size": config.unlabeled_batch_size,
            }
        dataset = _seeded(config, graph, fanout=_fanout(config), **extra)
    elif config.model == "mlp":
        dataset = _all_rows(graph, graph.split("train"))
    else:
        dataset = full_batch(graph, "train")
    return _labels_for_loss(config, graph, dataset)


def evaluation_batches(config: RunConfig, graph: Graph, split: str) -> tf.data.Dataset:
    """The nodes of a split in its order, each once; without the graph where the model needs none.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2), labels=[0, 1], splits={"test": [1]})
    >>> rows, labels = next(iter(evaluation_batches(RunConfig(model="mlp"), graph, "test")))
    >>> rows.numpy().tolist(), labels.numpy().tolist()
    ([[0.0, 1.0]], [1])
    """
    dataset = inference_batches(config, graph, graph.split(split))
    return _labels_for_loss(config, graph, dataset)


def inference_batches(
    config: RunConfig, graph: Graph, nodes: np.ndarray | None = None
) -> tf.data.Dataset:
    """Batches of these nodes in their order (None: all), with labels where the graph has some.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2))
    >>> next(iter(inference_batches(RunConfig(model="mlp"), graph))).numpy().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    nodes = np.arange(graph.num_nodes) if nodes is None else nodes
    if config.model not in NETWORK_NAMES:
        return rows_of_nodes(graph, nodes)
    chosen = dataclasses.replace(graph, splits={"chosen": nodes})
    if graph.num_nodes <= MOST_NODES_AT_ONCE:
        return full_batch(chosen, "chosen")
    return neighborhoods(
        chosen, "chosen", batch_size=_NODES_OF_EVALUATION, fanout=_fanout(config), seed=config.seed
    )


def rows_of_nodes(graph: Graph, nodes: np.ndarray) -> tf.data.Dataset:
    """The features and labels of these nodes, without the graph.

    One feature comes as a tensor, several as a dict; sparse ones stay sparse.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2))
    >>> next(iter(rows_of_nodes(graph, np.array([1])))).numpy().tolist()
    [[0.0, 1.0]]
    """
    if len(nodes) > 2 * _ROWS_OF_EVALUATION:
        chosen = dataclasses.replace(graph, splits={"chosen": nodes})
        stars = neighborhoods(chosen, "chosen", batch_size=_ROWS_OF_EVALUATION, fanout=0, seed=0)
        return stars.map(_without_graph)
    return _all_rows(graph, nodes)


def _all_rows(graph: Graph, nodes: np.ndarray) -> tf.data.Dataset:
    rows = {name: _rows(feature, nodes) for name, feature in graph.features.items()}
    inputs = _tensor_or_dict(rows)
    element = inputs if graph.labels is None else (inputs, graph.labels[nodes])
    return tf.data.Dataset.from_tensors(element)


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


def _fanout(config: RunConfig) -> tuple[int | None, ...]:
    return tuple(None if most == ALL_NEIGHBORS else most for most in config.fanout or ())


def _without_graph(inputs: Any, labels: Any = None) -> Any:
    rows = _tensor_or_dict(split_inputs(inputs)[0])
    return rows if labels is None else (rows, labels)


def _tensor_or_dict(features: Mapping[str, Any]) -> Any:
    return next(iter(features.values())) if len(features) == 1 else dict(features)


def _rows(feature: Any, nodes: np.ndarray) -> Any:
    if not sparse.issparse(feature):
        return feature[nodes]
    return sparse_tensor(feature[nodes])


def _labels_for_loss(config: RunConfig, graph: Graph, dataset: tf.data.Dataset) -> tf.data.Dataset:
    if config.loss is None or config.loss.startswith("sparse"):
        return dataset
    depth = number_of_classes(graph)
    return dataset.map(lambda inputs, labels: (inputs, tf.one_hot(labels, depth)))
