"""Attention over neighbors: a softmax of the edges into each node."""

from __future__ import annotations

from typing import overload

import tensorflow as tf

from gnn.ops.adjacency import Adjacency

# Its exponential, and some thousands of them added up, are finite in float32.
_LARGEST = 70.0


@overload
def neighbor_softmax(logits: tf.Tensor, adjacency: Adjacency) -> tf.Tensor: ...
@overload
def neighbor_softmax(
    logits: tf.Tensor, adjacency: Adjacency, self_logits: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]: ...
def neighbor_softmax(
    logits: tf.Tensor, adjacency: Adjacency, self_logits: tf.Tensor | None = None
) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
    """Turns a logit an edge into shares that sum to 1 over the edges into a node.

    `share[e] = w[e] exp(logits[e]) / sum over e' into the same node of w[e'] exp(logits[e'])`, a
    head at a time; with weights of 1 it is the softmax of Velickovic et al., "Graph attention
    networks", ICLR 2018, equation 2. The largest logit of each node, of edges that weigh something,
    is taken off first, so nothing overflows. Give the shares to `gnn.ops.propagate` as the weights
    of the same edges.

    Args:
        logits: float `[n_edges]` or `[n_edges, heads]`.
        adjacency: the edges, in any order, with weights `[n_edges]` of at least 0, or none.
        self_logits: float `[num_nodes]` or `[num_nodes, heads]`: adds to each node an edge of
            weight 1 from itself, as the paper has it, without the edge being stored.

    Returns:
        The shares, like `logits` in shape and dtype; with `self_logits`, and those of the nodes
        themselves. Edges of weight 0, and all edges into a node whose weights are all 0, have 0.

    Example:

    >>> both = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3)
    >>> neighbor_softmax(tf.math.log([1.0, 3.0]), both).numpy().round(4)
    array([0.25, 0.75], dtype=float32)
    """
    dtype = logits.dtype
    precise = tf.float64 if dtype == tf.float64 else tf.float32
    logits = tf.cast(logits, precise)
    receivers, num_nodes = adjacency.receivers, adjacency.num_nodes
    counted, weights = tf.stop_gradient(logits), None
    if adjacency.weights is not None:
        weights = adjacency.edge_weights(precise)
        weights = weights if logits.shape.rank == 1 else weights[:, tf.newaxis]
        # Beside the logit of an edge of weight 0 all others could come to nothing.
        counted = tf.where(weights > 0, counted, precise.min)
    highest = tf.math.unsorted_segment_max(counted, receivers, num_nodes)
    if self_logits is not None:
        self_logits = tf.cast(self_logits, precise)
        highest = tf.maximum(highest, tf.stop_gradient(self_logits))
    shares = logits - tf.gather(highest, receivers)
    if weights is None:
        shares = tf.exp(shares)
    else:
        # Edges of weight 0 may lie above the highest: infinity times 0 would be NaN.
        shares = weights * tf.exp(tf.minimum(shares, _LARGEST))
    totals = tf.math.unsorted_segment_sum(shares, receivers, num_nodes)
    if self_logits is None:
        shares = tf.math.divide_no_nan(shares, tf.gather(totals, receivers))
        return tf.cast(shares, dtype)
    own = tf.exp(self_logits - highest)
    totals += own
    shares /= tf.gather(totals, receivers)
    return tf.cast(shares, dtype), tf.cast(own / totals, dtype)
