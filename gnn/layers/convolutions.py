"""Graph convolutions."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.layers.convolution_layer import ConvolutionLayer, feature_product
from gnn.layers.graph_layer import GraphHandle
from gnn.ops.normalization import symmetric_propagate


@keras.saving.register_keras_serializable(package="gnn")
class GCNConv(ConvolutionLayer):
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

    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> graph = graph_from_inputs({"x": tf.ones([2, 3]), **edgeless(2)})
    >>> GCNConv(1, kernel_initializer="ones")(graph.replace(nodes=tf.ones([2, 3]))).nodes.numpy()
    array([[3.],
           [3.]], dtype=float32)
    """

    def build(self, nodes_shape: tuple[int | None, ...]) -> None:
        """Makes the kernel `[n_features, units]` and the bias."""
        self.kernel = self.add_kernel("kernel", (int(nodes_shape[-1] or 0), self.units))
        self.bias = self.add_bias(self.units)

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> Any:
        """Returns the convolved nodes."""
        del training
        adjacency = handle.adjacency
        kernel = tf.convert_to_tensor(self.kernel)
        if isinstance(nodes, tf.SparseTensor) or self.units <= self.kernel.shape[0]:
            out = symmetric_propagate(feature_product(nodes, kernel), adjacency)
        else:
            out = tf.matmul(symmetric_propagate(nodes, adjacency), kernel)
        return self.finish(out)
