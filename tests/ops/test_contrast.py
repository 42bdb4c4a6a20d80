"""Random pairs by hand: who is whose partner, uniformity, trust in edges, spread of classes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn.configs import DistanceConfig
from gnn.ops import class_spread, edge_trust, random_distances, uniformity
from gnn.ops.contrast import PAIRS_A_ROW, random_partners

L1 = DistanceConfig("l1")


@pytest.mark.parametrize("size", [2, 3, 10, 1000])
def test_partners_by_the_formula(size: int) -> None:
    found = random_partners(size, tf.constant(size)).numpy()
    modulus = 2**31 - 1
    for k in range(PAIRS_A_ROW):
        for i in {0, 1, size // 2, size - 1}:
            drawn = (1_327_217_885 * (i + 1) + 785_435_617 * (k + 1)) % modulus
            assert found[k, i] == (i + 1 + (size - 1) * drawn // modulus) % size
    assert not np.any(found == np.arange(size))
    assert found.min() >= 0 and found.max() < size


@pytest.mark.parametrize("group", [1, 100, 500])
def test_pairs_have_no_pattern(group: int) -> None:
    """Nodes in groups one after the other meet their own group as often as by chance."""
    rows = np.arange(1000)
    found = random_partners(1000, tf.constant(1000)).numpy()
    same = np.mean(found // group == rows // group)
    # 6,000 pairs: two standard errors of the share are at most 0.013.
    assert same == pytest.approx((group - 1) / 999, abs=0.02)
    counts = np.bincount(found.ravel(), minlength=1000)
    assert counts.max() <= 20  # About Poisson of mean 6.


def test_distances_of_two_nodes() -> None:
    distances, counts = random_distances(tf.constant([[1.0], [4.0]]), L1)
    assert distances.numpy().tolist() == [3.0] * 2 * PAIRS_A_ROW
    assert counts.numpy().tolist() == [1.0] * 2 * PAIRS_A_ROW


@pytest.mark.parametrize("jit", [False, True])
def test_padding_is_in_no_pair(jit: bool) -> None:
    """Also where it is no number, and in the gradient."""
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    padded = np.concatenate([rows, np.full((2, 3), np.nan, np.float32)])
    real = tf.constant([True] * 5 + [False] * 2)

    @tf.function(jit_compile=jit)
    def loss_and_gradient(values: tf.Tensor, mask: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(values)
            loss = uniformity(*random_distances(values, L1, mask))
        return loss, tf.convert_to_tensor(tape.gradient(loss, values))

    loss, gradient = loss_and_gradient(tf.constant(padded), real)
    expected, of_rows = loss_and_gradient(tf.constant(rows), tf.constant([True] * 5))
    assert float(loss) == pytest.approx(float(expected), rel=1e-6)
    np.testing.assert_allclose(gradient[:5], of_rows, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(gradient[5:], 0)


@pytest.mark.parametrize("size", [0, 1])
def test_no_pairs_of_one_node(size: int) -> None:
    rows = tf.Variable(tf.ones([size, 2]))
    with tf.GradientTape() as tape:
        distances, counts = random_distances(rows, L1)
        loss = uniformity(distances, counts)
    assert float(tf.reduce_sum(counts)) == float(loss) == 0.0
    assert np.all(np.isfinite(tf.convert_to_tensor(tape.gradient(loss, rows))))


def test_uniformity_by_hand() -> None:
    # log((1 + e^-1 + e^-2) / 3); the fourth does not count.
    distances, counts = tf.constant([0.0, 1.0, 2.0, 0.0]), tf.constant([1.0, 1.0, 1.0, 0.0])
    expected = math.log((1 + math.exp(-1) + math.exp(-2)) / 3)
    assert float(uniformity(distances, counts)) == pytest.approx(expected, rel=1e-6)


def test_no_collapse_pays() -> None:
    """At one point for all the loss is 0; with k groups that lie apart it is near -log k."""
    edges = np.array([(i, j) for i in range(64) for j in range(64) if i % 4 == j % 4])
    losses = {}
    for groups in (1, 2, 4):
        outputs = 30.0 * np.eye(4, dtype=np.float32)[np.arange(64) % groups]
        apart = np.abs(outputs[edges[:, 0]] - outputs[edges[:, 1]]).sum(1).mean()
        found = uniformity(*random_distances(tf.constant(outputs), L1))
        losses[groups] = apart + float(found)
    assert losses[1] == 0.0
    assert losses[2] == pytest.approx(-math.log(2), abs=0.1)
    assert losses[4] == pytest.approx(-math.log(4), abs=0.2)


@pytest.mark.parametrize(
    ("neighbor", "random", "expected"),
    [(0.5, 1.0, 1.0), (0.9, 1.0, 1.0), (0.95, 1.0, 0.5), (1.0, 1.0, 0.0), (2.0, 1.0, 0.0)],
)
def test_trust_by_hand(neighbor: float, random: float, expected: float) -> None:
    found = edge_trust(tf.constant(neighbor), tf.constant(random))
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_spread_by_hand() -> None:
    # Mean (0.6, 0.4), |mean|^2 = 0.52; mean |p|^2 = (1 + 0.68) / 2 = 0.84: 0.32 / 0.48.
    rows = tf.constant([[1.0, 0.0], [0.2, 0.8]])
    assert float(class_spread(rows, False)[0]) == pytest.approx(2 / 3, rel=1e-6)
    padded = tf.concat([rows, [[float("nan"), 7.0]]], axis=0)
    spread, number = class_spread(padded, False, tf.constant([True, True, False]))
    assert [float(spread), float(number)] == pytest.approx([2 / 3, 2.0], rel=1e-6)
    logits = tf.math.log(tf.constant([[0.25, 0.75], [0.2, 0.8]])) + [[5.0], [-3.0]]
    probabilities = tf.constant([[0.25, 0.75], [0.2, 0.8]])
    assert float(class_spread(logits, True)[0]) == pytest.approx(
        float(class_spread(probabilities, False)[0]), rel=1e-3
    )


def test_one_column_is_two_classes() -> None:
    logit = tf.math.log(tf.constant([[0.25], [4.0]]))  # Sigmoids 0.2 and 0.8.
    two = tf.constant([[0.2, 0.8], [0.8, 0.2]])
    for rows, are_logits in ((logit, True), (two[:, :1], False)):
        found = class_spread(rows, are_logits)[0]
        assert float(found) == pytest.approx(float(class_spread(two, False)[0]), rel=1e-5)
