"""Labels of models that return several named outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf


def labels_by_output(y: Any, y_pred: Any, loss: Any) -> Any:
    """Labels under the name of every output, where losses are given by the outputs' names.

    A graph has one set of labels; which outputs they train is what the names in `compile` say.
    Keras wants labels of outputs without a loss too: it raises where they lack, or, given one
    tensor beside a dict of outputs, drops metrics without a word. So those get the labels at hand,
    which are not read.

    Args:
        y: one tensor, or a dict that holds the labels of some outputs.
        y_pred: the outputs.
        loss: what `compile` was given.

    Returns:
        A dict with the keys of `y_pred`; `y` itself where outputs or losses have no names.

    Example:

    >>> labels = tf.constant([1])
    >>> sorted(labels_by_output(labels, {"embedding": 0, "logits": 0}, {"logits": "mse"}))
    ['embedding', 'logits']
    >>> some = {"logits": labels}
    >>> sorted(labels_by_output(some, {"embedding": 0, "logits": 0}, {"logits": "mse"}))
    ['embedding', 'logits']
    >>> labels_by_output(labels, tf.constant([0.5]), "mse") is labels
    True
    """
    if not isinstance(y_pred, Mapping) or not isinstance(loss, Mapping):
        return y
    if tf.is_tensor(y):
        return {name: y for name in y_pred}
    if isinstance(y, Mapping) and y and set(y) < set(y_pred):
        return {**{name: next(iter(y.values())) for name in y_pred}, **y}
    return y
