"""Names to numbers, in parts, against a dict."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from gnn.edges.records import arrow_numbering
from gnn.edges.records.numbering import Indices, Names


def by_dict(parts: list[Any]) -> tuple[list[list[int]], list[Any]]:
    numbers: dict[Any, int] = {}
    found = [
        [
            numbers.setdefault(name, len(numbers))
            for name in (p if isinstance(p, list) else p.tolist())
        ]
        for p in parts
    ]
    return found, list(numbers)


def by_names(names: Names, parts: list[Any]) -> tuple[list[list[int]], list[Any]]:
    """The numbers of all parts, once they are settled."""
    found: list[np.ndarray] = []
    settled = 0

    def settle() -> None:
        nonlocal settled
        final = names.settle()
        if final is not None:
            found[settled:] = [final[part] for part in found[settled:]]
        settled = len(found)

    for part in parts:
        if not names.takes(part):
            settle()
        found.append(names.numbers_of(part))
        if names.is_due:
            settle()
    settle()
    return [part.tolist() for part in found], names.listed()


def text(*names: str, kind: Any = None) -> pa.Array:
    return pa.array(names, kind or pa.string())


CLOSE = np.array([7, 5, 7, 9, 5])
FAR = np.array([2**62, -(2**62), 2**62, 0])
LARGE = np.array([2**63, 2**64 - 1, 3], np.uint64)
PARTS: dict[str, list[Any]] = {
    "lists": [["b", "a", "b"], ["c", "a"]],
    "close": [CLOSE, CLOSE + 3, CLOSE - 20, CLOSE + 1000],
    "widths": [CLOSE.astype(np.int8), CLOSE.astype(np.uint64)],
    "far": [FAR, CLOSE, FAR + 1],
    "close, then far": [CLOSE, FAR, CLOSE],
    "unsigned": [LARGE, CLOSE],
    "far, then unsigned": [FAR, LARGE, FAR],
    "mixed": [CLOSE, FAR, ["x", 7], FAR],
    "equal": [[3.0, 3.5], [3, True, (1, 2)], CLOSE],
    "empty": [np.array([], np.int64), [], CLOSE, [], text()],
    "Arrow": [text("b", "a"), text("c", "a", kind=pa.large_string()), text("b", "d")],
    "Arrow, then lists": [text("b", "a"), ["c", "a", "a"], text("c", "e")],
    "lists, then Arrow": [["b", "a", "b"], text("c", "a")],
    "Arrow, then numbers": [text("b", "a"), [1, "b"], text("z", "a")],
    "numbers, then Arrow": [CLOSE, text("b", "a"), CLOSE],
    "far, then lists": [FAR, [0, 5], [2**70], FAR],
}


@pytest.mark.parametrize("most", [1, 10**6], ids=["settled often", "settled once"])
@pytest.mark.parametrize("parts", list(PARTS.values()), ids=list(PARTS))
def test_names_are_numbered_as_by_a_dict(
    parts: list[Any], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_numbering, "_MOST_PENDING", most)
    names = Names()
    found = by_names(names, parts)
    assert found == by_dict(parts)
    assert len(names) == len(found[1])


@pytest.mark.parametrize("low", [0, 10**6, -(10**9)])
def test_many_integers_in_parts(low: int) -> None:
    draw = np.random.default_rng(0)
    # The range of values moves up, and its table with it.
    parts = [draw.integers(low + 5_000 * k, low + 5_000 * k + 20_000, 3_000) for k in range(20)]
    assert by_names(Names(), parts) == by_dict(parts)


def test_much_text_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_numbering, "_MOST_PENDING", 100)
    draw = random.Random(0)
    parts = [text(*{f"n{draw.randrange(50 * k + 50)}" for _ in range(60)}) for k in range(40)]
    assert by_names(Names(), parts) == by_dict(parts)


def test_integers_that_lie_far_apart_take_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    spread = np.arange(100) * 10**12
    assert by_names(Names(), [spread]) == ([list(range(100))], spread.tolist())
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert by_names(Names(), [spread, ["a"]]) == by_dict([spread, ["a"]])


def test_provisional_numbers_come_before_those_of_another_type() -> None:
    names = Names()
    names.numbers_of(text("b", "a"))
    assert names.takes(["c"]) and not names.takes([1])
    with pytest.raises(ValueError, match="must not come before `settle`"):
        names.numbers_of([1])


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
    assert names.numbers_of(text("a", "z")).tolist() == [expected[0], -1]
    assert names.numbers_of(np.array([2**63 + 5], np.uint64)).tolist() == [-1]
    assert (names.takes([1]), names.settle(), names.is_due) == (True, None, False)
    assert names.listed() == ids


def test_indices() -> None:
    indices = Indices(3)
    for values in ([0, 2, 3, -1], np.array([0, 2, 3, -1]), [np.int8(0), 2, 2**70, -1]):
        assert indices.numbers_of(values).tolist() == [0, 2, -1, -1]
    with pytest.raises(TypeError, match="node indices .* got 1.0"):
        indices.numbers_of([0, 1.0])
    with pytest.raises(TypeError, match="node indices .* got 'a'"):
        indices.numbers_of(text("a"))
