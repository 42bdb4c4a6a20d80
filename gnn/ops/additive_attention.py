"""The logits of additive attention, an edge at a time, without keeping them for the gradient."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from gnn.ops.adjacency import Adjacency


def additive_logits(
    sent: tf.Tensor,
    received: tf.Tensor,
    attention: tf.Tensor,
    adjacency: Adjacency,
    negative_slope: float = 0.2,
) -> tf.Tensor:
    """The logit of every edge `e = (s, r)`: `attention . leaky_relu(sent[s] + received[r])`.

    A head at a time (Brody, Alon and Yahav, "How attentive are graph attention networks?", ICLR
    2022, equation 7, with `W [h_r ; h_s]` as `received + sent`). Both ends have to be gathered to
    the edges, since the nonlinearity stands between them and the sum. The gradient gathers them
    again: nothing of the size `[n_edges, heads, units]` outlives this function.

    Args:
        sent: float `[n_nodes, heads, units]`, what each node says as a sender.
        received: the same shape, what each node says as a receiver.
        attention: float `[heads, units]`.
        adjacency: the edges, in any order.
        negative_slope: of the leaky ReLU.

    Returns:
        `[n_edges, heads]`, float32, or float64 for float64 inputs.

    Example:

    >>> edge = Adjacency(tf.constant([0]), tf.constant([1]), 2)
    >>> sent, received = tf.constant([[[1.0]], [[9.0]]]), tf.constant([[[9.0]], [[-6.0]]])
    >>> additive_logits(sent, received, tf.constant([[3.0]]), edge).numpy()  # 3 * 0.2 * (1 - 6)
    array([[-3.]], dtype=float32)
    """
    senders, receivers = adjacency.senders, adjacency.receivers
    dtype = tf.float64 if sent.dtype == tf.float64 else tf.float32

    def sums(sent: tf.Tensor, received: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.gather(sent, senders) + tf.gather(received, receivers), dtype)

    @tf.custom_gradient
    def logits(
        sent: tf.Tensor, received: tf.Tensor, attention: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            again = sums(sent, received)
            slopes = tf.where(again > 0, attention, negative_slope * attention)
            for_sums = upstream[:, :, tf.newaxis] * slopes
            for_attention = tf.einsum("ehu,eh->hu", _leaky_relu(again, negative_slope), upstream)
            num_senders, num_receivers = tf.shape(sent)[0], tf.shape(received)[0]
            return (
                tf.cast(tf.math.unsorted_segment_sum(for_sums, senders, num_senders), sent.dtype),
                tf.cast(
                    tf.math.unsorted_segment_sum(for_sums, receivers, num_receivers),
                    received.dtype,
                ),
                for_attention,
            )

        active = _leaky_relu(sums(sent, received), negative_slope)
        return tf.einsum("ehu,hu->eh", active, attention), gradient

    return logits(sent, received, tf.cast(attention, dtype))


def self_logits(
    sent: tf.Tensor, received: tf.Tensor, attention: tf.Tensor, negative_slope: float = 0.2
) -> tf.Tensor:
    """The logits of edges from every node to itself, `[n_nodes, heads]`; see `additive_logits`.

    Example:

    >>> ones = tf.ones([1, 1, 2])
    >>> self_logits(ones, -3 * ones, tf.constant([[1.0, 10.0]]), 0.5).numpy()  # 11 * 0.5 * -2
    array([[-11.]], dtype=float32)
    """
    dtype = tf.float64 if sent.dtype == tf.float64 else tf.float32
    active = _leaky_relu(tf.cast(sent + received, dtype), negative_slope)
    return tf.einsum("nhu,hu->nh", active, tf.cast(attention, dtype))


def _leaky_relu(values: tf.Tensor, negative_slope: float) -> tf.Tensor:
    return tf.where(values > 0, values, negative_slope * values)
