"""The loss of embeddings by the class head of the model that they come from."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.layers.model_in_step import current_step
from gnn.layers.sampled_softmax import SampledSoftmax
from gnn.losses.labeled_loss import LabeledLoss


@keras.saving.register_keras_serializable(package="gnn")
class SampledSoftmaxLoss(LabeledLoss):
    """The cross-entropy of embeddings, by the `SampledSoftmax` of the model in training.

    In a step of training it is against a sample of the classes, and the head updates its rows; in
    evaluation it is exact. It is for `compile` of a model that holds one such head and returns
    embeddings: `gnn.ImageEmbeddingModel(num_sampled=...)`, or a `gnn.GraphRegularizationModel` of
    one.

    Labels are integers `[n]` or `[n, num_labels]`, below 0 where unknown, as of `SampledSoftmax`.

    Raises:
        ValueError: it was called outside of a step, or the model has no such head, or several.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(2)])
    >>> SampledSoftmaxLoss()(tf.constant([1]), tf.zeros([1, 2]))
    Traceback (most recent call last):
    ...
    ValueError: SampledSoftmaxLoss is the loss of a step of `fit` or `evaluate` of a model of gnn...
    """

    def __init__(
        self, reduction: str = "sum_over_batch_size", name: str = "sampled_softmax", **kwargs: Any
    ):
        super().__init__(reduction=reduction, name=name, **kwargs)

    def losses(self, labels: tf.Tensor, outputs: Any) -> tf.Tensor:
        """The loss of each row, float32 `[n]`."""
        step = current_step()
        if step is None:
            raise ValueError(
                "SampledSoftmaxLoss is the loss of a step of `fit` or `evaluate` of a model of "
                "gnn; elsewhere call the head: head(embeddings, labels, training=True)"
            )
        model, training = step
        heads = [layer for layer in model._flatten_layers() if isinstance(layer, SampledSoftmax)]
        if len(heads) != 1:
            raise ValueError(
                f"SampledSoftmaxLoss needs a model with one SampledSoftmax, got {len(heads)} in "
                f"{model.name!r}"
            )
        return heads[0](outputs, labels, training=training)
