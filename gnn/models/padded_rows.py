"""Rows of outputs that are padding: left out of losses, metrics and predictions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

_OUTPUTS, _MASK = "__outputs__", "__row_mask__"


def mask_of(inputs: Any) -> tf.Tensor | None:
    """The bool `readout_mask` of a batch, or None if no row is padding."""
    mask = inputs.get("readout_mask") if isinstance(inputs, Mapping) else None
    return None if mask is None else tf.cast(mask, tf.bool)


def at_least_one(mask: tf.Tensor | None) -> tf.Tensor | None:
    """The mask, with its first row kept where none is real: a mean over no rows would be NaN.

    A replica can be dealt a batch that is padding throughout; its loss then weighs 0.
    """
    if mask is None:
        return None
    first = tf.range(tf.shape(mask)[0]) == 0
    return tf.logical_or(mask, tf.logical_and(first, tf.logical_not(tf.reduce_any(mask))))


def drop(mask: tf.Tensor | None, rows: Any) -> Any:
    """Keeps the rows of every tensor in the structure where the mask is True.

    Dropping rows is exact for any loss and metric, weighted or not, and compiles under XLA.
    """
    if mask is None:
        return rows
    return keras.tree.map_structure(lambda x: tf.boolean_mask(x, mask), rows, none_is_leaf=False)


def count(loss: Any, mask: tf.Tensor | None, y: Any, y_pred: Any, sample_weight: Any) -> tf.Tensor:
    """What a batch's loss is a mean over, and so what it weighs in the mean over several batches.

    These are the rows that are no padding, without those of the class that `loss` ignores; where
    the loss is a mean by sample weight (`reduction="mean_with_sample_weight"`), their weights. Of
    several outputs, the first's.
    """
    counted = [] if mask is None else [tf.cast(mask, tf.float32)]
    losses = [part for part in keras.tree.flatten(loss) if isinstance(part, keras.losses.Loss)]
    ignored = getattr(losses[0], "ignore_class", None) if losses else None
    if ignored is not None and y is not None:
        labels = _rows(keras.tree.flatten(y)[0])
        kept = labels != tf.cast(ignored, labels.dtype)
        counted.append(tf.reduce_sum(tf.cast(kept, tf.float32), axis=-1))
    if sample_weight is not None and losses and losses[0].reduction == "mean_with_sample_weight":
        weights = _rows(keras.tree.flatten(sample_weight)[0])
        counted.append(tf.reduce_sum(tf.cast(weights, tf.float32), axis=-1))
    if not counted:
        return tf.cast(tf.shape(keras.tree.flatten(y_pred)[0])[0], tf.float32)
    return tf.reduce_sum(math.prod(counted[1:], start=counted[0]))


def _rows(values: Any) -> tf.Tensor:
    values = tf.convert_to_tensor(values)
    return tf.reshape(values, [tf.shape(values)[0], -1])


def with_mask(outputs: Any, mask: tf.Tensor | None) -> Any:
    """What `predict_step` returns: outputs, with their mask if there is one."""
    return outputs if mask is None else {_OUTPUTS: outputs, _MASK: mask}


def drop_from_prediction(prediction: Any) -> Any:
    """Takes the padded rows out of the batches that `predict` has joined."""
    if not isinstance(prediction, Mapping) or _MASK not in prediction:
        return prediction
    mask = np.asarray(prediction[_MASK])
    return keras.tree.map_structure(lambda x: np.asarray(x)[mask], prediction[_OUTPUTS])
