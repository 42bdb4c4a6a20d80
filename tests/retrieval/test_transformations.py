"""Inverse graph convolution by its formula, against hubs; two models by their anchors."""

from __future__ import annotations

import numpy as np
import pytest

from gnn.retrieval import (
    InverseGraphConvolution,
    RelativeRepresentation,
    RetrievalIndex,
    hubness,
)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_inverse_graph_convolution_is_its_formula() -> None:
    rng = np.random.default_rng(0)
    items, queries = rng.normal(size=(30, 4)) + 1, rng.normal(size=(6, 4))
    rows, asked = unit(items), unit(queries)
    products = asked @ rows.T
    moved = asked - 0.7 / 30 * (products - (rows @ rows.T).mean()) @ rows
    whole = InverseGraphConvolution(0.7)
    whole.adapt(items)
    np.testing.assert_allclose(whole(queries), unit(moved), atol=1e-12)
    local = InverseGraphConvolution(0.7, neighbors=3)
    local.adapt(items)
    for query, line, found in zip(asked, products, local(queries), strict=True):
        near = np.argsort(-line)[:3]
        expected = query - 0.7 / 3 * line[near] @ rows[near]
        np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-12)
    with pytest.raises(ValueError, match="strength must be above 0 and finite, got 0"):
        InverseGraphConvolution(0)
    with pytest.raises(ValueError, match="vectors must have width 4, got 2"):
        whole(np.ones((1, 2)))


def test_it_leaves_fewer_hubs() -> None:
    rng = np.random.default_rng(1)
    items = rng.normal(size=(400, 100)) + rng.normal(size=100)
    plain = RetrievalIndex.from_vectors(items)
    whole = RetrievalIndex.from_vectors(items, transform=InverseGraphConvolution(5.0))
    remedied = RetrievalIndex.from_vectors(items, transform=InverseGraphConvolution(1.0, 10))
    found = [hubness(i.search_ids(range(400), 10).rows, 400) for i in (plain, whole, remedied)]
    assert found[0] > 1.5 * found[1] > 0 and found[0] > 3 * found[2] > 0
    # A query that is an item finds that item first.
    assert remedied.search(items[:50], 1).ids[:, 0].tolist() == list(range(50))


def test_hubness_is_the_skewness_of_counts() -> None:
    assert hubness(np.array([[0, 1], [1, 0]]), 2) == 0
    # Counts 4, 0, 0, 0, 0: variance 12.8 / 5 = 2.56, third moment (32.768 - 4 x 0.512) / 5 = 6.144.
    assert hubness([[0]] * 4, 5) == pytest.approx(6.144 / 2.56**1.5) == pytest.approx(1.5)
    with pytest.raises(ValueError, match="neighbors must be from 0 to 1, got 0 to 2"):
        hubness([[0, 2]], 2)


def test_two_models_that_differ_by_a_turn_are_one_by_anchors() -> None:
    rng = np.random.default_rng(2)
    items = rng.normal(size=(50, 6))
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    others = 3 * items @ turn
    relative = RelativeRepresentation(items[:12], others[:12])
    index = RetrievalIndex.from_vectors(items, transform=relative)
    assert index.search(others, 1).ids[:, 0].tolist() == list(range(50))
    assert RetrievalIndex.from_vectors(items).search(others, 1).ids[:, 0].tolist() != list(
        range(50)
    )
    with pytest.raises(ValueError, match="vectors must be as wide as the anchors, 6, got 2"):
        index.search(np.ones((1, 2)))
    with pytest.raises(ValueError, match="anchors must be at most the 50 items, got 51"):
        RetrievalIndex.from_vectors(items, transform=RelativeRepresentation(51))
    with pytest.raises(ValueError, match="must be those of the same 12 things, got 3"):
        RelativeRepresentation(items[:12], others[:3])
    with pytest.raises(TypeError, match="transform must be a InverseGraphConvolution or"):
        RetrievalIndex.from_vectors(items, transform="hubs")
