"""Labels of models that return several named outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf


def labels_by_output(y: Any, y_pred: Any, loss: Any) -> Any:
    """One tensor of labels, given to every named output where losses are given by name.

    A graph has one set of labels; which outputs they train is what the names in `compile` say. Keras, given one
    tensor beside a dict of outputs, would drop the metrics of all outputs but the first without a word.

    Example:

    >>> labels = tf.constant([1])
    >>> sorted(labels_by_output(labels, {"embedding": 0, "logits": 0}, {"logits": "mse"}))
    ['embedding', 'logits']
    >>> labels_by_output(labels, tf.constant([0.5]), "mse") is labels
    True
    """
    if tf.is_tensor(y) and isinstance(y_pred, Mapping) and isinstance(loss, Mapping):
        return {name: y for name in y_pred}
    return y
