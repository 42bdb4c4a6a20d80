"""What a replica's losses weigh in the step of all replicas."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from gnn.ops.replicas import replica_share


def part_of_replica(
    supervised: tf.Tensor, rows: tf.Tensor, means: Sequence[tuple[tf.Tensor, tf.Tensor]]
) -> tf.Tensor:
    """This replica's part of the loss of a step, as Keras adds up those of all replicas.

    Args:
        supervised: float32 scalar, its supervised loss, divided by the number of replicas.
        rows: float32 scalar, the labeled rows that it is a mean over.
        means: the mean losses that were added, undivided, each with its number of nodes.

    Returns:
        A float32 scalar; over all replicas they add up to the loss of all rows and nodes.

    Example:

    >>> float(part_of_replica(tf.constant(2.0), tf.constant(3.0), [(tf.constant(0.5), 4.0)]))
    2.5
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    # Replicas take turns at every exchange and share the layers' attributes: exchange last.
    loss = supervised * replica_share(rows)
    for added, nodes in means:
        loss += added / replicas * replica_share(nodes)
    return loss
