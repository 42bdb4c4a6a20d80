"""The base of losses that compare integer labels exactly."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class LabeledLoss(keras.losses.Loss):
    """A loss with a number a row, of labels that stay integers.

    Keras makes labels float32 before it calls a loss, which has no 2^24 + 1: two labels could
    become one. A subclass writes `losses`.

    Example:

    >>> class Wrong(LabeledLoss):
    ...     def losses(self, labels, outputs):
    ...         return tf.cast(labels != tf.argmax(outputs, axis=1), tf.float32)
    >>> float(Wrong()(tf.constant([1, 0], tf.int64), tf.constant([[0.0, 1.0], [0.0, 1.0]])))
    0.5
    """

    def losses(self, labels: tf.Tensor, outputs: Any) -> tf.Tensor:
        """The loss of each row, float32 `[n]`. To be written by the subclass.

        Args:
            labels: as they were given; those of one column without it.
            outputs: of the model.
        """
        raise NotImplementedError(f"{type(self).__name__} must define losses(labels, outputs)")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tf.Tensor:
        """The reduced loss."""
        labels = tf.convert_to_tensor(y_true)
        if labels.shape.rank == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]  # Keras gives targets a second axis.
        losses = self.losses(labels, y_pred)
        return super().__call__(tf.zeros_like(losses), losses, sample_weight)

    def call(self, y_true: Any, y_pred: Any) -> tf.Tensor:
        """The loss of each row, as it has been computed before."""
        return y_pred
