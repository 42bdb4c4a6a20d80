"""Distances between the rows of two tensors, one number a pair."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from gnn.configs import DistanceConfig, DistanceType, TransformType, as_distance_config

_LOG_EPSILON = 1e-7  # Added before a logarithm, as NSL does: keeps log(0) and its gradient finite.


def pairwise_distance(sources: tf.Tensor, targets: tf.Tensor, config: DistanceConfig) -> tf.Tensor:
    """Measures how far each row of `sources` is from the same row of `targets`.

    With a and b the two rows, and sums over all their elements:

    ==========================  =====================================================
    l1                          sum |a - b|
    l2                          sum (a - b)^2, squared as in NSL
    cosine                      1 - a.b / (|a| |b|); 1 if a or b is all zeros
    kl_divergence               sum a (log(a + e) - log(b + e)), with e = 1e-7
    jensen_shannon_divergence   (KL(a, m) + KL(b, m)) / 2, with m = (a + b) / 2
    ==========================  =====================================================

    The softmax of ``transform_fn``, and the cosine, run along ``sum_over_axis``, or the last axis
    if it is None. If a row has more axes than that one, their distances are summed.

    The two divergences expect distributions along that axis: elements of at least 0 that sum to
    1. Use ``transform_fn="softmax"`` for logits. Unlike NSL this is not asserted, because XLA
    drops assertions; values below 0 can give NaN.

    The formulas are those of ``nsl.lib.pairwise_distance_wrapper`` with reduction NONE and weight
    1, summed for each row. There the cosine and the divergences require ``sum_over_axis``; here
    None is the last axis.

    Args:
        sources: Shape `[n, ...]` of rank 2 or more, any real dtype; computed in float32.
        targets: Of the same shape.
        config: The distance, transform and axis; NSL's object is taken too.

    Returns:
        The distances, float32 `[n]`. Not divided by anything, and not weighted.

    Raises:
        ValueError: The shapes differ, the rank is unknown or below 2, or `sum_over_axis` is not
            an axis of a row.

    Example:
        >>> pairwise_distance([[1, 1], [2, 2]], [[1, 1], [0, 2]], DistanceConfig("l2")).numpy()
        array([0., 4.], dtype=float32)
    """
    config = as_distance_config(config)
    sources = tf.cast(sources, tf.float32)
    targets = tf.cast(targets, tf.float32)
    axis, row_axes = _check_axes(sources.shape, targets.shape, config.sum_over_axis)
    if config.transform_fn is TransformType.SOFTMAX:
        sources = tf.nn.softmax(sources, axis=axis)
        targets = tf.nn.softmax(targets, axis=axis)
    distances = _DISTANCES[config.distance_type](sources, targets, axis)
    return tf.reduce_sum(distances, axis=row_axes)


def _check_axes(
    sources: tf.TensorShape, targets: tf.TensorShape, sum_over_axis: int | None
) -> tuple[int, list[int]]:
    """Returns the axis to compare along, and all axes of a row; both counted from 0."""
    if not sources.is_compatible_with(targets):
        raise ValueError(
            f"sources and targets must have the same shape, got {sources} and {targets}"
        )
    rank = sources.rank or targets.rank
    if rank is None or rank < 2:
        raise ValueError(f"sources must have rank 2 or more, [n, ...], got shape {sources}")
    axis = -1 if sum_over_axis is None else sum_over_axis
    if not -rank < axis < rank or axis == 0:
        raise ValueError(
            f"sum_over_axis must be in 1..{rank - 1} or {1 - rank}..-1 for rows of shape "
            f"{sources}, got {axis}"
        )
    return axis % rank, list(range(1, rank))


# Each returns a tensor that sums to the distance over the axes of a row.


def _l1(sources: tf.Tensor, targets: tf.Tensor, axis: int) -> tf.Tensor:
    return tf.abs(sources - targets)


def _l2(sources: tf.Tensor, targets: tf.Tensor, axis: int) -> tf.Tensor:
    return tf.math.squared_difference(sources, targets)


def _cosine(sources: tf.Tensor, targets: tf.Tensor, axis: int) -> tf.Tensor:
    sources = tf.nn.l2_normalize(sources, axis=axis)
    targets = tf.nn.l2_normalize(targets, axis=axis)
    return 1.0 - tf.reduce_sum(sources * targets, axis=axis, keepdims=True)


def _kl_divergence(sources: tf.Tensor, targets: tf.Tensor, axis: int) -> tf.Tensor:
    return sources * (tf.math.log(sources + _LOG_EPSILON) - tf.math.log(targets + _LOG_EPSILON))


def _jensen_shannon_divergence(sources: tf.Tensor, targets: tf.Tensor, axis: int) -> tf.Tensor:
    mean = 0.5 * (sources + targets)
    return 0.5 * (_kl_divergence(sources, mean, axis) + _kl_divergence(targets, mean, axis))


_DISTANCES: dict[DistanceType, Callable[[tf.Tensor, tf.Tensor, int], tf.Tensor]] = {
    DistanceType.L1: _l1,
    DistanceType.L2: _l2,
    DistanceType.COSINE: _cosine,
    DistanceType.JENSEN_SHANNON_DIVERGENCE: _jensen_shannon_divergence,
    DistanceType.KL_DIVERGENCE: _kl_divergence,
}
