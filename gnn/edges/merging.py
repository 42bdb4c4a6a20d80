"""The one rule for repeated edges and for the two directions of undirected ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.configs.merges import MERGES
from gnn.edges.checks import (
    as_indices,
    as_integers,
    as_weights,
    check_equal_lengths,
    nodes_named,
    read_only,
)
from gnn.edges.edges import EdgeReport, Edges


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
    order, starts = _repeated(edge_keys(receivers, senders, nodes))
    repeats, rank = order.size - starts.size, None
    if repeats and merge == "keep":
        rank = np.zeros(senders.size, np.int64)
        rank[order] = np.arange(order.size) - np.repeat(starts, _lengths(order, starts))
    elif repeats:
        weights = _merged(senders, receivers, weights, order, starts, merge)
        single = np.ones(senders.size, bool)
        single[np.delete(order, starts)] = False
        senders, receivers, weights = senders[single], receivers[single], weights[single]
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


def _repeated(key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The edges of which there are several: those of one key together, in the order they came.

    Returns:
      Positions in `key`, and where those of each key begin among them.
    """
    in_order = np.sort(key)
    several = np.unique(in_order[1:][in_order[1:] == in_order[:-1]])
    if not several.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    place = np.searchsorted(several, key)
    places = np.flatnonzero(several[np.minimum(place, several.size - 1)] == key)
    order = places[np.argsort(key[places], kind="stable")]
    return order, np.searchsorted(key[order], several)


def _lengths(order: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return np.diff(starts, append=order.size)


def _merged(
    senders: np.ndarray,
    receivers: np.ndarray,
    weights: np.ndarray,
    order: np.ndarray,
    starts: np.ndarray,
    merge: str,
) -> np.ndarray:
    """The weights, that of the first edge of each key being that of all of them."""
    first = order[starts]
    merged = weights.copy()
    if merge == "sum":
        totals = np.add.reduceat(weights[order].astype(np.float64), starts)
        if totals.max() > np.finfo(np.float32).max:
            edge = first[np.argmax(totals)]
            raise ValueError(
                "weights must be finite in float32, and so must the sum of those of one edge; got "
                f"{totals.max():g} from {senders[edge]} to {receivers[edge]}"
            )
        merged[first] = totals
    elif merge == "max":
        merged[first] = np.maximum.reduceat(weights[order], starts)
    return merged


def _paired(
    senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray, rank: Any, nodes: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """The edges that lack their reverse, the weights, and how many pairs of them were unequal."""
    back = senders > receivers
    pair = edge_keys(np.minimum(senders, receivers), np.maximum(senders, receivers), nodes)
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


def edge_keys(high: np.ndarray, low: np.ndarray, nodes: int) -> np.ndarray:
    """One integer for each two: twice it is below 2**63 for as many nodes as int32 can number.

    >>> edge_keys(np.array([1, 0]), np.array([0, 2]), 3).tolist()
    [3, 2]
    """
    return high.astype(np.int64) * nodes + low
