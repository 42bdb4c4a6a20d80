"""Distances against numbers worked by hand and against NSL's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn import nsl
from gnn.configs import DistanceConfig, DistanceType
from gnn.ops.distances import pairwise_distance

DISTANCES = [member.value for member in DistanceType]
DIVERGENCES = ["jensen_shannon_divergence", "kl_divergence"]
# Divergences compare distributions, so that without a softmax the inputs have to be some.
COMBINATIONS = [(d, t) for d in DISTANCES for t in ("none", "softmax")]


def _rows(distance: Any, transform: Any, shape: tuple[int, ...], axis: int) -> list[tf.Tensor]:
    rng = np.random.default_rng(0)
    rows = [tf.constant(rng.normal(size=shape), tf.float32) for _ in range(2)]
    if distance in DIVERGENCES and transform == "none":
        rows = [tf.nn.softmax(x, axis=axis) for x in rows]
    return rows


def _by_nsl(
    sources: tf.Tensor, targets: tf.Tensor, distance: Any, transform: Any, axis: int
) -> Any:
    config = nsl.configs.DistanceConfig(
        distance, tf.compat.v1.losses.Reduction.NONE, sum_over_axis=axis, transform_fn=transform
    )
    unreduced = nsl.lib.pairwise_distance_wrapper(sources, targets, distance_config=config)
    return tf.reduce_sum(unreduced, axis=list(range(1, unreduced.shape.rank)))


@pytest.mark.parametrize(
    ("distance", "transform", "source", "target", "expected"),
    [
        # |1 - 4| + |2 + 2| = 3 + 4, and their squares 9 + 16.
        ("l1", "none", [1, 2], [4, -2], 7.0),
        ("l2", "none", [1, 2], [4, -2], 25.0),
        # (3 * 4 + 4 * 3) / (5 * 5) = 24/25. Opposite directions: 1 + 1. Any length.
        ("cosine", "none", [3, 4], [4, 3], 1 - 24 / 25),
        ("cosine", "none", [1, 0], [-7, 0], 2.0),
        ("cosine", "none", [0, 0], [1, 2], 1.0),
        # 1/2 log(1/2 / 1/4) + 1/2 log(1/2 / 3/4) = 1/2 log(2 * 2/3).
        ("kl_divergence", "none", [0.5, 0.5], [0.25, 0.75], 0.5 * math.log(4 / 3)),
        # 1 log((1 + e) / (0 + e)) + 0, e = 1e-7.
        ("kl_divergence", "none", [1, 0], [0, 1], math.log1p(1e-7) + 7 * math.log(10)),
        # Nothing in common: m = [1/2, 1/2], and both halves are 1/2 * 1 * log(1 / 1/2).
        ("jensen_shannon_divergence", "none", [1, 0], [0, 1], math.log(2)),
        # The softmax of [0, log 3] is [1/4, 3/4], of [5, 5] it is [1/2, 1/2].
        ("l1", "softmax", [0, math.log(3)], [5, 5], 1 / 2),
        ("l2", "softmax", [0, math.log(3)], [5, 5], 1 / 8),
        # 1 - (1/4 + 3/4) / 2 / (sqrt(10)/4 * sqrt(2)/2) = 1 - 4 / sqrt(20).
        ("cosine", "softmax", [0, math.log(3)], [5, 5], 1 - 4 / math.sqrt(20)),
        # 1/4 log(1/2) + 3/4 log(3/2).
        (
            "kl_divergence",
            "softmax",
            [0, math.log(3)],
            [5, 5],
            0.25 * math.log(0.5) + 0.75 * math.log(1.5),
        ),
        # m = [3/8, 5/8]. KL(a, m) = 1/4 log(2/3) + 3/4 log(6/5), KL(b, m) = 1/2 log(4/3 * 4/5).
        (
            "jensen_shannon_divergence",
            "softmax",
            [0, math.log(3)],
            [5, 5],
            0.125 * math.log(2 / 3) + 0.375 * math.log(6 / 5) + 0.25 * math.log(16 / 15),
        ),
    ],
)
def test_by_hand(
    distance: Any, transform: Any, source: list[float], target: list[float], expected: float
) -> None:
    config = DistanceConfig(distance, transform)
    sources, targets = tf.constant([source] * 2, tf.float32), tf.constant([target] * 2, tf.float32)
    result = pairwise_distance(sources, targets, config)
    assert result.dtype == tf.float32
    np.testing.assert_allclose(result, [expected] * 2, rtol=1e-5, atol=1e-6)


def test_the_example_of_nsl() -> None:
    # (0 + 0), (4 + 0), (16 + 4), (16 + 1): their mean is 41 / 4 = 10.25.
    sources = [[1, 1], [2, 2], [0, 2], [5, 5]]
    targets = [[1, 1], [0, 2], [4, 4], [1, 4]]
    result = pairwise_distance(sources, targets, DistanceConfig("l2", sum_over_axis=-1))
    np.testing.assert_array_equal(result, [0, 4, 20, 17])
    assert float(tf.reduce_mean(result)) == 10.25


@pytest.mark.parametrize(("distance", "transform"), COMBINATIONS)
@pytest.mark.parametrize(
    ("shape", "axis"), [((5, 4), -1), ((5, 4), 1), ((5, 3, 4), -1), ((5, 3, 4), 1)]
)
def test_as_nsl(distance: Any, transform: Any, shape: tuple[int, ...], axis: int) -> None:
    sources, targets = _rows(distance, transform, shape, axis)
    config = DistanceConfig(distance, transform, axis)
    result = pairwise_distance(sources, targets, config)
    assert result.shape == shape[:1]
    expected = _by_nsl(sources, targets, distance, transform, axis)
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("distance", "transform"), COMBINATIONS)
@pytest.mark.parametrize("shape", [(5, 4), (5, 3, 4)])
def test_without_an_axis_the_last_is_taken(
    distance: Any, transform: Any, shape: tuple[int, ...]
) -> None:
    sources, targets = _rows(distance, transform, shape, -1)
    results = [
        pairwise_distance(sources, targets, DistanceConfig(distance, transform, axis))
        for axis in (None, -1)
    ]
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize(("distance", "transform"), COMBINATIONS)
def test_gradients_are_those_of_nsl_and_finite_at_zeros(distance: Any, transform: Any) -> None:
    # Distributions with zeros, for the logarithms; rows equal, for the l1; and for the distances
    # between any vectors a row of zeros.
    sources = tf.constant([[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1], [0.2, 0.3, 0.5]], tf.float32)
    targets = tf.constant([[0, 1, 0], [0.5, 0.5, 0], [0, 0, 1], [0.5, 0.2, 0.3]], tf.float32)
    if distance not in DIVERGENCES or transform == "softmax":
        sources = tf.concat([sources, tf.zeros([2, 3])], axis=0)
        targets = tf.concat([targets, [[1.0, 2.0, 3.0]], tf.zeros([1, 3])], axis=0)
    config = DistanceConfig(distance, transform, -1)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([sources, targets])
        ours = pairwise_distance(sources, targets, config)
        theirs = _by_nsl(sources, targets, distance, transform, -1)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    for got, expected in zip(
        tape.gradient(ours, [sources, targets]),
        tape.gradient(theirs, [sources, targets]),
        strict=True,
    ):
        assert np.isfinite(got).all()
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("distance", "transform"), COMBINATIONS)
@pytest.mark.parametrize("n_rows", [0, 5])
def test_compiled_is_as_eager(distance: Any, transform: Any, n_rows: int) -> None:
    config = DistanceConfig(distance, transform)
    rows = [x[:n_rows] for x in _rows(distance, transform, (5, 4), -1)]

    def value_and_gradient(sources: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(sources)
            result = pairwise_distance(sources, targets, config)
        return result, tape.gradient(result, sources)

    eager = value_and_gradient(*rows)
    compiled = tf.function(value_and_gradient, jit_compile=True)(*rows)
    assert eager[0].shape == [n_rows]
    for one, other in zip(eager, compiled, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("distance", DISTANCES)
def test_half_precision_is_computed_in_float32(distance: Any) -> None:
    # 300^2 = 90000 overflows float16, whose largest number is 65504.
    config = DistanceConfig(distance, "softmax" if distance in DIVERGENCES else "none")
    rows = [tf.constant([[300.0, 0.0]]), tf.constant([[0.0, 300.0]])]
    half = [tf.cast(x, tf.float16) for x in rows]
    result = pairwise_distance(*half, config)
    assert result.dtype == tf.float32
    assert np.isfinite(result).all()
    np.testing.assert_array_equal(result, pairwise_distance(*rows, config))


def test_rows_of_unknown_number() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, 2])] * 2)
    def distances(sources: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        return pairwise_distance(sources, targets, DistanceConfig("l1"))

    np.testing.assert_array_equal(distances(tf.ones([3, 2]), tf.zeros([3, 2])), [2.0, 2.0, 2.0])


def test_a_config_of_nsl_is_taken() -> None:
    config: Any = nsl.configs.DistanceConfig("l1", sum_over_axis=-1)
    np.testing.assert_array_equal(pairwise_distance([[1.0, 2.0]], [[0.0, 0.0]], config), [3.0])


@pytest.mark.parametrize(
    ("sources", "targets", "axis", "message"),
    [
        ((3,), (3,), None, r"rank 2 or more, \[n, ...\], got shape \(3,\)"),
        ((), (), None, r"rank 2 or more"),
        ((3, 2), (3, 4), None, r"same shape, got \(3, 2\) and \(3, 4\)"),
        ((3, 2), (1, 2), None, r"same shape, got \(3, 2\) and \(1, 2\)"),
        ((3, 2), (3, 2, 1), None, r"same shape, got \(3, 2\) and \(3, 2, 1\)"),
        ((3, 2), (3, 2), 2, r"sum_over_axis must be in 1..1 or -1..-1 .* got 2"),
        ((3, 2), (3, 2), -2, r"sum_over_axis .* got -2"),
        ((3, 2, 2), (3, 2, 2), -4, r"sum_over_axis must be in 1..2 or -2..-1 .* got -4"),
    ],
)
def test_bad_shapes_are_named(
    sources: tuple[int, ...], targets: tuple[int, ...], axis: int | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pairwise_distance(tf.ones(sources), tf.ones(targets), DistanceConfig(sum_over_axis=axis))


def test_unknown_rank_is_refused() -> None:
    @tf.function(input_signature=[tf.TensorSpec(None)] * 2)
    def distances(sources: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        return pairwise_distance(sources, targets, DistanceConfig())

    with pytest.raises(ValueError, match="rank 2 or more"):
        distances(tf.ones([3, 2]), tf.ones([3, 2]))
