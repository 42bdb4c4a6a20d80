"""Rows of sparse features, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf

from gnn.ops.sparse import SparseRows


@pytest.mark.parametrize("rows", [[3, 0, 3, 7], list(range(8)), [1, 6, 0, 0], [0, 0], []])
def test_gathered_rows_are_those_of_scipy(rows: list[int]) -> None:
    matrix = scipy.sparse.random(8, 5, 0.4, random_state=0, format="csr", dtype=np.float32)
    entries = matrix.tocoo()
    features = tf.SparseTensor(
        np.stack([entries.row, entries.col], axis=1).astype(np.int64), entries.data, [8, 5]
    )

    gathered = tf.function(SparseRows.of(features).gather)
    chosen = gathered(tf.constant(rows, tf.int32))
    assert chosen.shape == (len(rows), 5)
    np.testing.assert_array_equal(tf.sparse.to_dense(chosen), matrix[rows].toarray())
