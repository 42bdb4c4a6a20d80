"""What `fit` is called on: a student whose features are noisy, and the graph loss on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.configs import as_graph_reg_config
from gnn.graphs.graph import Graph
from gnn.models.graph_regularization import GraphRegularizationModel
from gnn.models.node_models import call_node_model


class NoisyInputs(keras.Model):
    """Calls a model of features on those of a batch, with noise in training.

    Args:
        student: the model; its weights are all there are.
        noise: feature -> the standard deviation of what is added to each of its numbers, drawn from
            a normal distribution anew in each step.

    Example:

    >>> learner = NoisyInputs(keras.Sequential([keras.layers.Dense(2)]), {"x": 0.5})
    >>> learner({"x": tf.ones([1, 3])}).shape
    TensorShape([1, 2])
    """

    def __init__(self, student: keras.Model, noise: Mapping[str, float]):
        super().__init__()
        self.student, self.noise = student, dict(noise)
        self.draws = keras.random.SeedGenerator()

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The student's outputs."""
        if training and self.noise:
            if isinstance(inputs, Mapping):
                inputs = {
                    name: self._noisy(value, self.noise[name]) if name in self.noise else value
                    for name, value in inputs.items()
                }
            else:
                inputs = self._noisy(inputs, next(iter(self.noise.values())))
        return call_node_model(self.student, inputs, training)

    def _noisy(self, values: tf.Tensor, deviation: float) -> tf.Tensor:
        drawn = keras.random.normal(tf.shape(values), stddev=deviation, seed=self.draws)
        return values + tf.cast(drawn, values.dtype)


def learner_of(
    student: keras.Model,
    noise: Mapping[str, float],
    config: Any = None,
    regularize: str = "logits",
) -> keras.Model:
    """The model to fit, which shares its weights with the student.

    Args:
        student: a model of features.
        noise: as `NoisyInputs` takes it.
        config: a `gnn.GraphRegConfig`, or what is taken for one; None has no graph loss.
        regularize: what that compares; see `gnn.GraphRegularizationModel`.

    Example:

    >>> type(learner_of(keras.Sequential(), {})).__name__
    'NoisyInputs'
    """
    learner = NoisyInputs(student, noise)
    if config is None:
        return learner
    return GraphRegularizationModel(
        as_graph_reg_config(config), lambda: learner, regularize=regularize
    )


def noise_of(graph: Graph, share: float, nodes: np.ndarray | None = None) -> dict[str, float]:
    """The deviations of the noise: a share of the deviation of all numbers of a feature.

    Features that are sparse, integers or images have none.

    Args:
        graph: with the features.
        share: at least 0.
        nodes: int `[n]`, whose numbers are looked at; None is all nodes.

    Example:

    >>> noise_of(Graph.from_edges([], [], np.array([[0.0, 4.0]])), 0.5)
    {'features': 1.0}
    """
    if not share:
        return {}
    rows = slice(None) if nodes is None or len(nodes) == graph.num_nodes else nodes
    return {
        name: share * float(np.std(feature[rows], dtype=np.float64))
        for name, feature in graph.features.items()
        if isinstance(feature, np.ndarray) and feature.dtype.kind == "f" and feature.ndim == 2
    }
