"""What `fit` is called on: a student, and the graph loss on top where there is one."""

from __future__ import annotations

from typing import Any

import keras

from gnn.configs import as_graph_reg_config
from gnn.models.graph_regularization import GraphRegularizationModel
from gnn.models.node_models import call_node_model


class Learner(keras.Model):
    """Calls a model of features on those of a batch that it has inputs for.

    Args:
        student: the model; its weights are all there are.

    Example:

    >>> Learner(keras.Sequential([keras.layers.Dense(2)]))({"x": keras.ops.ones([1, 3])}).shape
    TensorShape([1, 2])
    """

    def __init__(self, student: keras.Model):
        super().__init__()
        self.student = student

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The student's outputs."""
        return call_node_model(self.student, inputs, training)


def learner_of(student: keras.Model, config: Any = None, regularize: str = "logits") -> keras.Model:
    """The model to fit, which shares its weights with the student.

    Args:
        student: a model of features.
        config: a `gnn.GraphRegConfig`, or what is taken for one; None has no graph loss.
        regularize: what that compares; see `gnn.GraphRegularizationModel`.

    Example:

    >>> type(learner_of(keras.Sequential())).__name__
    'Learner'
    """
    if config is None:
        return Learner(student)
    return GraphRegularizationModel(
        as_graph_reg_config(config), lambda: student, regularize=regularize
    )
