"""Graph convolutions."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from graph_nets.graphs import GraphsTuple

from gnn.graphs.batch.graphs_tuple import adjacency_of
from gnn.layers.convolution_layer import ConvolutionLayer, feature_product
from gnn.layers.staged_layer import Stage, StagedLayer, into_receivers
from gnn.ops.normalization import symmetric_propagate


@keras.saving.register_keras_serializable(package="gnn")
class GCNConv(StagedLayer, ConvolutionLayer):
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

    def stages(self, dropout: Any = None) -> list[Stage]:
        """The product with `W`, where it makes the nodes narrower, and the propagation.

        Args:
            dropout: a `FeatureDropout` of what comes out, or None.
        """

        def multiply(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            if not isinstance(graph.nodes, tf.SparseTensor) and self.units > self.kernel.shape[0]:
                return graph
            return graph.replace(nodes=feature_product(graph.nodes, self._kernel(graph.nodes)))

        @into_receivers
        def propagate(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            out = symmetric_propagate(graph.nodes, adjacency_of(graph))
            if out.shape[-1] != self.units:
                out = tf.matmul(out, self._kernel(out))
            return graph.replace(nodes=self.finish(out, dropout, training))

        return [multiply, propagate]

    def _kernel(self, nodes: Any) -> tf.Tensor:
        return tf.cast(tf.convert_to_tensor(self.kernel), nodes.dtype)
