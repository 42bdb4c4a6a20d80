"""The variables of a model and of its optimizer, made once, ahead of training."""

from __future__ import annotations

import keras

from gnn.models.input_signature import InputSignature


def make_weights(model: keras.Model, *inputs: InputSignature) -> None:
    """Makes a model's weights by a call on symbolic tensors.

    A call on numbers would look up in tables that Keras, when it loads a model, fills only after
    it has made the weights.

    Args:
        model: a Keras model.
        *inputs: the signature of what it is called on; several, where that is a list.

    Example:

    >>> import numpy as np
    >>> model = keras.Sequential([keras.layers.Dense(2)])
    >>> make_weights(model, InputSignature.of(np.ones([1, 3])))
    >>> [tuple(weight.shape) for weight in model.weights]
    [(3, 2), (2,)]
    """
    symbols = [each.symbols() for each in inputs]
    model(symbols if len(symbols) > 1 else symbols[0], training=False)


def make_slots(model: keras.Model) -> None:
    """Makes what a model's optimizer keeps, where there is an optimizer that has not made it.

    Most of Keras' optimizers do nothing when they are built again. `LossScaleOptimizer`, which
    `compile` puts around any under `mixed_float16`, then begins with its first loss scale again,
    and with two variables more, so that Keras no longer reads the scale from a file.

    Example:

    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()), "mse")
    >>> for _ in range(2):
    ...     make_slots(model)
    >>> [variable.name for variable in model.optimizer.variables]
    ['iteration', 'learning_rate', 'step_counter', 'dynamic_scale', 'iteration', 'learning_rate']
    """
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
