"""Self loops and the symmetric normalization of Kipf and Welling."""

from __future__ import annotations

import dataclasses

import tensorflow as tf
from tensorflow.python.eager import record

from gnn.ops.adjacency import Adjacency, current_function, sorted_by_receiver
from gnn.ops.kernels import without_sparse_kernels
from gnn.ops.made_before import MadeBefore
from gnn.ops.propagate import know_matrices, propagate, square_matrices


def symmetric_propagate(values: tf.Tensor, adjacency: Adjacency) -> tf.Tensor:
    """Propagates with self loops and symmetric normalization: `D^-1/2 (A + I) D^-1/2 values`.

    `A[r, s]` is the weight of the edge from s to r, `I` gives every node a loop of weight 1, and
    `D` is the diagonal of the row sums of `A + I`, the weighted in-degrees (Kipf and Welling,
    "Semi-supervised classification with graph convolutional networks", section 2). On a directed
    graph, where the paper says nothing, senders are scaled by their in-degree too. Where the edges
    are a part of a graph's, `D` holds the in-degrees of the whole graph (`Adjacency.degrees`).

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
    return propagate(values, symmetric_adjacency(adjacency, dtype))


def symmetric_adjacency(adjacency: Adjacency, dtype: tf.DType = tf.float32) -> Adjacency:
    """The edges of `D^-1/2 (A + I) D^-1/2`, self loops among them, in order of their receivers.

    They are made once for an adjacency, and serve every layer that asks again.

    Args:
        adjacency: the edges, without the self loops, with weights `[n_edges]` or none.
        dtype: of the weights.

    Returns:
        An adjacency of `n_edges + num_nodes` edges; the loop of a node follows its other edges.

    Example:

    >>> pair = Adjacency(tf.constant([0, 1]), tf.constant([1, 0]), 2)
    >>> loops = symmetric_adjacency(pair)
    >>> loops.senders.numpy().tolist(), loops.receivers.numpy().tolist()
    ([1, 0, 0, 1], [0, 0, 1, 1])
    >>> loops.weights.numpy().round(4).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    key = ("symmetric", dtype)
    known = adjacency._made.get(key)
    if known is not None and known[0] is current_function() and _seen_by_tape(known[1], adjacency):
        return known[1]
    if dtype == tf.float32 and adjacency.made_before is not None and _may_be_kept(adjacency):
        made = _made_before(adjacency, adjacency.made_before)
    else:
        made = _normalized(adjacency, dtype)
    adjacency._remember(key, (current_function(), made))
    return made


def know_symmetric(adjacency: Adjacency, edges: Adjacency, dtype: tf.DType = tf.float32) -> None:
    """Tells an adjacency its `symmetric_adjacency`, where that was computed elsewhere.

    What then propagates over it makes no other; `num_nodes` of `edges` may be smaller, if only the
    first nodes receive, and so are the rows of the product.

    Example:

    >>> adjacency = Adjacency(tf.constant([], tf.int32), tf.constant([], tf.int32), 3)
    >>> know_symmetric(adjacency, Adjacency(tf.constant([2]), tf.constant([0]), 1))
    >>> symmetric_propagate(tf.constant([[1.0], [2.0], [3.0]]), adjacency).numpy().tolist()
    [[3.0]]
    """
    adjacency._remember(("symmetric", dtype), (current_function(), edges))


def _normalized(adjacency: Adjacency, dtype: tf.DType) -> Adjacency:
    edges = adjacency if without_sparse_kernels() else sorted_by_receiver(adjacency)
    weights = edges.edge_weights(dtype)
    scale = tf.math.rsqrt(1.0 + edges.in_degrees(dtype))
    weights *= tf.gather(scale, edges.senders) * tf.gather(scale, edges.receivers)
    return _with_self_loops(edges, weights, scale * scale)


def _may_be_kept(adjacency: Adjacency) -> bool:
    """Whether the normalized edges of the last step serve, if the edges are the same."""
    if adjacency.degrees is not None or tf.get_static_value(adjacency.num_nodes) is None:
        return False
    given = _what_edges_are(adjacency)
    # A gradient of the weights leads through the making.
    return MadeBefore.gains(given) and not record.should_record_backprop(given)


def _what_edges_are(adjacency: Adjacency) -> list[tf.Tensor]:
    return [
        tf.cast([adjacency.num_nodes], tf.int32),
        adjacency.senders,
        adjacency.receivers,
        adjacency.edge_weights(),
    ]


def _made_before(adjacency: Adjacency, before: MadeBefore) -> Adjacency:
    """The normalized edges and their matrices: of this step, or of the last if it had the same."""

    def make() -> list[tf.Tensor]:
        # A copy, since what is made in a branch is of no use outside.
        made = _normalized(dataclasses.replace(adjacency), tf.float32)
        made = dataclasses.replace(made, indices=made.indices_of_matrix())
        return [made.indices, made.weights, *square_matrices(made)]

    dtypes = [tf.int64, tf.float32, tf.variant, tf.variant]
    given = _what_edges_are(adjacency)
    indices, weights, *matrices = before.of(given, make, dtypes)
    size = int(adjacency.senders.shape[0]) + int(tf.get_static_value(adjacency.num_nodes))
    indices.set_shape([size, 2])
    weights.set_shape([size])
    made = Adjacency(
        senders=tf.cast(indices[:, 1], adjacency.senders.dtype),
        receivers=tf.cast(indices[:, 0], adjacency.receivers.dtype),
        num_nodes=adjacency.num_nodes,
        weights=weights,
        is_sorted=True,
        indices=indices,
    )
    know_matrices(made, *matrices)
    return made


def _with_self_loops(edges: Adjacency, weights: tf.Tensor, loops: tf.Tensor) -> Adjacency:
    index = edges.receivers.dtype
    nodes = tf.range(tf.cast(edges.num_nodes, index))
    if without_sparse_kernels():
        # It sums segments in any order, and stitches only at places known beforehand.
        return Adjacency(
            tf.concat([edges.senders, nodes], 0),
            tf.concat([edges.receivers, nodes], 0),
            edges.num_nodes,
            tf.concat([weights, loops], 0),
        )
    # Before an edge into node r lie the loops of the nodes before r.
    places = [
        tf.cast(tf.range(tf.size(edges.receivers)), tf.int32) + tf.cast(edges.receivers, tf.int32),
        tf.cast(
            tf.searchsorted(edges.receivers, nodes, side="right") + tf.cast(nodes, tf.int32),
            tf.int32,
        ),
    ]
    return Adjacency(
        tf.dynamic_stitch(places, [edges.senders, nodes]),
        tf.dynamic_stitch(places, [edges.receivers, nodes]),
        edges.num_nodes,
        tf.dynamic_stitch(places, [weights, loops]),
        is_sorted=True,
    )


def _seen_by_tape(made: Adjacency, adjacency: Adjacency) -> bool:
    """Whether a tape that watches the weights, if there is one, saw what was made of them."""
    # TensorFlow has no public way to ask a tape what it watches.
    if not tf.is_tensor(adjacency.weights) or not record.should_record_backprop(
        [adjacency.weights]
    ):
        return True
    return record.should_record_backprop([made.weights])
