"""The pairs of the agreement loss, worked by hand."""

import numpy as np
import pytest

from gnn.configs import PairWeights
from gnn.cotraining.pair_kinds import edges_by_kind, random_pairs_by_kind, shares
from gnn.graphs.graph import Graph

LABELS = np.array([1, 1, 0, -1, -1])
WEIGHTS = PairWeights(1.0, 0.5, 0.25)


def test_an_edge_with_one_label_has_the_labeled_node_first():
    # Otherwise the true label of an unlabeled node would stand in the loss.
    graph = Graph.from_edges([0, 3, 4, 2], [3, 1, 2, 4])
    assert edges_by_kind(graph, LABELS, WEIGHTS)[1].edges.tolist() == [
        [0, 3], [1, 3], [2, 4], [2, 4],
    ]  # fmt: skip


def test_of_edges_with_two_labels_those_that_agree_take_part():
    graph = Graph.from_edges([0, 1, 0, 2], [1, 0, 2, 1], num_nodes=5)
    labeled = edges_by_kind(graph, LABELS, WEIGHTS)[0]
    assert labeled.edges.tolist() == [[0, 1], [1, 0]]
    assert labeled.trusted


def test_loops_and_edges_without_weight_are_left_out():
    graph = Graph.from_edges([3, 3, 4], [3, 4, 3], weights=[1, 0, 2])
    assert edges_by_kind(graph, LABELS[:5], WEIGHTS)[2].edges.tolist() == [[4, 3]]


def test_edges_are_drawn_by_their_weight():
    graph = Graph.from_edges([3, 4], [4, 3], weights=[1.0, 3.0])
    drawn = edges_by_kind(graph, LABELS, WEIGHTS)[2].draw(4000, np.random.default_rng(0))
    # The share of the heavier edge is 0.75, with a standard deviation of 0.007.
    assert abs(np.mean(drawn[:, 0] == 4) - 0.75) < 0.03


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([1, 1, -1, -1], [1 / 3, 0.5 / 3, 0.25 / 3]),
        ([1, 0, -1, -1], [0, 0.25, 0.125]),  # No edge of two equal labels.
        ([-1, -1, -1, -1], [0, 0, 0.25]),
        ([1, 0, 1, 0], [0, 0, 0]),
    ],
)
def test_kinds_share_the_loss(labels, expected):
    graph = Graph.from_edges([0, 1, 2], [1, 2, 3])
    kinds = edges_by_kind(graph, np.array(labels), WEIGHTS)
    np.testing.assert_allclose(shares(kinds), np.float32(expected))


def test_random_pairs_join_the_right_nodes():
    kinds = random_pairs_by_kind(LABELS, WEIGHTS)
    rng = np.random.default_rng(0)
    drawn = [kind.draw(500, rng) for kind in kinds]
    seen = [{tuple(pair) for pair in pairs.tolist()} for pairs in drawn]
    assert seen[0] == {(i, j) for i in (0, 1, 2) for j in (0, 1, 2)}
    assert seen[1] == {(i, j) for i in (0, 1, 2) for j in (3, 4)}
    assert seen[2] == {(i, j) for i in (3, 4) for j in (3, 4)}
    assert not any(kind.trusted for kind in kinds)


def test_what_is_empty_gives_no_pairs():
    kinds = random_pairs_by_kind(np.array([0, 1]), WEIGHTS)
    assert [kind.is_empty for kind in kinds] == [False, True, True]
    assert kinds[1].draw(3, np.random.default_rng(0)).tolist() == [[0, 0]] * 3
