"""Numbers with gaps, brought to mean 0 and variance 1 by those of the training."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

# Standard deviations from the mean at which a number is cut off. Of n training rows none is
# farther than the root of n.
FARTHEST = 1e4


@dataclasses.dataclass(frozen=True)
class Moments:
    """What a column's numbers are like, each `[k]`; gaps are left out.

    Attributes:
        mean: their mean, 0 where all are gaps.
        variance: their variance, over their number; 1 where they are all but equal.
        smallest, largest: their range, 0 where all are gaps.
        gaps: the share of rows in which any number is a gap.
    """

    mean: np.ndarray
    variance: np.ndarray
    smallest: np.ndarray
    largest: np.ndarray
    gaps: float

    @classmethod
    def of(cls, blocks: Iterable[tuple[np.ndarray, np.ndarray]]) -> Moments:
        """Of blocks of numbers `[n, k]` and the rows `[n]` that each stands for, in one pass.

        >>> numbers, rows = np.array([[1.0], [4.0], [np.nan]]), np.array([2, 1, 1])
        >>> moments = Moments.of([(numbers, rows)])
        >>> moments.mean.tolist(), moments.variance.tolist(), moments.gaps
        ([2.0], [2.0], 0.25)
        """
        count = mean = squares = smallest = largest = np.zeros(0)
        gaps = total = 0
        for values, rows in blocks:
            known = np.isfinite(values)
            gaps += int(rows[~known.all(axis=1)].sum())
            total += int(rows.sum())
            weights = np.where(known, rows[:, np.newaxis], 0).astype(np.float64)
            exact = np.where(known, values, 0).astype(np.float64)
            here = weights.sum(axis=0)
            center = (weights * exact).sum(axis=0) / np.maximum(here, 1)
            spread = (weights * (exact - center) ** 2).sum(axis=0)
            low = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
            high = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
            if not count.size:
                count, mean, squares, smallest, largest = here, center, spread, low, high
                continue
            both = np.maximum(count + here, 1)
            # Chan, Golub and LeVeque: the squares around the mean of both.
            squares = squares + spread + (center - mean) ** 2 * count * here / both
            mean = (count * mean + here * center) / both
            count = count + here
            smallest, largest = np.minimum(smallest, low), np.maximum(largest, high)
        variance = squares / np.maximum(count, 1)
        none = count == 0
        return cls(
            mean,
            usable_variance(mean, variance),
            np.where(none, 0, smallest),
            np.where(none, 0, largest),
            gaps / max(total, 1),
        )


def usable_variance(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Variances to divide by, in the range of float32.

    A column that is constant here may vary later: it is shifted, and its scale left alone. What
    float32 makes of a constant is off by up to 6e-8 of it.

    Example:

    >>> usable_variance(np.array([3.0, 3.0]), np.array([0.0, 4.0])).tolist()
    [1.0, 4.0]
    """
    usable = np.where(variance <= (1e-7 * mean) ** 2, 1.0, variance)
    return np.minimum(usable, float(np.finfo(np.float32).max))


class Standardized(tf.Module):
    """Numbers with gaps as (x - mean) / deviation, by Keras' `Normalization`.

    A gap is a number that is not finite; it takes the mean, so it becomes 0. Numbers farther than
    `FARTHEST` are cut off there, so that all results are finite.

    Args:
        mean, variance: `[k]` each.
        flags_gaps: whether a last column says which rows have a gap.

    Example:

    >>> scale = Standardized([2.0], [4.0], flags_gaps=True)
    >>> scale(tf.constant([[4.0], [float("nan")]])).numpy().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, mean: Sequence[float], variance: Sequence[float], flags_gaps: bool):
        super().__init__()
        self._flags_gaps = flags_gaps
        moments: dict[str, Any] = {
            "mean": np.asarray(mean, np.float32),
            "variance": np.asarray(variance, np.float32),
        }
        self._normalization = keras.layers.Normalization(**moments, dtype="float32")
        self._normalization.build((None, len(mean)))

    def __call__(self, values: tf.Tensor) -> tf.Tensor:
        """Of float32 `[n, k]`: float32 `[n, k]`, or `[n, k + 1]` with the flag."""
        known = tf.math.is_finite(values)
        filled = tf.where(known, values, self._normalization.mean)
        scaled = tf.clip_by_value(self._normalization(filled), -FARTHEST, FARTHEST)
        if not self._flags_gaps:
            return scaled
        flag = tf.logical_not(tf.reduce_all(known, axis=1, keepdims=True))
        return tf.concat([scaled, tf.cast(flag, tf.float32)], axis=1)
