"""Which nodes are labeled, worked by hand."""

import numpy as np
import pytest

from gnn.cotraining.self_labeling import most_confident

BELIEFS = np.array(
    [[0.5, 0.5], [0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7], [0.95, 0.05], [0.35, 0.65]]
)


@pytest.mark.parametrize(
    ("count", "confidence", "proportions", "nodes", "labels"),
    [
        (3, 0.4, None, [5, 1, 2], [0, 0, 1]),
        (9, 0.65, None, [5, 1, 2, 4], [0, 0, 1, 1]),
        (4, 0.4, [0.5, 0.5], [5, 1, 2, 4], [0, 0, 1, 1]),
        # Shares of 3.75 and 1.25 labels are 3 and 1.
        (5, 0.4, [0.75, 0.25], [5, 1, 2, 3], [0, 0, 1, 0]),
        (3, 0.4, [0.25, 0.75], [2, 4], [1, 1]),
        (3, 0.99, None, [], []),
        (0, 0.4, None, [], []),
    ],
)
def test_the_most_certain_are_labeled(count, confidence, proportions, nodes, labels):
    given = None if proportions is None else np.array(proportions)
    found = most_confident(BELIEFS, np.arange(7), count, confidence, given)
    assert found[0].tolist() == nodes
    assert found[1].tolist() == labels


def test_only_the_nodes_asked_for_are_labeled():
    nodes, labels = most_confident(BELIEFS, np.array([6, 3]), 5, 0.4)
    assert (nodes.tolist(), labels.tolist()) == ([6, 3], [1, 0])


def test_a_confidence_that_is_met_is_not_enough():
    assert most_confident(BELIEFS, np.array([3]), 1, 0.6)[0].tolist() == []


def test_of_equals_the_first_is_labeled():
    same = np.full((4, 2), 0.5)
    assert most_confident(same, np.array([2, 0, 3]), 2, 0.4)[0].tolist() == [2, 0]
