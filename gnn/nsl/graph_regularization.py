"""NSL's wrapper that adds graph regularization to a Keras model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.configs.graph import AUTO
from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.layers.mean_loss import MeanLossLayer
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import call_node_model
from gnn.nsl.base_model import WrapsBaseModel
from gnn.nsl.importing import configs, lib

_REDUCTION = tf.compat.v1.losses.Reduction


class GraphRegularization(WrapsBaseModel, NodeGraphModel):
    """NSL's class: trains a Keras model with a loss that pulls the outputs of neighbors together.

    A batch is a dict of features, those of the neighbors beside a sample's own: ``NL_nbr_0_x`` and
    ``NL_nbr_0_weight`` for the feature ``x``, by the names that ``neighbor_config`` gives. Training
    minimizes `loss + multiplier * graph loss`. The graph loss is NSL's: over all pairs of a sample
    and a neighbor, the weighted sum of distances, divided as `distance_config.reduction` says, by
    default by the number of pairs whose weight is not 0. That is another mean than the one of
    `gnn.GraphRegularizationModel`, which is over nodes.

    The history has `loss`, your metrics, `graph_loss` and `scaled_graph_loss`. `evaluate`,
    `predict`, validation, `save` and `export` are those of the base model: they need no neighbors,
    and leave them out where they come.

    Args:
        base_model: the Keras model, Sequential, functional or subclassed; it returns one tensor.
        graph_reg_config: NSL's `GraphRegConfig`; None means its defaults, no neighbors.

    Raises:
        ValueError: the reduction of the distance leaves more than one number, the multiplier is
            "auto".

    Example:

    >>> from gnn import nsl
    >>> config = nsl.configs.make_graph_reg_config(max_neighbors=1, multiplier=0.1)
    >>> base_model = keras.Sequential([keras.Input([2], name="x"), keras.layers.Dense(1)])
    >>> model = nsl.keras.GraphRegularization(base_model, config)
    >>> model.compile("sgd", "mse")
    >>> x, weights = tf.ones([4, 2]), tf.ones([4, 1])
    >>> batch = {"x": x, "NL_nbr_0_x": 2.0 * x, "NL_nbr_0_weight": weights}
    >>> history = model.fit(batch, weights, verbose=0)
    >>> sorted(history.history)
    ['graph_loss', 'loss', 'scaled_graph_loss']
    >>> model.predict({"x": x}, verbose=0).shape
    (4, 1)
    """

    requires_graph = False

    def __init__(self, base_model: keras.Model, graph_reg_config: Any = None):
        super().__init__(name="GraphRegularization")
        self.base_model = base_model
        self.graph_reg_config = (
            configs.GraphRegConfig() if graph_reg_config is None else graph_reg_config
        )
        self.regularizer = _PairLoss(self.graph_reg_config)
        self._evaluates = False

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Configures training as `keras.Model.compile` does, that of the base model too."""
        super().compile(*args, **kwargs)
        names = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        del given["optimizer"]
        self.compile_base_model(given.pop("metrics", None), **given)

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Calls the base model; in training, calls it on the neighbors too and adds their loss."""
        if not isinstance(graph.nodes, Mapping):
            return graph.replace(nodes=call_node_model(self.base_model, graph.nodes, training))
        neighbor_config, multiplier = (
            self.graph_reg_config.neighbor_config,
            self.graph_reg_config.multiplier,
        )
        if not training or neighbor_config.max_neighbors == 0 or multiplier <= 0:
            own = lib.strip_neighbor_features(graph.nodes, neighbor_config)
            return graph.replace(nodes=call_node_model(self.base_model, own, training))
        own, neighbors, weights = lib.unpack_neighbor_features(graph.nodes, neighbor_config)
        outputs = call_node_model(self.base_model, own, training)
        self.regularizer(outputs, call_node_model(self.base_model, neighbors, training), weights)
        return graph.replace(nodes=outputs)

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluates the base model as `keras.Model.evaluate` does; neighbors are left out."""
        with self._evaluating():
            return super().evaluate(*args, **kwargs)

    def test_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluates the base model on one batch."""
        with self._evaluating():
            return super().test_on_batch(*args, **kwargs)

    @contextlib.contextmanager
    def _evaluating(self) -> Iterator[None]:
        self._evaluates = True
        try:
            yield
        finally:
            self._evaluates = False

    def get_metrics_result(self) -> dict[str, Any]:
        """The metrics so far: the base model's, and in training those of the graph loss."""
        results = super().get_metrics_result()
        graph_loss = results.pop("graph_loss", None)
        if graph_loss is not None and not self._evaluates:
            results["graph_loss"] = graph_loss
            results["scaled_graph_loss"] = self.regularizer.multiplier * graph_loss
        return results


class _PairLoss(MeanLossLayer):
    """NSL's graph loss: the distances of pairs, and over how many of them it is a mean."""

    def __init__(self, config: Any):
        super().__init__(metric="graph_loss", name="graph_loss")
        if config.multiplier == AUTO:
            raise ValueError(
                "multiplier must be a number in gnn.nsl, got 'auto', which NSL's loss has not; "
                "take gnn.GraphRegularizationModel, or a number such as 0.1"
            )
        self.multiplier = config.multiplier
        self.reduction = config.distance_config.reduction
        if self.reduction == _REDUCTION.NONE:
            raise ValueError(
                "distance_config.reduction must leave one number, the loss; got 'none', which "
                "keeps a distance for every pair"
            )
        self.config = config

    def call(self, outputs: tf.Tensor, neighbors: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Adds the loss of samples `[n, ...]` and their neighbors `[n * max_neighbors, ...]`."""
        sources = tf.repeat(outputs, self.config.neighbor_config.max_neighbors, axis=0)
        sources, neighbors, weights = (
            tf.cast(part, tf.float32) for part in (sources, neighbors, weights)
        )
        mean = lib.pairwise_distance_wrapper(
            sources, neighbors, weights, self.config.distance_config
        )
        self.add_mean(mean, _divisor(weights, self.reduction))
        return outputs


def _divisor(weights: tf.Tensor, reduction: str) -> tf.Tensor:
    """What a loss is a mean over, so that batches and replicas weigh by it."""
    weights = tf.cast(weights, tf.float32)
    if reduction == _REDUCTION.SUM:
        return tf.ones([])
    if reduction == _REDUCTION.MEAN:
        return tf.reduce_sum(weights)
    if reduction == _REDUCTION.SUM_OVER_BATCH_SIZE:
        return tf.cast(tf.size(weights), tf.float32)
    return tf.cast(tf.math.count_nonzero(weights), tf.float32)
