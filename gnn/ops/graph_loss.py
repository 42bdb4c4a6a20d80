"""The graph loss: how far the outputs of neighbors lie apart."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from gnn.configs import DistanceConfig, PairWeights
from gnn.ops.adjacency import Adjacency
from gnn.ops.distances import pairwise_distance


class NeighborSums(NamedTuple):
    """The distances of neighbors, added up over the nodes of a batch; float32 scalars.

    Attributes:
        total: the sum over regularized nodes of each one's mean distance to its neighbors.
        count: the number of regularized nodes.
        pull: the sum over regularized nodes of what the mean's weights, times agreements and pair
            weights, add up to: 1 a node that receives edges which count in full. `total / pull` is
            the mean distance of neighbors.
    """

    total: tf.Tensor
    count: tf.Tensor
    pull: tf.Tensor


def neighbor_distances(
    outputs: tf.Tensor,
    adjacency: Adjacency,
    readout_rows: tf.Tensor,
    config: DistanceConfig,
    agreement: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Sums over regularized nodes each one's mean distance to its neighbors, and counts them.

    For a node i with incoming edges (j, i) of weight w_ij, agreement a_ij and outputs y, its share
    is `sum_j w_ij a_ij d(y_i, y_j) / sum_j w_ij`: an edge that is trusted half counts half, and a
    node all of whose edges are distrusted is hardly pulled. Regularized are the nodes that receive
    an edge of positive weight, and those read out (their share is 0 if they receive none); a
    neighbor that only sends does not count. The graph loss is the sum over the count. On one-hop
    stars, with agreements of 1, that is the loss of the predecessor,
    `neural_structured_learning.experimental.gnn` (Bui et al., "Neural Graph Machines", section 3,
    has the unnormalized sum over edges).

    Args:
        outputs: float `[n_nodes, ...]`.
        adjacency: the edges and their weights.
        readout_rows: bool `[n_nodes]`, True for the nodes read out.
        config: the distance.
        agreement: float32 `[n_edges]`, at least 0; None means 1 everywhere.

    Returns:
        Two float32 scalars: the sum of the shares, and the number of regularized nodes.

    Example:

    >>> star = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3, tf.constant([1.0, 3.0]))
    >>> outputs, read = tf.constant([[0.0], [1.0], [2.0]]), tf.constant([False, False, True])
    >>> total, count = neighbor_distances(outputs, star, read, DistanceConfig())
    >>> float(total), float(count)  # (1 * (2 - 0)^2 + 3 * (2 - 1)^2) / (1 + 3)
    (1.75, 1.0)
    """
    total, count, _ = neighbor_sums(outputs, adjacency, readout_rows, config, agreement)
    return total, count


def neighbor_sums(
    outputs: tf.Tensor,
    adjacency: Adjacency,
    readout_rows: tf.Tensor,
    config: DistanceConfig,
    agreement: tf.Tensor | None = None,
) -> NeighborSums:
    """`neighbor_distances`, with how hard the edges pull beside.

    Example:

    >>> pair = Adjacency(tf.constant([0]), tf.constant([1]), 2)
    >>> rows, read = tf.constant([[0.0], [3.0]]), tf.constant([False, True])
    >>> sums = neighbor_sums(rows, pair, read, DistanceConfig("l1"), tf.constant([0.5]))
    >>> float(sums.total), float(sums.pull)
    (1.5, 0.5)
    """
    senders = outputs, adjacency.senders
    receivers = outputs, adjacency.receivers
    return _sum_of_means(senders, receivers, agreement, adjacency, readout_rows, config)


