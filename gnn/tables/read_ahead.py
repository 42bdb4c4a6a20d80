"""Items that a thread makes while those before them are used."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_Item = TypeVar("_Item")
_END: Any = object()


def read_ahead(items: Iterator[_Item]) -> Iterator[_Item]:
    """The same items, of which the next one is made in a thread.

    It pays where making an item leaves Python to others, as cutting a block by PyArrow does.

    Args:
      items: makes the items. What it raises is raised where its item would be.

    >>> list(read_ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(next, items, _END)
        while (item := waiting.result()) is not _END:
            waiting = pool.submit(next, items, _END)
            yield item
