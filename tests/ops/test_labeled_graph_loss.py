"""The graph loss with true labels in place, by hand for every kind of edge, and by a loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn.configs import DistanceConfig, PairWeights
from gnn.ops.adjacency import Adjacency
from gnn.ops.distances import pairwise_distance
from gnn.ops.graph_loss import labeled_neighbor_distances, neighbor_distances

L2 = DistanceConfig("l2")
WEIGHTS = PairWeights(labeled_labeled=3.0, labeled_unlabeled=5.0, unlabeled_unlabeled=7.0)


def one_edge(
    probabilities: Any, labels: Any, agreement: float | None = 0.5, config: DistanceConfig = L2
) -> float:
    """The share of node 1, into which one edge comes, from node 0."""
    edge = Adjacency(tf.constant([0]), tf.constant([1]), 2, tf.constant([2.0]))
    total, count = labeled_neighbor_distances(
        tf.constant(probabilities, tf.float32),
        tf.constant(labels),
        edge,
        tf.constant([False, True]),
        config,
        WEIGHTS,
        None if agreement is None else tf.constant([agreement]),
    )
    assert float(count) == 1.0
    return float(total)


P = [[0.75, 0.25], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        # Both: 3 * |(1, 0) - (.5, .5)|^2 = 3 * .5, whatever the agreement; 0 where they differ.
        ([0, 0], 1.5),
        ([0, 1], 0.0),
        # The sender alone: 5 * .5 * |(0, 1) - (.5, .5)|^2 = 2.5 * .5.
        ([1, -1], 1.25),
        # The receiver alone: 5 * .5 * |(.75, .25) - (0, 1)|^2 = 2.5 * 2 * .5625.
        ([-1, 1], 2.8125),
        # Neither: 7 * .5 * |(.25, -.25)|^2 = 3.5 * .125.
        ([-1, -1], 0.4375),
    ],
)
def test_every_kind_of_edge_by_hand(labels: list[int], expected: float) -> None:
    assert one_edge(P, labels) == pytest.approx(expected)


def test_without_an_agreement_model_all_edges_are_trusted() -> None:
    assert one_edge(P, [1, -1], agreement=None) == pytest.approx(2.5)


@pytest.mark.parametrize("labels", [[1, -1], [-1, 1]])
def test_the_label_is_the_first_argument_of_a_divergence(labels: list[int]) -> None:
    # KL((0, 1), p) = -log p_1 of the unlabeled end, up to the 1e-7 in the logarithm.
    unlabeled = P[1] if labels[0] == 1 else P[0]
    got = one_edge(P, labels, 1.0, DistanceConfig("kl_divergence"))
    assert got == pytest.approx(-5 * np.log(unlabeled[1]), rel=1e-5)


def test_agreement_does_not_enter_the_normalizer() -> None:
    # One edge of agreement 0.01 pulls with a hundredth, and the node counts all the same.
    pair = Adjacency(tf.constant([0]), tf.constant([1]), 2, tf.constant([4.0]))
    outputs, read = tf.constant([[0.0], [3.0]]), tf.constant([False, False])
    total, count = neighbor_distances(outputs, pair, read, L2, tf.constant([0.01]))
    assert (float(total), float(count)) == (pytest.approx(0.09), 1.0)
    total, count = neighbor_distances(outputs, pair, read, L2, tf.constant([0.0]))
    assert (float(total), float(count)) == (0.0, 1.0)


def random_graph(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "ends": rng.integers(0, 12, (2, 50)),
        "weights": np.where(rng.random(50) < 0.2, 0, rng.random(50)).astype(np.float32),
        "agreement": np.where(rng.random(50) < 0.2, 0, rng.random(50)).astype(np.float32),
        "labels": np.where(rng.random(12) < 0.5, -1, rng.integers(0, 4, 12)).astype(np.int32),
        "p": rng.dirichlet(np.ones(4), 12).astype(np.float32),
        "read": rng.random(12) < 0.2,
    }


def adjacency(graph: dict[str, Any]) -> Adjacency:
    senders, receivers = graph["ends"].astype(np.int32)
    return Adjacency(
        tf.constant(senders), tf.constant(receivers), 12, tf.constant(graph["weights"])
    )


@pytest.mark.parametrize("distance", ["l1", "l2", "cosine", "kl_divergence"])
@pytest.mark.parametrize("seed", range(3))
def test_random_graphs_against_a_loop(seed: int, distance: Any) -> None:
    graph, config = random_graph(seed), DistanceConfig(distance)
    one_hot = np.eye(4, dtype=np.float32)

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(pairwise_distance(a[np.newaxis], b[np.newaxis], config)[0])

    total = 0.0
    for node in range(12):
        into = np.flatnonzero((graph["ends"][1] == node) & (graph["weights"] > 0))
        for e in into:
            s, y, p = graph["ends"][0][e], graph["labels"], graph["p"]
            agree = graph["agreement"][e]
            if y[s] >= 0 and y[node] >= 0:
                part = 3 * (y[s] == y[node]) * apart(one_hot[y[s]], p[node])
            elif y[s] >= 0:
                part = 5 * agree * apart(one_hot[y[s]], p[node])
            elif y[node] >= 0:
                part = 5 * agree * apart(one_hot[y[node]], p[s])
            else:
                part = 7 * agree * apart(p[s], p[node])
            total += graph["weights"][e] * part / graph["weights"][into].sum()
    received = np.bincount(graph["ends"][1], graph["weights"], 12)
    got = labeled_neighbor_distances(
        tf.constant(graph["p"]),
        tf.constant(graph["labels"]),
        adjacency(graph),
        tf.constant(graph["read"]),
        config,
        WEIGHTS,
        tf.constant(graph["agreement"]),
    )
    assert float(got[0]) == pytest.approx(total, rel=1e-4)
    assert float(got[1]) == np.count_nonzero((received > 0) | graph["read"])


def test_nothing_known_is_a_multiple_of_the_plain_loss() -> None:
    graph = random_graph(4)
    shared = adjacency(graph), tf.constant(graph["read"]), L2
    agreement = tf.constant(graph["agreement"])
    plain, _ = neighbor_distances(tf.constant(graph["p"]), *shared, agreement)
    labeled, _ = labeled_neighbor_distances(
        tf.constant(graph["p"]), tf.fill([12], -1), *shared, WEIGHTS, agreement
    )
    assert float(labeled) == pytest.approx(7 * float(plain), rel=1e-5)


@pytest.mark.parametrize("jit", [False, True])
def test_gradients_reach_the_unlabeled_end_alone(jit: bool) -> None:
    # Node 0 is labeled 1 and sends to 1: 5 * (0.25 + 0.25) with p_1 = (.5, .5), so the gradient at
    # p_1 is 5 * 2 * (.5, -.5); node 2, not finite, has an edge that is not trusted.
    edges = tf.constant([0, 2]), tf.constant([1, 1])

    @tf.function(jit_compile=jit)
    def gradient(p: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(p)
            total, _ = labeled_neighbor_distances(
                p,
                tf.constant([1, -1, -1]),
                Adjacency(*edges, 3, tf.constant([1.0, 1.0])),
                tf.constant([False, True, False]),
                L2,
                WEIGHTS,
                tf.constant([1.0, 0.0]),
            )
        return tf.convert_to_tensor(tape.gradient(total, p))

    got = gradient(tf.constant([[0.25, 0.75], [0.5, 0.5], [np.nan, np.inf]]))
    # Half: two edges of weight 1 come in.
    np.testing.assert_allclose(got[:2], [[0, 0], [2.5, -2.5]], rtol=1e-6)


def test_probabilities_of_another_rank() -> None:
    pair = Adjacency(tf.constant([0]), tf.constant([1]), 2)
    with pytest.raises(ValueError, match=r"\[n_nodes, num_classes\].*\(2, 3, 4\)"):
        labeled_neighbor_distances(
            tf.zeros([2, 3, 4]), tf.constant([0, 0]), pair, tf.constant([True, True]), L2, WEIGHTS
        )
