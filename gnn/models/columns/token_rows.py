"""Rows of tokens as sparse numbers: which of the known ones a cell has."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from scipy import sparse


def token_rows(
    tokens: tf.RaggedTensor,
    width: int,
    weights: tf.Tensor | None = None,
    measured: int | None = None,
) -> tf.SparseTensor:
    """A row of numbers of the tokens in each row.

    Without weights it is 1 for each token that is there. With weights, it is how often it is there
    times its weight, and rows have length 1 (tf-idf, where weights are the inverse frequencies).

    Args:
        tokens: int64 `[n, None]`; those below 0 count nothing.
        width: how many tokens there are.
        weights: float `[width]`, positive.
        measured: the length is that of the first so many numbers, where any of them is there; None
            measures all.

    Returns:
        float32 `[n, width]`, in order.

    Example:

    >>> rows = token_rows(tf.ragged.constant([[1, 1, 0], [-1]], dtype=tf.int64), 2)
    >>> tf.sparse.to_dense(rows).numpy().tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    """
    number = tf.cast(tokens.nrows(), tf.int64)
    known = tokens.flat_values >= 0
    row = tf.boolean_mask(tokens.value_rowids(), known)
    places = tf.sort(row * max(width, 1) + tf.boolean_mask(tokens.flat_values, known))
    places, _, counts = tf.unique_with_counts(places)
    row, column = places // max(width, 1), places % max(width, 1)
    values = tf.ones_like(places, tf.float32)
    if weights is not None and width:
        values = tf.cast(counts, tf.float32) * tf.gather(weights, column)
        squares = tf.math.unsorted_segment_sum(tf.square(values), row, number)
        if measured is not None:
            first = tf.where(column < measured, tf.square(values), 0.0)
            of_first = tf.math.unsorted_segment_sum(first, row, number)
            squares = tf.where(of_first > 0, of_first, squares)
        values /= tf.sqrt(tf.gather(squares, row))
    rows = tf.SparseTensor(tf.stack([row, column], axis=1), values, tf.stack([number, width]))
    rows.set_shape([None, width])
    return rows


def as_matrix(rows: tf.SparseTensor) -> sparse.csr_array:
    """Rows in order as SciPy has them.

    >>> as_matrix(tf.sparse.from_dense([[0.0, 2.0]])).toarray().tolist()
    [[0.0, 2.0]]
    """
    row, column = rows.indices.numpy().T
    shape = tuple(rows.dense_shape.numpy().tolist())
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=shape[0]))])
    return sparse.csr_array(
        (rows.values.numpy(), column.astype(np.int32), starts.astype(np.int32)), shape
    )
