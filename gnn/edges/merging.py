"""The one rule for repeated edges and for the two directions of undirected ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.edges.checks import (
    as_indices,
    as_integers,
    as_weights,
    check_equal_lengths,
    nodes_named,
    read_only,
)
from gnn.edges.edges import EdgeReport, Edges

MERGES = ("sum", "max", "first", "keep")


def merge_edges(
    senders: Any,
    receivers: Any,
    weights: Any = None,
    *,
    merge: str = "sum",
    undirected: bool = False,
    num_nodes: int | None = None,
) -> Edges:
    """Makes edges of what a source lists, by the one rule that all sources follow.

    1. An edge of weight 0 is no edge, and is dropped.
    2. The repeats of (sender, receiver) become one edge, in the place of the first: with `merge`
       of `"sum"` it has the sum of their weights, with `"max"` the largest, with `"first"` that
       of the first. `"keep"` leaves them apart, as parallel edges.
    3. If undirected, the reverse of an edge is added where it is missing, after all the edges
       given and in their order; where both directions are there and differ in weight, both take
       the larger. A loop is its own reverse. Of edges kept apart, the first from i to j and the
       first from j to i are the two directions of one edge, and so on with the second.

    A sum is the default, since layers, losses and degrees take an edge of weight 2 and two parallel
    ones of weight 1 for the same: what is computed does not change, and a repeat takes no place
    among sampled neighbors. What is listed in both directions is no repeat, and counts once.

    Args:
      senders: integers `[n]`, the node each edge comes from.
      receivers: integers `[n]`, the node each edge goes to.
      weights: `[n]`, finite and not negative; None gives ones.
      merge: `"sum"`, `"max"`, `"first"` or `"keep"`.
      undirected: whether every edge has its reverse.
      num_nodes: the number of nodes; None takes it from the largest index.

    Returns:
      The edges. Arrays to which nothing had to be done are not copied.

    Raises:
      TypeError: for indices that are no integers, or weights that are no numbers.
      ValueError: for an index or a weight out of range, lengths that differ, a wrong rank, an
        unknown `merge`, or a sum that is too large for float32.

    >>> edges = merge_edges([0, 0, 1, 2], [1, 1, 0, 2], [2, 3, 1, 4], undirected=True)
    >>> edges.senders.tolist(), edges.receivers.tolist(), edges.weights.tolist()
    ([0, 1, 2], [1, 0, 2], [5.0, 5.0, 4.0])
    >>> edges.report.text()
    '4 edges: 1 repeat merged (sum), 1 pair raised to the larger weight'
    """
    if merge not in MERGES:
        raise ValueError(f"merge must be one of {MERGES}, got {merge!r}")
    senders, receivers = as_integers("senders", senders), as_integers("receivers", receivers)
    check_equal_lengths("senders", senders, "receivers", receivers)
    weights = np.ones(senders.size, np.float32) if weights is None else as_weights(weights)
    check_equal_lengths("senders", senders, "weights", weights)
    nodes = nodes_named(senders, receivers) if num_nodes is None else num_nodes
    senders = as_indices("senders", senders, nodes)
    receivers = as_indices("receivers", receivers, nodes)

    given, zeros = senders.size, int(np.sum(weights == 0))
    if zeros:
        kept = weights != 0
        senders, receivers, weights = senders[kept], receivers[kept], weights[kept]
    rank, repeats = _ranks(senders, receivers, nodes)
    if repeats and merge != "keep":
        senders, receivers, weights = _merged(senders, receivers, weights, nodes, merge)
        rank = None
    added = raised = 0
    if undirected:
        lonely, weights, raised = _paired(senders, receivers, weights, rank, nodes)
        added = lonely.size
        if added:
            ends = senders, receivers
            senders = np.concatenate([ends[0], ends[1][lonely]])
            receivers = np.concatenate([ends[1], ends[0][lonely]])
            weights = np.concatenate([weights, weights[lonely]])
    report = EdgeReport(given, zeros, merge, repeats, added, raised)
    return Edges(read_only(senders), read_only(receivers), read_only(weights), None, report)


def _ranks(senders: np.ndarray, receivers: np.ndarray, nodes: int) -> tuple[Any, int]:
    """Each edge's place among the repeats of its ends, None where there are none; their number."""
    key = _keys(receivers, senders, nodes)
    in_order = np.sort(key)
    repeats = int(np.sum(in_order[1:] == in_order[:-1]))
    if not repeats:
        return None, 0
    order, starts = _grouped(key)
    lengths = np.diff(starts, append=key.size)
    rank = np.empty(key.size, np.int64)
    rank[order] = np.arange(key.size) - np.repeat(starts, lengths)
    return rank, repeats


def _merged(
    senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray, nodes: int, merge: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One edge for all repeats, in the place of the first."""
    order, starts = _grouped(_keys(receivers, senders, nodes))
    first = order[starts]
    if merge == "sum":
        totals = np.add.reduceat(weights[order].astype(np.float64), starts)
        if totals.max() > np.finfo(np.float32).max:
            edge = first[np.argmax(totals)]
            raise ValueError(
                "weights must be finite in float32, and so must the sum of those of one edge; got "
                f"{totals.max():g} from {senders[edge]} to {receivers[edge]}"
            )
        values = totals.astype(np.float32)
    elif merge == "max":
        values = np.maximum.reduceat(weights[order], starts)
    else:
        values = weights[first]
    place = np.argsort(first)
    kept = first[place]
    return senders[kept], receivers[kept], values[place]


def _paired(
    senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray, rank: Any, nodes: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """The edges that lack their reverse, the weights, and how many pairs of them were unequal."""
    back = senders > receivers
    pair = _keys(np.minimum(senders, receivers), np.maximum(senders, receivers), nodes)
    # Both directions of an edge come side by side.
    if rank is None:
        order = np.argsort(2 * pair + back)
    else:
        order = np.lexsort((back, rank, pair))
    ahead, behind = order[:-1], order[1:]
    meet = (pair[ahead] == pair[behind]) & (back[ahead] != back[behind])
    if rank is not None:
        meet &= rank[ahead] == rank[behind]
    ahead, behind = ahead[meet], behind[meet]
    unequal = int(np.sum(weights[ahead] != weights[behind]))
    if unequal:
        weights = weights.copy()
        weights[ahead] = weights[behind] = np.maximum(weights[ahead], weights[behind])
    lacks = senders != receivers
    lacks[ahead] = lacks[behind] = False
    return np.flatnonzero(lacks), weights, unequal


def _keys(high: np.ndarray, low: np.ndarray, nodes: int) -> np.ndarray:
    """One integer for each two: twice it is below 2**63 for as many nodes as int32 can number."""
    return high.astype(np.int64) * nodes + low


def _grouped(key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The order that sorts keys, equal ones as they came, and where each one's begin in it."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    return order, np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
