"""The activations of a classifier's last hidden layer."""

from __future__ import annotations

import keras

from gnn.layers.dense import FeatureDense
from gnn.models.graph_regularization import GraphRegularizationModel


def last_hidden(model: keras.Model) -> keras.Model | None:
    """A functional model of features alone, up to its last hidden layer, a `FeatureDense`.

    Args:
        model: such a model, or a `GraphRegularizationModel` of one.

    Returns:
        A model of the same inputs and weights, whose output is `[n, units]`; None where the model
        is of another kind, or has no hidden layer.

    Example:

    >>> inputs = keras.Input((3,))
    >>> hidden = FeatureDense(2)(inputs)
    >>> last_hidden(keras.Model(inputs, keras.layers.Dense(5)(hidden))).output_shape
    (None, 2)
    """
    node_model = model.node_model if isinstance(model, GraphRegularizationModel) else model
    layers = getattr(node_model, "layers", [])
    hidden = [layer for layer in layers if isinstance(layer, FeatureDense)]
    if not hidden or not getattr(node_model, "inputs", None):
        return None
    return keras.Model(node_model.input, hidden[-1].output)
