"""The convolution of GraphSAGE."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.layers.convolution_layer import ConvolutionLayer, feature_product
from gnn.layers.graph_layer import GraphHandle
from gnn.ops.propagate import propagate


@keras.saving.register_keras_serializable(package="gnn")
class SAGEConv(ConvolutionLayer):
    """The convolution of GraphSAGE: `activation(h_v W_self + aggregate(h_u) W_neighbors + b)`.

    It is the paper's `W [h_v ; aggregate]` with the two halves of `W` apart (Hamilton, Ying and
    Leskovec, "Inductive representation learning on large graphs", NeurIPS 2017, algorithm 1 and
    section 3.3). A node that receives nothing has an aggregate of 0.

    - `aggregator="mean"`: the mean of what the node receives, weighted by the edges where they have
      weights (the paper has none). It is taken on the narrower side of the product.
    - `aggregator="max"`: the paper's pooling aggregator, `max_u activation(h_u W_pool + b_pool)`,
      an elementwise maximum; weights are not looked at.

    Features may be a SparseTensor.

    Args:
        units: int, columns of the output.
        aggregator: "mean" or "max".
        normalize: whether each row is divided by its Euclidean length at the end, as in line 7 of
            the algorithm. Rows of zeros stay.
        pool_units: int or None, columns of `W_pool`; None for `units`.
        pool_activation: the activation inside the maximum.
        activation: a Keras activation or None.
        use_bias: whether to add `b`; the paper has none. `b_pool` is always there.
        kernel_initializer, kernel_regularizer, bias_initializer: as in `keras.layers.Dense`, of
            all kernels and biases.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, n_features]`, its weights in `edges[:, 0]`.

    Returns:
        The graph with nodes `[n_nodes, units]`.

    Raises:
        ValueError: `units` or `pool_units` is less than 1, or `aggregator` is unknown.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import graph_from_inputs
    >>> pair = graph_from_inputs({
    ...     "x": tf.constant([[1.0], [4.0]]), "n_node": [2], "n_edge": [1], "edges": [[1.0]],
    ...     "senders": [0], "receivers": [1], "globals": tf.zeros([1, 0])})
    >>> pair = pair.replace(nodes=pair.nodes["x"])
    >>> SAGEConv(1, kernel_initializer="ones")(pair).nodes.numpy().tolist()
    [[1.0], [5.0]]
    """

    def __init__(
        self,
        units: int,
        aggregator: str = "mean",
        normalize: bool = False,
        pool_units: int | None = None,
        pool_activation: Any = "relu",
        activation: Any = None,
        **kwargs: Any,
    ):
        super().__init__(units, activation, **kwargs)
        if aggregator not in ("mean", "max"):
            raise ValueError(f"aggregator must be 'mean' or 'max'; got {aggregator!r}")
        self.aggregator = aggregator
        self.normalize = bool(normalize)
        self.pool_units = None if pool_units is None else check_count("pool_units", pool_units)
        self.pool_activation = keras.activations.get(pool_activation)

    def build(self, nodes_shape: tuple[int | None, ...]) -> None:
        """Makes the kernels and biases."""
        width = nodes_shape[-1]
        self.kernel = self.add_kernel("kernel", (width, self.units))
        if self.aggregator == "max":
            pooled = self.pool_units or self.units
            self.pool_kernel = self.add_kernel("pool_kernel", (width, pooled))
            self.pool_bias = self.add_weight(
                shape=(pooled,), initializer=self.bias_initializer, name="pool_bias"
            )
            width = pooled
        self.neighbor_kernel = self.add_kernel("neighbor_kernel", (width, self.units))
        self.bias = self.add_bias(self.units)

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> Any:
        """Returns the convolved nodes."""
        del training
        adjacency = handle.adjacency
        if self.aggregator == "max":
            products = feature_product(nodes, self.kernel, self.pool_kernel)
            own, pooled = products[:, : self.units], products[:, self.units :]
            pooled = self.pool_activation(pooled + tf.convert_to_tensor(self.pool_bias))
            received = feature_product(propagate(pooled, adjacency, "max"), self.neighbor_kernel)
        elif isinstance(nodes, tf.SparseTensor) or self.units <= self.kernel.shape[0]:
            products = feature_product(nodes, self.kernel, self.neighbor_kernel)
            own = products[:, : self.units]
            received = propagate(products[:, self.units :], adjacency, "mean")
        else:
            own = feature_product(nodes, self.kernel)
            received = feature_product(propagate(nodes, adjacency, "mean"), self.neighbor_kernel)
        outputs = self.finish(own + received)
        if not self.normalize:
            return outputs
        # Squares of half-precision numbers overflow, and the guard against 0 underflows.
        precise = outputs if outputs.dtype == tf.float64 else tf.cast(outputs, tf.float32)
        return tf.cast(tf.math.l2_normalize(precise, axis=-1), outputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "aggregator": self.aggregator,
            "normalize": self.normalize,
            "pool_units": self.pool_units,
            "pool_activation": keras.activations.serialize(self.pool_activation),
        }
