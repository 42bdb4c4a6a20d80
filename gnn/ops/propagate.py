"""Propagation over edges: a weighted adjacency matrix times the values of the nodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import tensorflow as tf
from tensorflow.python.ops import control_flow_util


@dataclasses.dataclass(frozen=True, eq=False)
class Adjacency:
    """The edges of a graph, as propagation reads them.

    Attributes:
        senders: int32 `[n_edges]`, the node that each edge leaves.
        receivers: int32 `[n_edges]`, the node that each edge enters. Sorted ones spare a sort.
        num_nodes: the number of nodes that receive, an int or a scalar tensor.
        weights: float `[n_edges]`, or None for weights of 1.

    Example:

    >>> adjacency = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3)
    >>> adjacency.num_nodes
    3
    """

    senders: tf.Tensor
    receivers: tf.Tensor
    num_nodes: int | tf.Tensor
    weights: tf.Tensor | None = None

    def edge_weights(self, dtype: tf.DType = tf.float32) -> tf.Tensor:
        """The weights, or ones where none were given, as a `[n_edges]` tensor of `dtype`."""
        if self.weights is None:
            return tf.ones(tf.shape(self.senders), dtype)
        return tf.cast(self.weights, dtype)


def propagate(values: tf.Tensor, adjacency: Adjacency) -> tf.Tensor:
    """Sums what every node receives: `out[r] = sum over edges e = (s, r) of w[e] * values[s]`.

    On CPU and GPU this is one product with a CSR matrix, and one with its transpose for the
    gradient. In a function that XLA compiles, which has no CSR matrices, it gathers and sums
    segments; give it static shapes there. Sums are taken in float32 at least, so half-precision
    values lose nothing on the way. Gradients flow to `values` and to the weights, are bit-equal
    from run to run on the CPU, and can be differentiated again.

    Args:
        values: float `[n_nodes, ...]`.
        adjacency: the edges, in any order; `values` may have more or fewer rows than `num_nodes`.

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
    num_senders = tf.shape(values, out_type=tf.int64)[0]
    shape = tf.stack([tf.cast(adjacency.num_nodes, tf.int64), num_senders])
    senders, receivers = adjacency.senders, adjacency.receivers
    return _csr_multiply(None, values, weights, senders, receivers, shape, False)


def _csr_multiply(
    matrix: tf.Tensor | None,
    values: tf.Tensor,
    weights: tf.Tensor,
    senders: tf.Tensor,
    receivers: tf.Tensor,
    shape: tf.Tensor,
    transposed: bool,
) -> tf.Tensor:
    """`A values`, or `A^T values`, where `A[r, s]` of this shape sums the weights from s to r.

    `matrix` is A as it was made for another product, if there was one.
    """
    # A CSR matrix does not pass from a branch or loop to its gradient, which is another function.
    here = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
    if matrix is None or getattr(matrix, "graph", None) is not here:
        matrix = _csr_matrix(senders, receivers, tf.stop_gradient(weights), shape)

    @tf.custom_gradient
    def multiply(
        values: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[..., tuple[tf.Tensor, tf.Tensor]]]:
        factor = matrix
        if transposed:
            # Multiplying by a transpose made in memory is several times faster than asking the
            # product for `transpose_a=True`, which also adds up in an order that changes from run
            # to run.
            factor = tf.raw_ops.SparseMatrixTranspose(
                input=matrix, conjugate=False, type=weights.dtype
            )

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            for_values = _csr_multiply(
                matrix, upstream, weights, senders, receivers, shape, not transposed
            )
            source, target = (receivers, senders) if transposed else (senders, receivers)
            for_weights = tf.reduce_sum(
                tf.gather(values, source) * tf.gather(upstream, target), axis=-1
            )
            return for_values, for_weights

        return tf.raw_ops.SparseMatrixMatMul(a=factor, b=values), gradient

    return multiply(values, weights)


def _csr_matrix(
    senders: tf.Tensor, receivers: tf.Tensor, weights: tf.Tensor, shape: tf.Tensor
) -> tf.Tensor:
    def sort() -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        order = tf.argsort(receivers, stable=True)
        return tf.gather(senders, order), tf.gather(receivers, order), tf.gather(weights, order)

    # The conversion returns wrong numbers, and no error, on rows out of order. Looking costs next
    # to nothing beside the product.
    is_sorted = tf.reduce_all(receivers[1:] >= receivers[:-1])
    columns, rows, values = tf.cond(is_sorted, lambda: (senders, receivers, weights), sort)
    indices = tf.cast(tf.stack([rows, columns], axis=1), tf.int64)
    return tf.raw_ops.SparseTensorToCSRSparseMatrix(
        indices=indices, values=values, dense_shape=shape
    )
