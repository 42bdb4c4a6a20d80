"""All pairs of some sessions and how often they meet, in the way that is cheaper."""

from __future__ import annotations

from collections.abc import Iterator

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.sessions.pair_keys import in_ranges, pairs_of
from gnn.edges.sessions.session_edges import can_sort_pairs, meeting_factors
from gnn.edges.sessions.session_items import SessionItems
from gnn.edges.sessions.session_pairs import Pairs, in_blocks, reach_of


def all_pairs(
    held: SessionItems,
    config: SessionGraphConfig,
    mean: float,
    *,
    most: int,
    halves: bool,
    threads: int | None = None,
) -> Iterator[Pairs]:
    """Counts the pairs of sessions that are a part of a log.

    Args:
        held: the sessions.
        config: how sessions are read, and what they count.
        mean: how many items a session has in the mean of the whole log.
        most: up to so many pairs are sorted in memory.
        halves: whether each pair may come in one direction only, to the smaller number.
        threads: as in `in_blocks`.

    Yields:
        Pairs, those of a receiver together, in the order of the receivers.

    Example:

    >>> import numpy as np
    >>> from gnn.edges.sessions.session_items import session_items
    >>> config = SessionGraphConfig("count")
    >>> held, _ = session_items(np.zeros(2, int), np.arange(2), 2, config)
    >>> (pairs,) = all_pairs(held, config, 2.0, most=10, halves=True)
    >>> pairs.senders.tolist(), pairs.receivers.tolist(), pairs.counts.tolist()
    ([1], [0], [1])
    """
    factors = meeting_factors(held, config, mean)
    if factors is None and can_sort_pairs(held, config, most):
        if halves:
            yield from in_ranges(held, lambda pairs: pairs, threads=threads)
        else:
            yield pairs_of(held, threads=threads)
        return
    reach = reach_of(held, config, halves=halves)
    yield from in_blocks(held, reach, lambda pairs: pairs, factors=factors, threads=threads)
