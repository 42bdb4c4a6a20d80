"""Items made ahead in a thread are those that there are, and so are errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from gnn.tables.read_ahead import read_ahead


def test_the_next_item_is_made_while_one_is_used() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    ahead = read_ahead(items())
    assert next(ahead) == 1
    assert made.wait(10)  # Nobody has asked for the second.
    assert list(ahead) == [2]


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("line 2")

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="line 2"):
        next(ahead)
    assert list(read_ahead(iter(()))) == []


def test_items_may_be_left() -> None:
    ahead = read_ahead(iter(range(10)))
    assert next(ahead) == 0
    ahead.close()  # type: ignore[attr-defined]
    assert list(ahead) == []
