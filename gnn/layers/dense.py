"""A dense layer that takes sparse features."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.ops.sparse import sparse_matmul


@keras.saving.register_keras_serializable(package="gnn")
class FeatureDense(keras.layers.Dense):
    """Keras' Dense, several times faster on sparse features.

    `activation(X W + b)` with the product of `gnn.ops.sparse_matmul` where `X` is a SparseTensor
    `[n_rows, n_features]`; on dense inputs it is Keras' own layer. The arguments are those of
    `keras.layers.Dense`.

    Example:

    >>> words = tf.sparse.from_dense([[0.0, 2.0]])
    >>> FeatureDense(1, kernel_initializer="ones")(words).numpy()
    array([[2.]], dtype=float32)
    """

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns `[n_rows, units]`."""
        if not isinstance(inputs, tf.SparseTensor):
            return super().call(inputs, training=training)
        outputs = sparse_matmul(inputs, tf.convert_to_tensor(self.kernel))
        if self.bias is not None:
            outputs = outputs + tf.convert_to_tensor(self.bias)
        return outputs if self.activation is None else self.activation(outputs)