def labeled_neighbor_distances(
    probabilities: tf.Tensor,
    known_labels: tf.Tensor,
    adjacency: Adjacency,
    readout_rows: tf.Tensor,
    config: DistanceConfig,
    pair_weights: PairWeights,
    agreement: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """`neighbor_distances` of class probabilities, with true labels in place where they are known.

    A node's share is `sum_j w_ij c_ij d_ij / sum_j w_ij`, where an edge from j to i has, by which
    of its ends are labeled, y the one-hot label and p the probabilities,

    ========= ======================================= ======================
    labeled   c                                       d
    ========= ======================================= ======================
    both      `labeled_labeled`, 0 if y_j is not y_i  d(y_j, p_i)
    j alone   `labeled_unlabeled` times a_ij          d(y_j, p_i)
    i alone   `labeled_unlabeled` times a_ij          d(y_i, p_j)
    neither   `unlabeled_unlabeled` times a_ij        d(p_j, p_i)
    ========= ======================================= ======================

    These are the terms of Stretcu et al., "Graph agreement models", NeurIPS 2019, section 3.2. The
    paper sums them over edges, and the authors' code takes the mean over as many sampled edges of
    each kind; here each node has the weighted mean of its edges, and the loss is the mean over the
    regularized nodes, so the same pair weights pull less or more than there.

    Args:
        probabilities: float `[n_nodes, num_classes]`.
        known_labels: int32 `[n_nodes]`, -1 where a label is not known.
        adjacency: the edges and their weights.
        readout_rows: bool `[n_nodes]`, True for the nodes read out.
        config: the distance, without a transform.
        pair_weights: by the labels that are known at an edge's ends.
        agreement: float32 `[n_edges]`, at least 0; None means 1 everywhere.

    Returns:
        Two float32 scalars: the sum of the shares, and the number of regularized nodes.

    Raises:
        ValueError: `probabilities` has another rank than 2.

    Example:

    >>> pair = Adjacency(tf.constant([0]), tf.constant([1]), 2, tf.constant([3.0]))
    >>> total, _ = labeled_neighbor_distances(
    ...     tf.constant([[0.5, 0.5], [0.75, 0.25]]), tf.constant([1, -1]), pair,
    ...     tf.constant([False, True]), DistanceConfig(), PairWeights(labeled_unlabeled=2.0))
    >>> float(total)  # 2 * ((0 - 0.75)^2 + (1 - 0.25)^2)
    2.25
    """
    total, count, _ = labeled_neighbor_sums(
        probabilities, known_labels, adjacency, readout_rows, config, pair_weights, agreement
    )
    return total, count


def labeled_neighbor_sums(
    probabilities: tf.Tensor,
    known_labels: tf.Tensor,
    adjacency: Adjacency,
    readout_rows: tf.Tensor,
    config: DistanceConfig,
    pair_weights: PairWeights,
    agreement: tf.Tensor | None = None,
) -> NeighborSums:
    """`labeled_neighbor_distances`, with how hard the edges pull beside."""
    if probabilities.shape.rank != 2:
        raise ValueError(
            "probabilities must have shape [n_nodes, num_classes] to be compared with labels; got "
            f"{probabilities.shape}"
        )
    senders, receivers = adjacency.senders, adjacency.receivers
    known = known_labels >= 0
    one_hot = tf.one_hot(known_labels, probabilities.shape[1], dtype=probabilities.dtype)
    believed = tf.where(known[:, tf.newaxis], one_hot, probabilities)
    from_known, to_known = tf.gather(known, senders), tf.gather(known, receivers)
    # The labeled end comes first: divergences are not symmetric.
    reverse = tf.logical_and(to_known, tf.logical_not(from_known))
    first = tf.where(reverse, receivers, senders)
    second = tf.where(reverse, senders, receivers)

    trust = tf.ones_like(adjacency.edge_weights()) if agreement is None else agreement
    same = tf.gather(known_labels, senders) == tf.gather(known_labels, receivers)
    factors = tf.where(
        tf.logical_and(from_known, to_known),
        pair_weights.labeled_labeled * tf.cast(same, tf.float32),
        trust
        * tf.where(
            tf.logical_or(from_known, to_known),
            pair_weights.labeled_unlabeled,
            pair_weights.unlabeled_unlabeled,
        ),
    )
    return _sum_of_means(
        (believed, first), (probabilities, second), factors, adjacency, readout_rows, config
    )


def _sum_of_means(
    first: tuple[tf.Tensor, tf.Tensor],
    second: tuple[tf.Tensor, tf.Tensor],
    factors: tf.Tensor | None,
    adjacency: Adjacency,
    readout_rows: tf.Tensor,
    config: DistanceConfig,
) -> NeighborSums:
    """The sums of the distances of values that are gathered by rows."""
    weights = adjacency.edge_weights()
    received = tf.math.unsorted_segment_sum(weights, adjacency.receivers, adjacency.num_nodes)
    parts = weights if factors is None else weights * factors
    kept = parts > 0
    # Edges of weight 0 (padding among them) drop out even where a sender's output is not finite.
    # Comparing a receiver with itself there keeps the gradient finite too: 0 times an infinite one
    # is NaN.
    left, right = (
        tf.gather(values, tf.where(kept, rows, adjacency.receivers))
        for values, rows in (first, second)
    )
    distances = pairwise_distance(left, right, config)
    distances = tf.where(kept, distances, tf.zeros_like(distances))
    share = tf.math.divide_no_nan(parts, tf.gather(received, adjacency.receivers))
    total = tf.reduce_sum(share * distances)
    regularized = tf.logical_or(received > 0, readout_rows)
    return NeighborSums(
        total, tf.reduce_sum(tf.cast(regularized, tf.float32)), tf.reduce_sum(share)
    )
