"""Propagation with the symmetric normalization of Kipf and Welling."""

from __future__ import annotations

import tensorflow as tf

from gnn.ops.propagate import Adjacency, propagate


def symmetric_propagate(values: tf.Tensor, adjacency: Adjacency) -> tf.Tensor:
    """Propagates with self loops and symmetric normalization: `D^-1/2 (A + I) D^-1/2 values`.

    `A[r, s]` is the weight of the edge from s to r, `I` gives every node a loop of weight 1, and
    `D` is the diagonal of the row sums of `A + I`, the weighted in-degrees (Kipf and Welling,
    "Semi-supervised classification with graph convolutional networks", section 2). On a directed
    graph, where the paper says nothing, senders are scaled by their in-degree too. The nodes are
    scaled before and after the product, so nothing of the size of the edges is made but the product
    itself.

    Args:
        values: float `[n_nodes, units]`.
        adjacency: the edges, without the self loops.

    Returns:
        `[n_nodes, units]`, of the dtype of `values`.

    Example:

    >>> pair = Adjacency(tf.constant([0, 1]), tf.constant([1, 0]), 2)
    >>> symmetric_propagate(tf.constant([[2.0], [4.0]]), pair).numpy().round(4).tolist()
    [[3.0], [3.0]]
    """
    dtype = tf.float64 if values.dtype == tf.float64 else tf.float32
    degrees = 1.0 + tf.math.unsorted_segment_sum(
        adjacency.edge_weights(dtype), adjacency.receivers, adjacency.num_nodes
    )
    scale = tf.math.rsqrt(degrees)[:, tf.newaxis]
    scaled = scale * tf.cast(values, dtype)
    return tf.cast(scale * (propagate(scaled, adjacency) + scaled), values.dtype)
