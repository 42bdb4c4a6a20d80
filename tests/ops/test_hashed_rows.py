"""Rows of a small table by a hash: against the published generator, and as chance has it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from gnn.ops.hashed_rows import rows_by_hash, splitmix64


def by_python(number: int) -> int:
    """Output `number` of SplitMix64 from seed 0, in Python's integers."""
    value = number * 0x9E3779B97F4A7C15 % 2**64
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


def test_outputs_of_seed_0_are_the_published_ones() -> None:
    found = splitmix64(tf.constant([1, 2, 3], tf.int64)).numpy().view(np.uint64)
    wanted = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert found.tolist() == wanted == [by_python(number) for number in (1, 2, 3)]


@pytest.mark.parametrize("jit", [False, True])
def test_rows_of_pieces_are_those_of_pythons_integers(jit: bool) -> None:
    ids, num_rows = [0, 1, 41, 2**31 - 2], 1_000_003
    found = tf.function(lambda ids: rows_by_hash(ids, 3, num_rows), jit_compile=jit)(
        tf.constant(ids, tf.int32)
    )
    wanted = [[by_python(3 * i + k + 1) % 2**63 % num_rows for k in range(3)] for i in ids]
    assert found.numpy().tolist() == wanted


def test_pairs_of_rows_come_as_often_as_each_other() -> None:
    """Ids in a row, as they are in use: neither a piece nor a pair of pieces is preferred."""
    rows = rows_by_hash(tf.range(20_000), 2, 7).numpy()
    pairs = np.bincount(rows @ [7, 1], minlength=49)
    assert stats.chisquare(pairs).pvalue > 0.01
