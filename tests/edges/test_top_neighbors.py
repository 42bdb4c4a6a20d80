"""The heaviest edges of each node, against sorting."""

from __future__ import annotations

import numpy as np
import pytest

from gnn.edges.top_neighbors import heaviest


@pytest.mark.parametrize("k", [1, 2, 5, 100])
def test_as_by_sorting(k: int) -> None:
    rng = np.random.default_rng(k)
    nodes = np.sort(rng.integers(0, 30, 400)) * 7
    weights = rng.integers(0, 6, 400).astype(np.float32) / 4  # Many are equal, some are 0.
    kept = np.zeros(400, bool)
    for node in np.unique(nodes):
        places = np.flatnonzero(nodes == node)
        kept[places[np.argsort(-weights[places], kind="stable")[:k]]] = True
    np.testing.assert_array_equal(heaviest(nodes, weights, k), kept)


def test_equal_weights_keep_the_first_and_large_ones_their_order() -> None:
    weights = np.float32([1, 1, 1, 3e38, 1e-38, 0])
    assert heaviest(np.zeros(6, int), weights, 2).tolist() == [1, 0, 0, 1, 0, 0]


def test_no_edges() -> None:
    assert heaviest(np.zeros(0, int), np.zeros(0, np.float32), 3).tolist() == []
