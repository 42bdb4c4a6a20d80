"""Sums of equal rows, by NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gnn.ops import sum_equal_rows


@pytest.mark.parametrize("jit", [False, True])
def test_sums_where_the_number_of_rows_is_not_known(jit: bool) -> None:
    """Under XLA a number of rows that hangs on values is a bound, of which most sums are wrong."""

    @tf.function(jit_compile=jit)
    def summed(mask: tf.Tensor, rows: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        kept = tf.where(mask)[:, 0]
        found, sums = sum_equal_rows(tf.gather(rows, kept), tf.gather(gradients, kept))
        return tf.tensor_scatter_nd_add(tf.zeros([6, 2]), found[:, tf.newaxis], sums)

    rng = np.random.default_rng(0)
    rows = rng.integers(0, 6, 12).astype(np.int32)
    gradients = rng.normal(size=(12, 2)).astype(np.float32)
    for mask in (rng.random(12) < 0.6, np.ones(12, bool), np.zeros(12, bool)):
        wanted = np.zeros((6, 2), np.float32)
        np.add.at(wanted, rows[mask], gradients[mask])
        np.testing.assert_allclose(summed(mask, rows, gradients), wanted, atol=1e-6)


def test_no_rows_have_no_sums() -> None:
    rows, sums = sum_equal_rows(tf.zeros([0], tf.int32), tf.zeros([0, 2]))
    assert rows.shape == (0,) and sums.shape == (0, 2)
