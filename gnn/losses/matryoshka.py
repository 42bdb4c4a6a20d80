"""One embedding that is good at several sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_counts
from gnn.losses.labeled_loss import LabeledLoss


@keras.saving.register_keras_serializable(package="gnn")
class MatryoshkaLoss(LabeledLoss):
    """The weighted sum of a loss over the first numbers of an embedding, at several sizes.

    `sum over d of w_d * loss(labels, embedding[:, :d])` (Kusupati et al., "Matryoshka
    representation learning", NeurIPS 2022). An index may then keep the first 16 of 64 numbers.

    Args:
        loss: a loss of embeddings, such as `gnn.losses.SupervisedContrastive()`. Its own reduction
            is not used.
        sizes: numbers that are kept, each up to the embedding's.
        weights: one a size, at least 0; None is 1 each.
        reduction: as of Keras' losses.
        name: likewise.

    Raises:
        TypeError: the loss is no loss of `gnn.losses`.
        ValueError: sizes or weights out of range, or a size above the embedding's.

    Example:

    >>> from gnn.losses import TripletLoss
    >>> inner = TripletLoss(1.0, "hard", unit_length=False)
    >>> rows = tf.constant([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    >>> float(MatryoshkaLoss(inner, [1, 2], [2.0, 1.0])(tf.constant([0, 0, 1]), rows))
    1.0
    """

    def __init__(
        self,
        loss: LabeledLoss,
        sizes: Sequence[int],
        weights: Sequence[float] | None = None,
        reduction: str = "sum_over_batch_size",
        name: str = "matryoshka",
        **kwargs: Any,
    ):
        super().__init__(reduction=reduction, name=name, **kwargs)
        if not isinstance(loss, LabeledLoss):
            raise TypeError(f"loss must be one of gnn.losses, got {type(loss).__name__}")
        self.loss = loss
        self.sizes = check_counts("sizes", tuple(sizes))
        self.weights = tuple(weights) if weights is not None else (1.0,) * len(self.sizes)
        if not self.sizes:
            raise ValueError("sizes must be at least one number, got none")
        good = all(0.0 <= weight < float("inf") for weight in self.weights)
        if len(self.weights) != len(self.sizes) or not good:
            raise ValueError(
                f"weights must be one number of at least 0 for each of {len(self.sizes)} sizes, "
                f"got {self.weights}"
            )

    def losses(self, labels: tf.Tensor, outputs: Any) -> tf.Tensor:
        """The loss of each row, float32 `[n]`."""
        dim = outputs.shape[-1]
        if dim is not None and max(self.sizes) > dim:
            raise ValueError(f"sizes must be up to the embedding's {dim}, got {max(self.sizes)}")
        parts = [
            weight * self.loss.losses(labels, outputs[:, :size])
            for size, weight in zip(self.sizes, self.weights, strict=True)
        ]
        return tf.add_n(parts)

    def get_config(self) -> dict[str, Any]:
        """What the loss is made of."""
        return {
            **super().get_config(),
            "loss": keras.saving.serialize_keras_object(self.loss),
            "sizes": self.sizes,
            "weights": self.weights,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> MatryoshkaLoss:
        """Makes the loss that `get_config` describes."""
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})
