"""Sums, means and maxima over the nodes of each component of a batch."""

from __future__ import annotations

import tensorflow as tf

from gnn.ops.adjacency import Adjacency
from gnn.ops.propagate import propagate


def component_ids(n_node: tf.Tensor, num_nodes: int | tf.Tensor) -> tf.Tensor:
    """The component that each node lies in; components follow each other, and may be empty.

    Args:
        n_node: int32 `[n_graphs]`, the nodes of each component.
        num_nodes: their sum, an int where it is known, as XLA wants it.

    Returns:
        int32 `[num_nodes]`, in rising order.

    Example:

    >>> component_ids(tf.constant([2, 0, 1]), 3).numpy().tolist()
    [0, 0, 2]
    """
    # A node's component is the number of components that end at or before it.
    ends = tf.cumsum(n_node)
    marks = tf.math.unsorted_segment_sum(tf.ones_like(ends), ends, num_nodes + 1)
    return tf.cumsum(marks)[:num_nodes]


def membership(n_node: tf.Tensor, num_nodes: int | tf.Tensor) -> Adjacency:
    """Edges of weight 1 from every node to its component, for `gnn.ops.propagate`.

    Args:
        n_node: int32 `[n_graphs]`, the nodes of each component.
        num_nodes: their sum.

    Returns:
        An `Adjacency` whose senders are the nodes and whose receivers are the components.

    Example:

    >>> edges = membership(tf.constant([2, 1]), 3)
    >>> edges.senders.numpy().tolist(), edges.receivers.numpy().tolist(), edges.num_nodes
    ([0, 1, 2], [0, 0, 1], 2)
    """
    n_node = tf.convert_to_tensor(n_node)
    num_graphs = n_node.shape[0]
    return Adjacency(
        senders=tf.range(num_nodes, dtype=tf.int32),
        receivers=component_ids(n_node, num_nodes),
        num_nodes=tf.shape(n_node)[0] if num_graphs is None else num_graphs,
    )


def pool_components(values: tf.Tensor, n_node: tf.Tensor, reduce: str = "sum") -> tf.Tensor:
    """Reduces the rows of each component to one: `out[g] = reduce over nodes v in g of values[v]`.

    Sums are taken in float32 at least, and no component sees another's rows. It is
    `gnn.ops.propagate` along `membership`, with its speed, gradients and way under XLA.

    Args:
        values: float `[n_nodes, ...]`.
        n_node: int32 `[n_graphs]`, the nodes of each component.
        reduce: "sum", "mean" or "max".

    Returns:
        `[n_graphs, ...]`, of the dtype of `values`; 0 for components without nodes.

    Raises:
        ValueError: `reduce` is none of the three.

    Example:

    >>> values = tf.constant([[1.0], [2.0], [5.0]])
    >>> pool_components(values, tf.constant([2, 0, 1]), "mean").numpy().tolist()
    [[1.5], [0.0], [5.0]]
    """
    values = tf.convert_to_tensor(values)
    rows = values.shape[0]
    return propagate(
        values, membership(n_node, tf.shape(values)[0] if rows is None else rows), reduce
    )
