"""Which nodes of a batch are read out, and which are no padding."""

from __future__ import annotations

import tensorflow as tf
from graph_nets.graphs import GraphsTuple

from gnn.graphs.batch.graphs_tuple import num_rows


def readout_rows(graph: GraphsTuple, num_nodes: int | tf.Tensor) -> tf.Tensor:
    """Which nodes are read out, as a bool `[n_nodes]` tensor; padded rows name no node.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> readout_rows(graph_from_inputs({"x": tf.ones([2, 1]), **edgeless(2)}), 2).numpy().tolist()
    [True, True]
    """
    readout = getattr(graph, "readout", None)
    if readout is None:
        readout = tf.cumsum(graph.n_node) - 1
    mask = getattr(graph, "readout_mask", None)
    named = tf.ones_like(readout) if mask is None else tf.cast(mask, tf.int32)
    return tf.math.unsorted_segment_sum(named, readout, num_nodes) > 0


def real_nodes(graph: GraphsTuple) -> tf.Tensor | None:
    """Which nodes are not padding, as a bool `[n_nodes]` tensor; None where the batch has none.

    A batch with a `readout_mask` is padded; its padding is the last component that has nodes.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> graph = graph_from_inputs({"x": tf.ones([3, 1]), **edgeless(3), "readout_mask": [1, 1, 0]})
    >>> real_nodes(graph).numpy().tolist()
    [True, True, False]
    """
    if getattr(graph, "readout_mask", None) is None:
        return getattr(graph, "is_real", None)
    starts = tf.cumsum(graph.n_node, exclusive=True)
    first_padding = tf.reduce_max(tf.where(graph.n_node > 0, starts, 0))
    nodes = tf.nest.flatten(graph.nodes, expand_composites=False)[0]
    return tf.range(num_rows(nodes)) < first_padding
