"""Layers that propagate several hops with few weights or none: SGC, APPNP, DAGNN."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from graph_nets.graphs import GraphsTuple

from gnn.configs.arguments import check_count, check_rate
from gnn.graphs.batch.graphs_tuple import adjacency_of, receiving_rows
from gnn.layers.convolution_layer import ConvolutionLayer, feature_product
from gnn.layers.staged_layer import Stage, StagedLayer, into_receivers
from gnn.ops.adjacency import Adjacency
from gnn.ops.dropout import dropout
from gnn.ops.normalization import symmetric_adjacency, symmetric_propagate
from gnn.ops.propagate import propagate


@keras.saving.register_keras_serializable(package="gnn")
class SGConv(StagedLayer, ConvolutionLayer):
    """Simple graph convolution: `activation(A^^K X W + b)`.

    `A^ = D^-1/2 (A + I) D^-1/2` as in `GCNConv`, K times without a nonlinearity between (Wu et al.,
    "Simplifying graph convolutional networks", ICML 2019, equation 8). The product with `W` comes
    first, since classes are fewer than features; `gnn.graphs.propagate_features` makes `A^^K X`
    once instead, for a layer of `hops=0`.

    Args:
        units: int, columns of the output.
        hops: int of at least 0, K.
        activation, use_bias, kernel_initializer, kernel_regularizer, bias_initializer: as in
            `keras.layers.Dense`.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, n_features]`, dense or sparse.

    Returns:
        The graph with nodes `[n_nodes, units]`.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> graph = graph_from_inputs({"x": tf.ones([2, 3]), **edgeless(2)})
    >>> layer = SGConv(1, kernel_initializer="ones")
    >>> layer(graph.replace(nodes=tf.ones([2, 3]))).nodes.numpy().tolist()
    [[3.0], [3.0]]
    """

    def __init__(self, units: int, hops: int = 2, use_bias: bool = True, **kwargs: Any):
        super().__init__(units=units, use_bias=use_bias, **kwargs)
        self.hops = check_count("hops", hops, 0)

    def build(self, nodes_shape: tuple[int | None, ...]) -> None:
        """Makes the kernel `[n_features, units]` and the bias."""
        self.kernel = self.add_kernel("kernel", (int(nodes_shape[-1] or 0), self.units))
        self.bias = self.add_bias(self.units)
        self.built = True

    def stages(self) -> list[Stage]:
        """The product, K hops, and the bias with the last one."""

        def multiply(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            kernel = tf.cast(tf.convert_to_tensor(self.kernel), graph.nodes.dtype)
            return graph.replace(nodes=feature_product(graph.nodes, kernel))

        def finish(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            return graph.replace(nodes=self.finish(graph.nodes))

        return [multiply, *[_hop] * self.hops, finish]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "hops": self.hops}


@keras.saving.register_keras_serializable(package="gnn")
class APPNPPropagation(StagedLayer):
    """Personalized propagation: `Z[k+1] = (1 - a) A^ Z[k] + a Z[0]`, `Z[0]` the nodes given.

    Klicpera et al., "Predict then propagate", ICLR 2019, equation 4, without the softmax. It has no
    weights. `A^ = D^-1/2 (A + I) D^-1/2` as in `GCNConv`.

    Args:
        hops: int of at least 0, K.
        teleport: float in `[0, 1]`, the paper's alpha.
        edge_dropout: float in `[0, 1)`: the share of the entries of A^ that each hop drops in
            training, as the authors do.
        seed: int or None, of the dropout.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, units]`.

    Returns:
        The graph with nodes `Z[K]`, of the same shape.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import graph_from_inputs
    >>> pair = graph_from_inputs({
    ...     "x": tf.ones([2, 1]), "n_node": [2], "n_edge": [2], "edges": tf.ones([2, 1]),
    ...     "senders": [1, 0], "receivers": [0, 1], "globals": tf.zeros([1, 0])})
    >>> layer = APPNPPropagation(hops=1, teleport=0.5)  # A^ has 1/2 everywhere.
    >>> layer(pair.replace(nodes=tf.constant([[4.0], [0.0]]))).nodes.numpy().round(4).tolist()
    [[3.0], [1.0]]
    """

    def __init__(
        self,
        hops: int = 10,
        teleport: float = 0.1,
        edge_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.hops = check_count("hops", hops, 0)
        if not 0 <= teleport <= 1:
            raise ValueError(f"teleport must be in [0, 1]; got {teleport!r}")
        self.teleport = float(teleport)
        self.edge_dropout = check_rate("edge_dropout", edge_dropout)
        self.seed = seed
        self.seed_generator = None
        if self.edge_dropout > 0:
            self.seed_generator = keras.random.SeedGenerator(seed)

    def stages(self) -> list[Stage]:
        """Carrying `Z[0]` along, K hops, and leaving it behind."""

        def begin(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            return graph.replace(nodes=(graph.nodes, graph.nodes))

        @into_receivers
        def hop(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            hidden, start = graph.nodes
            moved = propagate(hidden, self._normalized(adjacency_of(graph), training))
            own = receiving_rows(graph, start)
            hidden = (1.0 - self.teleport) * moved + self.teleport * own
            return graph.replace(nodes=(hidden, start))

        def finish(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            return graph.replace(nodes=graph.nodes[0])

        return [begin, *[hop] * self.hops, finish]

    def _normalized(self, adjacency: Adjacency, training: bool | None) -> Adjacency:
        whole = symmetric_adjacency(adjacency)
        if not training or self.seed_generator is None:
            return whole
        kept = dropout(whole.edge_weights(), self.edge_dropout, self.seed_generator.next())
        return Adjacency(whole.senders, whole.receivers, whole.num_nodes, kept, whole.is_sorted)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "hops": self.hops,
            "teleport": self.teleport,
            "edge_dropout": self.edge_dropout,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package="gnn")
class DAGNNPropagation(StagedLayer):
    """Adaptive propagation: `sum over k = 0..K of sigmoid(H[k] s) * H[k]`, `H[k] = A^^k Z`.

    `Z` are the nodes given, `s` is a column of weights that all hops share, with a bias; each node
    so weighs its neighborhoods of every size for itself (Liu et al., "Towards deeper graph neural
    networks", KDD 2020, equations 8 to 12). `A^ = D^-1/2 (A + I) D^-1/2` as in `GCNConv`.

    Args:
        hops: int of at least 0, K.
        kernel_initializer, kernel_regularizer: of `s`, as in `keras.layers.Dense`.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, units]`.

    Returns:
        The graph with nodes of the same shape.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> graph = graph_from_inputs({"x": tf.ones([2, 1]), **edgeless(2)})
    >>> layer = DAGNNPropagation(hops=3, kernel_initializer="zeros")  # Every weight is 1/2.
    >>> layer(graph.replace(nodes=tf.ones([2, 1]))).nodes.numpy().tolist()
    [[2.0], [2.0]]
    """

    def __init__(
        self,
        hops: int = 10,
        kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.hops = check_count("hops", hops, 0)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, nodes_shape: tuple[int | None, ...]) -> None:
        """Makes `s` and its bias."""
        self.kernel = self.add_weight(
            shape=(nodes_shape[-1], 1),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(1,), initializer="zeros", name="bias")
        self.built = True

    def stages(self) -> list[Stage]:
        """Weighing the nodes themselves, K hops that add what they find, and the sum."""

        def weighed(hidden: tf.Tensor) -> tf.Tensor:
            kernel = tf.cast(tf.convert_to_tensor(self.kernel), hidden.dtype)
            bias = tf.cast(tf.convert_to_tensor(self.bias), hidden.dtype)
            return tf.sigmoid(tf.matmul(hidden, kernel) + bias) * hidden

        def begin(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            return graph.replace(nodes=(weighed(graph.nodes), graph.nodes))

        @into_receivers
        def hop(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            total, hidden = graph.nodes
            hidden = symmetric_propagate(hidden, adjacency_of(graph))
            total = receiving_rows(graph, total) + weighed(hidden)
            return graph.replace(nodes=(total, hidden))

        def finish(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            return graph.replace(nodes=graph.nodes[0])

        return [begin, *[hop] * self.hops, finish]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "hops": self.hops,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }


@into_receivers
def _hop(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
    return graph.replace(nodes=symmetric_propagate(graph.nodes, adjacency_of(graph)))
