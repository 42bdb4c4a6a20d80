"""Accuracy by what surrounds a node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn import Graph
from gnn.evaluation import (
    accuracy_by_degree,
    accuracy_by_homophily,
    judge_answers,
    neighbor_counts,
    neighbor_homophily,
)
from gnn.evaluation.slices import Slice
from gnn.graphs import homophily

# Node 0 receives from 1, 2 and 3, node 1 from 2 twice, node 3 from itself, and node 2 by weight 0.
EDGES: tuple[Any, ...] = ([1, 2, 3, 2, 2, 3, 0], [0, 0, 0, 1, 1, 3, 2], np.array([1.0] * 6 + [0]))


EMPTY = Slice("none", 0, 0, 0, 0)


def rows(slices: Any) -> list[tuple[Any, ...]]:
    return [(part.low, part.high, part.nodes, part.right) for part in slices]


def test_neighbors_are_edges_that_weigh_something_and_are_no_loops() -> None:
    assert neighbor_counts(*EDGES, 5).tolist() == [3, 2, 0, 0, 0]
    found = neighbor_homophily(*EDGES, np.array([0, 1, 1, 0, 2]))
    np.testing.assert_allclose(found, [1 / 3, 1, np.nan, np.nan, np.nan])
    # A neighbor without a label counts for nothing.
    found = neighbor_homophily(*EDGES, np.array([0, 1, -1, 0, 2]))
    np.testing.assert_allclose(found, [1 / 2, np.nan, np.nan, np.nan, np.nan])


def test_its_mean_is_the_homophily_of_nodes() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 3, 40)
    graph = Graph.from_edges(rng.integers(0, 40, 90), rng.integers(0, 40, 90), labels=labels)
    each = neighbor_homophily(graph.senders, graph.receivers, graph.weights, graph.labels)
    assert np.nanmean(each) == pytest.approx(homophily(graph, by="node"))


def test_degrees_double() -> None:
    degrees = [0, 0, 1, 2, 3, 4, 7, 8, 40]
    right = [True, False, True, True, False, True, True, False, True]
    assert rows(accuracy_by_degree(right, degrees)) == [
        (0, 0, 2, 1),
        (1, 1, 1, 1),
        (2, 3, 2, 1),
        (4, 7, 2, 2),
        (8, 15, 1, 0),
        (16, 31, 0, 0),
        (32, 63, 1, 1),
    ]
    assert rows(accuracy_by_degree([True], [0])) == [(0, 0, 1, 1)]
    assert rows(accuracy_by_degree([True], [2**40]))[-1] == (2**40, 2**41 - 1, 1, 1)


def test_homophily_has_nodes_without_neighbors_apart() -> None:
    shares = [np.nan, 0, 0.19, 0.2, 0.8, 1.0]
    right = [True, False, True, True, True, True]
    assert rows(accuracy_by_homophily(right, shares)) == [
        (None, None, 1, 1),
        (0.0, 0.2, 2, 1),
        (0.2, 0.4, 1, 1),
        (0.4, 0.6, 0, 0),
        (0.6, 0.8, 0, 0),
        (0.8, 1.0, 2, 2),
    ]
    # Thirds and fifths of neighbors lie on no side by their last bit.
    assert rows(accuracy_by_homophily([True], [3 / 5]))[4] == (0.6, 0.8, 1, 1)


def test_an_empty_slice_has_no_accuracy() -> None:
    assert (EMPTY.accuracy, EMPTY.interval) == (None, None)


def test_slices_want_a_truth_and_a_number_a_node() -> None:
    with pytest.raises(ValueError, match=r"right must be a truth a node, bool \[n\]; got int64"):
        accuracy_by_degree([1], [1])
    with pytest.raises(ValueError, match=r"degrees must be a number a node, \[1\]; got int64\[2\]"):
        accuracy_by_degree([True], [1, 2])
    with pytest.raises(ValueError, match="degrees must be integers of at least 0; got float64"):
        accuracy_by_degree([True], [1.5])
    with pytest.raises(ValueError, match=r"homophily must be from 0 to 1 or NaN; got 1.5 to 1.5"):
        accuracy_by_homophily([True], [1.5])


def test_a_judgement_has_all_of_it() -> None:
    logits = np.array([[5.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 0.0]])
    found = judge_answers(
        logits, [0, 1, 1, 0], temperature=2.0, degrees=[0, 1, 1, 1], homophily=[np.nan, 1, 0, 1]
    )
    assert found.right.tolist() == [True, True, False, True]
    assert found.accuracy == 0.75 and found.interval == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert found.confusion.toarray().tolist() == [[2, 0], [1, 1]]
    assert rows(found.by_degree) == [(0, 0, 1, 1), (1, 1, 3, 2)]
    assert rows(found.by_homophily)[5] == (0.8, 1.0, 2, 2)
    assert found.calibrated is not None
    wrong = 1 / (1 + np.exp(-3 / 2))  # How sure it is of the wrong answer, at T = 2.
    assert np.nanmax(found.calibrated.confidence) == pytest.approx(1 / (1 + np.exp(-5 / 2)))
    assert wrong == pytest.approx(found.calibrated.confidence[12])
    assert judge_answers(logits, [0, 1, 1, 0]).calibrated is None
