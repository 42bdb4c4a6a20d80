"""Which pairs of a log are edges: the frequent, the heavy, the few heaviest of each item."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.edges import EdgeReport, Edges, counted
from gnn.edges.sessions.pair_weights import WEIGH, PairCounts
from gnn.edges.sessions.pairs import Pairs
from gnn.edges.top_neighbors import heaviest, in_both_directions, with_the_edge_back

# Senders, receivers and weights.
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]
DTYPES = np.int32, np.int32, np.float32


class Chosen(NamedTuple):
    """What some receivers have kept of their pairs.

    Attributes:
      edges: senders int32, receivers int32 and weights float32, each `[n]`.
      given: how many pairs there were.
      rare: how many of them met too rarely.
      light: how many of the others weighed too little.
    """

    edges: Arrays
    given: int
    rare: int
    light: int


def weigher(
    config: SessionGraphConfig, held: np.ndarray, total: float
) -> Callable[[Pairs], np.ndarray]:
    """The function of pairs that a measure of counts is.

    Args:
      config: which measure.
      held: float64 `[num_items]`, how much the sessions count that hold an item.
      total: how much all sessions count.
    """
    if config.weighting == "count":  # As it is: nothing is gained by more digits.
        return lambda pairs: pairs.together

    def weigh(pairs: Pairs) -> np.ndarray:
        together = pairs.together.astype(np.float64)
        ends = pairs.senders, pairs.receivers
        return WEIGH[config.weighting](PairCounts(together, ends, held, total))

    return weigh


def choose(
    pairs: Pairs,
    config: SessionGraphConfig,
    weigh: Callable[[Pairs], np.ndarray],
    *,
    halves: bool = False,
) -> Chosen:
    """The pairs that stay: the frequent, the heavy, and of each receiver the heaviest.

    Args:
      pairs: all pairs of their receivers.
      config: what stays.
      weigh: what pairs weigh.
      halves: whether there is but one direction of each pair, so that it is too early to choose the
        heaviest.
    """
    given, rare = pairs.counts.size, 0
    if config.min_count > 1:
        often = pairs.counts >= config.min_count
        if config.join_isolated and not often.all():
            often |= _of_no_frequent_pair(pairs.receivers, often)
        rare = given - int(np.count_nonzero(often))
        if rare:
            pairs = Pairs(*(field[often] for field in pairs))
    weights = weigh(pairs).astype(np.float32)
    heavy = weights >= config.min_weight if config.min_weight else weights > 0
    light = weights.size - int(np.count_nonzero(heavy))
    edges: Arrays = pairs.senders, pairs.receivers, weights
    if light:
        edges = _of(heavy, edges)
    if not halves:
        edges = _heaviest(edges, config)
    return Chosen(edges, given, rare, light)


def gathered(blocks: Iterable[Chosen], arrays: Any) -> Chosen:
    """What all receivers have kept.

    Args:
      blocks: what some kept, in their order.
      arrays: where the edges go: arrays of `DTYPES` to which entries are added.
    """
    counts = np.zeros(3, np.int64)
    for block in blocks:
        arrays.append(*block.edges)
        counts += block[1:]
    senders, receivers, weights = arrays.finished()
    return Chosen((senders, receivers, weights), *counts.tolist())


def joined(
    kept: Chosen,
    num_items: int,
    config: SessionGraphConfig,
    *,
    halves: bool = False,
    long: int = 0,
) -> Edges:
    """The edges of all receivers, in the directions that they should have, and what went.

    Args:
      kept: what the receivers kept.
      num_items: the number of items.
      config: what was to stay.
      halves: whether there is but one direction of each pair.
      long: how many sessions were too long.
    """
    both = 2 if config.is_symmetric else 1
    given, rare, light = (number if halves else number // both for number in kept[1:])
    edges = kept.edges
    if halves:
        edges = _heaviest(in_both_directions(*edges, num_items, mutual=False), config)
    if config.is_symmetric and (config.max_neighbors is not None or config.join_isolated):
        edges = in_both_directions(*edges, num_items, mutual=config.mutual)
    elif config.mutual and not config.is_symmetric:
        edges = with_the_edge_back(*edges, num_items)
    left = edges[0].size // both
    if config.join_isolated:  # Of a rare pair, one end may have kept it.
        rare = min(rare, given - light - left)
    remarks = _remarks(config, long, given, rare, light, given - rare - light - left)
    unit = "pair" if config.is_symmetric else "edge"
    report = EdgeReport(given, unit=unit, remarks=tuple(remarks))
    return Edges(edges[0], edges[1], edges[2], None, report)


def session_remarks(config: SessionGraphConfig, long: int) -> list[str]:
    """What pairs weigh, and what became of sessions that were too long.

    >>> session_remarks(SessionGraphConfig("npmi", max_session_items=9), 2)
    ['weights by npmi', '2 sessions of more than 9 items left out']
    """
    remarks = [] if config.weighting == "count" else [f"weights by {config.weighting}"]
    if long:
        most = counted(config.max_session_items or 0, "item")
        what = "left out"
        if config.long_sessions == "cut":
            what = f"cut to {'its' if long == 1 else 'their'} first ones"
        remarks.append(f"{counted(long, 'session')} of more than {most} {what}")
    return remarks


def _remarks(
    config: SessionGraphConfig, long: int, given: int, rare: int, light: int, beyond: int
) -> list[str]:
    unit = "pair" if config.is_symmetric else "edge"
    remarks = session_remarks(config, long)
    if rare:
        total = counted(given, unit)
        remarks.append(f"{rare:,} of {total} in fewer than {config.min_count} sessions left out")
    if light:
        least = f"below weight {config.min_weight:g}" if config.min_weight else "of weight 0"
        remarks.append(f"{counted(light, unit)} {least} left out")
    if beyond and config.max_neighbors is not None:
        most = counted(config.max_neighbors, "heaviest neighbor")
        ends = "both ends" if config.mutual else "either end"
        if not config.is_symmetric:
            ends = "the receiver"
        remarks.append(f"{counted(beyond, unit)} beyond the {most} of {ends} left out")
    elif beyond:
        remarks.append(f"{counted(beyond, unit)} without the edge back left out")
    return remarks


def _heaviest(edges: Arrays, config: SessionGraphConfig) -> Arrays:
    """Of each receiver the heaviest edges, where they are limited."""
    if config.max_neighbors is None:
        return edges
    return _of(heaviest(edges[1], edges[2], config.max_neighbors), edges)


def _of_no_frequent_pair(receivers: np.ndarray, often: np.ndarray) -> np.ndarray:
    """Which pairs are of a receiver that has no frequent one."""
    begins = np.flatnonzero(np.diff(receivers, prepend=-1))
    lengths = np.diff(begins, append=receivers.size)
    return np.repeat(~np.logical_or.reduceat(often, begins), lengths)


def _of(chosen: np.ndarray, edges: Arrays) -> Arrays:
    """The chosen edges; not copied where that is all."""
    if chosen.all():
        return edges
    return edges[0][chosen], edges[1][chosen], edges[2][chosen]
