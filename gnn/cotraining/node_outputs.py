"""What a classifier says of some nodes of a graph that lies on the device."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.data.full_batch import full_batch
from gnn.graphs.batch.graphs_tuple import split_inputs
from gnn.graphs.graph import Graph
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import call_node_model, logits_of
from gnn.ops.sparse import SparseRows


class NodeOutputs:
    """Calls a classifier on the nodes of one graph.

    A `NodeGraphModel` is given the whole graph, any other layer the features of the nodes asked
    for.

    Args:
        graph: the graph; its labels are not looked at.

    Attributes:
        inputs: the batch of the whole graph.
        features: its features by name.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(3))
    >>> outputs = NodeOutputs(graph)
    >>> outputs.of(keras.layers.Dense(2), tf.constant([2, 0]), training=False).shape
    TensorShape([2, 2])
    """

    def __init__(self, graph: Graph):
        element = next(iter(full_batch(graph)))
        self.inputs: dict[str, Any] = element[0] if isinstance(element, tuple) else element
        self.features, _ = split_inputs(self.inputs)
        self._rows = {
            name: SparseRows.of(feature)
            for name, feature in self.features.items()
            if isinstance(feature, tf.SparseTensor)
        }
        self.num_nodes = graph.num_nodes

    def of(self, model: keras.layers.Layer, nodes: tf.Tensor, training: bool) -> tf.Tensor:
        """The logits of some nodes.

        Args:
            model: a classifier.
            nodes: int32 `[n]`.
            training: whether dropout and the like are on.

        Returns:
            float32 `[n, n_classes]`, or `[n, n_draws, n_classes]` of a model that returns several
            draws in training.

        Raises:
            ValueError: the model returns a dict without `"logits"`, or rows of another rank.
        """
        if isinstance(model, NodeGraphModel):
            outputs = logits_of(model, model(self.inputs, training=training))
            return tf.gather(outputs, nodes)
        rows = {
            name: self._rows[name].gather(nodes)
            if name in self._rows
            else tf.gather(feature, nodes)
            for name, feature in self.features.items()
        }
        return logits_of(model, call_node_model(model, rows, training))


def all_nodes(graph: Graph) -> tf.Tensor:
    """The indices of all nodes, int32.

    Example:

    >>> all_nodes(Graph.from_edges([0], [1])).numpy().tolist()
    [0, 1]
    """
    return tf.constant(np.arange(graph.num_nodes, dtype=np.int32))


def probabilities(logits: tf.Tensor) -> tf.Tensor:
    """Class probabilities; of several draws, their mean.

    Example:

    >>> probabilities(tf.zeros([1, 2])).numpy().tolist()
    [[0.5, 0.5]]
    """
    beliefs = tf.nn.softmax(logits)
    return tf.reduce_mean(beliefs, axis=1) if logits.shape.rank == 3 else beliefs
