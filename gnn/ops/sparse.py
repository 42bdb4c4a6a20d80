"""Sparse features: their product with a kernel, and new values in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.ops.adjacency import Adjacency
from gnn.ops.propagate import propagate


def sparse_tensor(matrix: sparse.csr_array) -> tf.SparseTensor:
    """A SciPy matrix as TensorFlow has it.

    Args:
        matrix: `[n_rows, n_columns]` with sorted indices.

    Example:

    >>> sparse_tensor(sparse.csr_array([[0.0, 2.0]])).indices.numpy().tolist()
    [[0, 1]]
    """
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    indices = np.stack([rows, matrix.indices], axis=1).astype(np.int64)
    return tf.SparseTensor(indices, matrix.data, matrix.shape)


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
        indices=features.indices,
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


def as_dense(values: Any) -> Any:
    """A sparse tensor as a dense one that keeps what is known of its shape; others as they are.

    TensorFlow forgets the width, of which layers make their weights.

    Example:

    >>> as_dense(tf.sparse.from_dense([[0.0, 3.0]])).numpy()
    array([[0., 3.]], dtype=float32)
    """
    if not isinstance(values, tf.SparseTensor):
        return values
    dense = tf.sparse.to_dense(values)
    dense.set_shape(values.shape)
    return dense


class SparseRows:
    """Sparse features of which some rows are asked for again and again.

    Where a row begins is looked up once; `gather` then costs what the rows asked for hold.

    Args:
        features: `[n_rows, n_features]`, its entries in order of their rows.

    Example:

    >>> features = tf.sparse.from_dense([[0.0, 3.0], [0.0, 0.0], [5.0, 7.0]])
    >>> rows = SparseRows(features)
    >>> tf.sparse.to_dense(rows.gather(tf.constant([2, 2, 0]))).numpy().tolist()
    [[5.0, 7.0], [5.0, 7.0], [0.0, 3.0]]
    """

    def __init__(self, features: tf.SparseTensor):
        self._features = features
        self._columns = features.indices[:, 1]
        self._entries = tf.RaggedTensor.from_value_rowids(
            tf.range(tf.shape(features.values)[0]),
            features.indices[:, 0],
            features.dense_shape[0],
            validate=False,
        )

    def gather(self, rows: tf.Tensor) -> tf.SparseTensor:
        """Some rows.

        Args:
            rows: int `[n]`, in any order, a row as often as wanted.

        Returns:
            `[n, n_features]`.
        """
        features, chosen = self._features, tf.gather(self._entries, rows)
        entries, begins = chosen.values, chosen.row_splits[1:-1]
        # Counts the beginnings up to each entry; what lies after the last entry has none.
        row_of_entry = tf.cumsum(
            tf.math.unsorted_segment_sum(
                tf.ones_like(begins),
                tf.where(begins < tf.size(entries, tf.int64), begins, -1),
                tf.size(entries),
            )
        )
        indices = tf.stack([row_of_entry, tf.gather(self._columns, entries)], axis=1)
        shape = tf.stack([tf.size(rows, tf.int64), features.dense_shape[1]])
        gathered = tf.SparseTensor(indices, tf.gather(features.values, entries), shape)
        gathered.set_shape([rows.shape[0], features.shape[1]])
        return gathered
