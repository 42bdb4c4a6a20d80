from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import distance

from gnn.edges.neighbors import exact
from gnn.evaluation import nearest_neighbors, neighbor_accuracy

SCIPY_METRIC = {"cosine": "cosine", "l2": "euclidean"}


def brute_force(queries, items, k, metric, exclude_self=False):
    distances = distance.cdist(queries, items, SCIPY_METRIC[metric])
    if exclude_self:
        np.fill_diagonal(distances, np.inf)
    indices = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return indices, np.take_along_axis(distances, indices, axis=1)


@pytest.fixture(params=["one block", "blocks", "row by row"])
def block_size(request, monkeypatch):
    if request.param == "blocks":
        sizes = {"_HELD": 80, "_QUERIES": 7, "_ITEMS": 6, "_GROUP": 2, "_GATHERED": 9}
    elif request.param == "row by row":
        sizes = {"_HELD": 1, "_QUERIES": 1, "_ITEMS": 1, "_GATHERED": 1}
    else:
        sizes = {}
    for name, size in sizes.items():
        monkeypatch.setattr(exact, name, size)


@pytest.mark.usefixtures("block_size")
@pytest.mark.parametrize("metric", ["cosine", "l2"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 7, 40])
def test_equals_brute_force(metric, dtype, k):
    rng = np.random.default_rng(0)
    queries, items = (rng.normal(size=(n, 5)).astype(dtype) for n in (23, 40))
    indices, distances = nearest_neighbors(queries, items, k, metric)
    expected_indices, expected_distances = brute_force(
        queries.astype(np.float64), items.astype(np.float64), k, metric
    )
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(distances, expected_distances, atol=1e-12)
    assert (indices.dtype, distances.dtype) == (np.int64, np.float64)


@pytest.mark.usefixtures("block_size")
@pytest.mark.parametrize("metric", ["cosine", "l2"])
@pytest.mark.parametrize("k", [3, 29])
def test_exclude_self_leaves_out_the_item_itself(metric, k):
    rows = np.random.default_rng(1).normal(size=(30, 4))
    indices, distances = nearest_neighbors(rows, rows, k, metric, exclude_self=True)
    expected_indices, expected_distances = brute_force(rows, rows, k, metric, exclude_self=True)
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(distances, expected_distances, atol=1e-12)


@pytest.mark.usefixtures("block_size")
@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_equal_items_come_in_order_of_index(metric):
    # 33 copies of one row, among others: a matrix product may round them differently.
    rng = np.random.default_rng(2)
    items = np.concatenate([rng.normal(size=(50, 7)), np.tile(rng.normal(size=7), (33, 1))])
    items = items[rng.permutation(83)]
    values, counts = np.unique(items, axis=0, return_counts=True)
    copies = np.flatnonzero((items == values[counts == 33]).all(axis=1))
    indices, _ = nearest_neighbors(items[copies[:4]] + 1e-3, items, 20, metric)
    np.testing.assert_array_equal(indices, np.tile(copies[:20], (4, 1)))


def test_worked_by_hand():
    # q = (1, 0). l2: to (0, 1) sqrt(2), to (3, 4) sqrt(4 + 16), to (2, 0) 1.
    # cosine: 1 - 0 = 1, 1 - 3/5 = 0.4, 1 - 1 = 0.
    queries, items = [[1, 0]], [[0, 1], [3, 4], [2, 0]]
    indices, distances = nearest_neighbors(queries, items, 3, "l2")
    assert indices.tolist() == [[2, 0, 1]]
    np.testing.assert_allclose(distances, [[1, 2**0.5, 20**0.5]])
    indices, distances = nearest_neighbors(queries, items, 3)
    assert indices.tolist() == [[2, 1, 0]]
    np.testing.assert_allclose(distances, [[0, 0.4, 1]])


def test_distances_near_zero_are_exact():
    # Expanding the square would lose all digits: 1e4^2 = 1e8, and 1e-5^2 = 1e-10 is below its eps.
    queries = np.array([[1e4, 1e4]])
    items = queries + [[1e-5, 0], [0, 0], [0, 3e-5]]
    indices, distances = nearest_neighbors(queries, items, 3, "l2")
    assert indices.tolist() == [[1, 0, 2]]
    np.testing.assert_allclose(distances, [[0, 1e-5, 3e-5]], rtol=1e-6, atol=0)


