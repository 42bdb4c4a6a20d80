"""Sparse features: their product with a kernel, and new values in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def sparse_matmul(features: tf.SparseTensor, kernel: tf.Tensor) -> tf.Tensor:
    """The product of sparse features and a dense kernel, faster than TensorFlow's own.

    Forward it is a CSR product; the gradient for the kernel adds up in the order of the entries.
    There is no XLA kernel for sparse tensors: deliver features dense there (`padding=` of
    `gnn.data`).

    Args:
        features: `[n_rows, n_features]`, its entries in row-major order.
        kernel: float `[n_features, units]`.

    Returns:
        `[n_rows, units]`, of the dtype of `kernel`.

    Example:

    >>> sparse_matmul(tf.sparse.from_dense([[0.0, 2.0]]), tf.constant([[1.0], [3.0]])).numpy()
    array([[6.]], dtype=float32)
    """
    dtype = tf.float64 if kernel.dtype == tf.float64 else tf.float32
    values = tf.cast(features.values, dtype)

    @tf.custom_gradient
    def multiply(values: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
        matrix = tf.raw_ops.SparseTensorToCSRSparseMatrix(
            indices=features.indices, values=values, dense_shape=features.dense_shape
        )

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            tensor = tf.SparseTensor(features.indices, values, features.dense_shape)
            for_kernel = tf.sparse.sparse_dense_matmul(tensor, upstream, adjoint_a=True)
            rows, columns = features.indices[:, 0], features.indices[:, 1]
            for_values = tf.reduce_sum(tf.gather(upstream, rows) * tf.gather(kernel, columns), -1)
            return for_values, for_kernel

        return tf.raw_ops.SparseMatrixMatMul(a=matrix, b=kernel), gradient

    out = tf.cast(multiply(values, tf.cast(kernel, dtype)), kernel.dtype)
    out.set_shape([features.shape[0], kernel.shape[1]])
    return out


def map_values(
    function: Callable[[tf.Tensor], tf.Tensor], features: tf.SparseTensor
) -> tf.SparseTensor:
    """Applies a function to the stored values; unlike `with_values` it keeps the static shape.

    Example:

    >>> map_values(tf.square, tf.sparse.from_dense([[0.0, 3.0]])).values.numpy()
    array([9.], dtype=float32)
    """
    mapped = features.with_values(function(features.values))
    mapped.set_shape(features.shape)
    return mapped
