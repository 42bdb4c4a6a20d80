"""The softmax over neighbors against brute force, at its edges, and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn.ops.adjacency import Adjacency
from gnn.ops.attention import neighbor_softmax
from gnn.ops.propagate import propagate

NUM_NODES, NUM_EDGES = 6, 20  # Nothing goes into the last node.
RNG = np.random.default_rng(0)
SENDERS = RNG.integers(0, NUM_NODES, NUM_EDGES).astype(np.int32)
RECEIVERS = RNG.integers(0, NUM_NODES - 1, NUM_EDGES).astype(np.int32)  # In no order.
WEIGHTS = np.where(np.arange(NUM_EDGES) % 4 == 0, 0.0, RNG.uniform(0.5, 2.0, NUM_EDGES))


def star(weights: Any = None) -> Adjacency:
    """Nodes 0 and 1 send to node 2."""
    weights = None if weights is None else tf.constant(weights)
    return Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3, weights)


def numbers(rows: int, heads: int) -> np.ndarray:
    return np.random.default_rng(rows + heads).normal(size=(rows, heads) if heads else rows)


def brute_force(logits: Any, weights: Any, own: Any) -> tuple[np.ndarray, np.ndarray]:
    """The shares of edges and of nodes themselves, an edge at a time."""
    powers, of_nodes = np.exp(logits), np.zeros((NUM_NODES, *logits.shape[1:]))
    if weights is not None:
        powers = (powers.T * weights).T
    if own is not None:
        of_nodes = np.exp(own)
    totals = of_nodes.copy()
    for edge, receiver in enumerate(RECEIVERS):
        totals[receiver] += powers[edge]
    below = np.where(totals > 0, totals, 1.0)
    return powers / below[RECEIVERS], of_nodes / below


@pytest.mark.parametrize("way", ["eager", "graph", "xla"])
@pytest.mark.parametrize("with_self", [False, True])
@pytest.mark.parametrize("heads", [0, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_brute_force(weighted: bool, heads: int, with_self: bool, way: str) -> None:
    logits = numbers(NUM_EDGES, heads)
    own = numbers(NUM_NODES, heads) if with_self else None
    weights = WEIGHTS if weighted else None
    edges = Adjacency(
        tf.constant(SENDERS),
        tf.constant(RECEIVERS),
        NUM_NODES,
        None if weights is None else tf.constant(weights, tf.float32),
    )

    def run() -> Any:
        given = tf.constant(logits, tf.float32)
        if own is None:
            return neighbor_softmax(given, edges)
        return neighbor_softmax(given, edges, self_logits=tf.constant(own, tf.float32))

    found = (run if way == "eager" else tf.function(run, jit_compile=way == "xla"))()
    of_edges, of_nodes = brute_force(logits, weights, own)
    shares = found if own is None else found[0]
    np.testing.assert_allclose(shares, of_edges, rtol=1e-5)
    if own is not None:
        np.testing.assert_allclose(found[1], of_nodes, rtol=1e-5)
        np.testing.assert_allclose(found[1][-1], np.ones_like(own[-1]), rtol=1e-6)


@pytest.mark.parametrize("weights", [None, [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
@pytest.mark.parametrize("logits", [[1000.0, -1000.0], [-1e4, -1e4], [3e38, 3e38], [-3e38, 0.0]])
@pytest.mark.parametrize("jit", [False, True])
def test_logits_of_any_size(jit: bool, logits: Any, weights: Any) -> None:
    def run(given: tf.Tensor) -> tf.Tensor:
        return neighbor_softmax(given, star(weights))

    # By hand: what weighs nothing has no share, equal logits half each, else the larger has all.
    by_logit = [0.5, 0.5] if logits[0] == logits[1] else [logits[0] > logits[1]] * 2
    expected = [by_logit[0], 1.0 - by_logit[1]] if weights in (None, [1.0, 1.0]) else weights
    given = tf.constant(logits)
    np.testing.assert_allclose(tf.function(run, jit_compile=jit)(given), expected)
    with tf.GradientTape() as tape:
        tape.watch(given)
        loss = tf.reduce_sum(run(given) * [2.0, -1.0])
    gradient = tf.convert_to_tensor(tape.gradient(loss, given))
    both = 0.75 if expected == [0.5, 0.5] else 0.0  # 3 * share * (1 - share)
    np.testing.assert_allclose(gradient, [both, -both])


def test_a_self_logit_that_towers_takes_all() -> None:
    shares, own = neighbor_softmax(tf.constant([1.0, 2.0]), star(), tf.constant([0.0, 0.0, 500.0]))
    np.testing.assert_allclose(shares, [0, 0])
    np.testing.assert_allclose(own, [1, 1, 1])
    shares, own = neighbor_softmax(tf.constant([600.0, 600.0]), star(), tf.constant([0.0, 0, -500]))
    np.testing.assert_allclose(shares, [0.5, 0.5])
    np.testing.assert_allclose(own, [1, 1, 0])


def test_a_node_whose_edges_all_weigh_nothing_shares_nothing() -> None:
    np.testing.assert_array_equal(neighbor_softmax(tf.constant([1.0, 5.0]), star([0.0, 0.0])), 0)
    shares, own = neighbor_softmax(tf.constant([1.0, 900.0]), star([0.0, 0.0]), tf.zeros([3]))
    np.testing.assert_array_equal(shares, [0, 0])
    np.testing.assert_array_equal(own, [1, 1, 1])


def test_no_edges() -> None:
    none = Adjacency(tf.zeros([0], tf.int32), tf.zeros([0], tf.int32), 2)
    assert neighbor_softmax(tf.zeros([0, 4]), none).shape == [0, 4]
    own = neighbor_softmax(tf.zeros([0, 4]), none, self_logits=tf.ones([2, 4]))[1]
    np.testing.assert_array_equal(own, np.ones([2, 4]))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtype_is_kept_and_half_precision_is_summed_in_single(dtype: str) -> None:
    # The shares of 3,000 equal edges; in float16 their sum would stop at 2,048.
    edges = Adjacency(tf.range(3000), tf.zeros([3000], tf.int32), 3000, tf.ones([3000]))
    shares, own = neighbor_softmax(tf.ones([3000], dtype), edges, tf.ones([3000], dtype))
    assert shares.dtype.name == own.dtype.name == dtype
    expected = float(tf.cast(1 / 3001, dtype))
    np.testing.assert_allclose(tf.cast(shares, tf.float64), expected, rtol=1e-6)
    assert float(own[0]) == pytest.approx(expected, rel=1e-6) and float(own[1]) == 1.0


@pytest.mark.parametrize("with_self", [False, True])
@pytest.mark.parametrize("heads", [0, 2])
def test_gradients_equal_finite_differences(heads: int, with_self: bool) -> None:
    given = [numbers(NUM_EDGES, heads), WEIGHTS + 0.0]
    given += [numbers(NUM_NODES, heads)] if with_self else []
    factors = [np.cos(np.arange(part.size)).reshape(part.shape) for part in given]

    def loss(logits: Any, weights: Any, *own: Any) -> Any:
        edges = Adjacency(tf.constant(SENDERS), tf.constant(RECEIVERS), NUM_NODES, weights)
        found = neighbor_softmax(logits, edges, *own)
        if not own:
            return tf.reduce_sum(factors[0] * found)
        return tf.reduce_sum(factors[0] * found[0]) + tf.reduce_sum(factors[2] * found[1])

    def gradients(given: list[tf.Tensor]) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(given)
            total = loss(*given)
        return [tf.convert_to_tensor(each) for each in tape.gradient(total, given)]

    tensors = [tf.constant(part) for part in given]
    ways = [tf.function(gradients, jit_compile=jit)(tensors) for jit in (False, True)]
    for which, by_way in enumerate(zip(*ways, strict=True)):
        for place in list(np.ndindex(given[which].shape))[::2]:
            ends = []
            for step in (1e-6, -1e-6):
                moved = [part.copy() for part in given]
                moved[which][place] += step
                if moved[1].min() < 0:  # Half a difference at weight 0.
                    moved[1] = given[1]
                ends.append(float(loss(*(tf.constant(part) for part in moved))))
            at_zero = which == 1 and given[1][place] == 0
            expected = (ends[0] - ends[1]) / (1e-6 if at_zero else 2e-6)
            for gradient in by_way:
                assert float(gradient[place]) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_shares_are_weights_for_propagation() -> None:
    # Shares 1/4 and 3/4 of head 0, 1/2 each of head 1.
    logits = tf.math.log([[1.0, 2.0], [3.0, 2.0]])
    shares = neighbor_softmax(logits, star())
    values = tf.constant([[[4.0], [10.0]], [[8.0], [20.0]], [[0.0], [0.0]]])
    edges = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3, shares)
    np.testing.assert_allclose(propagate(values, edges)[2], [[7.0], [15.0]], rtol=1e-6)
