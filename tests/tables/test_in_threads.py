"""What threads make comes in its order, and so do errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from gnn.threads import in_threads


def test_the_next_is_made_while_one_is_used() -> None:
    made = threading.Event()

    def make(number: int) -> int:
        if number == 2:
            made.set()
        return number

    ahead = in_threads(make, [1, 2, 3], threads=2)
    assert next(ahead) == 1
    assert made.wait(10)  # Nobody has asked for the second.
    assert list(ahead) == [2, 3]


def test_two_are_made_at_once() -> None:
    both = threading.Barrier(2, timeout=10)
    assert list(in_threads(lambda _: both.wait() >= 0, [1, 2], threads=2)) == [True, True]


def test_an_error_comes_after_what_was_made_before_it() -> None:
    def make(number: int) -> int:
        if number == 2:
            raise ValueError("line 2")
        return number

    ahead = in_threads(make, [1, 2, 3], threads=2)
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="line 2"):
        next(ahead)
    assert list(in_threads(make, [], threads=2)) == []


def test_what_is_left_is_not_made() -> None:
    asked = []

    def given() -> Iterator[int]:
        for number in range(100):
            asked.append(number)
            yield number

    ahead = in_threads(lambda x: x, given(), threads=2)
    assert next(ahead) == 0
    ahead.close()  # type: ignore[attr-defined]
    assert list(ahead) == []
    assert len(asked) < 10
