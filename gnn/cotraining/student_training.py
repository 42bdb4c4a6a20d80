"""The part of a round in which the student of a `gnn.BeliefAgreement` is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from gnn.cotraining.cotrain_config import CoTrainConfig
from gnn.cotraining.node_outputs import NodeOutputs, probabilities
from gnn.cotraining.restarting_optimizer import RestartingOptimizer
from gnn.cotraining.until_no_better import Fitted, until_no_better


class StudentTraining:
    """Trains a second classifier on what the first believes of all nodes of one graph.

    The loss of a step is the mean cross-entropy between the beliefs of a batch of nodes and the
    student's class probabilities, and what its layers add (Hinton et al., "Distilling the knowledge
    in a neural network", 2015, section 2, at temperature 1). It takes `min_steps` steps: beliefs
    are no truth of which some could be held out.

    Args:
        student: a built classifier.
        outputs: its outputs on the graph.
        config: the settings; `agreement` says how long, and how many nodes a step has.
    """

    def __init__(self, student: Any, outputs: NodeOutputs, config: CoTrainConfig):
        self.student, self._outputs, self._config = student, outputs, config
        self._fit = config.agreement
        self._optimizer = RestartingOptimizer(student, self._fit.learning_rate)
        self._everything = tf.range(outputs.num_nodes)
        self._steps = tf.function(self._train)
        self._opinion = tf.function(
            lambda: probabilities(outputs.of(student, self._everything, training=False)),
            autograph=False,
        )

    def fit(self, beliefs: tf.Tensor, round_number: int) -> Fitted:
        """Trains the student, as it was restarted, in a round.

        Args:
            beliefs: float32 `[n_nodes, n_classes]`, class probabilities.
            round_number: the round, of which, with the seed, the batches are a function.

        Returns:
            How it went.
        """
        self._optimizer.restart()
        chunk_steps, num_nodes = self._fit.evaluate_every, self._outputs.num_nodes
        size = min(self._fit.batch_size or num_nodes, num_nodes)

        def run(chunk: int) -> tuple[float, None]:
            rng = np.random.default_rng([self._config.seed, round_number, chunk])
            batches = [rng.permutation(num_nodes)[:size] for _ in range(chunk_steps)]
            return float(self._steps(tf.constant(np.stack(batches), tf.int32), beliefs)), None

        return until_no_better(run, self.student.weights, self._fit)

    def opinion(self) -> tf.Tensor:
        """The student's class probabilities of all nodes, float32 `[n_nodes, n_classes]`."""
        return self._opinion()

    def _train(self, batches: tf.Tensor, beliefs: tf.Tensor) -> tf.Tensor:
        """Does a step a batch; returns their mean loss."""
        total = tf.zeros([])
        for step in tf.range(tf.shape(batches)[0]):
            total += self._step(batches[step], beliefs)
        return total / tf.cast(tf.shape(batches)[0], tf.float32)

    @tf.autograph.experimental.do_not_convert
    def _step(self, batch: tf.Tensor, beliefs: tf.Tensor) -> tf.Tensor:
        def loss_of() -> tf.Tensor:
            logits = self._outputs.of(self.student, batch, training=True)
            target = tf.gather(beliefs, batch)
            if logits.shape.rank == 3:
                target = tf.repeat(target[:, tf.newaxis], tf.shape(logits)[1], axis=1)
            return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(target, logits))

        return self._optimizer.minimize(loss_of)
