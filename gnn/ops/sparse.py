"""Sparse features: their product with a kernel, and new values in their place."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from gnn.ops.propagate import Adjacency, propagate


def sparse_matmul(features: tf.SparseTensor, kernel: tf.Tensor) -> tf.Tensor:
    """The product of sparse features and a dense kernel, faster than TensorFlow's own.

    It is `gnn.ops.propagate` with the features' columns as senders and their rows as receivers, and
    has its speed and its gradients. There is no XLA kernel for sparse tensors: deliver features
    dense there (`padding=` of `gnn.data`).

    Args:
        features: `[n_rows, n_features]`.
        kernel: float `[n_features, units]`.

    Returns:
        `[n_rows, units]`, of the dtype of `kernel`.

    Example:

    >>> sparse_matmul(tf.sparse.from_dense([[0.0, 2.0]]), tf.constant([[1.0], [3.0]])).numpy()
    array([[6.]], dtype=float32)
    """
    entries = Adjacency(
        senders=features.indices[:, 1],
        receivers=features.indices[:, 0],
        num_nodes=features.dense_shape[0],
        weights=features.values,
    )
    out = propagate(kernel, entries)
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


def gather_rows(features: tf.SparseTensor, rows: tf.Tensor) -> tf.SparseTensor:
    """Some rows of sparse features, which costs what these rows hold and little more.

    Args:
        features: `[n_rows, n_features]`, its entries in order of their rows.
        rows: int `[n]`, in any order, a row as often as wanted.

    Returns:
        `[n, n_features]`.

    Example:

    >>> features = tf.sparse.from_dense([[0.0, 3.0], [0.0, 0.0], [5.0, 7.0]])
    >>> tf.sparse.to_dense(gather_rows(features, tf.constant([2, 2, 0]))).numpy().tolist()
    [[5.0, 7.0], [5.0, 7.0], [0.0, 3.0]]
    """
    row_of_entry, column_of_entry = features.indices[:, 0], features.indices[:, 1]
    entries = tf.RaggedTensor.from_value_rowids(
        tf.range(tf.shape(row_of_entry)[0]),
        row_of_entry,
        features.dense_shape[0],
        validate=False,
    )
    chosen = tf.gather(entries, rows)
    indices = tf.stack([chosen.value_rowids(), tf.gather(column_of_entry, chosen.values)], axis=1)
    shape = tf.stack([tf.shape(rows, tf.int64)[0], features.dense_shape[1]])
    gathered = tf.SparseTensor(indices, tf.gather(features.values, chosen.values), shape)
    gathered.set_shape([rows.shape[0], features.shape[1]])
    return gathered