def test_row_of_zeros_is_at_cosine_distance_one():
    indices, distances = nearest_neighbors([[0, 0], [1, 1]], [[0, 0], [-1, 0], [2, 0]], 3)
    assert indices.tolist() == [[0, 1, 2], [2, 0, 1]]
    np.testing.assert_allclose(distances, [[1, 1, 1], [1 - 0.5**0.5, 1, 1 + 0.5**0.5]])


def test_no_queries_give_no_neighbors():
    indices, distances = nearest_neighbors(np.zeros([0, 2]), np.ones([3, 2]), 2)
    assert indices.shape == distances.shape == (0, 2)


def test_arguments_are_left_alone():
    queries = np.array([[3.0, 4.0]])
    nearest_neighbors(queries, queries, 1)
    assert queries.tolist() == [[3, 4]]


@pytest.mark.parametrize(
    ("k", "expected"),
    [
        # The query on 0, of label 5, finds 1 (right); that on 10, of label 6, finds 9 (right).
        (1, 1),
        # 0: labels 5, 6, one of two. 10: 6, 6.
        (2, (1 / 2 + 1) / 2),
        # 0: 5, 6, 6. 10: 6, 6, 6.
        (3, (1 / 3 + 1) / 2),
        # All four for both: one is 5, three are 6.
        (4, (1 / 4 + 3 / 4) / 2),
    ],
)
def test_accuracy_worked_by_hand(k, expected):
    accuracy = neighbor_accuracy(
        [[0], [10]], [5, 6], [[1], [2], [8], [9]], [5, 6, 6, 6], k=k, metric="l2"
    )
    assert accuracy == pytest.approx(expected)


def test_accuracy_without_the_query_itself():
    # With itself every row is right; without, 0 finds 1 and 1 finds 0 (right), 5 finds 1 (wrong).
    rows, labels = [[0], [1], [5]], ["a", "a", "b"]
    assert neighbor_accuracy(rows, labels, rows, labels, metric="l2") == 1
    accuracy = neighbor_accuracy(rows, labels, rows, labels, metric="l2", exclude_self=True)
    assert accuracy == pytest.approx(2 / 3)


ROWS = np.ones([3, 2])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((ROWS, ROWS, 4), ValueError, "k must be from 1 to 3, .*got 4"),
        ((ROWS, ROWS, 3, "l2", True), ValueError, "k must be from 1 to 2, .*got 3"),
        ((ROWS, ROWS[:0], 1), ValueError, "k must be from 1 to 0"),
        ((ROWS, ROWS, 0), ValueError, "k must be from 1 to 3, .*got 0"),
        ((ROWS, ROWS, 1.0), TypeError, "k must be an integer, got 1.0"),
        ((ROWS, ROWS, True), TypeError, "k must be an integer, got True"),
        ((ROWS, np.ones([3, 5]), 1), ValueError, "equally wide; got widths 2 and 5"),
        ((ROWS[0], ROWS, 1), ValueError, r"queries must have shape .*got shape \(2,\)"),
        ((ROWS, [[1, np.nan]], 1), ValueError, "items must be finite; row 0"),
        (([[0, 0], [np.inf, 1]], ROWS, 1), ValueError, "queries must be finite; row 1"),
        ((ROWS, [["a", "b"]], 1), TypeError, "items must hold real numbers"),
        ((ROWS, ROWS + 1j, 1), TypeError, "items must hold real numbers; got dtype complex128"),
        ((ROWS, ROWS, 1, "dot"), ValueError, "metric must be one of cosine, l2; got 'dot'"),
        ((ROWS, ROWS[:2], 1, "l2", True), ValueError, "exclude_self.*3 queries and 2 items"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        nearest_neighbors(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((ROWS, [0, 1], ROWS, [0, 1, 2]), r"query_labels must have shape \[3\].*got \(2,\)"),
        ((ROWS, [0, 1, 2], ROWS, [[0], [1], [2]]), r"item_labels must have shape \[3\]"),
        ((ROWS, [0, 1, 2], ROWS, [0, -1, 2]), "item_labels must not be negative.*-1 at row 1"),
        ((ROWS[:0], [], ROWS, [0, 1, 2]), "queries must hold at least one row"),
    ],
)
def test_wrong_labels_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        neighbor_accuracy(*arguments)
