"""Propagation over edges: a weighted adjacency matrix times the values of the nodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import tensorflow as tf
from tensorflow.python.eager import record

from gnn.ops.adjacency import Adjacency, current_function, sorted_by_receiver
from gnn.ops.kernels import without_sparse_kernels


def propagate(values: tf.Tensor, adjacency: Adjacency, reduce: str = "sum") -> tf.Tensor:
    """Reduces what every node receives; for "sum" `out[r] = sum over e = (s, r) of w[e] values[s]`.

    On CPU and GPU a sum is one product with a sparse matrix, and one with its transpose for the
    gradient. In a function that XLA compiles, which has no CSR matrices, it gathers and sums
    segments; give it static shapes there. Sums are taken in float32 at least, so half-precision
    values lose nothing on the way. Gradients flow to `values` and to the weights, are bit-equal
    from run to run on the CPU, and can be differentiated again. The gradient of the weights is
    computed only where it is asked for. An adjacency keeps the sparse matrices that are made of it
    for the next product, in the same function or outside of any.

    Args:
        values: float `[n_nodes, ...]`; `[n_nodes, heads, units]` where the weights have heads.
        adjacency: the edges, in any order; `values` may have more or fewer rows than `num_nodes`.
        reduce: "sum"; "mean", the sum over the sum of the weights; or "max", the largest
            `values[s]`, however much an edge weighs. An edge of weight 0 is no edge.

    Returns:
        `[num_nodes, ...]`, of the dtype of `values`; 0 at nodes that receive nothing, and for
        "mean" at those whose weights sum to 0.

    Raises:
        ValueError: `reduce` is none of the three.

    Example:

    >>> adjacency = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3, tf.constant([1.0, 9.0]))
    >>> values = tf.constant([[1.0], [2.0], [3.0]])
    >>> propagate(values, adjacency).numpy().tolist()
    [[0.0], [0.0], [19.0]]
    >>> [propagate(values, adjacency, reduce)[2].numpy() for reduce in ("mean", "max")]
    [array([1.9], dtype=float32), array([2.], dtype=float32)]
    """
    if reduce not in ("sum", "mean", "max"):
        raise ValueError(f"reduce must be 'sum', 'mean' or 'max'; got {reduce!r}")
    values = tf.convert_to_tensor(values)
    if reduce == "max":
        out = _segment_max(values, adjacency)
    else:
        dtype = tf.float64 if values.dtype == tf.float64 else tf.float32
        out = _weighted_sum(tf.cast(values, dtype), adjacency)
        if reduce == "mean":
            weights = adjacency.edge_weights(dtype)
            totals = tf.math.unsorted_segment_sum(weights, adjacency.receivers, adjacency.num_nodes)
            missing = (out.shape.rank or values.shape.rank) - totals.shape.rank
            totals = tf.reshape(totals, tf.concat([tf.shape(totals), [1] * missing], 0))
            out = tf.math.divide_no_nan(out, totals)
        out = tf.cast(out, values.dtype)
    static = tf.get_static_value(adjacency.num_nodes)
    out.set_shape([None if static is None else int(static), *values.shape[1:]])
    return out


def _weighted_sum(values: tf.Tensor, adjacency: Adjacency) -> tf.Tensor:
    weights = adjacency.edge_weights(values.dtype)
    if without_sparse_kernels():
        return _segment_sum(values, weights, adjacency)
    if weights.shape.rank == 2:
        return _propagate_heads(values, weights, adjacency)
    if values.shape.rank == 2:
        return _propagate_columns(values, weights, adjacency)
    columns = tf.reshape(values, [tf.shape(values)[0], tf.reduce_prod(tf.shape(values)[1:])])
    out = _propagate_columns(columns, weights, adjacency)
    return tf.reshape(out, tf.concat([[adjacency.num_nodes], tf.shape(values)[1:]], 0))


def _segment_sum(values: tf.Tensor, weights: tf.Tensor, adjacency: Adjacency) -> tf.Tensor:
    messages = tf.gather(values, adjacency.senders)
    for _ in range(messages.shape.rank - weights.shape.rank):
        weights = weights[..., tf.newaxis]
    return tf.math.unsorted_segment_sum(
        weights * messages, adjacency.receivers, adjacency.num_nodes
    )


def _segment_max(values: tf.Tensor, adjacency: Adjacency) -> tf.Tensor:
    messages, receivers = tf.gather(values, adjacency.senders), adjacency.receivers
    if adjacency.weights is not None:
        is_edge = tf.not_equal(tf.convert_to_tensor(adjacency.weights), 0)
        if is_edge.shape.rank == 1:  # What enters no node is left out, forward and backward.
            receivers = tf.where(is_edge, receivers, tf.constant(-1, receivers.dtype))
        else:
            messages = tf.where(is_edge[..., tf.newaxis], messages, messages.dtype.min)
    largest = tf.math.unsorted_segment_max(messages, receivers, adjacency.num_nodes)
    # Where nothing comes in, TensorFlow says the lowest number there is.
    return tf.where(largest == values.dtype.min, tf.zeros_like(largest), largest)


def _propagate_columns(values: tf.Tensor, weights: tf.Tensor, adjacency: Adjacency) -> tf.Tensor:
    num_senders = tf.shape(values, out_type=tf.int64)[0]
    shape = tf.stack([tf.cast(adjacency.num_nodes, tf.int64), num_senders])
    senders, receivers = adjacency.senders, adjacency.receivers
    if _is_narrow(values):
        product = _product_of_edges(adjacency.indices_of_matrix(), shape)
        return _multiply(product, values, weights, senders, receivers)
    product = _product_of_csr(adjacency, tf.stop_gradient(weights), shape)
    return _multiply(product, values, weights, senders, receivers)


def _propagate_heads(values: tf.Tensor, weights: tf.Tensor, adjacency: Adjacency) -> tf.Tensor:
    """One product with a block-diagonal matrix, a block a head."""
    num_senders, heads = tf.shape(values)[0], tf.shape(values)[1]
    num_nodes = tf.cast(adjacency.num_nodes, tf.int32)
    head = tf.range(heads)[:, tf.newaxis]
    blocks = Adjacency(
        tf.reshape(head * num_senders + tf.cast(adjacency.senders, tf.int32), [-1]),
        tf.reshape(head * num_nodes + tf.cast(adjacency.receivers, tf.int32), [-1]),
        heads * num_nodes,
        is_sorted=adjacency.is_sorted,
    )
    columns = tf.reshape(tf.transpose(values, [1, 0, 2]), [-1, tf.shape(values)[2]])
    columns.set_shape([None, values.shape[2]])
    out = _propagate_columns(columns, tf.reshape(tf.transpose(weights), [-1]), blocks)
    out = tf.reshape(out, [heads, num_nodes, tf.shape(values)[2]])
    return tf.transpose(out, [1, 0, 2])


def _is_narrow(values: tf.Tensor) -> bool:
    """Whether TensorFlow multiplies sparse tensors with so few columns faster than CSR matrices.

    It passes over the edges as they are, in any order, for the gradient too, while a CSR matrix is
    made, and transposed, before it is multiplied. From 32 columns on it does so in another way,
    which takes ten times as long.
    """
    columns = values.shape[1]
    return columns is not None and columns < 32


def _usable_here(matrix: tf.Tensor | None) -> bool:
    """A CSR matrix does not pass from a branch or loop to its gradient, another function."""
    return matrix is not None and getattr(matrix, "graph", None) is current_function()


# Of values, weights and whether to transpose: the product with the matrix `A[r, s]` that sums the
# weights from s to r.
_Product = Callable[[tf.Tensor, tf.Tensor, bool], tf.Tensor]


def _product_of_edges(indices: tf.Tensor, shape: tf.Tensor) -> _Product:
    def product(values: tf.Tensor, weights: tf.Tensor, transposed: bool) -> tf.Tensor:
        return tf.raw_ops.SparseTensorDenseMatMul(
            a_indices=indices,
            a_values=weights,
            a_shape=shape,
            b=values,
            adjoint_a=transposed,
        )

    return product


def _product_of_csr(adjacency: Adjacency, weights: tf.Tensor, shape: tf.Tensor) -> _Product:
    """The matrix and its transpose are made where they are first multiplied, and remembered."""

    def remembered(transposed: bool) -> tf.Tensor:
        key = weights.dtype, transposed
        made = adjacency._made.get(key)
        if not _usable_here(made):
            if transposed:
                made = _transposed(remembered(False), weights.dtype)
            else:
                made = _csr_matrix(adjacency, weights, shape)
            adjacency._remember(key, made)
        return made

    def product(values: tf.Tensor, weights: tf.Tensor, transposed: bool) -> tf.Tensor:
        del weights  # Those that the matrix was made of.
        return tf.raw_ops.SparseMatrixMatMul(a=remembered(transposed), b=values)

    return product


def square_matrices(adjacency: Adjacency) -> tuple[tf.Tensor, tf.Tensor]:
    """The CSR matrix `[num_nodes, num_nodes]` of sorted edges, and its transpose.

    Example:

    >>> edges = Adjacency(tf.constant([1]), tf.constant([0]), 2, tf.constant([5.0]), True)
    >>> [matrix.dtype.name for matrix in square_matrices(edges)]
    ['variant', 'variant']
    """
    weights = adjacency.edge_weights()
    shape = tf.cast(tf.stack([adjacency.num_nodes, adjacency.num_nodes]), tf.int64)
    matrix = _csr_matrix(adjacency, weights, shape)
    return matrix, _transposed(matrix, weights.dtype)


def know_matrices(adjacency: Adjacency, matrix: tf.Tensor, transposed: tf.Tensor) -> None:
    """Tells an adjacency its `square_matrices`, where they were made before.

    Example:

    >>> edges = Adjacency(tf.constant([1]), tf.constant([0]), 2, tf.constant([5.0]), True)
    >>> know_matrices(edges, *square_matrices(edges))
    >>> propagate(tf.ones([2, 32]), edges)[:, 0].numpy().tolist()
    [5.0, 0.0]
    """
    adjacency._remember((tf.float32, False), matrix)
    adjacency._remember((tf.float32, True), transposed)


def _transposed(matrix: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    # Multiplying by a transpose made in memory is several times faster than asking the product for
    # `transpose_a=True`, which also adds up in an order that changes from run to run.
    return tf.raw_ops.SparseMatrixTranspose(input=matrix, conjugate=False, type=dtype)


def _multiply(
    product: _Product,
    values: tf.Tensor,
    weights: tf.Tensor,
    source: tf.Tensor,
    target: tf.Tensor,
    transposed: bool = False,
) -> tf.Tensor:
    """The product with gradients for values and weights, which can be differentiated again.

    An edge leads from a row of `values` that `source` names to the row of the output in `target`.
    """
    # A graph function leaves out what nobody asks for; otherwise it costs more than the product.
    weights_count = not tf.executing_eagerly() or record.should_record_backprop([weights])

    @tf.custom_gradient
    def multiply(
        values: tf.Tensor, weights: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[..., tuple[tf.Tensor, tf.Tensor | None]]]:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
            upstream = tf.convert_to_tensor(upstream)  # A gather right after gives slices.
            for_values = _multiply(product, upstream, weights, target, source, not transposed)
            if not weights_count:
                return for_values, None
            for_weights = tf.reduce_sum(
                tf.gather(values, source) * tf.gather(upstream, target), axis=-1
            )
            return for_values, for_weights

        return product(values, weights, transposed), gradient

    return multiply(values, weights)


def _csr_matrix(adjacency: Adjacency, weights: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    # The conversion returns wrong numbers, and no error, on rows out of order.
    ordered = sorted_by_receiver(dataclasses.replace(adjacency, weights=weights))
    return tf.raw_ops.SparseTensorToCSRSparseMatrix(
        indices=ordered.indices_of_matrix(),
        values=tf.convert_to_tensor(ordered.weights),
        dense_shape=shape,
    )
