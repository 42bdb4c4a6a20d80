"""Vectors that are there several times, against comparing each of them."""

from __future__ import annotations

import numpy as np
import pytest

from gnn.edges.neighbors import copies as module
from gnn.edges.neighbors.copies import copies_of


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, bool])
def test_copies_as_by_comparing(dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HASHED", 50)
    vectors = np.random.default_rng(0).integers(0, 3, (200, 3)).astype(dtype)
    found = copies_of(vectors)
    equal = (vectors[:, None] == vectors).all(axis=-1)
    np.testing.assert_array_equal(found.first[found.number], equal.argmax(axis=1))
    assert found.any and not copies_of(vectors[found.first]).any


def test_zeros_of_both_signs_are_equal_and_nearly_equal_ones_are_not() -> None:
    vectors = np.array([[0.0, 1.0], [-0.0, 1.0], [0.0, np.nextafter(1.0, 2.0)]])
    assert copies_of(vectors).number.tolist() == [0, 0, 1]


def test_rows_that_share_a_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_hashes", lambda rows: np.zeros(len(rows), np.uint64))
    assert copies_of(np.array([[1.0], [2.0], [1.0]])).number.tolist() == [0, 1, 0]


def test_no_vectors() -> None:
    assert not copies_of(np.zeros((0, 3))).any
