"""Figures of retrieval: by hand, and against a plain sort of all distances."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy.spatial import distance

from gnn.evaluation import (
    graph_reconstruction,
    index_recall,
    local_dimension,
    ranking,
    retrieval_figures,
    triplet_accuracy,
)

SCIPY = {"cosine": "cosine", "l2": "euclidean"}


def plainly(
    queries: Any, labels: Any, items: Any, theirs: Any, k: list[int], metric: str, own: bool
) -> dict[str, Any]:
    """The same figures, a query at a time."""
    table = distance.cdist(queries, items, SCIPY[metric])
    rows = []
    for row, label in enumerate(labels):
        order = [each for each in np.argsort(table[row], kind="stable") if not own or each != row]
        right = theirs[order] == label
        count = int(right.sum())
        if not count:
            continue
        average = sum(right[: i + 1].mean() for i in range(count) if right[i]) / count
        hits = [bool(right[:each].any()) for each in k]
        rows.append([right[0], right[:count].mean(), average, *hits])
    first, r_precision, average, *hits = np.mean(np.array(rows, float), axis=0)
    return {
        "num_queries": len(rows),
        "left_out": len(labels) - len(rows),
        "precision_at_1": first,
        "recall_at": dict(zip(k, hits, strict=True)),
        "r_precision": r_precision,
        "map_at_r": average,
        "seen": None,
        "unseen": None,
    }


def test_by_hand() -> None:
    # From 0 the items are met in this order: labels 1, 0, 1, 1, 0.
    items, theirs = [[1.0], [-2.0], [3.0], [-4.0], [5.0]], [1, 0, 1, 1, 0]
    found = retrieval_figures([[0.0]], [1], items, theirs, k=(1, 2), metric="l2")
    assert found.precision_at_1 == 1.0
    assert found.recall_at == {1: 1.0, 2: 1.0}
    assert found.r_precision == pytest.approx(2 / 3)
    assert found.map_at_r == pytest.approx((1 + 2 / 3) / 3)
    found = retrieval_figures([[0.0]], [0], items, theirs, k=(1, 2), metric="l2")
    assert found.recall_at == {1: 0.0, 2: 1.0}
    assert found.r_precision == found.map_at_r * 2 == 0.5


@pytest.mark.parametrize("metric", ["cosine", "l2"])
@pytest.mark.parametrize("own", [False, True])
def test_equals_a_plain_sort(metric: str, own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies, ties and lonely labels among them, in blocks of a few queries."""
    monkeypatch.setattr(ranking, "_QUERIES", 7)
    monkeypatch.setattr(ranking, "_NEIGHBORS", 40)
    rng = np.random.default_rng(3)
    items = rng.integers(-2, 3, (60, 3)).astype(float)
    items[:3] = rng.normal(size=(3, 3))
    items[np.all(items == 0, axis=1)] = 1.0  # SciPy has no cosine of zeros.
    theirs = rng.integers(0, 9, 60)
    theirs[5] = 20
    queries, labels = (items, theirs) if own else (items[:25] + 0.25, theirs[:25])
    arguments = (queries, labels) if own else (queries, labels, items, theirs)
    found = retrieval_figures(*arguments, k=[1, 3, 10], metric=metric)
    wanted = plainly(queries, labels, items, theirs, [1, 3, 10], metric, own)
    for name, value in dataclasses.asdict(found).items():
        assert value == pytest.approx(wanted[name], abs=1e-12), name


