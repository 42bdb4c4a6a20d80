"""Sparse features: their product with a kernel, and new values in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.ops.adjacency import Adjacency
from gnn.ops.propagate import propagate

# Of indices that are known to be in order of their rows; new values in their place keep them.
_IN_ORDER = "in_row_order"


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
        is_sorted=getattr(features.indices, _IN_ORDER, False),
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

    They lie as a CSR matrix: where each row begins, and column and value of each entry. `gather`
    costs what the rows asked for hold; TensorFlow has its operations for the CPU alone.

    Args:
        starts: int64 `[n_rows + 1]`, the first entry of each row, and the number of all entries.
        columns: int32 or int64 `[n_entries]`.
        values: `[n_entries]`.
        width: the number of columns.

    Example:

    >>> rows = SparseRows.of(tf.sparse.from_dense([[0.0, 3.0], [0.0, 0.0], [5.0, 7.0]]))
    >>> tf.sparse.to_dense(rows.gather(tf.constant([2, 2, 0]))).numpy().tolist()
    [[5.0, 7.0], [5.0, 7.0], [0.0, 3.0]]
    """

    def __init__(
        self, starts: tf.Tensor, columns: tf.Tensor, values: tf.Tensor, width: int | tf.Tensor
    ):
        self._starts, self._columns, self._values = starts, columns, values
        self._width = width

    @classmethod
    def of(cls, features: tf.SparseTensor) -> SparseRows:
        """Those of a sparse tensor `[n_rows, n_columns]` whose entries are in order of the rows."""
        num_rows = features.dense_shape[0]
        counts = tf.math.unsorted_segment_sum(
            tf.ones_like(features.indices[:, 0]), features.indices[:, 0], num_rows
        )
        starts = tf.concat([tf.zeros([1], tf.int64), tf.cumsum(counts)], axis=0)
        width = features.shape[1] or features.dense_shape[1]
        return cls(starts, features.indices[:, 1], features.values, width)

    def gather(self, rows: tf.Tensor) -> tf.SparseTensor:
        """Some rows.

        Args:
            rows: int `[n]`, in any order, a row as often as wanted.

        Returns:
            `[n, n_features]`.
        """
        columns, values = (
            tf.raw_ops.RaggedGather(
                params_nested_splits=[self._starts],
                params_dense_values=entries,
                indices=rows,
                OUTPUT_RAGGED_RANK=1,
            )
            for entries in (self._columns, self._values)
        )
        # Its columns are places within a row, and not those of the features.
        places = tf.raw_ops.RaggedTensorToSparse(
            rt_nested_splits=list(values.output_nested_splits),
            rt_dense_values=values.output_dense_values,
        )
        column = tf.cast(columns.output_dense_values, tf.int64)
        gathered = tf.SparseTensor(
            tf.stack([places.sparse_indices[:, 0], column], axis=1),
            places.sparse_values,
            tf.stack([tf.size(rows, tf.int64), tf.cast(self._width, tf.int64)]),
        )
        # Of what else comes as a sparse tensor, products look at each step whether it is.
        setattr(gathered.indices, _IN_ORDER, True)
        width = self._width if isinstance(self._width, int) else None
        gathered.set_shape([rows.shape[0], width])
        return gathered
