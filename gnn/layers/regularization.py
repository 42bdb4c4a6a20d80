"""The graph loss as a Keras layer."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.configs import as_graph_reg_config
from gnn.graphs.graphs_tuple import adjacency_of, readout_rows
from gnn.layers.graph_layer import GraphHandle, GraphLayer
from gnn.layers.mean_loss import MeanLossLayer
from gnn.ops.graph_loss import neighbor_distances


@keras.saving.register_keras_serializable(package="gnn")
class GraphRegularization(MeanLossLayer, GraphLayer):
    """Adds `multiplier` times the graph loss of its nodes, and returns the graph as it came.

    The graph loss is the mean over the regularized nodes of their weighted mean distance to their
    neighbors (`gnn.ops.neighbor_distances`). In a `NodeGraphModel` it is reported as `graph_loss`
    and, times the multiplier, `scaled_graph_loss`.

    Args:
        config: a `gnn.GraphRegConfig`, NSL's, or a dict of one.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, ...]` and weights in `edges[:, 0]`.

    Example:

    >>> from gnn.configs import GraphRegConfig
    >>> from gnn.graphs.graphs_tuple import graph_from_inputs
    >>> pair = graph_from_inputs({
    ...     "x": tf.constant([[1.0], [4.0]]), "n_node": [2], "n_edge": [1], "edges": [[1.0]],
    ...     "senders": [0], "receivers": [1], "globals": tf.zeros([1, 0])})
    >>> layer = GraphRegularization(GraphRegConfig(multiplier=0.1))
    >>> graph = layer(pair.replace(nodes=pair.nodes["x"]))
    >>> round(float(layer.losses[0]), 4)  # 0.1 * (4 - 1)^2
    0.9
    """

    def __init__(self, config: Any, **kwargs: Any):
        super().__init__(metric="graph_loss", **kwargs)
        self.config = as_graph_reg_config(config)
        self.multiplier = self.config.multiplier

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> Any:
        """Adds the loss and returns `nodes`."""
        del training
        adjacency = adjacency_of(handle.graph._replace(nodes=nodes))
        rows = readout_rows(handle.graph, adjacency.num_nodes)
        total, count = neighbor_distances(nodes, adjacency, rows, self.config.distance_config)
        # The count has no gradient; a quotient would compute one.
        self.add_mean(total * tf.math.reciprocal_no_nan(count), count)
        return nodes

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "config": self.config.to_dict()}
