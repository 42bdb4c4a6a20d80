"""The answers of a classifier as arrays: checked, and logits as probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np


def softmax(logits: Any, temperature: float = 1.0) -> np.ndarray:
    """Probabilities of logits: `exp(z_c / T) / sum_k exp(z_k / T)`.

    Args:
        logits: `[n, num_classes]`.
        temperature: T, above 0; more than 1 makes them less sure. The largest stays the largest.

    Returns:
        An array of the shape and, of floats, the dtype of `logits`.

    Example:

    >>> softmax([[0.0, 0.0], [0.0, 2.0]]).round(3).tolist()
    [[0.5, 0.5], [0.119, 0.881]]
    """
    logits = np.asarray(logits)
    exponents = logits - logits.max(axis=1, keepdims=True)
    exponents = np.exp(exponents if temperature == 1.0 else exponents / temperature)
    return exponents / exponents.sum(axis=1, keepdims=True)


def as_classes(name: str, value: Any, num_classes: int, count: int | None = None) -> np.ndarray:
    """A class a node, checked.

    Args:
        name: of the argument, for errors.
        value: integers `[n]`, from 0 to `num_classes - 1`.
        num_classes: how many classes there are.
        count: how many nodes there have to be; None for at least one.

    Raises:
        TypeError: they are no integers.
        ValueError: another shape, or a class that is none.

    Example:

    >>> as_classes("labels", [1, 0], 2).tolist()
    [1, 0]
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got {array.dtype}")
    if array.ndim != 1 or not array.size or count not in (None, array.size):
        expected = "n" if count is None else count
        raise ValueError(f"{name} must have shape [{expected}], got {list(array.shape)}")
    if array.min() < 0 or array.max() >= num_classes:
        wrong = int(np.flatnonzero((array < 0) | (array >= num_classes))[0])
        raise ValueError(
            f"{name} must be classes from 0 to {num_classes - 1} (leave out what is unlabeled); "
            f"got {array[wrong]} at row {wrong}"
        )
    return array.astype(np.int64)


def as_scores(name: str, value: Any) -> np.ndarray:
    """A finite number a node and class, float64, checked.

    Raises:
        ValueError: another rank, fewer than two classes, no nodes, or a number that is not finite.

    Example:

    >>> as_scores("logits", [[1, 2]]).tolist()
    [[1.0, 2.0]]
    """
    array = np.asarray(value, np.float64)
    if array.ndim != 2 or array.shape[1] < 2 or not len(array):
        raise ValueError(
            f"{name} must have shape [n, num_classes], of at least one node and two classes; got "
            f"{list(array.shape)}"
        )
    if not np.isfinite(array).all():
        wrong = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise ValueError(f"{name} must be finite; row {wrong} is not")
    return array
