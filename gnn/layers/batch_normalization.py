"""Batch normalization that looks at real nodes only."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.graphs.batch.which_nodes import real_nodes
from gnn.layers.graph_layer import GraphHandle, GraphLayer


@keras.saving.register_keras_serializable(package="gnn")
class NodeBatchNormalization(GraphLayer):
    """Batch normalization over the nodes of a batch (Ioffe and Szegedy, ICML 2015).

    `gamma (x - mean) / sqrt(variance + epsilon) + beta` a column; in training with the mean and
    variance of the batch, which move the averages that are used elsewhere. Unlike Keras' layer it
    leaves the nodes that are padding out of both, and takes them over all replicas of a strategy:
    a padded batch, and one shared out over devices, give what the batch gives as it is. Statistics
    are computed in float32 at least.

    Args:
        momentum: float in `[0, 1)`, of the moving averages; in PyTorch's words 1 minus its own.
        epsilon: float, added to the variance. Both defaults are those of the code of GIN.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, units]`.

    Returns:
        The graph with nodes `[n_nodes, units]`.

    Raises:
        ValueError: `momentum` is out of range, or `epsilon` is not positive.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> graph = graph_from_inputs({"x": tf.ones([2, 1]), **edgeless(2)})
    >>> graph = graph.replace(nodes=tf.constant([[1.0], [5.0]]))
    >>> NodeBatchNormalization()(graph, training=True).nodes.numpy().round(3).tolist()
    [[-1.0], [1.0]]
    """

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs: Any):
        super().__init__(**kwargs)
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be in [0, 1); got {momentum!r}")
        if not epsilon > 0:
            raise ValueError(f"epsilon must be positive; got {epsilon!r}")
        self.momentum, self.epsilon = float(momentum), float(epsilon)

    def build(self, nodes_shape: tuple[int | None, ...]) -> None:
        """Makes `gamma`, `beta` and the moving averages, each `[units]`."""
        shape = (nodes_shape[-1],)
        self.gamma = self.add_weight(shape=shape, initializer="ones", autocast=False, name="gamma")
        self.beta = self.add_weight(shape=shape, initializer="zeros", autocast=False, name="beta")
        self.moving_mean, self.moving_variance = (
            self.add_weight(
                shape=shape,
                initializer=initializer,
                trainable=False,
                autocast=False,
                aggregation="mean",
                name=name,
            )
            for name, initializer in (("moving_mean", "zeros"), ("moving_variance", "ones"))
        )

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> Any:
        """Returns the normalized nodes."""
        gamma = tf.convert_to_tensor(self.gamma)
        values = tf.cast(nodes, gamma.dtype)
        mean = tf.convert_to_tensor(self.moving_mean)
        variance = tf.convert_to_tensor(self.moving_variance)
        if training and self.trainable:
            old_mean, old_variance = mean, variance
            mean, variance = _moments(values, real_nodes(handle.graph.replace(nodes=values)))
            for moving, old, new in (
                (self.moving_mean, old_mean, mean),
                (self.moving_variance, old_variance, variance),
            ):
                moving.assign(self.momentum * old + (1 - self.momentum) * new)
        scale = gamma * tf.math.rsqrt(variance + self.epsilon)
        return tf.cast((values - mean) * scale + tf.convert_to_tensor(self.beta), nodes.dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}


def _moments(values: tf.Tensor, counted: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and variance of the counted rows of all replicas; None means all rows."""
    if counted is None:
        counted = tf.ones(tf.shape(values)[:1], tf.bool)
    share = tf.cast(counted, values.dtype)[:, tf.newaxis]
    # In one exchange: a batch without real nodes counts for nothing.
    sums = _over_replicas(tf.concat([tf.reduce_sum(share * values, 0), [tf.reduce_sum(share)]], 0))
    count = tf.maximum(sums[-1], 1)
    mean = sums[:-1] / count
    squares = tf.reduce_sum(share * tf.math.square(values - mean), 0)
    return mean, _over_replicas(squares) / count


def _over_replicas(value: tf.Tensor) -> tf.Tensor:
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return value
    return context.all_reduce(tf.distribute.ReduceOp.SUM, value)
