"""The consistency loss by hand, and what gets a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn.ops.consistency import consistency_loss, sharpen


@pytest.mark.parametrize(
    ("given", "temperature", "expected"),
    [
        ([0.75, 0.25], 0.5, [0.9, 0.1]),  # 9 / 16 to 1 / 16.
        ([0.75, 0.25], 1.0, [0.75, 0.25]),
        ([0.9, 0.1], 2.0, [0.75, 0.25]),  # The square roots are 3 to 1.
        ([0.5, 0.3, 0.2], 1 / 3, [125 / 160, 27 / 160, 8 / 160]),
        ([1.0, 0.0], 0.5, [1.0, 0.0]),
        ([0.5, 0.5], 0.01, [0.5, 0.5]),
        ([0.6, 0.4], 0.001, [1.0, 0.0]),
    ],
)
def test_sharpening_by_hand(given: Any, temperature: float, expected: Any) -> None:
    np.testing.assert_allclose(sharpen(tf.constant(given), temperature), expected, atol=1e-6)
    rows = sharpen(tf.constant([[given, given[::-1]]]), temperature)
    np.testing.assert_allclose(rows, [[expected, expected[::-1]]], atol=1e-6)


def by_hand(logits: np.ndarray, temperature: float, nodes: Any) -> float:
    total = 0.0
    for node in nodes:
        powers = np.exp(logits[node])
        draws = powers / powers.sum(axis=-1, keepdims=True)
        center = draws.mean(axis=0) ** (1 / temperature)
        center /= center.sum()
        total += np.mean([np.sum((center - draw) ** 2) for draw in draws])
    return total / len(nodes)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("kept", [None, [True, False, True, True, False]])
def test_equals_the_formula(kept: Any, jit: bool) -> None:
    logits = np.random.default_rng(0).normal(size=(5, 3, 4))
    mask = None if kept is None else tf.constant(kept)
    run = tf.function(consistency_loss, jit_compile=jit)
    found = run(tf.constant(logits, tf.float32), 0.3, mask)
    nodes = range(5) if kept is None else np.flatnonzero(kept)
    assert float(found) == pytest.approx(by_hand(logits, 0.3, nodes), rel=1e-5)


def test_what_is_masked_may_be_anything_and_gets_no_gradient() -> None:
    logits = tf.constant([[[1.0, 2.0], [0.0, 1.5]], [[7.0, 0.0], [0.0, 7.0]]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = consistency_loss(logits, 0.5, tf.constant([True, False]))
    assert float(loss) == pytest.approx(float(consistency_loss(logits[:1], 0.5)), rel=1e-6)
    gradient = tape.gradient(loss, logits)
    assert np.abs(gradient[0]).min() > 0
    np.testing.assert_array_equal(gradient[1], np.zeros([2, 2]))
    assert float(consistency_loss(logits, 0.5, tf.constant([False, False]))) == 0.0


def test_draws_that_agree_and_are_sure_lose_nothing() -> None:
    sure = tf.constant([[[50.0, 0.0], [50.0, 0.0]]])
    assert float(consistency_loss(sure, 0.5)) == pytest.approx(0.0, abs=1e-9)


def test_no_gradient_flows_through_the_sharpened_mean() -> None:
    # d/dz of ||c - P||^2 / 2 draws, c held: -(c - P) . dP/dz, dP_i/dz_j = P_i (1[i = j] - P_j).
    logits = np.array([[[0.3, -0.7], [1.2, 0.1]]])
    powers = np.exp(logits[0])
    draws = powers / powers.sum(axis=1, keepdims=True)
    center = draws.mean(axis=0) ** 2
    center /= center.sum()
    expected = np.zeros([1, 2, 2])
    for draw in range(2):
        jacobian = np.diag(draws[draw]) - np.outer(draws[draw], draws[draw])
        expected[0, draw] = -(center - draws[draw]) @ jacobian
    given = tf.constant(logits, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(given)
        loss = consistency_loss(given, 0.5)
    np.testing.assert_allclose(tape.gradient(loss, given), expected, rtol=1e-5)


def test_half_precision_is_lost_in_single() -> None:
    logits = tf.constant(np.random.default_rng(1).normal(size=(3, 2, 4)), tf.float16)
    found = consistency_loss(logits, 0.5)
    assert found.dtype == tf.float32
    again = consistency_loss(tf.cast(logits, tf.float32), 0.5)
    assert float(found) == float(again)
