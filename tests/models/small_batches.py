"""A small batch for the tests of classifiers, as inputs and as dense matrices."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.data import full_batch
from gnn.graphs.graph import Graph

SIZE, WIDTH = 9, 6
READ_OUT = [4, 0, 7]


def small_graph(**fields: Any) -> Graph:
    """Nine nodes with weighted, directed edges, three classes, and labels that can be learned."""
    rng = np.random.default_rng(0)
    matrix = rng.uniform(0.5, 2.0, (SIZE, SIZE)) * (rng.random((SIZE, SIZE)) < 0.3)
    receivers, senders = np.nonzero(matrix)
    x = (rng.normal(size=(SIZE, WIDTH)) * (rng.random((SIZE, WIDTH)) < 0.7)).astype(np.float32)
    arguments: dict[str, Any] = {
        "features": {"x": x},
        "weights": matrix[receivers, senders],
        "labels": np.arange(SIZE) % 3,
        "splits": {"some": READ_OUT},
    }
    return Graph.from_edges(senders, receivers, **{**arguments, **fields})


def example(as_sparse: bool = False) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """A batch that reads out three nodes, its features, and `D^-1/2 (A + I) D^-1/2`."""
    graph = small_graph()
    inputs = dict(next(iter(full_batch(graph, "some")))[0])
    if as_sparse:
        inputs["x"] = tf.sparse.from_dense(inputs["x"])
    looped = np.eye(SIZE)
    np.add.at(looped, (graph.receivers, graph.senders), graph.weights)
    scale = 1 / np.sqrt(looped.sum(axis=1))
    return inputs, graph.features["x"], scale[:, np.newaxis] * looped * scale


def relu(x: Any) -> np.ndarray:
    """The larger of `x` and 0."""
    return np.maximum(x, 0)


def with_random_weights(model: keras.Model, inputs: Any) -> keras.Model:
    """The model with other numbers in every weight, biases too."""
    model(inputs)
    rng = np.random.default_rng(3)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape) / np.sqrt(max(weight.shape)))
    return model
