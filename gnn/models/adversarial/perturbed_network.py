"""What adversarial regularization calls: a model of graphs, on features that it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.configs import AdvNeighborConfig
from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.graphs.batch.which_nodes import real_nodes
from gnn.models.graph_regularization import GraphRegularizationModel
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import call_node_model, check_weighs_a_loss
from gnn.ops.adversarial import Rows, perturbed_names
from gnn.ops.sparse import as_dense

_SINGLE = "features"  # The name of features that come as one tensor.


class NodeModel(NodeGraphModel):
    """A node model without a graph loss."""

    requires_graph = False

    def __init__(self, node_model: keras.layers.Layer):
        super().__init__()
        self.node_model = node_model

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Applies the node model to every node."""
        real = real_nodes(graph)
        outputs = call_node_model(self.node_model, graph.nodes, training, real)
        return graph.replace(nodes=outputs)

    def features_not_served(self) -> list[str]:
        """The features that the outputs do not depend on."""
        return GraphRegularizationModel.features_not_served(self)


def network_of(
    node_model: keras.layers.Layer,
    graph_config: Any,
    agreement_model: Any,
    regularize: str,
    pair_weights: Any,
) -> tuple[NodeGraphModel, bool]:
    """The model of graphs to be called, and whether it was made around the node model."""
    check_weighs_a_loss(
        "graph_config", graph_config, agreement_model=agreement_model, pair_weights=pair_weights
    )
    if not isinstance(node_model, NodeGraphModel):
        if graph_config is None:
            return NodeModel(node_model), True
        network = GraphRegularizationModel(
            graph_config, lambda: node_model, agreement_model, regularize, pair_weights
        )
        return network, True
    kind = type(node_model).__name__
    if graph_config is not None:
        raise ValueError(
            f"graph_config must be None where node_model_fn returns a model of graphs; give it to "
            f"{kind} as config"
        )
    if node_model.output_field != "nodes":
        raise TypeError(f"node_model_fn must return a model of nodes; {kind} is one of graphs")
    if type(node_model).compute_loss is not NodeGraphModel.compute_loss:
        raise TypeError(
            f"node_model_fn returned a {kind}, which has a loss of its own for what it returns in "
            "training, so neighbors of its inputs have no loss"
        )
    return node_model, False


def perturbed_features(graph: BatchGraph, config: AdvNeighborConfig) -> Rows:
    """The features to perturb, by name; dense, since a perturbation has no zeros."""
    nodes = graph.nodes if isinstance(graph.nodes, Mapping) else {_SINGLE: graph.nodes}
    return {name: as_dense(nodes[name]) for name in perturbed_names(config, nodes)}


def with_features(graph: BatchGraph, features: Rows) -> BatchGraph:
    """The graph with other values of some features."""
    if isinstance(graph.nodes, Mapping):
        return graph.replace(nodes={**graph.nodes, **features})
    return graph.replace(nodes=features[_SINGLE])


def rows_of(graph: BatchGraph) -> Any:
    """The outputs of the rows of a batch."""
    if graph.readout is None:
        return graph.nodes
    return tf.nest.map_structure(lambda part: tf.gather(part, graph.readout), graph.nodes)


def mean_of_real(values: tf.Tensor, real: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
    """The mean of the values of real nodes, and their number."""
    if real is None:
        return tf.reduce_mean(values), tf.cast(tf.shape(values)[0], tf.float32)
    count = tf.reduce_sum(tf.cast(real, tf.float32))
    return tf.reduce_sum(tf.where(real, values, 0.0)) / tf.maximum(count, 1.0), count
