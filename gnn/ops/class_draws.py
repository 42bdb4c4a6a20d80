"""Classes drawn for a step, as a function of seed, step and place alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import tensorflow as tf

ClassSampler = Literal["log_uniform", "uniform", "counts"]
SAMPLERS: tuple[ClassSampler, ...] = ("log_uniform", "uniform", "counts")


def draw_classes(
    num_draws: int,
    num_classes: int,
    seed: int,
    step: tf.Tensor,
    sampler: ClassSampler = "log_uniform",
    totals: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws classes with replacement.

    The number at place k of a step is a hash of (seed, step, k), by Philox: it hangs on no
    generator's state, on no batch size, and XLA draws the same.

    | sampler | probability of class c of C |
    | --- | --- |
    | `"log_uniform"` | `log((c + 2) / (c + 1)) / log(C + 1)`: for classes sorted by frequency |
    | `"uniform"` | `1 / C` |
    | `"counts"` | `counts[c] / sum(counts)` |

    Args:
        num_draws: S.
        num_classes: C, below 2^31.
        seed: of the draws, from 0 up to 2^31.
        step: int64, a scalar.
        sampler: as above.
        totals: of "counts", int64 `[C]`: `running_totals` of the counts.

    Returns:
        classes: int32 `[S]`.
        log_expected: float32 `[S]`, `log(S p)`: of how often each is expected among the draws.

    Example:

    >>> classes, log_expected = draw_classes(4, 2, 0, tf.constant(0, tf.int64), "uniform")
    >>> classes.shape, log_expected.numpy().round(2).tolist() == [np.float32(0.69)] * 4
    (TensorShape([4]), True)
    """
    step = tf.cast(step, tf.int64)
    bits = tf.random.stateless_uniform(
        [num_draws],
        tf.stack([tf.constant(seed, tf.int64), step]),
        minval=None,
        maxval=None,
        dtype=tf.int64,
        alg="philox",
    )
    bits = tf.bitwise.bitwise_and(bits, tf.constant(2**62 - 1, tf.int64))
    if sampler == "uniform":
        classes = tf.math.floormod(bits, tf.constant(num_classes, tf.int64))
        expected = tf.fill([num_draws], math.log(num_draws / num_classes))
        return tf.cast(classes, tf.int32), tf.cast(expected, tf.float32)
    if sampler == "log_uniform":
        odds = tf.cast(bits, tf.float64) / 2.0**62
        drawn = tf.exp(odds * math.log(num_classes + 1.0)) - 1.0
        classes = tf.minimum(tf.cast(drawn, tf.int32), num_classes - 1)
        exact = tf.cast(classes, tf.float64)
        probability = tf.math.log1p(1.0 / (exact + 1.0)) / math.log(num_classes + 1.0)
    else:
        assert totals is not None
        place = tf.math.floormod(bits, totals[-1])
        classes = tf.searchsorted(totals, place, side="right")
        before = tf.where(classes > 0, tf.gather(totals, tf.maximum(classes - 1, 0)), 0)
        count = tf.cast(tf.gather(totals, classes) - before, tf.float64)
        probability = count / tf.cast(totals[-1], tf.float64)
    return classes, tf.cast(tf.math.log(probability * num_draws), tf.float32)


def running_totals(counts: Sequence[int] | np.ndarray | None, num_classes: int) -> np.ndarray:
    """Checks counts of classes, and adds them up, int64 `[num_classes]`.

    Raises:
        ValueError: they are not one integer above 0 a class.

    Example:

    >>> running_totals([3, 1, 2], 3)
    array([3, 4, 6])
    """
    if counts is None:
        raise ValueError('sampler="counts" draws classes by their counts: give counts')
    array: Any = np.asarray(counts)
    if array.dtype.kind not in "iu" or array.shape != (num_classes,):
        raise ValueError(
            f"counts must be {num_classes} integers, one a class, got {array.dtype} "
            f"{list(array.shape)}"
        )
    if array.size and array.min() < 1:
        at = int(np.argmin(array))
        raise ValueError(
            f"counts must be above 0, or a class could be a label and never a negative: got "
            f"{array[at]} for class {at}"
        )
    return np.cumsum(array, dtype=np.int64)
