"""Exact nearest neighbors, against comparing every pair in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn.edges.neighbors import exact
from gnn.edges.neighbors.exact import near_pairs, nearest
from gnn.edges.neighbors.metrics import Vectors


def brute_force(queries: Any, items: Any, metric: str) -> np.ndarray:
    """How far apart all pairs are."""
    queries, items = (np.asarray(rows, np.float64) for rows in (queries, items))
    if metric == "l2":
        return np.sqrt(((queries[:, None] - items) ** 2).sum(-1))
    if metric == "cosine":
        queries, items = (
            rows / np.maximum(np.sqrt((rows**2).sum(1, keepdims=True)), 1e-300)
            for rows in (queries, items)
        )
    products = (queries[:, None] * items).sum(-1)
    return np.clip(1 - products, 0, 2) if metric == "cosine" else -products


def check(queries: np.ndarray, items: np.ndarray, k: int, metric: str) -> None:
    found = nearest(queries, items, k, metric)
    apart = brute_force(queries, items, metric)
    columns = np.argsort(apart, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(found.columns.reshape(-1, k), columns)
    np.testing.assert_array_equal(found.rows, np.repeat(np.arange(len(queries)), k))
    # Measured pair by pair in double precision: to the bit.
    expected = np.take_along_axis(apart, columns, axis=1)
    np.testing.assert_array_equal(found.distances.reshape(-1, k), expected)


VECTORS = {
    "normal": lambda rng: rng.normal(size=(700, 6)),
    "single precision": lambda rng: rng.normal(size=(700, 6)).astype(np.float32),
    "many ties": lambda rng: rng.integers(-1, 2, (700, 3)),
    "copies of one": lambda rng: np.where(rng.random((700, 1)) < 0.5, 1, rng.normal(size=(700, 6))),
    "far from the origin": lambda rng: 1e4 + rng.normal(size=(700, 6)),
    "all but equal": lambda rng: 1 + 1e-9 * rng.normal(size=(700, 6)),
    "of all lengths": lambda rng: (
        rng.normal(size=(700, 6)) * 10.0 ** rng.integers(-30, 30, (700, 1))
    ),
    "tiny": lambda rng: rng.normal(size=(700, 6)) * 1e-60,
    "of no width": lambda rng: np.zeros((700, 0)),
}


@pytest.mark.parametrize("metric", ["cosine", "ip", "l2"])
@pytest.mark.parametrize("kind", list(VECTORS))
def test_as_by_brute_force(kind: str, metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Several blocks of each kind, of which the last is smaller; groups of four.
    sizes = {"_HELD": 2000, "_QUERIES": 100, "_ITEMS": 120, "_GROUP": 4, "_GATHERED": 1000}
    for name, size in sizes.items():
        monkeypatch.setattr(exact, name, size)
    vectors = VECTORS[kind](np.random.default_rng(0))
    check(vectors[:250], vectors, 7, metric)


def test_too_many_for_single_precision_are_settled_in_double(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # 20 vectors that single precision cannot tell apart, where 2 + 4 a row may be measured.
    for name, size in {"_ITEMS": 5, "_TIMES": 1, "_MORE": 4}.items():
        monkeypatch.setattr(exact, name, size)
    vectors = 1 + 1e-12 * np.random.default_rng(0).permutation(40).reshape(20, 2)
    check(vectors, vectors, 2, "l2")


@pytest.mark.parametrize("metric", ["cosine", "ip", "l2"])
def test_all_within_a_bound(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "_ITEMS", 200)
    given = np.random.default_rng(1).normal(size=(500, 4))
    apart = brute_force(given, given, metric)
    bound = float(np.quantile(apart, 0.1))
    vectors = Vectors.of(given, metric)
    found = near_pairs(vectors, vectors, within=bound)
    keep = apart <= bound
    rows, columns = np.nonzero(keep)
    order = np.lexsort((columns, apart[keep], rows))
    np.testing.assert_array_equal(found.rows, rows[order])
    np.testing.assert_array_equal(found.columns, columns[order])
    few = near_pairs(vectors, vectors, 3, bound, without_self=True)
    np.fill_diagonal(apart, np.inf)
    for row in range(500):
        nearest_three = np.argsort(apart[row], kind="stable")[:3]
        expected = nearest_three[apart[row, nearest_three] <= bound]
        assert few.columns[few.rows == row].tolist() == expected.tolist()


def test_of_equal_vectors_the_first_come_first() -> None:
    # Vector 2 is at distance 1 of all four copies of 0, which are 0, 1, 3 and 4.
    items = np.array([[0.0], [0.0], [1.0], [0.0], [0.0]])
    found = nearest(items, items, 2, "l2", without_self=True)
    assert found.columns.reshape(5, 2).tolist() == [[1, 3], [0, 3], [0, 1], [0, 1], [0, 1]]
    assert found.distances.reshape(5, 2).tolist() == [[0, 0], [0, 0], [1, 1], [0, 0], [0, 0]]


def test_a_vector_may_be_farther_from_itself_than_others_are() -> None:
    # By inner product, (1) is nearest to (5) and then to (3), and only then to itself.
    items = np.array([[1.0], [3.0], [5.0]])
    assert nearest(items, items, 2, "ip").columns.reshape(3, 2).tolist() == [[2, 1]] * 3
    others = nearest(items, items, 2, "ip", without_self=True)
    assert others.columns.reshape(3, 2).tolist() == [[2, 1], [2, 0], [1, 0]]
