"""The index against brute force in NumPy: ids, ties, copies, zeros, filters, changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn.retrieval import RetrievalIndex, SearchResult

METRICS = ("cosine", "inner_product", "l2")
METHODS = ("exact", "hnsw")


def scores_of(queries: np.ndarray, items: np.ndarray, metric: str) -> np.ndarray:
    """How near by the formulas, in double precision."""
    queries, items = np.float64(queries), np.float64(items)
    if metric == "l2":
        return np.sqrt(((queries[:, None] - items[None]) ** 2).sum(axis=2))
    found = queries @ items.T
    if metric == "inner_product":
        return found
    lengths = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(items, axis=1)[None]
    return np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)


def check(
    result: SearchResult,
    queries: np.ndarray,
    items: np.ndarray,
    ids: list[Any],
    k: int,
    metric: str,
    kept: np.ndarray | None = None,
) -> None:
    """Whether scores are right and the best, and of equal ones those of the smallest ids come."""
    place = {name: row for row, name in enumerate(ids)}
    kept = np.ones(len(ids), bool) if kept is None else kept
    sign = 1 if metric == "l2" else -1
    tolerance = 1e-5 * max(1, np.abs(items).max()) ** (metric == "inner_product")
    for query, scores in enumerate(scores_of(queries, items, metric)):
        hits = result.hits(query)
        rows = [place[name] for name, _ in hits]
        told = [score for _, score in hits]
        assert len(set(rows)) == len(rows) == min(k, kept.sum())
        assert kept[rows].all()
        np.testing.assert_allclose(told, scores[rows], rtol=1e-5, atol=tolerance)
        best = sign * np.sort(sign * scores[kept])[: len(rows)]
        np.testing.assert_allclose(told, best, rtol=1e-5, atol=tolerance)
        keys = [(sign * score, name) for name, score in hits]
        assert keys == sorted(keys)
        # Of copies that are cut off at k, those of the smallest ids are there.
        copies = np.flatnonzero(kept & (items == items[rows[-1]]).all(axis=1))
        chosen = sorted(set(rows) & set(copies.tolist()), key=lambda row: ids[row])
        assert chosen == sorted(copies.tolist(), key=lambda row: ids[row])[: len(chosen)]


def found(result: SearchResult) -> list[list[Any]]:
    return [[name for name, _ in result.hits(query)] for query in range(len(result))]


def with_copies_and_zeros(seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """300 items of small integers, a third of them copies, some zeros; ids not in order."""
    rng = np.random.default_rng(seed)
    items = rng.integers(-3, 4, (300, 4)).astype(np.float32)
    items[100:200] = items[7]
    items[::50] = 0
    return items, [f"{place:03}" for place in rng.permutation(300)]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("method", METHODS)
def test_it_is_brute_force_with_copies_ties_and_zeros(metric: str, method: str) -> None:
    items, ids = with_copies_and_zeros()
    queries = np.concatenate([items[[7, 8, 0]], [[1, 2, 3, 4], [-9, 0, 0, 0.5]]]).astype(np.float32)
    index = RetrievalIndex.from_vectors(items, ids, metric=metric, method=method, ef_search=400)
    result = index.search(queries, 120)
    check(result, queries, items, ids, 120, metric)
    # One at a time is as all at once.
    for place, query in enumerate(queries):
        check(index.search(query, 120), queries[place : place + 1], items, ids, 120, metric)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("method", METHODS)
def test_plain_vectors_one_by_one_and_in_batches(metric: str, method: str) -> None:
    rng = np.random.default_rng(1)
    items = rng.normal(size=(500, 8)) * 100 + (1e4 if metric == "l2" else 0)
    queries = items[:40] + rng.normal(size=(40, 8))
    index = RetrievalIndex.from_vectors(items, metric=metric, method=method, ef_search=500)
    expected = scores_of(queries, items, metric)
    expected = expected if metric == "l2" else -expected
    right = np.argsort(expected, axis=1)[:, :5]
    result = index.search(queries, 5)
    assert result.ids.tolist() == right.tolist()
    np.testing.assert_allclose(
        result.scores, np.abs(np.take_along_axis(expected, right, 1)), rtol=1e-4
    )
    for dtype in (np.float32, np.float64):
        for query, row in zip(queries.astype(dtype), right.tolist(), strict=True):
            assert index.search(query, 5).ids.tolist() == [row]


def test_ids_are_integers_of_any_size_and_texts() -> None:
    ids = [2**53 + 1, 2**53, "b", 2**200, -5, "a\ud800", "5"]
    index = RetrievalIndex.from_vectors(np.eye(7), ids, metric="cosine")
    assert [index.search_ids([each], 1, exclude_self=False).ids[0, 0] for each in ids] == ids
    # All others are equally near: integers by size, then texts.
    assert index.search_ids([2**53], 6).ids.tolist() == [
        [-5, 2**53 + 1, 2**200, "5", "a\ud800", "b"]
    ]
    unsigned = RetrievalIndex.from_vectors(np.eye(2), np.array([2**64 - 1, 3], np.uint64))
    assert unsigned.ids == [2**64 - 1, 3]
    with pytest.raises(ValueError, match="ids must be unique; 3 is there more than once"):
        RetrievalIndex.from_vectors(np.eye(2), [3, 3])
    with pytest.raises(TypeError, match="an id must be an integer or a text, got True"):
        RetrievalIndex.from_vectors(np.eye(2), [True, 1])
    with pytest.raises(TypeError, match=r"got 1\.5"):
        RetrievalIndex.from_vectors(np.eye(2), [1.5, 1])


@pytest.mark.parametrize("method", METHODS)
def test_fewer_than_asked_for_are_missing(method: str) -> None:
    index = RetrievalIndex.from_vectors(np.eye(3), [7, 8, 9], method=method)
    result = index.search([[1.0, 0.5, 0.0]], 5)
    assert result.ids.tolist() == [[7, 8, 9, None, None]]
    assert np.isnan(result.scores[0, 3:]).all() and not np.isnan(result.scores[0, :3]).any()
    assert result.rows.tolist() == [[0, 1, 2, None, None]]
    with pytest.raises(IndexError):
        np.arange(3)[np.asarray(result.rows)]
    empty = RetrievalIndex.from_vectors(np.zeros((0, 3)), method=method)
    assert empty.search([[1.0, 0.0, 0.0]], 2).ids.tolist() == [[None, None]]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("method", METHODS)
def test_a_narrow_filter_finds_all_that_it_admits(metric: str, method: str) -> None:
    rng = np.random.default_rng(2)
    items = rng.normal(size=(1000, 6)).astype(np.float32)
    ids = list(range(1000))
    index = RetrievalIndex.from_vectors(items, metric=metric, method=method, neighbors=8)
    for share in (0.01, 0.5):
        kept = rng.random(1000) < share
        result = index.search(items[:30], 15, filter=kept)
        if method == "exact" or share == 0.01:
            check(result, items[:30], items, ids, 15, metric, kept)
        assert {len(names) for names in found(result)} == {min(15, kept.sum())}
        assert all(kept[row] for names in found(result) for row in names)
        assert found(index.search(items[:30], 15, filter=np.flatnonzero(kept))) == found(result)
    none = index.search(items[:1], 3, filter=[])
    assert none.ids.tolist() == [[None] * 3]


def test_excluded_ids_are_not_found() -> None:
    index = RetrievalIndex.from_vectors([[1, 0], [1, 0], [0, 1]], ["a", "b", "c"])
    queries = [[1.0, 0.0]] * 4
    result = index.search(queries, 2, exclude=[None, "a", ["a", "c"], ["a", "b", "c"]])
    assert result.ids.tolist() == [["a", "b"], ["b", "c"], ["b", None], [None, None]]
    assert index.search_ids(["a"], 1).ids.tolist() == [["b"]]
    with pytest.raises(KeyError, match="there is no item with the id 'd'"):
        index.search(queries[:1], 1, exclude=["d"])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("method", METHODS)
def test_added_and_removed_items(metric: str, method: str) -> None:
    items, ids = with_copies_and_zeros()
    options: Any = {"metric": metric, "method": method, "ef_search": 400}
    index = RetrievalIndex.from_vectors(items[:90], ids[:90], **options)
    index.add(items[90:250] * 1.0, ids[90:250])
    index.add(items[250:] * 1.0, ids[250:])
    index.remove(ids[5:120])
    kept = np.ones(300, bool)
    kept[5:120] = False
    queries = items[[0, 3, 7, 299]]
    check(index.search(queries, 60), queries, items, ids, 60, metric, kept)
    assert len(index) == 185
    with pytest.raises(KeyError, match="there is no item"):
        index.remove([ids[5]])
    # An id that is free again, and a vector longer than all.
    index.add([[90.0, 0, 0, 0]], [ids[5]])
    assert found(index.search([[80.0, 1, 0, 0]], 1)) == [[ids[5]]]
    with pytest.raises(ValueError, match="is in the index already"):
        index.add([[0.0, 0, 0, 1]], [ids[5]])
    assert len(index) == 186


def test_copies_lose_no_others() -> None:
    rng = np.random.default_rng(3)
    items = rng.normal(size=(3000, 8)).astype(np.float32)
    items[::2] = items[0]
    index = RetrievalIndex.from_vectors(items, method="hnsw", neighbors=8, ef_search=32)
    result = index.search(items[1::2], 1)
    assert np.mean(result.ids[:, 0] == np.arange(1, 3000, 2)) > 0.99
    assert index.search(items[:1], 1500).ids[0].tolist() == list(range(0, 3000, 2))
    assert "1,501 different vectors are held" in index.info()


def test_the_recall_is_measured_and_told() -> None:
    rng = np.random.default_rng(4)
    items = rng.normal(size=(600, 16)).astype(np.float32)
    rough = RetrievalIndex.from_vectors(items, method="hnsw", neighbors=2, ef_search=1, sample=200)
    fine = RetrievalIndex.from_vectors(items, method="hnsw", ef_search=200, sample=200)
    assert rough.recall is not None and fine.recall is not None
    assert rough.recall.mean < 0.9 < fine.recall.mean
    scores = scores_of(items, items, "cosine") - 9 * np.eye(600)
    right = np.argsort(-scores, axis=1)[:, :10]
    found_ids = rough.search_ids(range(600), 10).ids
    hits = [np.isin(a.astype(int), b).mean() for a, b in zip(found_ids, right, strict=True)]
    assert abs(np.mean(hits) - rough.recall.mean) < 5 * rough.recall.error
    assert f"recall at 10: {fine.recall.mean:.3f}" in fine.info()
    assert RetrievalIndex.from_vectors(items[:50]).recall is None


def test_wrong_input_is_named() -> None:
    items = np.ones((3, 2))
    items[2, 1] = np.nan
    with pytest.raises(ValueError, match="vectors must be finite; row 2 is not"):
        RetrievalIndex.from_vectors(items)
    index = RetrievalIndex.from_vectors(np.eye(2))
    with pytest.raises(ValueError, match="queries must be finite; row 1 is not"):
        index.search([[0, 1], [np.inf, 1]], 1)
    with pytest.raises(ValueError, match="queries must be finite; row 0 is not"):
        index.search(np.array([np.nan, 1.0]), 1)
    with pytest.raises(ValueError, match="queries must have width 2, got 3"):
        index.search(np.ones((1, 3)), 1)
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        index.search(np.ones(2), 0)
    with pytest.raises(ValueError, match="vectors must be finite; row 0 is not"):
        index.add([[np.nan, 1]])
    assert len(index) == 2
