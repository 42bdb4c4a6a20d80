"""The part of a round in which the agreement model is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.cotraining.cotrain_config import CoTrainConfig
from gnn.cotraining.restarting_optimizer import RestartingOptimizer
from gnn.cotraining.until_no_better import Fitted, until_no_better
from gnn.data.node_features import NodeFeatures
from gnn.graphs.graph import Graph
from gnn.graphs.label_pairs import (
    LabelPairs,
    balanced_pairs,
    labeled_edges,
    random_pairs,
    split_nodes,
    split_pairs,
)
from gnn.models.agreement.agreement_model import AgreementModel


class AgreementTraining:
    """Trains an agreement model on pairs of labeled nodes of one graph, and scores pairs with it.

    Args:
        model: a built `gnn.AgreementModel`.
        graph: whose nodes' features the model reads.
        config: the settings.

    Attributes:
        encodings: what the model encodes all nodes as, since the last `fit`.
    """

    def __init__(self, model: AgreementModel, graph: Graph, config: CoTrainConfig):
        self.model, self._config = model, config
        self._lookup = NodeFeatures(graph)
        features = self._rows(np.arange(graph.num_nodes))
        self._fit = config.agreement
        self._optimizer = RestartingOptimizer(model, self._fit.learning_rate)
        # Traced alike whatever number of labels a round has: a training that was resumed in it has
        # the bits of one that was not.
        specs = {name: _any_rows(feature) for name, feature in features.items()}
        whole, pairs = tf.TensorSpec([], tf.int32), tf.TensorSpec([None, 2], tf.int32)
        steps = tf.TensorSpec([None, None, 2], tf.int32)
        self._steps = tf.function(self._train, input_signature=[specs, steps, whole])
        self._validate = tf.function(
            self._score,
            autograph=False,
            input_signature=[specs, pairs, tf.TensorSpec([None], tf.float32)],
        )
        self._encode = tf.function(lambda: self._encoded(features, training=False), autograph=False)
        self.encodings = self._encode()

    def fit(self, graph: Graph, labels: np.ndarray, round_number: int) -> Fitted:
        """Trains the model, as it was restarted, on the labels of a round.

        Args:
            graph: the graph; its own labels are not looked at.
            labels: int `[n_nodes]`, -1 where unknown.
            round_number: the round, of which, with the seed, the pairs drawn are a function.

        Returns:
            How it went, with 0 steps where no two labels are equal or none differ.
        """
        self._optimizer.restart()
        seed = int(np.random.SeedSequence([self._config.seed, round_number]).generate_state(1)[0])
        config, trained = self._config, labels
        edges = labeled_edges(graph, labels) if config.use_graph else LabelPairs(*_nothing())
        training, validation = split_pairs(edges, config.validation_share, seed=seed)
        if len(validation) < config.validation_pairs:
            trained, validation = split_nodes(
                labels, config.validation_pairs, config.validation_share, edges=edges, seed=seed
            )
            training = labeled_edges(graph, trained) if config.use_graph else edges

        def draw(chunk: int, count: int) -> LabelPairs:
            if len(training.agree):
                return balanced_pairs(
                    training, trained, count, exclude=validation, seed=seed, epoch=chunk
                )
            # Without an edge that agrees there is nothing to learn of edges: any two nodes then.
            return random_pairs(trained, count, exclude=validation, seed=seed, epoch=chunk)

        chunk_steps = self._fit.evaluate_every
        known = np.flatnonzero(labels >= 0)
        # A batch has a pair of either kind at least.
        size = max(self._fit.batch_size or 2 * (len(training.agree) or len(known)), 2)
        if len(training.agree):
            size = min(size, 2 * len(training.agree))
        if not len(draw(0, 2)):
            self.encodings = self._encode()
            return Fitted(0, 0, None)

        features = self._rows(known)
        place = np.zeros(len(labels), np.int32)
        place[known] = np.arange(len(known))

        def run(chunk: int) -> tuple[float, float | None]:
            pairs = draw(chunk, size * chunk_steps)
            half = len(pairs.agree) // chunk_steps
            nodes = np.concatenate(
                [
                    side[: half * chunk_steps].reshape(chunk_steps, half, 2)
                    for side in (pairs.agree, pairs.disagree)
                ],
                axis=1,
            )
            loss = float(self._steps(features, tf.constant(place[nodes]), tf.constant(half)))
            if not len(validation):
                return loss, None
            held_out = tf.constant(place[validation.nodes])
            score = self._validate(features, held_out, tf.constant(validation.agreement))
            return loss, float(score)

        perfect = 1.0 if self._fit.monitor == "accuracy" else None
        fitted = until_no_better(run, self.model.weights, self._fit, perfect)
        self.encodings = self._encode()
        return fitted

    def _rows(self, nodes: np.ndarray) -> dict[str, Any]:
        """The features of some nodes, on the device."""
        batch = self._lookup.rows(self._lookup.take(nodes))
        return self._lookup.tensors({"node_ids": tf.constant(nodes), **batch}, None)

    def _encoded(self, features: Mapping[str, Any], training: bool) -> tf.Tensor:
        given = features if len(features) > 1 else next(iter(features.values()))
        return self.model.encode(given, training)

    def _ends(
        self, features: Mapping[str, Any], pairs: tf.Tensor, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The encodings of both nodes of pairs of rows."""
        if any(isinstance(x, tf.SparseTensor) for x in features.values()):
            # There is no fast way to single rows of a sparse tensor.
            encodings = self._encoded(features, training)
            return tf.gather(encodings, pairs[:, 0]), tf.gather(encodings, pairs[:, 1])
        rows = tf.reshape(pairs, [-1])
        asked = {name: tf.gather(feature, rows) for name, feature in features.items()}
        encodings = self._encoded(asked, training)
        return encodings[::2], encodings[1::2]

    def _train(self, features: Mapping[str, Any], pairs: tf.Tensor, half: tf.Tensor) -> tf.Tensor:
        """Steps on `[n_steps, 2 * half, 2]` pairs, of which the first halves agree; mean loss."""
        agreement = tf.cast(tf.range(2 * half) < half, tf.float32)[:, tf.newaxis]
        total = tf.zeros([])
        for step in tf.range(tf.shape(pairs)[0]):
            total += self._step(features, pairs[step], agreement)
        return total / tf.cast(tf.shape(pairs)[0], tf.float32)

    @tf.autograph.experimental.do_not_convert
    def _step(
        self, features: Mapping[str, Any], pairs: tf.Tensor, agreement: tf.Tensor
    ) -> tf.Tensor:
        def loss_of() -> tf.Tensor:
            predicted = self.model.agree(*self._ends(features, pairs, training=True), training=True)
            # The sum over the batch, as in the authors' code; Adam does not mind its scale.
            return tf.reduce_sum(keras.losses.binary_crossentropy(agreement, predicted))

        return self._optimizer.minimize(loss_of)

    def _score(
        self, features: Mapping[str, Any], pairs: tf.Tensor, agreement: tf.Tensor
    ) -> tf.Tensor:
        predicted = self.model.agree(*self._ends(features, pairs, False), training=False)[:, 0]
        if self._fit.monitor == "cross_entropy":
            return -keras.losses.binary_crossentropy(agreement, predicted)
        return tf.reduce_mean(tf.cast((predicted >= 0.5) == (agreement > 0.5), tf.float32))


def _any_rows(feature: Any) -> Any:
    """The spec of a feature of any number of nodes."""
    spec = tf.SparseTensorSpec if isinstance(feature, tf.SparseTensor) else tf.TensorSpec
    return spec([None, *feature.shape[1:]], feature.dtype)


def _nothing() -> tuple[np.ndarray, np.ndarray]:
    return np.empty((0, 2), np.int32), np.empty((0, 2), np.int32)
