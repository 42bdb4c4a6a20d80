"""Work shared by threads, where what works does so without Python's lock."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


def in_threads(
    make: Callable[[_Given], _Made], given: Iterable[_Given], threads: int | None = None
) -> Iterator[_Made]:
    """What a function makes of each of some things, in their order.

    No more is made ahead than a few for each thread, so that what is made does not pile up.

    Args:
      make: the function.
      given: what it is called on.
      threads: how many; None takes one for each processor at hand.

    >>> list(in_threads(lambda x: 2 * x, range(3)))
    [0, 2, 4]
    """
    number = threads or processors()
    if number == 1:
        yield from map(make, given)
        return
    ahead: deque[Future[_Made]] = deque()
    with ThreadPoolExecutor(number) as pool:
        for each in given:
            if len(ahead) >= 2 * number:
                yield ahead.popleft().result()
            ahead.append(pool.submit(make, each))
        while ahead:
            yield ahead.popleft().result()


class Behind:
    """Calls of functions, one after another, in a thread that the caller does not wait for.

    No more than one call waits for its turn, so that what was given to them does not pile up. What
    a call raises comes up in the next one, or in `finish`.

    >>> behind, seen = Behind(), []
    >>> for number in range(3):
    ...     behind.call(seen.append, number)
    >>> behind.finish()
    >>> seen
    [0, 1, 2]
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._ahead: deque[Future[Any]] = deque()

    def call(self, function: Callable[..., Any], *given: Any) -> None:
        """Calls a function once the calls before it have returned."""
        while len(self._ahead) > 1:
            self._ahead.popleft().result()
        self._ahead.append(self._pool.submit(function, *given))

    def finish(self) -> None:
        """Waits for all calls; there can be no other."""
        self._pool.shutdown()
        while self._ahead:
            self._ahead.popleft().result()


def processors() -> int:
    """How many processors this process may use.

    >>> processors() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):  # Of a container, perhaps fewer than the machine has.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
