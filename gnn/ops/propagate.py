"""Propagation over edges: a weighted adjacency matrix times the values of the nodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.ops import control_flow_util


@dataclasses.dataclass(frozen=True, eq=False)
class Adjacency:
    """The edges of a graph, as propagation reads them.

    Attributes:
        senders: int32 `[n_edges]`, the node that each edge leaves.
        receivers: int32 `[n_edges]`, the node that each edge enters.
        num_nodes: the number of nodes, an int or a scalar tensor.
        weights: float `[n_edges]`, or None for weights of 1.
        sender_order: int32 `[n_edges]`, the permutation that sorts the edges by sender. Giving it
            says that the edges come sorted by receiver, which spares two sorts a step; `gnn.data`
            gives it.

    Example:

    >>> adjacency = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3)
    >>> adjacency.num_nodes
    3
    """

    senders: tf.Tensor
    receivers: tf.Tensor
    num_nodes: int | tf.Tensor
    weights: tf.Tensor | None = None
    sender_order: tf.Tensor | None = None

    def edge_weights(self, dtype: tf.DType = tf.float32) -> tf.Tensor:
        """The weights, or ones where none were given, as a `[n_edges]` tensor of `dtype`."""
        if self.weights is None:
            return tf.ones(tf.shape(self.senders), dtype)
        return tf.cast(self.weights, dtype)


def propagate(values: tf.Tensor, adjacency: Adjacency) -> tf.Tensor:
    """Sums what every node receives: `out[r] = sum over edges e = (s, r) of w[e] * values[s]`.

    On CPU and GPU this is one product with a CSR matrix. In a function that XLA compiles, which
    has no CSR matrices, it gathers and sums segments; give it static shapes there. Sums are taken
    in float32 at least, so half-precision values lose nothing on the way. Gradients flow to
    `values` and to the weights, are bit-equal from run to run on the CPU, and can be differentiated
    again.

    Args:
        values: float `[n_nodes, ...]`.
        adjacency: the edges. Edges of an `Adjacency` without `sender_order` may come in any order.

    Returns:
        `[num_nodes, ...]`, of the dtype of `values`.

    Example:

    >>> adjacency = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3, tf.constant([1.0, 10.0]))
    >>> propagate(tf.constant([[1.0], [2.0], [3.0]]), adjacency).numpy().tolist()
    [[0.0], [0.0], [21.0]]
    """
    values = tf.convert_to_tensor(values)
    dtype = tf.float64 if values.dtype == tf.float64 else tf.float32
    columns = tf.cast(values, dtype)
    if values.shape.rank != 2:
        columns = tf.reshape(columns, [tf.shape(values)[0], -1])
    weights = adjacency.edge_weights(dtype)
    if compiled_by_xla():
        out = _segment_propagate(columns, weights, adjacency)
    else:
        out = _csr_propagate(columns, weights, adjacency)
    if values.shape.rank != 2:
        out = tf.reshape(out, tf.concat([[adjacency.num_nodes], tf.shape(values)[1:]], 0))
    out = tf.cast(out, values.dtype)
    static = tf.get_static_value(adjacency.num_nodes)
    out.set_shape([None if static is None else int(static), *values.shape[1:]])
    return out


def compiled_by_xla() -> bool:
    """Whether the function being traced will be compiled by XLA, which lacks sparse matrices.

    Example:

    >>> compiled_by_xla()
    False
    """
    # TensorFlow has no public way to ask; its own layers use this one.
    return control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def _segment_propagate(values: tf.Tensor, weights: tf.Tensor, adjacency: Adjacency) -> tf.Tensor:
    messages = weights[:, tf.newaxis] * tf.gather(values, adjacency.senders)
    return tf.math.unsorted_segment_sum(messages, adjacency.receivers, adjacency.num_nodes)


def _csr_propagate(values: tf.Tensor, weights: tf.Tensor, adjacency: Adjacency) -> tf.Tensor:
    senders, receivers, order = adjacency.senders, adjacency.receivers, adjacency.sender_order
    if order is None:
        # The conversion to CSR returns wrong numbers, and no error, on rows out of order.
        by_receiver = tf.argsort(receivers, stable=True)
        senders, receivers = tf.gather(senders, by_receiver), tf.gather(receivers, by_receiver)
        weights = tf.gather(weights, by_receiver)
    num_senders = tf.shape(values, out_type=tf.int64)[0]
    num_receivers = tf.cast(adjacency.num_nodes, tf.int64)
    return _csr_multiply(values, weights, senders, receivers, num_senders, num_receivers, order)


def _csr_multiply(
    values: tf.Tensor,
    weights: tf.Tensor,
    senders: tf.Tensor,
    receivers: tf.Tensor,
    num_senders: tf.Tensor,
    num_receivers: tf.Tensor,
    order: tf.Tensor | None,
) -> tf.Tensor:
    """The product for edges sorted by receiver; `order` sorts them by sender, None finds it."""

    @tf.custom_gradient
    def multiply(values: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
        indices = tf.cast(tf.stack([receivers, senders], axis=1), tf.int64)
        shape = tf.stack([num_receivers, num_senders])
        matrix = tf.raw_ops.SparseTensorToCSRSparseMatrix(
            indices=indices, values=weights, dense_shape=shape
        )

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # A product with the transposed CSR: `transpose_a=True` is slower and adds up in an
            # order that changes from run to run.
            by_sender = tf.argsort(senders, stable=True) if order is None else order
            for_values = _csr_multiply(
                upstream,
                tf.gather(weights, by_sender),
                tf.gather(receivers, by_sender),
                tf.gather(senders, by_sender),
                num_receivers,
                num_senders,
                None,
            )
            for_weights = tf.reduce_sum(
                tf.gather(values, senders) * tf.gather(upstream, receivers), axis=-1
            )
            return for_values, for_weights

        return tf.raw_ops.SparseMatrixMatMul(a=matrix, b=values), gradient

    return multiply(values, weights)
