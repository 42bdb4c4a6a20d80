"""What a replica's losses weigh in the step of all replicas."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from gnn.ops.replicas import replica_share

Mean = tuple[tf.Tensor, tf.Tensor]


def part_of_replica(supervised: Sequence[Mean], added: Sequence[Mean]) -> tf.Tensor:
    """This replica's part of the loss of a step, as Keras adds up those of all replicas.

    Args:
        supervised: losses that Keras has divided by the number of replicas, each with what it is a
            mean over, such as labeled rows.
        added: losses that it has not, likewise; loss and count may be vectors of several means.

    Returns:
        A float32 scalar; over all replicas they add up to the loss of all rows and nodes.

    Example:

    >>> two = tf.constant(2.0)
    >>> float(part_of_replica([(two, tf.constant(3.0))], [(tf.constant(0.5), two)]))
    2.5
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    shared = [*supervised, *((mean / replicas, count) for mean, count in added)]
    # Replicas take turns at every exchange and share the layers' attributes: exchange last.
    return tf.add_n([tf.reduce_sum(loss * replica_share(count)) for loss, count in shared])
