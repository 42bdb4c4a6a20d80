"""The convolution of deep graph networks: an initial residual and an identity mapping."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.graphs.batch.graphs_tuple import receiving_rows
from gnn.layers.graph_layer import GraphHandle, GraphLayer
from gnn.ops.normalization import symmetric_propagate


@keras.saving.register_keras_serializable(package="gnn")
class GCNIIConv(GraphLayer):
    """A layer of GCNII: `activation(((1 - a) A^ H + a H0) ((1 - b) I + b W))`.

    `H0` are the nodes before the first of these layers, `a` is `teleport`, and `b = log(identity /
    depth + 1)` shrinks with the depth of the layer (Chen et al., "Simple and deep graph
    convolutional networks", ICML 2020, equation 5). `A^ = D^-1/2 (A + I) D^-1/2` as in `GCNConv`.

    Args:
        depth: int, which layer it is, from 1.
        teleport: float in `[0, 1]`, the paper's alpha.
        identity: float greater than 0, the paper's lambda.
        activation: a Keras activation or None.
        kernel_initializer, kernel_regularizer: as in `keras.layers.Dense`.

    Call arguments:
        graph: a GraphsTuple with nodes `(H, H0)`, both `[n_nodes, units]`; a single tensor stands
            for both, before the first layer.

    Returns:
        The graph with nodes `(new H, H0)`.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> graph = graph_from_inputs({"x": tf.ones([2, 1]), **edgeless(2)})
    >>> layer = GCNIIConv(depth=1, teleport=0.5, kernel_initializer="ones")
    >>> hidden, start = layer(graph.replace(nodes=tf.ones([2, 1]))).nodes
    >>> hidden.numpy().tolist()
    [[1.0], [1.0]]
    """

    def __init__(
        self,
        depth: int,
        teleport: float = 0.1,
        identity: float = 0.5,
        activation: Any = "relu",
        kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.depth = check_count("depth", depth)
        if not 0 <= teleport <= 1:
            raise ValueError(f"teleport must be in [0, 1]; got {teleport!r}")
        if not identity > 0:
            raise ValueError(f"identity must be greater than 0; got {identity!r}")
        self.teleport, self.identity = float(teleport), float(identity)
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, nodes_shape: Any) -> None:
        """Makes the kernel `[units, units]`."""
        width = (nodes_shape[0] if isinstance(nodes_shape[0], (tuple, list)) else nodes_shape)[-1]
        self.kernel = self.add_weight(
            shape=(width, width),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> Any:
        """Returns the new pair."""
        del training
        hidden, start = nodes if isinstance(nodes, (tuple, list)) else (nodes, nodes)
        share = math.log(self.identity / self.depth + 1.0)
        moved = symmetric_propagate(hidden, handle.adjacency)
        own = receiving_rows(handle.graph, start)
        mixed = (1.0 - self.teleport) * moved + self.teleport * own
        turned = tf.matmul(mixed, tf.convert_to_tensor(self.kernel))
        return self.activation((1.0 - share) * mixed + share * turned), start

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "depth": self.depth,
            "teleport": self.teleport,
            "identity": self.identity,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }
