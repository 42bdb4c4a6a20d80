"""Approximate neighbors: the recall that is reported is the recall there is."""

from __future__ import annotations

import importlib.util
import re
import sys
from typing import Any

import numpy as np
import pytest

from gnn.edges import from_vectors
from gnn.edges.edges import Edges
from gnn.edges.from_vectors import edges_from_vectors

needs_faiss = pytest.mark.skipif(
    importlib.util.find_spec("faiss") is None,
    reason="faiss is not installed: pip install '.[retrieval]'",
)
REPORT = re.compile(r"approximate, recall (\S+) on (\S+) of them, (\S+) of (\S+) cells read")


def clusters(count: int, metric: str = "cosine") -> np.ndarray:
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(40, 8))
    vectors = centers[rng.integers(0, 40, count)] + 0.3 * rng.normal(size=(count, 8))
    vectors *= rng.uniform(0.5, 2, (count, 1)) if metric == "ip" else 1
    return vectors.astype(np.float32) + (1000 if metric == "l2" else 0)


def chosen(edges: Edges) -> set[tuple[int, int]]:
    return set(zip(edges.senders.tolist(), edges.receivers.tolist(), strict=True))


@needs_faiss
@pytest.mark.parametrize("metric", ["cosine", "ip", "l2"])
def test_the_recall_is_that_of_the_report(metric: str) -> None:
    vectors = clusters(3000, metric)
    config = {"k": 5, "metric": metric, "target_recall": 0.9}
    right = edges_from_vectors(vectors, {**config, "method": "exact"})
    found = edges_from_vectors(vectors, {**config, "method": "approximate"})
    recall, rows, read, cells = REPORT.search(found.report.text()).groups()
    assert (rows, cells) == ("2,000", "256") and int(read) < 64
    assert float(recall) >= 0.9
    # Of edges and not of neighbors, and of all rows: about the same.
    both = chosen(right) & chosen(found)
    assert len(both) / len(chosen(right)) == pytest.approx(float(recall), abs=0.03)
    # What both found weighs the same.
    weights = dict(
        zip(zip(right.senders, right.receivers, strict=True), right.weights, strict=True)
    )
    ends = zip(found.senders, found.receivers, strict=True)
    assert all(weights.get(pair, w) == w for pair, w in zip(ends, found.weights, strict=True))


@needs_faiss
def test_a_seed_gives_one_graph() -> None:
    config = {"k": 5, "method": "approximate", "seed": 3, "target_recall": 0.8}
    one, other = (edges_from_vectors(clusters(2000), config) for _ in range(2))
    assert one.report == other.report
    for field in ("senders", "receivers", "weights"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


@needs_faiss
def test_a_target_that_would_read_most_is_met_by_all_pairs() -> None:
    # Without clusters, in many dimensions, neighbors lie in many cells.
    vectors = np.random.default_rng(0).normal(size=(800, 30))
    found = edges_from_vectors(vectors, {"k": 4, "method": "approximate", "target_recall": 1})
    right = edges_from_vectors(vectors, {"k": 4, "method": "exact"})
    assert "exact, since an approximation would read most of them" in found.report.text()
    assert chosen(found) == chosen(right)


@needs_faiss
def test_copies_lose_nothing_of_other_vectors() -> None:
    vectors = clusters(4000)
    vectors[::2] = vectors[0]
    config = {"k": 5, "target_recall": 0.95}
    right = edges_from_vectors(vectors, {**config, "method": "exact"})
    found = edges_from_vectors(vectors, {**config, "method": "approximate"})
    assert "1,999 equal to an earlier one" in found.report.text()
    others = {pair for pair in chosen(right) if pair[0] % 2 or pair[1] % 2}
    assert len(others & chosen(found)) / len(others) > 0.95
    among_copies = chosen(right) - others
    assert among_copies == {pair for pair in chosen(found) if pair[0] % 2 == pair[1] % 2 == 0}
    # The first six copies are all joined, and each of the others to the first five.
    assert len(among_copies) == 2 * (15 + 5 * 1994)


@needs_faiss
@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_few_vectors_are_compared(count: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(count, 3))
    found = edges_from_vectors(vectors, {"k": 2, "method": "approximate"})
    assert chosen(found) == chosen(edges_from_vectors(vectors, {"k": 2}))


@needs_faiss
def test_auto_is_exact_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = clusters(1200)
    assert ", exact" in edges_from_vectors(vectors).report.text()
    monkeypatch.setattr(from_vectors, "MOST_EXACT", 1199)
    assert ", approximate" in edges_from_vectors(vectors).report.text()
    vectors[1] = vectors[0]  # So many different ones.
    assert ", exact" in edges_from_vectors(vectors).report.text()


def test_without_faiss(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = clusters(50)
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ImportError, match=r"needs the package faiss: pip install 'gnn\[retrieval"):
        edges_from_vectors(vectors, {"method": "approximate"})
    real: Any = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "faiss" else real(name)
    )
    monkeypatch.setattr(from_vectors, "MOST_EXACT", 10)
    edges = edges_from_vectors(vectors)
    assert "exact, since faiss is not installed" in edges.report.text()
    assert chosen(edges) == chosen(edges_from_vectors(vectors, {"method": "exact"}))
