"""Names to numbers, in parts, against a dict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn.edges.numbering import Indices, Names


def by_dict(parts: list[Any]) -> tuple[list[list[int]], list[Any]]:
    numbers: dict[Any, int] = {}
    found = [[numbers.setdefault(name, len(numbers)) for name in list(part)] for part in parts]
    return found, list(numbers)


CLOSE = np.array([7, 5, 7, 9, 5])
FAR = np.array([2**62, -(2**62), 2**62, 0])


@pytest.mark.parametrize(
    "parts",
    [
        [["b", "a", "b"], ["c", "a"]],
        [CLOSE, CLOSE + 3, CLOSE - 20, CLOSE + 1000],
        [CLOSE.astype(np.int8), CLOSE.astype(np.uint64)],
        [FAR, CLOSE],
        [CLOSE, FAR, ["x", 7]],
        [np.array([2**63, 2**64 - 1, 3], np.uint64), CLOSE],
        [np.array([3.0, 3.5]).tolist(), [3, True, (1, 2)], CLOSE],
        [np.array([], np.int64), [], CLOSE],
    ],
    ids=["text", "close", "widths", "far", "mixed", "unsigned", "equal", "empty"],
)
def test_names_are_numbered_as_by_a_dict(parts: list[Any]) -> None:
    names = Names()
    found = [names.numbers_of(part).tolist() for part in parts]
    assert (found, names.listed()) == by_dict(
        [np.asarray(p).tolist() if isinstance(p, np.ndarray) else p for p in parts]
    )
    assert len(names) == len(names.listed())


@pytest.mark.parametrize("low", [0, 10**6, -(10**9)])
def test_many_integers_in_parts(low: int) -> None:
    draw = np.random.default_rng(0)
    # The range of values moves up, and its table with it.
    parts = [draw.integers(low + 5_000 * k, low + 5_000 * k + 20_000, 3_000) for k in range(20)]
    names = Names()
    found = np.concatenate([names.numbers_of(part) for part in parts])
    numbers, distinct = by_dict([np.concatenate(parts).tolist()])
    assert found.tolist() == numbers[0]
    assert names.listed() == distinct


def test_sparse_integers_take_no_large_table() -> None:
    names = Names()
    spread = np.arange(100) * 10**12
    assert names.numbers_of(spread).tolist() == list(range(100))
    assert names.listed() == spread.tolist()


@pytest.mark.parametrize("ids", [["a", "b"], [5, 7], [5, "a"], [2**70, 5], []])
def test_fixed_names_know_no_others(ids: list[Any]) -> None:
    asked = ["a", 5, 7, "z", 2**70]
    expected = [ids.index(name) if name in ids else -1 for name in asked]
    names = Names(ids)
    whole = [k for k, name in enumerate(asked) if name in (5, 7)]
    found = names.numbers_of(np.array([asked[k] for k in whole]))
    assert found.tolist() == [expected[k] for k in whole]
    assert names.numbers_of(np.array([-1, 2**63 - 1, 6])).tolist() == [-1, -1, -1]
    assert names.numbers_of(asked).tolist() == expected
    assert names.numbers_of(np.array([2**63 + 5], np.uint64)).tolist() == [-1]
    assert names.listed() == ids


def test_indices() -> None:
    indices = Indices(3)
    for values in ([0, 2, 3, -1], np.array([0, 2, 3, -1]), [np.int8(0), 2, 2**70, -1]):
        assert indices.numbers_of(values).tolist() == [0, 2, -1, -1]
    with pytest.raises(TypeError, match="node indices .* got 1.0"):
        indices.numbers_of([0, 1.0])
