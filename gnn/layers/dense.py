"""A dense layer that takes sparse features."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.ops.sparse import sparse_matmul


@keras.saving.register_keras_serializable(package="gnn")
class FeatureDense(keras.layers.Dense):
    """Keras' Dense, several times faster on sparse features, and on several side by side.

    `activation(X W + b)` with the product of `gnn.ops.sparse_matmul` where `X` is a SparseTensor
    `[n_rows, n_features]`; on dense inputs it is Keras' own layer. The arguments are those of
    `keras.layers.Dense`.

    A list of features, sparse or dense, is as their columns side by side: each is multiplied by its
    rows of the kernel, so that sparse ones need not become dense beside dense ones.

    Example:

    >>> words = tf.sparse.from_dense([[0.0, 2.0]])
    >>> FeatureDense(1, kernel_initializer="ones")(words).numpy()
    array([[2.]], dtype=float32)
    >>> FeatureDense(1, kernel_initializer="ones")([words, tf.constant([[0.5]])]).numpy()
    array([[2.5]], dtype=float32)
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.input_spec = None  # Keras' would refuse a list; `build` makes that of one feature.

    def build(self, input_shape: Any) -> None:
        """Makes the weights; of several features, for all their columns."""
        shapes = _shapes(input_shape)
        super().build((None, sum(shape[-1] for shape in shapes)))
        if len(shapes) > 1:
            self.input_spec = None

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns `[n_rows, units]`."""
        if isinstance(inputs, list | tuple):
            kernel = tf.convert_to_tensor(self.kernel)
            kernels = tf.split(kernel, [feature.shape[-1] for feature in inputs])
            parts = [_product(*each) for each in zip(inputs, kernels, strict=True)]
            return self._activated(tf.add_n(parts))
        if not isinstance(inputs, tf.SparseTensor):
            return super().call(inputs, training=training)
        return self._activated(_product(inputs, tf.convert_to_tensor(self.kernel)))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """As Keras' layer; of several features `(n_rows, units)`."""
        return (*_shapes(input_shape)[0][:-1], self.units)

    def _activated(self, outputs: tf.Tensor) -> tf.Tensor:
        if self.bias is not None:
            outputs = outputs + tf.convert_to_tensor(self.bias)
        return outputs if self.activation is None else self.activation(outputs)


def _shapes(input_shape: Any) -> list[Any]:
    """The shapes of one feature, or of several in a list."""
    several = isinstance(input_shape[0], list | tuple)
    return list(input_shape) if several else [input_shape]


def _product(features: Any, kernel: tf.Tensor) -> tf.Tensor:
    if isinstance(features, tf.SparseTensor):
        return sparse_matmul(features, kernel)
    return tf.matmul(features, kernel)
