"""What rows of each class weigh in a loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf


def class_weight_table(class_weight: Mapping[int, float] | None) -> tuple[float, ...] | None:
    """Weights by class, 1 where the dict has none.

    Args:
        class_weight: as `fit` takes it, from classes to weights.

    Raises:
        TypeError: it is no dict, or a class is no integer.
        ValueError: a class below 0.

    Example:

    >>> class_weight_table({0: 0.5, 2: 3.0})
    (0.5, 1.0, 3.0)
    """
    if class_weight is None:
        return None
    if not isinstance(class_weight, Mapping):
        kind = type(class_weight).__name__
        raise TypeError(f"class_weight must be a dict from classes to weights; got a {kind}")
    by_class = {}
    for key, weight in class_weight.items():
        if int(key) != key:
            raise TypeError(f"class_weight must have integer classes as keys; got {key!r}")
        if key < 0:
            raise ValueError(
                f"class_weight must have classes from 0 as keys; got {key!r}. Rows without a label "
                "weigh nothing in any case"
            )
        by_class[int(key)] = float(weight)
    return tuple(by_class.get(k, 1.0) for k in range(max(by_class, default=-1) + 1))


def weights_of_classes(labels: Any, table: Sequence[float]) -> tf.Tensor:
    """The weight of every row's class, as Keras has it.

    Args:
        labels: classes `[n]` or `[n, 1]`, or a column a class `[n, k]`, of which the largest entry
            names the class.
        table: what `class_weight_table` returns; classes beyond it weigh 1.

    Returns:
        float32 `[n]`.

    Example:

    >>> weights_of_classes(tf.constant([2, 0, 7]), (0.5, 1.0, 3.0)).numpy().tolist()
    [3.0, 0.5, 1.0]
    """
    labels = tf.convert_to_tensor(labels)
    if labels.shape.rank is not None and labels.shape.rank > 1:
        is_column = labels.shape[-1] == 1
        labels = tf.squeeze(labels, -1) if is_column else tf.argmax(labels, -1)
    classes = tf.cast(tf.round(tf.cast(labels, tf.float32)), tf.int32)
    # A last entry for all classes beyond.
    return tf.gather(tf.constant([*table, 1.0]), tf.minimum(classes, len(table)))
