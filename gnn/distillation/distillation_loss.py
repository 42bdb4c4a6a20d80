"""The loss of a student: its teacher's soft labels, and the labels that are known."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.configs.fields import not_negative
from gnn.distillation.soft_labels import check_temperature


def distillation_targets(soft: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """What `DistillationLoss` takes as labels: soft labels and, beside them, those that are known.

    The columns of a known label hold a 1 for its class, times how many nodes there are for each
    known label: the mean over all nodes is then the mean over those that have one.

    Args:
        soft: float `[n, num_classes]`, as `soft_labels` gives it.
        labels: int `[n]`, -1 where none is known, as `gnn.graphs.known_labels` gives them; None
            where none is.

    Returns:
        float32 `[n, 2 * num_classes]`.

    Raises:
        ValueError: the shapes do not fit, or there is a label past the last class.

    Example:

    >>> soft = np.array([[0.75, 0.25], [0.5, 0.5]])
    >>> distillation_targets(soft, np.array([-1, 1])).tolist()
    [[0.75, 0.25, 0.0, 0.0], [0.5, 0.5, 0.0, 2.0]]
    """
    soft = np.asarray(soft, np.float32)
    if soft.ndim != 2:
        raise ValueError(f"soft must have the shape [n, num_classes]; got {list(soft.shape)}")
    hard = np.zeros_like(soft)
    if labels is not None:
        labels = np.asarray(labels)
        if labels.shape != soft.shape[:1] or labels.dtype.kind not in "iu":
            raise ValueError(
                f"labels must be an integer a row of soft, {len(soft)} of them; got "
                f"{labels.dtype} of shape {list(labels.shape)}"
            )
        known = np.flatnonzero(labels >= 0)
        if len(known):
            if labels.max() >= soft.shape[1]:
                raise ValueError(
                    f"labels must be below {soft.shape[1]}, the number of classes; got "
                    f"{int(labels.max())}"
                )
            hard[known, labels[known]] = len(soft) / len(known)
    return np.concatenate([soft, hard], axis=1)


@keras.saving.register_keras_serializable(package="gnn")
class DistillationLoss(keras.losses.Loss):
    """What a student's logits z lose against soft labels q and known labels y.

    `weight * T^2 * KL(q || softmax(z / T)) + (1 - weight) * r * crossentropy(y, softmax(z))` a
    row, where r is the number of rows for each known label, and 0 where none is known (Hinton et
    al., 2015, section 2: T^2 keeps the gradient of soft labels as large at every temperature;
    `KL(q || p) = sum_c q_c log(q_c / p_c)`).

    Args:
        temperature: T, the one that the soft labels were made with.
        weight: of the soft labels, 0 to 1. At 1, no label is looked at.

    Call arguments:
        y_true: float `[n, 2 * num_classes]`, of `distillation_targets`.
        y_pred: float `[n, num_classes]`, logits.

    Raises:
        TypeError: an argument is no number.
        ValueError: an argument is out of range, or, when called, the student has another number of
            classes.

    Example:

    >>> targets = distillation_targets(np.array([[0.75, 0.25]]))
    >>> loss = DistillationLoss(temperature=2.0, weight=1.0)
    >>> round(float(loss(targets, tf.zeros([1, 2]))), 4)  # 4 (ln 2 + .75 ln .75 + .25 ln .25)
    0.5232
    """

    of_classes = True

    def __init__(
        self,
        temperature: float = 1.0,
        weight: float = 1.0,
        name: str = "distillation",
        reduction: str = "sum_over_batch_size",
        **kwargs: Any,
    ):
        super().__init__(name=name, reduction=reduction, **kwargs)
        self.temperature = check_temperature(temperature)
        self.weight = not_negative("weight", weight)
        if self.weight > 1:
            raise ValueError(f"weight must be from 0 to 1, got {weight!r}")

    def call(self, y_true: Any, y_pred: Any) -> tf.Tensor:
        """The loss of each row, float32 `[n]`."""
        logits = tf.cast(y_pred, tf.float32)
        targets = tf.cast(y_true, tf.float32)
        if targets.shape[-1] != 2 * logits.shape[-1]:
            raise ValueError(
                f"the student has {logits.shape[-1]} outputs, and its targets "
                f"{targets.shape[-1]} columns, which must be two a class: give what "
                "gnn.distillation.distillation_targets returns"
            )
        soft, hard = tf.split(targets, 2, axis=-1)
        believed = tf.nn.log_softmax(logits / self.temperature)
        divergence = tf.reduce_sum(tf.math.xlogy(soft, soft) - soft * believed, axis=-1)
        crossentropy = -tf.reduce_sum(hard * tf.nn.log_softmax(logits), axis=-1)
        soft_part = self.weight * self.temperature**2 * divergence
        return soft_part + (1 - self.weight) * crossentropy

    def get_config(self) -> dict[str, Any]:
        """The constructor arguments."""
        return {
            **super().get_config(),
            "temperature": self.temperature,
            "weight": self.weight,
        }
