"""The graph loss: how far the outputs of neighbors lie apart."""

from __future__ import annotations

import tensorflow as tf

from gnn.configs import DistanceConfig
from gnn.ops.distances import pairwise_distance
from gnn.ops.propagate import Adjacency


def neighbor_distances(
    outputs: tf.Tensor,
    adjacency: Adjacency,
    readout_rows: tf.Tensor,
    config: DistanceConfig,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Sums over regularized nodes each one's mean distance to its neighbors, and counts them.

    For a node i with incoming edges (j, i) of weight w_ij and outputs y, its share is
    `sum_j w_ij d(y_i, y_j) / sum_j w_ij`. Regularized are the nodes that receive an edge of
    positive weight, and those read out (their share is 0 if they receive none); a neighbor that
    only sends does not count. The graph loss is the sum over the count. On one-hop stars that is
    the loss of the predecessor, `neural_structured_learning.experimental.gnn` (Bui et al., "Neural
    Graph Machines", section 3, has the unnormalized sum over edges).

    Args:
        outputs: float `[n_nodes, ...]`.
        adjacency: the edges and their weights, the agreement already multiplied in.
        readout_rows: bool `[n_nodes]`, True for the nodes read out.
        config: the distance.

    Returns:
        Two float32 scalars: the sum of the shares, and the number of regularized nodes.

    Example:

    >>> star = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3, tf.constant([1.0, 3.0]))
    >>> outputs, read = tf.constant([[0.0], [1.0], [2.0]]), tf.constant([False, False, True])
    >>> total, count = neighbor_distances(outputs, star, read, DistanceConfig())
    >>> float(total), float(count)  # (1 * (2 - 0)^2 + 3 * (2 - 1)^2) / (1 + 3)
    (1.75, 1.0)
    """
    weights = adjacency.edge_weights()
    received = tf.math.unsorted_segment_sum(weights, adjacency.receivers, adjacency.num_nodes)
    # Edges of weight 0 (padding among them) drop out even where a sender's output is not finite.
    # Comparing a receiver with itself there keeps the gradient finite too: 0 times an infinite one
    # is NaN.
    senders = tf.where(weights > 0, adjacency.senders, adjacency.receivers)
    distances = pairwise_distance(
        tf.gather(outputs, senders), tf.gather(outputs, adjacency.receivers), config
    )
    distances = tf.where(weights > 0, distances, tf.zeros_like(distances))
    share = tf.math.divide_no_nan(weights, tf.gather(received, adjacency.receivers))
    total = tf.reduce_sum(share * distances)
    regularized = tf.logical_or(received > 0, readout_rows)
    return total, tf.reduce_sum(tf.cast(regularized, tf.float32))
