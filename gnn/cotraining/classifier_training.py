"""The part of a round in which the classifier is trained, with the agreement loss."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.cotraining.cotrain_config import CoTrainConfig
from gnn.cotraining.node_outputs import NodeOutputs, probabilities
from gnn.cotraining.pair_kinds import PairKind, shares
from gnn.cotraining.restarting_optimizer import RestartingOptimizer
from gnn.cotraining.until_no_better import Fitted, until_no_better

# Of what is drawn for a chunk of steps, these first parts have a row a step.
_OF_STEP = 4


class ClassifierTraining:
    """Trains a classifier on labeled nodes and on pairs of nodes that should agree.

    The loss of a step is the mean cross-entropy of the labeled nodes of a batch, what the layers
    add (weight penalties, a graph loss), and the mean over the pairs drawn, as many of each kind,
    of

        weight of the kind * agreement(i, j) * sum_c (left_c - p_jc)^2

    where p are the class probabilities, and left is the label of node i where it is known and p_i
    where not (Stretcu et al., "Graph agreement models", NeurIPS 2019, section 3.2, as in the
    authors' code). Labels and pairs share one pass through the classifier, with one dropout.

    Args:
        model: a built classifier.
        outputs: its outputs on the graph.
        num_classes: int.
        config: the settings.
        judge: a function that gives the agreement `[n_pairs, 1]` of the encodings of two nodes;
            None: every pair agrees.
        validation: the validation nodes and their labels; None where there are none.
    """

    def __init__(
        self,
        model: Any,
        outputs: NodeOutputs,
        num_classes: int,
        config: CoTrainConfig,
        judge: Any = None,
        validation: tuple[np.ndarray, np.ndarray] | None = None,
    ):
        self.model, self._outputs, self._config, self._judge = model, outputs, config, judge
        self._num_classes = num_classes
        self._fit = config.classifier
        self._optimizer = RestartingOptimizer(model, self._fit.learning_rate)
        self._validation = None
        if validation is not None:
            nodes, labels = validation
            self._validation = tf.constant(nodes, tf.int32), tf.constant(labels, tf.int32)
        weights = config.pair_weights
        each = (
            weights.labeled_labeled,
            weights.labeled_unlabeled,
            weights.unlabeled_unlabeled,
        )
        # A kind of weight 0 still counts where kinds are averaged, but needs no pass.
        self._active = [index for index, weight in enumerate(each) if weight > 0]
        self._traced: dict[bool, Any] = {}

    def fit(
        self,
        labels: np.ndarray,
        kinds: list[PairKind],
        encodings: tf.Tensor,
        round_number: int,
        with_pairs: bool = True,
    ) -> Fitted:
        """Trains the model, as it was restarted, in a round.

        Args:
            labels: int `[n_nodes]`, -1 where unknown.
            kinds: the pairs: of two labeled nodes, of one, of none.
            encodings: of all nodes, for the judge.
            round_number: the round, of which, with the seed, batches and pairs are a function.
            with_pairs: whether there is the agreement loss. In the first round there is not: the
                nodes of pairs do not even pass through the model, whose batch statistics they
                would change.
        """
        self._optimizer.restart()
        config, chunk_steps = self._config, self._fit.evaluate_every
        labeled = np.flatnonzero(labels >= 0).astype(np.int32)
        size = min(self._fit.batch_size or len(labeled), len(labeled))
        coefficients = shares(kinds)[self._active]
        active = [kinds[index] for index in self._active]

        def run(chunk: int) -> tuple[float, float | None]:
            rng = np.random.default_rng([config.seed, round_number, chunk])
            if size == len(labeled):
                batch = np.tile(labeled, (chunk_steps, 1))
            else:
                batch = np.stack([rng.permutation(labeled)[:size] for _ in range(chunk_steps)])
            chosen = [
                kind.draw(chunk_steps * config.pairs_per_step, rng).reshape(
                    chunk_steps, config.pairs_per_step, 2
                )
                for kind in active
            ]
            pairs = (
                np.stack(chosen, axis=1) if chosen else np.zeros((chunk_steps, 0, 1, 2), np.int32)
            )
            drawn = (
                tf.constant(batch),
                tf.constant(labels[batch], tf.int32),
                tf.constant(pairs),
                tf.constant(labels[pairs[..., 0]], tf.int32),
                tf.constant([kind.labeled_left for kind in active], tf.bool),
                tf.constant([kind.trusted for kind in active], tf.bool),
                tf.constant(coefficients),
                encodings,
            )
            loss, score = self._steps(drawn, with_pairs)
            return float(loss), None if self._validation is None else float(score)

        return until_no_better(run, self.model.weights, self._fit)

    def _steps(self, drawn: tuple[tf.Tensor, ...], with_pairs: bool) -> tuple[tf.Tensor, tf.Tensor]:
        # Traced alike whatever number of labels a round has: a training that was resumed in it has
        # the bits of one that was not.
        if with_pairs not in self._traced:
            specs = [tf.TensorSpec.from_tensor(part) for part in drawn]
            specs[:2] = [tf.TensorSpec([None, None], part.dtype) for part in drawn[:2]]
            train = functools.partial(self._train, with_pairs=with_pairs)
            self._traced[with_pairs] = tf.function(train, input_signature=specs)
        return self._traced[with_pairs](*drawn)

    def _train(self, *drawn: tf.Tensor, with_pairs: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """Does a chunk of steps; returns their mean loss and the score on validation nodes."""
        of_step, of_all = drawn[:_OF_STEP], drawn[_OF_STEP:]
        steps, total = tf.shape(drawn[0])[0], tf.zeros([])
        for step in tf.range(steps):
            total += self._step(*[part[step] for part in of_step], *of_all, with_pairs)
        return total / tf.cast(steps, tf.float32), self._score()

    @tf.autograph.experimental.do_not_convert
    def _step(self, *drawn: Any) -> tf.Tensor:
        return self._optimizer.minimize(lambda: self._loss(*drawn))

    @tf.autograph.experimental.do_not_convert
    def _score(self) -> tf.Tensor:
        if self._validation is None:
            return tf.zeros([])
        nodes, true = self._validation
        logits = self._outputs.of(self.model, nodes, training=False)
        if self._fit.monitor == "cross_entropy":
            return -_cross_entropy(true, logits)
        predicted = tf.argmax(logits, axis=-1, output_type=tf.int32)
        return tf.reduce_mean(tf.cast(predicted == true, tf.float32))

    def _loss(
        self,
        batch: tf.Tensor,
        labels: tf.Tensor,
        pairs: tf.Tensor,
        left_labels: tf.Tensor,
        labeled_left: tf.Tensor,
        trusted: tf.Tensor,
        coefficients: tf.Tensor,
        encodings: tf.Tensor,
        with_pairs: bool,
    ) -> tf.Tensor:
        if not (self._active and with_pairs):
            logits = self._outputs.of(self.model, batch, training=True)
            return _cross_entropy(labels, logits)
        ends = tf.reshape(pairs, [-1, 2])
        asked = tf.concat([batch, ends[:, 0], ends[:, 1]], axis=0)
        logits = self._outputs.of(self.model, asked, training=True)
        rows = tf.shape(batch)[0]
        supervised = _cross_entropy(labels, logits[:rows])
        beliefs = probabilities(logits[rows:])
        shape = [*pairs.shape[:2], self._num_classes]
        left, right = (tf.reshape(part, shape) for part in tf.split(beliefs, 2))
        known = tf.one_hot(left_labels, self._num_classes)
        left = tf.where(labeled_left[:, tf.newaxis, tf.newaxis], known, left)
        distances = tf.reduce_sum(tf.square(left - right), axis=-1)
        agreement = tf.ones_like(distances)
        if self._judge is not None:
            judged = self._judge(tf.gather(encodings, ends[:, 0]), tf.gather(encodings, ends[:, 1]))
            judged = tf.reshape(tf.stop_gradient(judged), tf.shape(distances))
            agreement = tf.where(trusted[:, tf.newaxis], agreement, judged)
        floor = self._config.agreement_floor
        if floor:
            agreement = tf.nn.relu(agreement - floor)
        agreeing = tf.reduce_mean(agreement * distances, axis=1)
        return supervised + tf.reduce_sum(coefficients * agreeing)


def _cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    if logits.shape.rank == 3:
        labels = tf.repeat(labels[:, tf.newaxis], tf.shape(logits)[1], axis=1)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
