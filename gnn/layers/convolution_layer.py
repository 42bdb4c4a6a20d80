"""What convolutions have in common: their arguments, their weights, and the first product."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.layers.graph_layer import GraphLayer
from gnn.ops.sparse import sparse_matmul


class ConvolutionLayer(GraphLayer):
    """A layer on graphs with arguments as in `keras.layers.Dense`; a subclass writes the rest.

    Args:
        units: int, columns of the output, or of each head of it.
        activation: a Keras activation or None.
        use_bias: whether to add a bias.
        kernel_initializer, kernel_regularizer: of every kernel of the layer. Each kernel draws its
            own numbers, from an initializer with a seed too.
        bias_initializer: of every bias.

    Raises:
        ValueError: `units` is less than 1.

    Example:

    >>> class Dense(ConvolutionLayer):
    ...     def build(self, nodes_shape):
    ...         self.kernel = self.add_kernel("kernel", (nodes_shape[-1], self.units))
    ...         self.bias = self.add_bias(self.units)
    ...     def call(self, nodes, handle, training=False):
    ...         return self.finish(feature_product(nodes, self.kernel))
    >>> Dense(3, activation="relu").get_config()["activation"]
    'relu'
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
        self.units = check_count("units", units)
        self.activation = keras.activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.bias: keras.Variable | None = None

    def add_kernel(self, name: str, shape: tuple[int | None, ...], **kwargs: Any) -> keras.Variable:
        """Makes a weight with the layer's kernel initializer and regularizer."""
        return self.add_weight(
            shape=shape,
            initializer=_reseeded(self.kernel_initializer, len(self.weights)),
            regularizer=self.kernel_regularizer,
            name=name,
            **kwargs,
        )

    def add_bias(self, width: int) -> keras.Variable | None:
        """Makes the bias, if the layer has one."""
        if not self.use_bias:
            return None
        return self.add_weight(shape=(width,), initializer=self.bias_initializer, name="bias")

    def finish(
        self, outputs: tf.Tensor, dropout: Any = None, training: bool | None = None
    ) -> tf.Tensor:
        """Adds the bias and applies the activation, and then, if it is given one, a dropout.

        Args:
            outputs: `[n_nodes, units]`.
            dropout: a `gnn.layers.FeatureDropout` or None; after a relu it costs less so than by
                itself.
            training: whether it drops.
        """
        if self.bias is not None:
            outputs = outputs + tf.cast(tf.convert_to_tensor(self.bias), outputs.dtype)
        if dropout is None:
            return self.activation(outputs)
        if self.activation is keras.activations.relu:
            return dropout(outputs, training=training, rectify=True)
        return dropout(self.activation(outputs), training=training)

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


def feature_product(nodes: Any, *kernels: Any) -> Any:
    """The product of dense or sparse nodes with kernels laid side by side, as one product.

    Example:

    >>> feature_product(tf.ones([1, 2]), tf.ones([2, 1]), tf.zeros([2, 2])).numpy().tolist()
    [[2.0, 0.0, 0.0]]
    """
    tensors = [tf.convert_to_tensor(kernel) for kernel in kernels]
    kernel = tensors[0] if len(tensors) == 1 else tf.concat(tensors, axis=1)
    if isinstance(nodes, tf.SparseTensor):
        return sparse_matmul(nodes, kernel)
    return tf.matmul(nodes, kernel)


def _reseeded(initializer: Any, offset: int) -> Any:
    """A copy that draws other numbers: a Keras initializer draws the same ones at each call."""
    seed = getattr(initializer, "seed", None)
    if offset == 0 or not isinstance(seed, int):
        return initializer
    # The seed in use, which Keras draws where none is given, and not the one of the config.
    return type(initializer).from_config({**initializer.get_config(), "seed": seed + offset})
