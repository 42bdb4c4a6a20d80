"""Edges that were sampled, made to weigh as much as all of which they are a sample."""

from __future__ import annotations

import dataclasses

import tensorflow as tf

from gnn.ops.adjacency import Adjacency


def standing_for_all(adjacency: Adjacency, degrees: tf.Tensor) -> Adjacency:
    """Edges that stand for all edges of the graph: into each node they weigh what those weigh.

    An edge e into node r weighs `w[e] d[r] / sum over e' into r of w[e']`, where `d[r]` is the
    weight that r receives in the whole graph. So a sum over sampled edges estimates the sum over
    all: without bias where the edges into a node weigh the same and are drawn uniformly (it is
    then the estimator of Horvitz and Thompson, "A generalization of sampling without replacement
    from a finite universe", JASA 1952, each edge over its chance to be drawn), and else as the
    ratio estimator (Cochran, "Sampling techniques", 1977, chapter 6), which is exact where all
    neighbors have one value and whose bias vanishes as more are drawn. Means, maxima and shares are
    what they were. A node with all of its edges keeps their weights.

    Args:
        adjacency: the edges of a batch, with weights `[n_edges]` or none.
        degrees: float `[num_nodes]`, the weighted in-degrees in the whole graph.

    Returns:
        The same edges with other weights, which know the degrees.

    Example:

    >>> drawn = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3, tf.constant([1.0, 3.0]))
    >>> whole = standing_for_all(drawn, tf.constant([5.0, 0.0, 8.0]))
    >>> whole.weights.numpy().tolist(), whole.in_degrees().numpy().tolist()
    ([2.0, 6.0], [5.0, 0.0, 8.0])
    """
    weights = adjacency.edge_weights()
    scale = tf.gather(sampling_scale(adjacency, degrees), adjacency.receivers)
    return dataclasses.replace(adjacency, weights=weights * scale, degrees=degrees)


def sampling_scale(adjacency: Adjacency, degrees: tf.Tensor) -> tf.Tensor:
    """How many times as much a node receives in the whole graph as along these edges.

    Args:
        adjacency: the edges of a batch, with their own weights.
        degrees: float `[num_nodes]`, the weighted in-degrees in the whole graph.

    Returns:
        float `[num_nodes]`, 0 for nodes that receive nothing here.

    Example:

    >>> drawn = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3)
    >>> sampling_scale(drawn, tf.constant([5.0, 0.0, 6.0])).numpy().tolist()
    [0.0, 0.0, 3.0]
    """
    received = tf.math.unsorted_segment_sum(
        adjacency.edge_weights(), adjacency.receivers, adjacency.num_nodes
    )
    return tf.math.divide_no_nan(degrees, received)
