"""Pooling: from the nodes of each graph in a batch to one row a graph."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from graph_nets.graphs import GraphsTuple

from gnn.configs.arguments import check_count
from gnn.graphs.batch.graphs_tuple import membership_of
from gnn.layers.convolution_layer import feature_product
from gnn.layers.graph_layer import GraphHandle
from gnn.ops.propagate import propagate
from gnn.ops.sparse import as_dense

MODES = ("sum", "mean", "max")


class GraphReadout(keras.layers.Layer):
    """A Keras layer from a GraphsTuple to a tensor with a row a component.

    A subclass writes `call(self, nodes, handle, training=None)` and returns `[n_graphs, ...]`.
    `membership_of(handle.graph)` has an edge from every node to its component, for
    `gnn.ops.propagate`. Keras sees the nodes as the layer's input.

    Example:

    >>> class CountNodes(GraphReadout):
    ...     def call(self, nodes, handle, training=None):
    ...         return propagate(tf.ones_like(nodes[:, :1]), membership_of(handle.graph))
    """

    def __call__(self, graph: GraphsTuple, training: bool | None = None) -> tf.Tensor:
        """Applies the layer to `graph` and returns a row for each of its components."""
        return super().__call__(graph.nodes, handle=GraphHandle(graph), training=training)

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> tf.Tensor:
        """Returns the rows of the components."""
        raise NotImplementedError(
            f"{type(self).__name__} must define call(nodes, handle, training)"
        )


@keras.saving.register_keras_serializable(package="gnn")
class GlobalPool(GraphReadout):
    """The sum, mean or maximum of the nodes of each component.

    Sums tell apart what means and maxima cannot (Xu et al., "How powerful are graph neural
    networks?", ICLR 2019, section 5); means do not grow with the graph. They are taken in float32.
    A component without nodes has a row of zeros. Padding is a component of its own and touches no
    other.

    Args:
        mode: "sum", "mean" or "max".

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, ...]`.

    Returns:
        `[n_graphs, ...]`, a tensor: a row a component, of the dtype of the nodes.

    Raises:
        ValueError: `mode` is none of the three.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> graph = graph_from_inputs({"x": tf.ones([2, 3]), **edgeless(2)})
    >>> graph = graph.replace(nodes=tf.constant([[1.0], [2.0], [5.0]]), n_node=tf.constant([2, 1]))
    >>> GlobalPool("mean")(graph).numpy().tolist()
    [[1.5], [5.0]]
    """

    def __init__(self, mode: str = "sum", **kwargs: Any):
        super().__init__(**kwargs)
        if mode not in MODES:
            raise ValueError(f"mode must be one of {list(MODES)}; got {mode!r}")
        self.mode = mode
        self.built = True  # It has no weights.

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> tf.Tensor:
        """Returns the pooled rows."""
        del training
        return propagate(as_dense(nodes), membership_of(handle.graph), self.mode)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "mode": self.mode}


@keras.saving.register_keras_serializable(package="gnn")
class AttentionPool(GraphReadout):
    """A gated sum of the nodes of each component, in which a gate says what of a node counts.

    `tanh(sum over nodes v of sigmoid(h_v W_gate + b_gate) * tanh(h_v W_value + b_value))`, a column
    at a time: the readout of Li et al., "Gated graph sequence neural networks", ICLR 2016, section
    3.3, equation 7, with one linear map each for its networks i and j. The paper gives them the
    nodes' input beside their state: concatenate the two before, where that is wanted. Sums are
    taken in float32; a component without nodes has a row of zeros.

    Args:
        units: int, columns of the output.
        activation: a Keras activation, of the values and of their sum; the paper has "tanh" and
            names the identity, `None`, as another choice.
        kernel_initializer, kernel_regularizer: of both kernels, as in `keras.layers.Dense`.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, n_features]`.

    Returns:
        `[n_graphs, units]`, a tensor: a row a component.

    Raises:
        ValueError: `units` is less than 1.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> graph = graph_from_inputs({"x": tf.ones([2, 3]), **edgeless(2)})
    >>> AttentionPool(4)(graph.replace(nodes=tf.ones([2, 3]))).shape
    TensorShape([2, 4])
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.units = check_count("units", units)
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, nodes_shape: tuple[int | None, ...]) -> None:
        """Makes the kernels and biases of gates and values, side by side: `2 units` columns."""
        self.kernel = self.add_weight(
            shape=(nodes_shape[-1], 2 * self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(2 * self.units,), initializer="zeros", name="bias")

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> tf.Tensor:
        """Returns the pooled rows."""
        del training
        both = feature_product(nodes, self.kernel) + tf.convert_to_tensor(self.bias)
        gates, values = tf.split(both, 2, axis=-1)
        gated = tf.sigmoid(gates) * self.activation(values)
        return self.activation(propagate(gated, membership_of(handle.graph)))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }
