"""Rows of outputs that are padding: which they are, and predictions without them."""

from __future__ import annotations

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


def with_mask(outputs: Any, mask: tf.Tensor | None) -> Any:
    """What `predict_step` returns: outputs, with their mask if there is one."""
    return outputs if mask is None else {_OUTPUTS: outputs, _MASK: mask}


def drop_from_prediction(prediction: Any) -> Any:
    """Takes the padded rows out of the batches that `predict` has joined."""
    if not isinstance(prediction, Mapping) or _MASK not in prediction:
        return prediction
    mask = np.asarray(prediction[_MASK])
    return keras.tree.map_structure(lambda x: np.asarray(x)[mask], prediction[_OUTPUTS])
