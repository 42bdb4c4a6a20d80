"""What is made ahead of its use: whole, also under a cache whose first reader left early."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from gnn.data.made_ahead import made_ahead


def _slow(number: np.ndarray) -> np.ndarray:
    if number:
        time.sleep(0.001)  # Being made when the reader leaves.
    return number


def _length_after_a_look(ahead: tf.data.Dataset) -> int:
    cached = ahead.cache()
    next(iter(cached))
    return sum(1 for _ in cached)


def test_a_cache_is_whole_after_a_look_at_its_first_element():
    # Of `prefetch` alone, and as busy, one cache in twenty has one element.
    numbers = tf.data.Dataset.range(3).map(
        lambda number: tf.ensure_shape(tf.numpy_function(_slow, [number], tf.int64), [])
    )
    with ThreadPoolExecutor(4) as threads:
        lengths = threads.map(_length_after_a_look, [made_ahead(numbers)] * 200)
    assert set(lengths) == {3}


def test_cardinality():
    unknown = tf.data.Dataset.range(4).filter(lambda number: number < 2)
    assert made_ahead(unknown).cardinality() == tf.data.UNKNOWN_CARDINALITY
    assert made_ahead(unknown, 2).cardinality() == 2
    assert [int(number) for number in made_ahead(unknown, 2)] == [0, 1]
    with pytest.raises(tf.errors.FailedPreconditionError, match="3"):
        list(made_ahead(unknown, 3))
