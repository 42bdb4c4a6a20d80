"""Which items sessions hold together, and how often, in blocks that threads share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeVar

import numpy as np

from gnn.edges.sessions.meeting_keys import MeetingKeys
from gnn.edges.sessions.pair_products import PairProducts
from gnn.edges.sessions.pairs import Pairs
from gnn.edges.sessions.reach import Reach, ReachRows
from gnn.edges.sessions.session_items import SessionItems
from gnn.threads import in_threads

# Meetings that are sorted at once: they are to fit in a cache; and of how many memory is taken.
_KEYS, _MOST_KEYS = 1 << 19, 1 << 23
# Multiplications a block: a thread holds some tens of megabytes at a time. SciPy begins each
# product with a number for each item, so that many items make larger blocks worth it.
_PRODUCTS, _PRODUCTS_AN_ITEM = 1 << 20, 4

_Made = TypeVar("_Made")


def in_blocks(
    held: SessionItems,
    reach: Reach,
    make: Callable[[Pairs], _Made],
    *,
    factors: np.ndarray | None = None,
    threads: int | None = None,
) -> Iterator[_Made]:
    """Counts pairs of items in blocks of receivers; the blocks come in the order of the receivers.

    A pair's count is how often they meet: a record of the sender is within reach of a record of the
    receiver. Blocks have about as many meetings each, and all pairs of a receiver are in one block.
    Meetings are sorted as numbers, but where a session has an item twice, where sessions count
    differently, and where a receiver has many millions: a product of sparse matrices counts these.

    Args:
      held: the items of the sessions.
      reach: which records are paired.
      make: what is made of a block, in the thread that computed it.
      factors: float64 `[num_sessions]`, not 0, what a session counts; None: 1.
      threads: how many threads share the blocks; None takes one for each processor at hand. NumPy
        sorts, and SciPy multiplies, without Python's lock.

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.reach import within
    >>> from gnn.edges.sessions.session_items import session_items
    >>> records = np.array([0, 0, 1]), np.array([0, 2, 2])
    >>> held, _ = session_items(*records, 3, SessionGraphConfig())
    >>> reach = within(held, None, directed=False)
    >>> (pairs,) = in_blocks(held, reach, lambda pairs: pairs)
    >>> pairs.senders.tolist(), pairs.receivers.tolist(), pairs.counts.tolist()
    ([2, 0], [0, 2], [1, 1])
    """
    rows = ReachRows(held, reach)
    keys = MeetingKeys(rows) if meets_as_numbers(held, factors) else None
    most = max(_PRODUCTS, _PRODUCTS_AN_ITEM * held.num_items) if keys is None else _KEYS
    bounds = bounds_of(rows.met, most)
    met = [int(rows.met[start:stop].sum()) for start, stop in pairwise(bounds)]
    products = None
    if keys is None or max(met, default=0) > _MOST_KEYS:
        products = PairProducts(rows, factors)

    def block(number: int) -> _Made:
        ends = bounds[number], bounds[number + 1]
        if products is None or (keys is not None and met[number] <= _MOST_KEYS):
            assert keys is not None
            return make(keys.of(*ends))
        return make(products.of(*ends))

    return in_threads(block, range(len(met)), threads)


def meets_as_numbers(held: SessionItems, factors: np.ndarray | None) -> bool:
    """Whether `in_blocks` sorts meetings as numbers."""
    return factors is None and not held.has_repeats


def bounds_of(sizes: np.ndarray, most: int) -> list[int]:
    """Where blocks of about so much in all begin, and the number of sizes.

    >>> bounds_of(np.array([4, 4, 2, 2]), 4), bounds_of(np.array([4, 4, 2, 2]), 99)
    ([0, 1, 2, 4], [0, 4])
    """
    block = (np.cumsum(sizes) - sizes) // most
    return [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), sizes.size]