def test_seen_and_unseen_labels_apart() -> None:
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(40, 2)), rng.integers(0, 4, 40)
    found = retrieval_figures(vectors, labels, k=1, seen=[0, 1])
    assert found.seen is not None and found.unseen is not None
    for part, of in ((found.seen, labels < 2), (found.unseen, labels >= 2)):
        assert part.num_queries == of.sum()
    whole = found.seen.map_at_r * (labels < 2).mean() + found.unseen.map_at_r * (labels > 1).mean()
    assert found.map_at_r == pytest.approx(whole)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 3}, "k must be at most 2"),
        ({"k": 0}, "k must be at least 1"),
        ({"metric": "ip"}, "metric must be one of cosine, l2; got 'ip'"),
        ({"query_labels": [1, -1, 1]}, "must not be negative, which means unlabeled"),
        ({"query_labels": [1, 2, 3]}, "no query has an item of its label"),
        ({"items": [[1.0]]}, "items and item_labels are given both, or neither"),
        ({"queries": [[0.0], [np.nan], [1.0]]}, "finite"),
    ],
)
def test_arguments(arguments: dict[str, Any], message: str) -> None:
    given = {"queries": [[0.0], [1.0], [2.0]], "query_labels": [1, 1, 1], "k": 1, "metric": "l2"}
    with pytest.raises(ValueError, match=message):
        retrieval_figures(**{**given, **arguments})


def test_triplets_by_hand() -> None:
    anchors, positives = [[0.0], [0.0], [0.0]], [[1.0], [2.0], [-1.0]]
    negatives = [[2.0], [1.0], [1.0]]  # Right, wrong, and a tie.
    assert triplet_accuracy(anchors, positives, negatives, "l2") == pytest.approx(1 / 3)
    assert triplet_accuracy([[1, 0]], [[2, 1]], [[0, 5]]) == 1.0
    with pytest.raises(ValueError, match="must be of one shape"):
        triplet_accuracy([[1, 0]], [[1, 0]], [[1, 0], [0, 1]])


def test_local_dimension_by_hand() -> None:
    # From 0 the others are at 1, 2 and 4: -1 / mean(log(1/4), log(2/4)).
    vectors = np.array([[0.0], [1.0], [-2.0], [4.0], [1.0]])
    found = local_dimension(vectors, k=3)
    assert found[0] == pytest.approx(-1 / np.mean(np.log([1 / 4, 2 / 4])))
    assert found[4] == found[1]  # A copy is no neighbor.


@pytest.mark.parametrize("dim", [2, 5])
def test_local_dimension_of_a_cube_in_more_dimensions(dim: int) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.uniform(size=(4000, dim)) @ np.linalg.qr(rng.normal(size=(9, 9)))[0][:dim]
    assert 1 / np.mean(1 / local_dimension(vectors, 30)) == pytest.approx(dim, rel=0.15)


def test_local_dimension_of_equal_distances_is_infinite() -> None:
    assert np.isinf(local_dimension([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], 3)[0])
    with pytest.raises(ValueError, match="k must be from 2 to 1, the other distinct vectors"):
        local_dimension([[0.0], [1.0], [1.0]], 2)


def test_index_recall_by_hand() -> None:
    assert index_recall([[4, -1, -1], [0, 1, 2]], [[4, 5], [2, 9]]) == 0.5
    with pytest.raises(ValueError, match="ids of as many queries"):
        index_recall([[1]], [[1], [2]])


def test_reconstruction_by_hand() -> None:
    # A path 0 - 1 - 2 - 3, embedded as 0, 1, 2, 10: 3's nearest is 2; 2's nearest two are 1 and 0.
    found = graph_reconstruction([[0.0], [1.0], [2.0], [10.0]], [0, 1, 2], [1, 2, 3], metric="l2")
    assert found.num_nodes == 4
    assert found.r_precision == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert found.map_at_r == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    # Within two hops, all but 0 and 3 are neighbors.
    found = graph_reconstruction([[0], [1], [2], [10]], [0, 1, 2], [1, 2, 3], 2, metric="l2")
    assert found.r_precision == 1.0


def test_reconstruction_takes_edges_both_ways_and_no_loops() -> None:
    once = graph_reconstruction([[0.0], [1.0], [5.0]], [0], [2], metric="l2")
    twice = graph_reconstruction([[0.0], [1.0], [5.0]], [0, 2, 1], [2, 0, 1], metric="l2")
    assert once == twice and once.num_nodes == 2
    with pytest.raises(ValueError, match="no edge joins two different nodes"):
        graph_reconstruction([[0.0], [1.0]], [1], [1])
    with pytest.raises(ValueError, match="senders must be from 0 to 1"):
        graph_reconstruction([[0.0], [1.0]], [2], [1])
