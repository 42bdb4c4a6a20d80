"""The convolution of graph isomorphism networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from gnn.layers.batch_normalization import NodeBatchNormalization
from gnn.layers.convolution_layer import ConvolutionLayer, feature_product
from gnn.layers.graph_layer import GraphHandle
from gnn.layers.owned_layers import make_layer, restore_layers
from gnn.layers.real_rows import call_on_nodes
from gnn.ops.adjacency import Adjacency
from gnn.ops.propagate import propagate
from gnn.ops.sparse import as_dense


@keras.saving.register_keras_serializable(package="gnn")
class GINConv(ConvolutionLayer):
    """The convolution of graph isomorphism networks: `mlp((1 + epsilon) h_v + sum over u of h_u)`.

    Xu, Hu, Leskovec and Jegelka, "How powerful are graph neural networks?", ICLR 2019, equation
    4.1. The sum is weighted by the edges where they have weights, which the paper's have not.

    The default network is the paper's, two layers with batch normalization between them (section
    7): `activation(relu(norm(z W_hidden)) W + b)`. Its first product is linear as the sum is, so
    the layer propagates on its narrower side, and features may be a SparseTensor. With `mlp_fn` the
    network is a Keras layer of your own, called on dense nodes; batch normalization in it sees
    padding nodes, where Keras' layers are.

    Args:
        units: int, columns of the output, and of the hidden layer; None with `mlp_fn`.
        mlp_fn: a function that returns a Keras layer from `[n_nodes, n_features]` to `[n_nodes,
            ...]`, or None for the default network. The layer owns what it returns.
        epsilon: float, what the node itself weighs beyond 1.
        train_epsilon: whether `epsilon` is only where training starts from.
        batch_normalization: whether the default network has it.
        activation: a Keras activation or None, of the output; not with `mlp_fn`.
        use_bias: whether to add `b`.
        kernel_initializer, kernel_regularizer, bias_initializer: as in `keras.layers.Dense`.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, n_features]`, its weights in `edges[:, 0]`.

    Returns:
        The graph with nodes `[n_nodes, units]`.

    Raises:
        ValueError: neither or both of `units` and `mlp_fn` are given, or `units` is not positive.
        TypeError: `mlp_fn` is no function that returns a Keras layer.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import graph_from_inputs
    >>> pair = graph_from_inputs({
    ...     "x": tf.constant([[1.0], [4.0]]), "n_node": [2], "n_edge": [1], "edges": [[1.0]],
    ...     "senders": [0], "receivers": [1], "globals": tf.zeros([1, 0])})
    >>> pair = pair.replace(nodes=pair.nodes["x"])
    >>> double = lambda: keras.layers.Dense(1, kernel_initializer="ones")
    >>> GINConv(mlp_fn=double, epsilon=0.5)(pair).nodes.numpy().tolist()
    [[1.5], [7.0]]
    """

    def __init__(
        self,
        units: int | None = None,
        mlp_fn: Callable[[], keras.layers.Layer] | None = None,
        epsilon: float = 0.0,
        train_epsilon: bool = False,
        batch_normalization: bool = True,
        activation: Any = None,
        use_bias: bool = True,
        **kwargs: Any,
    ):
        if (units is None) == (mlp_fn is None):
            raise ValueError(
                f"give units or mlp_fn, one of them; got units={units!r} and mlp_fn={mlp_fn!r}"
            )
        super().__init__(1 if units is None else units, activation, use_bias, **kwargs)
        self.mlp = None if mlp_fn is None else make_layer("mlp_fn", mlp_fn)
        if self.mlp is not None and activation is not None:
            raise ValueError(
                f"activation must be None with mlp_fn, whose output is the layer's; got "
                f"{activation!r}"
            )
        self.initial_epsilon = float(epsilon)
        self.train_epsilon = bool(train_epsilon)
        self.batch_normalization = bool(batch_normalization)
        self.norm = None
        if self.mlp is None and self.batch_normalization:
            self.norm = NodeBatchNormalization(name="norm", dtype=self.dtype_policy)

    def build(self, nodes_shape: tuple[int | None, ...]) -> None:
        """Makes `epsilon` where it is trained, and the kernels of the default network."""
        if self.train_epsilon:
            self.epsilon = self.add_weight(
                shape=(),
                initializer=keras.initializers.Constant(self.initial_epsilon),
                name="epsilon",
            )
        if self.mlp is None:
            width = nodes_shape[-1]
            self.hidden_kernel = self.add_kernel("hidden_kernel", (width, self.units))
            self.hidden_bias = None
            if self.norm is None and self.use_bias:  # A norm would take a bias off again.
                self.hidden_bias = self.add_weight(
                    shape=(self.units,), initializer=self.bias_initializer, name="hidden_bias"
                )
            self.kernel = self.add_kernel("kernel", (self.units, self.units))
            self.bias = self.add_bias(self.units)

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> Any:
        """Returns the convolved nodes."""
        adjacency = handle.adjacency
        if self.mlp is not None:
            gathered = self._gather(as_dense(nodes), adjacency)
            return call_on_nodes(self.mlp, gathered, handle.graph, training)
        if isinstance(nodes, tf.SparseTensor) or self.units <= self.hidden_kernel.shape[0]:
            hidden = self._gather(feature_product(nodes, self.hidden_kernel), adjacency)
        else:
            hidden = feature_product(self._gather(nodes, adjacency), self.hidden_kernel)
        if self.hidden_bias is not None:
            hidden = hidden + tf.convert_to_tensor(self.hidden_bias)
        if self.norm is not None:
            hidden = self.norm(handle.graph.replace(nodes=hidden), training=training).nodes
        return self.finish(feature_product(tf.nn.relu(hidden), self.kernel))

    def _gather(self, values: tf.Tensor, adjacency: Adjacency) -> tf.Tensor:
        """`(1 + epsilon) h_v + sum of h_u`."""
        if self.train_epsilon:
            own = (1 + tf.convert_to_tensor(self.epsilon)) * values
        else:
            own = values if self.initial_epsilon == 0 else (1 + self.initial_epsilon) * values
        return own + propagate(values, adjacency)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, with the network that was made for its function."""
        return {
            **super().get_config(),
            "units": self.units if self.mlp is None else None,
            "mlp": keras.saving.serialize_keras_object(self.mlp),
            "epsilon": self.initial_epsilon,
            "train_epsilon": self.train_epsilon,
            "batch_normalization": self.batch_normalization,
            "activation": None
            if self.mlp is not None
            else keras.activations.serialize(self.activation),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> GINConv:
        """Makes the layer that `get_config` describes."""
        return cls(**restore_layers(config, "mlp"))
