"""Edges from sessions: which pairs of items, and of what weight, as a configuration says."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable

import numpy as np

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.edges import Edges
from gnn.edges.growing_arrays import GrowingArrays
from gnn.edges.sessions.edge_choice import DTYPES, Chosen, choose, gathered, joined, weigher
from gnn.edges.sessions.pair_keys import in_ranges, num_pairs, pairs_of
from gnn.edges.sessions.pair_weights import SESSION_FACTORS
from gnn.edges.sessions.pairs import Pairs
from gnn.edges.sessions.reach import every_pair_once, within
from gnn.edges.sessions.session_items import SessionItems, session_items
from gnn.edges.sessions.session_pairs import in_blocks, meets_as_numbers
from gnn.edges.sessions.swing import Swing, last_sessions

# Up to so many pairs are sorted as numbers of 8 bytes, all in memory, of sessions in which an item
# meets so few others.
_FEW_PAIRS, _SHORT = 1 << 25, 16


def session_edges(
    sessions: np.ndarray,
    items: np.ndarray,
    num_items: int,
    config: SessionGraphConfig,
    *,
    times: np.ndarray | None = None,
    threads: int | None = None,
) -> Edges:
    """The pairs of items of sessions that a configuration makes edges.

    Weights are computed in float64 and kept as float32. What was left out is in the remarks of the
    report, in pairs without direction where the edges have none.

    Args:
      sessions: integers `[n]`, not negative, the session of each record.
      items: integers `[n]` from 0 to `num_items - 1`, its item.
      num_items: the number of items.
      config: what is an edge, and what it weighs.
      times: float64 `[n]`, seconds; None where records are in the order of time.
      threads: as in `in_blocks`.

    Returns:
      The edges, sorted by receiver and then sender, without loops; in both directions, but for a
      `directed` configuration.

    Raises:
      ValueError: the configuration wants times, and there are none.

    Two sessions hold items 0 and 1, one of them item 2 too; it meets each less often.

    >>> config = SessionGraphConfig("jaccard", min_count=2)
    >>> edges = session_edges(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2]), 3, config)
    >>> edges.senders.tolist(), edges.receivers.tolist(), edges.weights.tolist()
    ([1, 0], [0, 1], [1.0, 1.0])
    >>> edges.report.text()
    '3 pairs: weights by jaccard, 2 of 3 pairs in fewer than 2 sessions left out'
    """
    held, long = session_items(sessions, items, num_items, config, times)
    weigh: Callable[[Pairs], np.ndarray]
    if config.weighting == "swing":
        taken = last_sessions(held, config.swing_sessions)
        weigh = Swing(held, taken, config.swing_smoothing).weigh
    else:
        weigh = weigher(config, held.held(), held.total)
    factors = meeting_factors(held, config, held.distinct.sum() / max(held.num_sessions, 1))
    few = factors is None and has_short_sessions(held, config)
    # One direction is enough where it costs more to count both than to turn it around, and where
    # the heaviest can be chosen afterwards.
    costly = few or (config.max_neighbors is None and not meets_as_numbers(held, factors))
    halves = config.comes_in_halves and costly
    make = functools.partial(choose, config=config, weigh=weigh, halves=halves)
    most = 2 * num_pairs(held)
    blocks: Iterable[Chosen]
    if few and halves:
        blocks = in_ranges(held, make, threads=threads)
    elif few:
        blocks = [make(pairs_of(held, threads=threads))]
    else:
        reach = within(held, config.window, directed=config.directed)
        reach = every_pair_once(held) if halves else reach
        blocks = in_blocks(held, reach, make, factors=factors, threads=threads)
        most = int((reach.stop - reach.start).sum())
    each = num_items if halves else config.max_neighbors or num_items
    kept = gathered(blocks, GrowingArrays(DTYPES, min(most, num_items * each)))
    return joined(kept, num_items, config, halves=halves, long=long)


def has_short_sessions(
    held: SessionItems, config: SessionGraphConfig, most: int = _FEW_PAIRS
) -> bool:
    """Whether pairs are counted fastest session by session: those of whole and short ones.

    Args:
      held: the sessions.
      config: how sessions are read.
      most: how many pairs there may be, all of which are in memory.
    """
    whole = config.window is None and not config.directed and not held.has_repeats
    short = 2 * num_pairs(held) <= _SHORT * held.items.size  # An item meets so many in the mean.
    return whole and short and num_pairs(held) <= most


def meeting_factors(
    held: SessionItems, config: SessionGraphConfig, mean: float
) -> np.ndarray | None:
    """What each session counts where two items meet; None: 1. For Swing the number is no matter.

    Args:
      held: the sessions.
      config: the measure, which may know more than the weights of the sessions.
      mean: how many items a session has in the mean of the whole log.
    """
    if config.weighting == "swing":
        return None
    factors = SESSION_FACTORS.get(config.weighting)
    if factors is None or not held.num_sessions:
        return held.weights
    own = factors(held.distinct, mean)
    return own if held.weights is None else own * held.weights
