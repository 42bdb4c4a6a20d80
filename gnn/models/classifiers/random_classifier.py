"""GRAND: predictions that agree, however the graph is thinned."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count, check_rate
from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.graphs.batch.which_nodes import real_nodes
from gnn.layers.dense import FeatureDense
from gnn.layers.dropout import FeatureDropout
from gnn.layers.mean_loss import MeanLossLayer
from gnn.layers.random_propagation import DropNode, MixedOrderPropagation
from gnn.models.agreement.agreement_weights import weigh_by_agreement
from gnn.models.classifiers.node_classifier import NodeClassifier, Stage, on_nodes
from gnn.ops.agreement import log_beliefs
from gnn.ops.consistency import consistency_loss
from gnn.ops.sparse import as_dense

# The columns that are propagated at once: over all hops they stay in the cache of a processor, for
# some thousand nodes, which takes 0.6 of the time.
_BLOCK = 128


@keras.saving.register_keras_serializable(package="gnn")
class GRANDNodeClassifier(NodeClassifier):
    """Graph random neural network: random propagation and a loss of inconsistency.

    In training it draws S augmentations: DropNode leaves out whole nodes, the mean of `A^^k X` over
    k = 0..K spreads what is left, and a perceptron predicts. The loss is the mean of your loss over
    the S predictions, plus `consistency * consistency_loss` over all nodes of the batch, labeled or
    not (Feng et al., "Graph random neural networks for semi-supervised learning on graphs", NeurIPS
    2020, algorithm 2). At inference nothing is drawn.

    In training the model returns the logits of all draws, `[n_rows, S, num_classes]`; metrics see
    the logarithm of their mean probability.

    Args:
        num_classes: int, columns of the logits.
        hidden_units: int or sequence of ints, the widths of the perceptron.
        dropout_rate: float in `[0, 1)`, before the second and later dense layers.
        input_dropout: float in `[0, 1)`, of the propagated features. Where it is 0, propagation
            runs on the narrower side of the first product.
        drop_node_rate: float in `[0, 1)`.
        hops: int, K.
        draws: int, S.
        consistency: float of at least 0, the paper's lambda.
        temperature: float greater than 0, of the sharpening.
        kernel_regularizer: of all kernels.
        seq_length, kwargs: as in `gnn.models.NodeClassifier`; in training the graph loss is on the
            mean of the draws' logits.

    Raises:
        ValueError: an argument is out of range.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> model = GRANDNodeClassifier(num_classes=7)
    >>> model({"words": tf.ones([4, 20]), **edgeless(4)}).shape
    TensorShape([4, 7])
    """

    def __init__(
        self,
        seq_length: int | None = None,
        num_classes: int | None = None,
        hidden_units: Any = 32,
        dropout_rate: float = 0.5,
        input_dropout: float = 0.5,
        drop_node_rate: float = 0.5,
        hops: int = 8,
        draws: int = 4,
        consistency: float = 1.0,
        temperature: float = 0.5,
        **kwargs: Any,
    ):
        super().__init__(seq_length, num_classes, hidden_units, dropout_rate, **kwargs)
        self.draws = check_count("draws", draws)
        self.input_dropout = check_rate("input_dropout", input_dropout)
        if not consistency >= 0:
            raise ValueError(f"consistency must be at least 0; got {consistency}")
        if not temperature > 0:
            raise ValueError(f"temperature must be greater than 0; got {temperature}")
        self.consistency, self.temperature = float(consistency), float(temperature)
        self.agreement_of_draws = _Consistency(self.consistency, self.temperature)
        self.drop_node = DropNode(check_rate("drop_node_rate", drop_node_rate))
        self.propagation = MixedOrderPropagation(hops)
        widths = (*self.hidden_units, self.num_classes)
        self.dropouts = [
            FeatureDropout(self.input_dropout if depth == 0 else self.dropout_rate)
            for depth in range(len(widths))
        ]
        # The first product is linear up to its bias, so it may come before the propagation.
        self.first = FeatureDense(
            widths[0], use_bias=False, kernel_regularizer=self.kernel_regularizer
        )
        self.first_bias = _Bias(name="bias")
        self.denses = [
            FeatureDense(width, kernel_regularizer=self.kernel_regularizer) for width in widths[1:]
        ]

    def stages(self) -> list[Stage]:
        """Inference: the first product, the hops over its columns, and the rest of the layers."""
        scale = on_nodes(self.drop_node)

        def begin(graph: BatchGraph, training: bool | None) -> BatchGraph:
            return on_nodes(self.first)(scale(graph, False), False)

        def finish(graph: BatchGraph, training: bool | None) -> BatchGraph:
            return graph.replace(nodes=self._rest(graph.nodes, training=False))

        return [begin, *self.propagation.stages_of_model(), finish]

    def stages_to_embedding(self) -> int:
        """Up to the first hidden layer, propagated."""
        return len(self.stages()) - 1

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Returns logits; in training those of all draws, with the consistency loss added."""
        if not training:
            return super().graph_call(graph, training)
        features = graph.nodes
        given = graph.replace(nodes=self.encode(features, training, real_nodes(graph)))
        wide = [self.drop_node(given.nodes, training=True) for _ in range(self.draws)]
        if self.input_dropout == 0:
            spread = self._spread(given, [self.first(each) for each in wide])
        else:
            dense = [as_dense(each) for each in wide]
            spread = [
                self.first(self.dropouts[0](each, training=True))
                for each in self._spread(given, dense)
            ]
        logits = tf.stack([self._rest(each, training=True) for each in spread], axis=1)
        self.agreement_of_draws(logits, real=real_nodes(given))
        if self.regularization is not None:
            mean = given.replace(nodes=tf.reduce_mean(logits, axis=1))
            weighed = weigh_by_agreement(mean, features, self.agreement_model)
            self.regularization(weighed, training=training)
        return graph.replace(nodes=logits)

    def _spread(self, graph: BatchGraph, parts: list[tf.Tensor]) -> list[tf.Tensor]:
        """Propagates all draws, a block of their columns after the other."""
        together = tf.concat(parts, axis=1)
        width = together.shape[1]
        if width is None:
            return tf.split(self._spread_block(graph, together), len(parts), axis=1)
        sizes = [_BLOCK] * (width // _BLOCK) + [width % _BLOCK] * (width % _BLOCK > 0)
        spread: list[tf.Tensor] = []
        for block in tf.split(together, sizes, axis=1):
            # One after the other, or the blocks would drive each other out of the cache.
            with tf.control_dependencies(spread[-1:]):
                spread.append(self._spread_block(graph, tf.identity(block)))
        return tf.split(tf.concat(spread, axis=1), len(parts), axis=1)

    def _spread_block(self, graph: BatchGraph, columns: tf.Tensor) -> tf.Tensor:
        return self.propagation(graph.replace(nodes=columns)).nodes

    def _rest(self, hidden: tf.Tensor, training: bool) -> tf.Tensor:
        """What follows the first product."""
        hidden = self.first_bias(hidden)
        for dropout, dense in zip(self.dropouts[1:], self.denses, strict=True):
            hidden = dense(dropout(keras.activations.relu(hidden), training=training))
        return hidden

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The mean of the loss over the draws."""
        if y_pred is None or y_pred.shape.rank != 3:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        losses = [
            super(GRANDNodeClassifier, self).compute_loss(x, y, draw, sample_weight, training)
            for draw in tf.unstack(y_pred, axis=1)
        ]
        return tf.add_n(losses) / len(losses)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Updates the metrics, in training with the logarithm of the draws' mean probability."""
        if y_pred.shape.rank == 3:
            y_pred = log_beliefs(y_pred)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "input_dropout": self.input_dropout,
            "drop_node_rate": self.drop_node.rate,
            "hops": self.propagation.hops,
            "draws": self.draws,
            "consistency": self.consistency,
            "temperature": self.temperature,
        }


class _Consistency(MeanLossLayer):
    """Adds the consistency loss of logits `[n_nodes, draws, num_classes]`."""

    def __init__(self, multiplier: float, temperature: float):
        super().__init__(metric="consistency_loss", name="consistency")
        self.multiplier, self.temperature = multiplier, temperature

    def call(self, logits: tf.Tensor, real: tf.Tensor | None = None) -> tf.Tensor:
        count = tf.shape(logits)[0] if real is None else tf.math.count_nonzero(real)
        loss = consistency_loss(logits, self.temperature, real)
        self.add_mean(loss, tf.cast(count, tf.float32))
        return logits


class _Bias(keras.layers.Layer):
    """Adds a bias to every row."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.bias = self.add_weight(shape=(shape[-1],), initializer="zeros", name="bias")

    def call(self, rows: tf.Tensor) -> tf.Tensor:
        return rows + tf.convert_to_tensor(self.bias)
