"""Agreement by what a classifier believes of two nodes."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.ops.agreement import belief_agreement


@keras.saving.register_keras_serializable(package="gnn")
class BeliefAgreement(keras.layers.Layer):
    """The probability that two nodes share a label, if a classifier's beliefs of them are right.

    Without `prior` it is `g(i, j) = sum_c p_ic p_jc`: what two independent draws from the beliefs
    agree in; with one, the posterior of `gnn.ops.belief_agreement`, which does not distrust pairs
    of which little is known. In `gnn.CoTrainer` the beliefs are those of the classifier of the
    round before, and one-hot where a label is known. It needs no labeled edge to learn from. It is
    ours, not part of Stretcu et al., "Graph agreement models". It is a layer on beliefs, not a
    model of features: as `agreement_model` of another model it is given that model's features, so
    these have to be beliefs.

    A graph network believes of neighbors much the same, whether they share a label or not. A
    `student` that does not see the graph gives a second opinion: in each round it learns the
    classifier's beliefs of all nodes from their features, and `p` is the product of both beliefs,
    scaled to 1. With `CoTrainConfig.predict_jointly` what it learns, and what enters that product,
    are the joint beliefs of the round before: its predecessor's too.

    Args:
        prior: float between 0 and 1, the probability that a pair agrees before the beliefs are
            looked at; None: one over the number of classes.
        student: a Keras layer or model of node features that returns logits, for `gnn.CoTrainer` to
            train with the settings of `CoTrainConfig.agreement`, for `min_steps` steps of
            `batch_size` nodes; None: the classifier's beliefs alone.

    Call arguments:
        inputs: `[sender beliefs, receiver beliefs]`, each `[n_pairs, n_classes]`.

    Returns:
        float32 `[n_pairs, 1]`.

    Raises:
        TypeError: `prior` is no number, or `student` no Keras layer.
        ValueError: `prior` is out of range.

    Example:

    >>> beliefs = tf.constant([[0.5, 0.5], [0.0, 1.0]])
    >>> BeliefAgreement()([beliefs, tf.constant([[1.0, 0.0], [0.0, 1.0]])]).numpy().tolist()
    [[0.5], [1.0]]
    """

    def __init__(
        self, prior: float | None = None, student: keras.layers.Layer | None = None, **kwargs: Any
    ):
        super().__init__(**kwargs)
        if prior is not None:
            if isinstance(prior, bool) or not isinstance(prior, numbers.Real):
                raise TypeError(f"prior must be a number or None; got {prior!r}")
            if not 0 < float(prior) < 1:
                raise ValueError(f"prior must be between 0 and 1; got {prior}")
        if student is not None and not isinstance(student, keras.layers.Layer):
            raise TypeError(f"student must be a Keras layer or None; got {type(student).__name__}")
        self.prior = None if prior is None else float(prior)
        self.student = student

    def call(self, inputs: Any) -> tf.Tensor:
        """Returns the probabilities of the pairs."""
        return self.agree(*inputs)

    def encode(self, beliefs: Any, training: bool | None = None) -> tf.Tensor:
        """Returns the beliefs: they are the encodings."""
        del training
        return tf.cast(beliefs, tf.float32)

    def agree(
        self, senders: tf.Tensor, receivers: tf.Tensor, training: bool | None = None
    ) -> tf.Tensor:
        """The probabilities that pairs agree, `[n_pairs, 1]`."""
        del training
        return belief_agreement(
            tf.cast(senders, tf.float32), tf.cast(receivers, tf.float32), self.prior
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        student = keras.saving.serialize_keras_object(self.student)
        return {**super().get_config(), "prior": self.prior, "student": student}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> BeliefAgreement:
        """Makes the layer that `get_config` describes."""
        arguments = dict(config)
        if isinstance(arguments.get("student"), Mapping):
            arguments["student"] = keras.saving.deserialize_keras_object(arguments["student"])
        return cls(**arguments)
