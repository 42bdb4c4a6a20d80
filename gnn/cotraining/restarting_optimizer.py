"""An optimizer that begins anew with every round of co-training."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf


class RestartingOptimizer:
    """Trains the weights of one model, with an optimizer like that which it was compiled with.

    Adam where the model was not compiled; scaling the loss where the model computes in float16, as
    `compile` would have it.

    Args:
        model: a built layer or model.
        learning_rate: of that Adam.

    Attributes:
        optimizer: the Keras optimizer.

    Example:

    >>> layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> _ = layer(tf.ones([1, 2]))
    >>> type(RestartingOptimizer(layer, 0.001).optimizer).__name__
    'Adam'
    """

    def __init__(self, model: keras.layers.Layer, learning_rate: float):
        self._model = model
        compiled = getattr(model, "optimizer", None)
        if compiled is None:
            adam = keras.optimizers.Adam(learning_rate)
            in_half = model.dtype_policy.name == "mixed_float16"
            self.optimizer = keras.optimizers.LossScaleOptimizer(adam) if in_half else adam
        else:
            self.optimizer = type(compiled).from_config(compiled.get_config())
        self.optimizer.build(model.trainable_variables)
        self._begin_with = [variable.numpy() for variable in self.optimizer.variables]

    def restart(self) -> None:
        """Sets slots and the count of steps to what they began with: not always 0."""
        for variable, value in zip(self.optimizer.variables, self._begin_with, strict=True):
            variable.assign(value)

    def minimize(self, loss_of: Callable[[], tf.Tensor]) -> tf.Tensor:
        """Takes a step down the gradient of a loss and of what the model's layers add to it.

        Args:
            loss_of: a function that computes the loss, a scalar.

        Returns:
            The whole loss, float32.

        Example:

        >>> layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
        >>> _ = layer(tf.ones([1, 1]))
        >>> training = RestartingOptimizer(layer, 0.5)
        >>> float(training.minimize(lambda: tf.reduce_sum(layer(tf.ones([1, 1])))))
        1.0
        >>> round(float(layer.kernel.numpy()[0, 0]), 4)
        0.5
        """
        variables = self._model.trainable_variables
        with tf.GradientTape() as tape:
            loss = loss_of() + penalties(self._model)
            scaled = self.optimizer.scale_loss(loss)
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
        return loss


def penalties(model: keras.layers.Layer) -> tf.Tensor:
    """The sum of what the layers of a model add to the loss, float32.

    Example:

    >>> layer = keras.layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2")
    >>> _ = layer(tf.ones([1, 2]))
    >>> round(float(penalties(layer)), 4)
    0.02
    """
    return sum((tf.cast(loss, tf.float32) for loss in model.losses), tf.zeros([]))
