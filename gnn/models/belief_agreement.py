"""Agreement by what a classifier believes of two nodes."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="gnn")
class BeliefAgreement(keras.layers.Layer):
    """The probability that two nodes share a label, if a classifier's beliefs of them are right.

    `g(i, j) = sum_c p_ic p_jc`: what two independent draws from the beliefs agree in. It has no
    weights and needs no labeled edge to learn from. In `gnn.CoTrainer` the beliefs are those of the
    classifier of the round before, and one-hot where a label is known. It is ours, not part of
    Stretcu et al., "Graph agreement models".

    Call arguments:
        inputs: `[sender beliefs, receiver beliefs]`, each `[n_pairs, n_classes]`.

    Returns:
        float32 `[n_pairs, 1]`.

    Example:

    >>> beliefs = tf.constant([[0.5, 0.5], [0.0, 1.0]])
    >>> BeliefAgreement()([beliefs, tf.constant([[1.0, 0.0], [0.0, 1.0]])]).numpy().tolist()
    [[0.5], [1.0]]
    """

    def call(self, inputs: Any) -> tf.Tensor:
        """Returns the probabilities of the pairs."""
        return self.agree(*inputs)

    def encode(self, beliefs: Any, training: bool | None = None) -> tf.Tensor:
        """Returns the beliefs: they are the encodings."""
        del training
        return tf.cast(beliefs, tf.float32)

    def agree(
        self, senders: tf.Tensor, receivers: tf.Tensor, training: bool | None = None
    ) -> tf.Tensor:
        """The probabilities that pairs agree, `[n_pairs, 1]`."""
        del training
        product = tf.cast(senders, tf.float32) * tf.cast(receivers, tf.float32)
        return tf.reduce_sum(product, axis=-1, keepdims=True)
