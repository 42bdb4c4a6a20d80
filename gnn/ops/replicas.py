"""Means over all replicas of a distribution strategy."""

from __future__ import annotations

import tensorflow as tf


def replica_share(count: tf.Tensor) -> tf.Tensor:
    """What a replica's mean over `count` items weighs in the mean over the items of all replicas.

    Keras averages the losses of its replicas evenly. Multiplied by this share, k * count / (sum of
    the counts of the k replicas), they average to the mean over all items. It is 1 on a single
    device.

    Args:
        count: float32 scalar, the items of this replica, such as its labeled rows.

    Returns:
        A float32 scalar; 0 if no replica has an item.

    Example:

    >>> float(replica_share(tf.constant(3.0)))
    1.0
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return tf.ones_like(count)
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, count)
    return tf.math.divide_no_nan(count * context.num_replicas_in_sync, total)
