"""Losses of embeddings by the labels of a batch."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.losses.labeled_loss import LabeledLoss
from gnn.ops.embedding_losses import (
    MININGS,
    Mining,
    in_batch_ranking_losses,
    leave_one_out_losses,
    supervised_contrastive_losses,
    triplet_losses,
)


class _EmbeddingLoss(LabeledLoss):
    """Checks the labels, and makes embeddings float32, of length 1 where asked."""

    unit_length = True

    def losses(self, labels: tf.Tensor, outputs: Any) -> tf.Tensor:
        """The loss of each row, float32 `[n]`; 0 where it has no pair."""
        embeddings = tf.cast(outputs, tf.float32)
        if embeddings.shape.rank != 2 or labels.shape.rank != 1:
            raise ValueError(
                f"{type(self).__name__} takes embeddings [n, dim] and labels [n]; got shapes "
                f"{embeddings.shape} and {labels.shape}"
            )
        if not embeddings.shape[:1].is_compatible_with(labels.shape):
            raise ValueError(
                f"labels must have one number a row of the embeddings; got {labels.shape[0]} "
                f"labels and {embeddings.shape[0]} rows"
            )
        if not labels.dtype.is_integer:
            raise TypeError(f"labels must be integers, got {labels.dtype.name}")
        if self.unit_length:
            embeddings = tf.math.l2_normalize(embeddings, axis=1, epsilon=1e-12)
        return self._of_embeddings(embeddings, labels)

    def _of_embeddings(self, embeddings: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        raise NotImplementedError


@keras.saving.register_keras_serializable(package="gnn")
class TripletLoss(_EmbeddingLoss):
    """`max(|a - p|^2 - |a - n|^2 + margin, 0)`: an anchor nearer to its like than to others.

    Schroff et al., "FaceNet", CVPR 2015; "hard" and "all" as Hermans et al., "In defense of the
    triplet loss", 2017. `gnn.ops.triplet_losses` has the formulas. A row without a positive or a
    negative in the batch has a loss of 0, and counts in the mean over rows.

    Args:
        margin: at least 0.
        mining: which triplets of an anchor: "semi_hard", "hard" or "all".
        unit_length: whether embeddings are made of length 1 first.
        reduction: as of Keras' losses.
        name: likewise.

    Raises:
        ValueError: an argument out of range, or shapes that are not `[n, dim]` and `[n]`.
        TypeError: labels that are no integers.

    Example:

    >>> rows = tf.constant([[0.0], [1.0], [2.0]])
    >>> loss = TripletLoss(1.0, "hard", unit_length=False)
    >>> float(loss(tf.constant([0, 0, 1]), rows))  # The second row's: (1 - 1 + 1), over 3 rows.
    0.3333333432674408
    """

    def __init__(
        self,
        margin: float = 0.2,
        mining: Mining = "semi_hard",
        unit_length: bool = True,
        reduction: str = "sum_over_batch_size",
        name: str = "triplet",
        **kwargs: Any,
    ):
        super().__init__(reduction=reduction, name=name, **kwargs)
        if not 0.0 <= margin < float("inf"):
            raise ValueError(f"margin must be a finite number of at least 0, got {margin}")
        if mining not in MININGS:
            raise ValueError(f"mining must be one of {', '.join(MININGS)}, got {mining!r}")
        self.margin, self.mining, self.unit_length = margin, mining, unit_length

    def _of_embeddings(self, embeddings: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return triplet_losses(embeddings, labels, self.margin, self.mining)

    def get_config(self) -> dict[str, Any]:
        """What the loss is made of."""
        return {
            **super().get_config(),
            "margin": self.margin,
            "mining": self.mining,
            "unit_length": self.unit_length,
        }


class _WithTemperature(_EmbeddingLoss):
    def __init__(self, temperature: float, reduction: str, name: str, **kwargs: Any):
        super().__init__(reduction=reduction, name=name, **kwargs)
        if not 0.0 < temperature < float("inf"):
            raise ValueError(f"temperature must be a finite number above 0, got {temperature}")
        self.temperature = temperature

    def get_config(self) -> dict[str, Any]:
        """What the loss is made of."""
        return {**super().get_config(), "temperature": self.temperature}


@keras.saving.register_keras_serializable(package="gnn")
class SupervisedContrastive(_WithTemperature):
    """Every positive against all other rows of the batch, by cosine.

    Khosla et al., "Supervised contrastive learning", NeurIPS 2020, equation 2 (the sum outside of
    the logarithm), with the rows of a batch as they are: views of an image are rows of one label.

    Args:
        temperature: cosines are divided by it.
        reduction: as of Keras' losses.
        name: likewise.

    Raises:
        ValueError: an argument out of range, or shapes that are not `[n, dim]` and `[n]`.
        TypeError: labels that are no integers.

    Example:

    >>> rows = tf.constant([[2.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> round(float(SupervisedContrastive(1.0)(tf.constant([5, 5, 6]), rows)), 4)
    0.2088
    """

    def __init__(
        self,
        temperature: float = 0.1,
        reduction: str = "sum_over_batch_size",
        name: str = "supervised_contrastive",
        **kwargs: Any,
    ):
        super().__init__(temperature, reduction, name, **kwargs)

    def _of_embeddings(self, embeddings: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return supervised_contrastive_losses(embeddings, labels, self.temperature)


@keras.saving.register_keras_serializable(package="gnn")
class InBatchRanking(_WithTemperature):
    """Every positive against the batch's negatives, by cosine: positives do not compete.

    The N-pair loss of Sohn, NeurIPS 2016, with as many positives as the batch has.

    Args:
        temperature: cosines are divided by it.
        reduction: as of Keras' losses.
        name: likewise.

    Raises:
        ValueError: an argument out of range, or shapes that are not `[n, dim]` and `[n]`.
        TypeError: labels that are no integers.

    Example:

    >>> rows = tf.constant([[2.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> round(float(InBatchRanking(1.0)(tf.constant([5, 5, 6]), rows)), 4)
    0.2088
    """

    def __init__(
        self,
        temperature: float = 0.1,
        reduction: str = "sum_over_batch_size",
        name: str = "in_batch_ranking",
        **kwargs: Any,
    ):
        super().__init__(temperature, reduction, name, **kwargs)

    def _of_embeddings(self, embeddings: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return in_batch_ranking_losses(embeddings, labels, self.temperature)


@keras.saving.register_keras_serializable(package="gnn")
class LeaveOneOutNeighbors(_WithTemperature):
    """How likely a row's label is by its nearest neighbors in the batch, itself left out.

    After LOOK (Feng et al., "Rethinking supervised pre-training for better downstream
    transferring", ICLR 2022): classes may have several clusters, since only near rows compete. They
    look for neighbors in a queue of earlier batches, we in the batch, and the nearest row of the
    same label is among them in any case.

    Args:
        k: neighbors that compete.
        temperature: cosines are divided by it.
        reduction: as of Keras' losses.
        name: likewise.

    Raises:
        ValueError: an argument out of range, or shapes that are not `[n, dim]` and `[n]`.
        TypeError: labels that are no integers.

    Example:

    >>> rows = tf.constant([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [-1.0, 0.0]])
    >>> labels = tf.constant([0, 0, 1, 1])
    >>> losses = LeaveOneOutNeighbors(2, 1.0, reduction="none")(labels, rows)
    >>> [round(float(each), 3) for each in losses]
    [0.693, 1.551, 1.551, 0.693]
    """

    def __init__(
        self,
        k: int = 10,
        temperature: float = 0.1,
        reduction: str = "sum_over_batch_size",
        name: str = "leave_one_out_neighbors",
        **kwargs: Any,
    ):
        super().__init__(temperature, reduction, name, **kwargs)
        self.k = check_count("k", k)

    def _of_embeddings(self, embeddings: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return leave_one_out_losses(embeddings, labels, self.k, self.temperature)

    def get_config(self) -> dict[str, Any]:
        """What the loss is made of."""
        return {**super().get_config(), "k": self.k}
