"""Graph convolutions."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.layers.graph_layer import GraphHandle, GraphLayer
from gnn.ops.normalization import symmetric_propagate
from gnn.ops.sparse import sparse_matmul


@keras.saving.register_keras_serializable(package="gnn")
class GCNConv(GraphLayer):
    """The graph convolution of Kipf and Welling: `activation(D^-1/2 (A + I) D^-1/2 X W + b)`.

    `A` holds the weights of the edges, `I` the self loops that the layer adds, `D` the weighted
    in-degrees of `A + I` ("Semi-supervised classification with graph convolutional networks", ICLR
    2017, equation 2). It propagates on the narrower side of the product with `W`. Features may be a
    SparseTensor.

    Args:
        units: int, columns of the output.
        activation: a Keras activation or None.
        use_bias: whether to add `b`; the paper has none.
        kernel_initializer, kernel_regularizer, bias_initializer: as in `keras.layers.Dense`.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, n_features]`, its weights in `edges[:, 0]`.

    Returns:
        The graph with nodes `[n_nodes, units]`.

    Example:

    >>> from gnn.graphs.graphs_tuple import edgeless, graph_from_inputs
    >>> graph = graph_from_inputs({"x": tf.ones([2, 3]), **edgeless(2)})
    >>> GCNConv(1, kernel_initializer="ones")(graph.replace(nodes=tf.ones([2, 3]))).nodes.numpy()
    array([[3.],
           [3.]], dtype=float32)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if int(units) <= 0:
            raise ValueError(f"units must be a positive integer; got {units!r}")
        self.units = int(units)
        self.activation = keras.activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, nodes_shape: tuple[int | None, ...]) -> None:
        """Makes the kernel `[n_features, units]` and the bias."""
        self.kernel = self.add_weight(
            shape=(nodes_shape[-1], self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                shape=(self.units,), initializer=self.bias_initializer, name="bias"
            )

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> Any:
        """Returns the convolved nodes."""
        del training
        adjacency = handle.adjacency
        kernel = tf.convert_to_tensor(self.kernel)
        if isinstance(nodes, tf.SparseTensor):
            out = symmetric_propagate(sparse_matmul(nodes, kernel), adjacency)
        elif self.units <= self.kernel.shape[0]:
            out = symmetric_propagate(tf.matmul(nodes, kernel), adjacency)
        else:
            out = tf.matmul(symmetric_propagate(nodes, adjacency), kernel)
        if self.bias is not None:
            out = out + tf.convert_to_tensor(self.bias)
        return self.activation(out)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
