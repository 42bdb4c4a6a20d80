"""Which rows of a batch have a label, and how many a loss is a mean over."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

_UNLABELED = -1

# To these losses -1 is a number like others, where no graph says that it stands for no label.
_OF_NUMBERS = {
    keras.losses.categorical_hinge,
    keras.losses.cosine_similarity,
    keras.losses.hinge,
    keras.losses.huber,
    keras.losses.log_cosh,
    keras.losses.mean_absolute_error,
    keras.losses.mean_absolute_percentage_error,
    keras.losses.mean_squared_error,
    keras.losses.squared_hinge,
}

# To these it cannot be a label, whatever its dtype.
_OF_CLASSES = {
    keras.losses.binary_crossentropy,
    keras.losses.binary_focal_crossentropy,
    keras.losses.categorical_crossentropy,
    keras.losses.categorical_focal_crossentropy,
    keras.losses.sparse_categorical_crossentropy,
}


def is_of_classes(loss: Any) -> bool:
    """Whether a loss compares class probabilities or scores with classes, as far as is known.

    Keras' are known, and those that say so by an attribute `of_classes`.

    Args:
        loss: what `compile` was given, of one output or several.

    Example:

    >>> is_of_classes("sparse_categorical_crossentropy"), is_of_classes("mse")
    (True, False)
    """
    parts = keras.tree.flatten(loss)
    functions = {_function_of(part) for part in parts}
    if any(getattr(part, "of_classes", False) for part in parts):
        return True
    return bool(functions & (_OF_CLASSES | {keras.losses.categorical_hinge}))


def labeled(labels: Any, loss: Any = None, has_graph: bool = True) -> tf.Tensor | None:
    """Which rows have a label.

    Of several columns, a row that lacks an entry has none under the losses of Keras, which would
    take the sign of a missing one for a label; under a loss of your own, and under one that ignores
    a class, a row has one as soon as it has an entry.

    That sign is NaN in floats and -1 in integers, as in `gnn.Graph`; -1 in floats too where a
    crossentropy of Keras is taken of them; and the class that the loss ignores (`ignore_class`).
    Hinges and losses of numbers, such as the squared error, take an integer -1 for a number where
    the batch has no graph.

    Args:
        labels: `[n, ...]`.
        loss: what `compile` was given for the output, or None.
        has_graph: whether the batch has the keys of a graph.

    Returns:
        bool `[n]`; None where the labels have no such sign.

    Example:

    >>> labeled(tf.constant([2, -1, 0])).numpy().tolist()
    [True, False, True]
    >>> two = tf.constant([[1, 0], [1, -1], [-1, -1]])
    >>> labeled(two, "binary_crossentropy").numpy().tolist(), labeled(two).numpy().tolist()
    ([True, False, False], [True, True, False])
    >>> labeled(tf.constant([[0.5], [float("nan")]]), "mse").numpy().tolist()
    [True, False]
    """
    labels = tf.convert_to_tensor(labels)
    functions = {_function_of(part) for part in keras.tree.flatten(loss)}
    missing = [labels == tf.cast(ignored, labels.dtype) for ignored in _ignored(loss)]
    if labels.dtype.is_floating:
        missing.append(tf.math.is_nan(labels))
        has_sign = bool(functions & _OF_CLASSES)
    else:
        is_number = not has_graph and bool(functions & _OF_NUMBERS)
        has_sign = labels.dtype.is_integer and not labels.dtype.is_unsigned and not is_number
    if has_sign:
        missing.append(labels == tf.cast(_UNLABELED, labels.dtype))
    if not missing:
        return None
    anywhere = missing[0]
    for other in missing[1:]:
        anywhere = tf.logical_or(anywhere, other)
    by_keras = any(getattr(f, "__module__", "").startswith("keras.") for f in functions)
    lacks = tf.reduce_any if by_keras and not _ignored(loss) else tf.reduce_all
    return tf.logical_not(lacks(anywhere, axis=range(1, labels.shape.rank)))


def rows_in_mean(loss: Any, labels: Any, outputs: Any, weights: Any = None) -> tf.Tensor:
    """What a loss is a mean over, and so what it weighs in the mean over several batches.

    These are the rows; where the loss ignores a class, their entries of other classes; where it is
    a mean by sample weight (`reduction="mean_with_sample_weight"`), their weights.

    Args:
        loss: what `compile` was given for the output.
        labels: of the rows that have one.
        outputs: of these rows.
        weights: of these rows, or None.

    Returns:
        A float32 scalar.

    Example:

    >>> float(rows_in_mean("mse", tf.zeros([3, 2]), tf.zeros([3, 2])))
    3.0
    """
    factors, ignored = [], _ignored(loss)
    if ignored and labels is not None:
        entries = _flat_rows(labels)
        kept = entries != tf.cast(ignored[0], entries.dtype)
        factors.append(tf.reduce_sum(tf.cast(kept, tf.float32), axis=-1))
    losses = [part for part in keras.tree.flatten(loss) if isinstance(part, keras.losses.Loss)]
    if weights is not None and losses and losses[0].reduction == "mean_with_sample_weight":
        factors.append(tf.reduce_sum(tf.cast(_flat_rows(weights), tf.float32), axis=-1))
    if not factors:
        return tf.cast(tf.shape(keras.tree.flatten(outputs)[0])[0], tf.float32)
    return tf.reduce_sum(math.prod(factors[1:], start=factors[0]))


def _ignored(loss: Any) -> list[int]:
    """The class that the first of the losses of an output ignores, if there is one."""
    parts = keras.tree.flatten(loss)
    ignored = getattr(parts[0], "ignore_class", None) if parts else None
    return [] if ignored is None else [ignored]


def _function_of(loss: Any) -> Any:
    """The function that a loss is made of: `keras.losses.Loss` objects and names have one."""
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:  # "crossentropy" is not known there, but in compile.
            return keras.losses.categorical_crossentropy
    return getattr(loss, "fn", loss)


def _flat_rows(values: Any) -> tf.Tensor:
    values = tf.convert_to_tensor(values)
    return tf.reshape(values, [tf.shape(values)[0], -1])
