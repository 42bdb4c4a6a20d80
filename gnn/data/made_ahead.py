"""Elements that tf.data makes ahead of their use."""

from __future__ import annotations

import tensorflow as tf

# How many elements are made ahead where nothing tunes their number.
_AHEAD = 4


def made_ahead(
    dataset: tf.data.Dataset, cardinality: int | None = None, *, tuned: bool = True
) -> tf.data.Dataset:
    """The elements of a data set, made ahead; of a known cardinality, never fewer than it says.

    Where an iterator is let go of amid a pass, `prefetch` may report the end of the data, and a
    `cache()` on it then holds the first elements for all: `next(iter(cached))` alone does so, in up
    to one of twenty tries on a busy machine. So the number of elements is checked after they are
    made ahead, not before.

    Args:
        dataset: the data set.
        cardinality: of it, where it does not know it itself.
        tuned: whether tf.data tunes it and what is done to it. Its thread for that takes 10 ms and
            more to end, each time that a pass is over.

    Example:

    >>> dataset = made_ahead(tf.data.Dataset.range(3))
    >>> [int(x) for x in dataset], int(dataset.cardinality())
    ([0, 1, 2], 3)
    """
    ahead = dataset.prefetch(tf.data.AUTOTUNE if tuned else _AHEAD)
    if not tuned:
        options = tf.data.Options()
        options.autotune.enabled = False
        ahead = ahead.with_options(options)
    if cardinality is None:
        cardinality = int(dataset.cardinality())
    if cardinality == tf.data.UNKNOWN_CARDINALITY:
        return ahead
    return ahead.apply(tf.data.experimental.assert_cardinality(cardinality))
