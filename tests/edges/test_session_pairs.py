"""Pairs counted in blocks, whatever the blocks and threads; against counting by hand."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest

from gnn.edges import session_pairs as module
from gnn.edges.session_matrix import SessionMatrix, session_matrix
from gnn.edges.session_pairs import Pairs, in_blocks


def all_pairs(matrix: SessionMatrix, threads: int | None = None) -> Pairs:
    blocks = in_blocks(matrix, lambda pairs: pairs, threads=threads)
    return Pairs(*(np.concatenate(field) for field in zip(*blocks, strict=True)))


def matrix_of(seed: int, repeats: bool = True) -> tuple[Any, Counter[tuple[int, int]]]:
    """A random matrix of 40 sessions and 15 items, the last of which none holds; its pairs."""
    rng = np.random.default_rng(seed)
    sessions, items = rng.integers(0, 40, 200), rng.integers(0, 14, 200)
    if not repeats:
        sessions, items = np.unique([sessions, items], axis=1)
    held: dict[int, set[int]] = {}
    for session, item in zip(sessions.tolist(), items.tolist(), strict=True):
        held.setdefault(session, set()).add(item)
    pairs = Counter(pair for some in held.values() for pair in itertools.permutations(some, 2))
    return session_matrix(sessions, items, 40, 15), pairs


@pytest.mark.parametrize("repeats", [True, False])
@pytest.mark.parametrize("products", [1, 100, 1 << 22])
def test_any_blocks_give_the_counts(
    products: int, repeats: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PRODUCTS", products)
    for seed, threads in ((0, 1), (1, 2), (2, None)):
        matrix, expected = matrix_of(seed, repeats)
        found = all_pairs(matrix, threads)
        ends = zip(found.senders.tolist(), found.receivers.tolist(), strict=True)
        assert dict(zip(ends, found.counts.tolist(), strict=True)) == expected
        order = np.lexsort((found.senders, found.receivers))
        assert order.tolist() == list(range(found.senders.size)) and order.size == len(expected)


def test_blocks_have_about_as_many_products(monkeypatch: pytest.MonkeyPatch) -> None:
    # Rows of 4, 4, 2 and 2 products: sessions {0, 1}, {0, 1}, {2, 3}.
    matrix = session_matrix(np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 2, 3]), 3, 4)
    for products, bounds in ((1, [0, 1, 2, 3, 4]), (4, [0, 1, 2, 4]), (8, [0, 2, 4]), (99, [0, 4])):
        monkeypatch.setattr(module, "_PRODUCTS", products)
        assert module._bounds(matrix) == bounds


def test_a_matrix_has_each_item_of_a_session_once_and_in_order() -> None:
    matrix = session_matrix(np.array([1, 1, 3, 1, 1]), np.array([2, 0, 1, 2, 2]), 4, 3)
    assert matrix.by_session.toarray().tolist() == [[0, 0, 0], [1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert matrix.by_item.toarray().T.tolist() == matrix.by_session.toarray().tolist()
    assert matrix.by_session.indices.tolist() == [0, 2, 1] and matrix.by_session.nnz == 3
    assert (matrix.num_sessions, matrix.num_items) == (4, 3)


@pytest.mark.parametrize(("num_sessions", "num_items"), [(0, 0), (0, 3), (2, 0), (2, 3)])
def test_no_record_at_all(num_sessions: int, num_items: int) -> None:
    none = np.zeros(0, np.int64)
    pairs = all_pairs(session_matrix(none, none, num_sessions, num_items))
    assert pairs.senders.size == pairs.receivers.size == pairs.counts.size == 0
