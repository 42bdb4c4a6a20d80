"""The graph loss by hand, against its definition written as a loop, and with NSL's distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn import nsl
from gnn.configs import DistanceConfig, DistanceType, TransformType
from gnn.ops.adjacency import Adjacency
from gnn.ops.graph_loss import neighbor_distances

L1 = DistanceConfig(DistanceType.L1)
L2 = DistanceConfig(DistanceType.L2)


def adjacency_of(edges: list[tuple[int, int]], num_nodes: int, weights: Any = None) -> Adjacency:
    ends = np.array(edges, np.int32).reshape(-1, 2)
    values = None if weights is None else tf.constant(weights, tf.float32)
    return Adjacency(tf.constant(ends[:, 0]), tf.constant(ends[:, 1]), num_nodes, values)


def loss_of(
    outputs: Any, adjacency: Adjacency, rows: list[int], config: DistanceConfig = L2
) -> Any:
    read = np.isin(np.arange(adjacency.num_nodes), rows)
    total, count = neighbor_distances(
        tf.constant(outputs, tf.float32), adjacency, tf.constant(read), config
    )
    assert total.dtype == count.dtype == tf.float32
    assert total.shape == count.shape == ()
    return float(total), float(count)


# Two stars of three neighbors: nodes 0, 1, 2 around 3, and 4, 5, 6 around 7.
STARS = [(0, 3), (1, 3), (2, 3), (4, 7), (5, 7), (6, 7)]
WEIGHTS = [1.0, 2.0, 5.0, 0.5, 0.25, 0.25]
OUTPUTS = [[1, 0], [0, 2], [3, 0], [0, 0], [2, 2], [1, 1], [2, 1], [1, 2]]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        # From 3 at [0, 0]: 1, 4, 9, so (1 * 1 + 2 * 4 + 5 * 9) / 8 = 54 / 8.
        # From 7 at [1, 2]: 1, 1, 2, so .5 * 1 + .25 * 1 + .25 * 2 = 1.25. The mean is 4.
        (L2, 4.0),
        # From 3: 1, 2, 3: (1 + 4 + 15) / 8 = 2.5. From 7: 1, 1, 2: 1.25. The mean is 1.875.
        (L1, 1.875),
    ],
)
def test_two_stars_by_hand(config: DistanceConfig, expected: float) -> None:
    total, count = loss_of(OUTPUTS, adjacency_of(STARS, 8, WEIGHTS), [3, 7], config)
    assert count == 2.0
    assert total / count == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("transform", ["none", "softmax"])
@pytest.mark.parametrize("distance", [member.value for member in DistanceType])
def test_two_stars_against_nsl(distance: Any, transform: Any) -> None:
    """The predecessor: the mean over stars of sum w d / sum w, d from NSL."""
    outputs = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    if transform == "none" and "divergence" in distance:
        outputs = tf.nn.softmax(outputs).numpy()
    senders, receivers = np.array(STARS).T
    theirs = nsl.configs.DistanceConfig(
        distance, tf.compat.v1.losses.Reduction.NONE, sum_over_axis=-1, transform_fn=transform
    )
    unreduced = nsl.lib.pairwise_distance_wrapper(
        tf.constant(outputs[senders]), tf.constant(outputs[receivers]), distance_config=theirs
    )
    distances = np.asarray(unreduced).reshape(6, -1).sum(-1)
    stars = [
        sum(WEIGHTS[e] * distances[e] for e in star) / sum(WEIGHTS[e] for e in star)
        for star in (range(3), range(3, 6))
    ]
    config = DistanceConfig(distance, transform_fn=transform)
    total, count = loss_of(outputs, adjacency_of(STARS, 8, WEIGHTS), [3, 7], config)
    assert total / count == pytest.approx(sum(stars) / 2, abs=1e-5)


def test_the_scale_of_weights_does_not_matter() -> None:
    once = loss_of(OUTPUTS, adjacency_of(STARS, 8, WEIGHTS), [3, 7])
    scaled = loss_of(OUTPUTS, adjacency_of(STARS, 8, [1000 * w for w in WEIGHTS]), [3, 7])
    assert scaled == pytest.approx(once, rel=1e-6)


def test_no_weights_are_ones() -> None:
    # (1 + 4 + 9) / 3 + (1 + 1 + 2) / 3 = 6.
    assert loss_of(OUTPUTS, adjacency_of(STARS, 8), [3, 7]) == (pytest.approx(6.0), 2.0)


@pytest.mark.parametrize(
    ("edges", "weights", "rows", "total", "count"),
    [
        # Node 0 only sends: the one regularized node is 1, at (4 - 1)^2.
        ([(0, 1)], [1.0], [], 9.0, 1.0),
        # Reading out the receiver changes nothing; reading out the sender counts it, with 0.
        ([(0, 1)], [1.0], [1], 9.0, 1.0),
        ([(0, 1)], [1.0], [0], 9.0, 2.0),
        # Node 2 is read out and has no neighbors.
        ([(0, 1)], [1.0], [1, 2], 9.0, 2.0),
        # An edge of weight 0 is no edge: 2 is not regularized by it, nor is the mean of 1 changed.
        ([(0, 1), (0, 2), (2, 1)], [1.0, 0.0, 0.0], [1], 9.0, 1.0),
        # In both directions, both ends count.
        ([(0, 1), (1, 0)], [1.0, 7.0], [], 18.0, 2.0),
        # Parallel edges weigh like their sum: (1 * 9 + 2 * 9 + 3 * 4) / 6 = 6.5.
        ([(0, 1), (0, 1), (2, 1)], [1.0, 2.0, 3.0], [], 6.5, 1.0),
        # A self loop is an edge of distance 0: (1 * 9 + 2 * 0) / 3.
        ([(0, 1), (1, 1)], [1.0, 2.0], [], 3.0, 1.0),
        # No edges: only what is read out counts; nothing at all is 0 of 0.
        ([], [], [0, 2], 0.0, 2.0),
        ([], [], [], 0.0, 0.0),
    ],
)
def test_who_counts(
    edges: list[tuple[int, int]], weights: list[float], rows: list[int], total: float, count: float
) -> None:
    adjacency = adjacency_of(edges, 3, weights)
    got = loss_of([[1.0], [4.0], [6.0]], adjacency, rows)
    assert got == (pytest.approx(total, rel=1e-6), count)


@pytest.mark.parametrize(
    ("distance", "bad", "jit"),
    [
        *((member.value, math.nan, False) for member in DistanceType),
        ("l2", math.inf, False),
        ("l2", math.nan, True),
    ],
)
def test_an_edge_of_weight_0_drops_out_whatever_its_sender_holds(
    distance: Any, bad: float, jit: bool
) -> None:
    """Loss and gradients are those without the edge."""
    config = DistanceConfig(distance, TransformType.SOFTMAX)
    outputs = tf.constant([[0.5, 1.0], [2.0, -1.0], [bad, bad]])
    rows = tf.constant([False, True, False])

    @tf.function(jit_compile=jit)
    def run(outputs: Any, weights: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([outputs, weights])
            adjacency = Adjacency(tf.constant([0, 2]), tf.constant([1, 1]), 3, weights)
            total, count = neighbor_distances(outputs, adjacency, rows, config)
        gradients = tape.gradient(total, [outputs, weights])
        return total, count, *[tf.convert_to_tensor(gradient) for gradient in gradients]

    total, count, for_outputs, for_weights = run(outputs, tf.constant([3.0, 0.0]))
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        alone, _ = neighbor_distances(outputs, adjacency_of([(0, 1)], 3, [3.0]), rows, config)
    expected = tf.convert_to_tensor(tape.gradient(alone, outputs))
    assert float(total) == pytest.approx(float(alone), rel=1e-5)
    assert float(count) == 1.0
    np.testing.assert_allclose(for_outputs, expected, atol=1e-6)
    assert np.isfinite(for_weights).all()


def test_gradients_by_hand() -> None:
    # Node 2 receives from 0 (weight 1) and 1 (weight 3): L = (1 (y2 - y0)^2 + 3 (y2 - y1)^2) / 4
    # with y = 0, 1, 3: (9 + 12) / 4. dL/dy0 = -2 * 3 / 4, dL/dy1 = -3 * 2 * 2 / 4, dL/dy2 = their
    # negative sum; dL/dw0 = (9 - L) / 4, dL/dw1 = (4 - L) / 4.
    outputs = tf.constant([[0.0], [1.0], [3.0]])
    weights = tf.constant([1.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch([outputs, weights])
        star = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3, weights)
        total, _ = neighbor_distances(outputs, star, tf.zeros([3], tf.bool), L2)
    for_outputs, for_weights = tape.gradient(total, [outputs, weights])
    assert float(total) == pytest.approx(5.25)
    for_outputs = tf.convert_to_tensor(for_outputs)
    np.testing.assert_allclose(for_outputs[:, 0], [-1.5, -3.0, 4.5], rtol=1e-6)
    np.testing.assert_allclose(for_weights, [(9 - 5.25) / 4, (4 - 5.25) / 4], rtol=1e-5)


def test_all_weights_0_has_finite_gradients() -> None:
    # What an agreement model may say of every edge: no loss, no count, and no NaN.
    outputs, weights = tf.constant([[0.0], [1.0]]), tf.constant([0.0])
    with tf.GradientTape() as tape:
        tape.watch([outputs, weights])
        pair = Adjacency(tf.constant([0]), tf.constant([1]), 2, weights)
        total, count = neighbor_distances(outputs, pair, tf.zeros([2], tf.bool), L2)
    assert (float(total), float(count)) == (0.0, 0.0)
    for gradient in tape.gradient(total, [outputs, weights]):
        assert np.isfinite(tf.convert_to_tensor(gradient)).all()


def test_random_graph_against_the_definition() -> None:
    rng = np.random.default_rng(1)
    num_nodes, edges = 15, rng.integers(0, 15, (60, 2)).tolist()
    weights = np.where(rng.random(60) < 0.3, 0, rng.random(60)).astype(np.float32)
    outputs = rng.normal(size=(num_nodes, 2, 3)).astype(np.float32)
    rows = [0, 5, 9]
    total, count = 0.0, 0
    for node in range(num_nodes):
        into = [(s, w) for (s, r), w in zip(edges, weights, strict=True) if r == node and w > 0]
        count += bool(into) or node in rows
        if into:
            distances = [w * np.square(outputs[node] - outputs[s]).sum() for s, w in into]
            total += sum(distances) / sum(w for _, w in into)
    got = loss_of(outputs, adjacency_of(edges, num_nodes, weights), rows)
    assert got == (pytest.approx(total, rel=1e-5), count)


def test_half_precision_outputs_are_compared_in_single() -> None:
    # 300^2 = 90,000 is more than float16 holds.
    total, _ = neighbor_distances(
        tf.constant([[0.0], [300.0]], tf.float16),
        adjacency_of([(0, 1)], 2),
        tf.zeros([2], tf.bool),
        L2,
    )
    assert float(total) == 90000.0
