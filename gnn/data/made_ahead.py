"""Elements that tf.data makes ahead of their use."""

from __future__ import annotations

import tensorflow as tf


def made_ahead(dataset: tf.data.Dataset, cardinality: int | None = None) -> tf.data.Dataset:
    """The elements of a data set, made ahead; of a known cardinality, never fewer than it says.

    Where an iterator is let go of amid a pass, `prefetch` may report the end of the data, and a
    `cache()` on it then holds the first elements for all: `next(iter(cached))` alone does so, in up
    to one of twenty tries on a busy machine. So the number of elements is checked after they are
    made ahead, not before.

    Args:
        dataset: the data set.
        cardinality: of it, where it does not know it itself.

    Example:

    >>> dataset = made_ahead(tf.data.Dataset.range(3))
    >>> [int(x) for x in dataset], int(dataset.cardinality())
    ([0, 1, 2], 3)
    """
    ahead = dataset.prefetch(tf.data.AUTOTUNE)
    if cardinality is None:
        cardinality = int(dataset.cardinality())
    if cardinality == tf.data.UNKNOWN_CARDINALITY:
        return ahead
    return ahead.apply(tf.data.experimental.assert_cardinality(cardinality))
