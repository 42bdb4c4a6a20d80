"""The heaviest neighbors of nodes by NSL's rule, some nodes at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gnn.graphs.graph import Graph
from gnn.graphs.sampling.neighbor_index import group_by_receiver


class NeighborsOfSome(NamedTuple):
    """The neighbors of some nodes, one node after the other, the heaviest first.

    Attributes:
        counts: int64 `[n]`, how many each node has.
        starts: int64 `[n]`, where those of each begin.
        neighbors: integers.
        weights: float32.
    """

    counts: np.ndarray
    starts: np.ndarray
    neighbors: np.ndarray
    weights: np.ndarray


class HeaviestNeighbors:
    """The senders of the heaviest edges into nodes, of a graph in memory or in files.

    Of equal weights the one comes first whose id is greater as a string; of parallel edges the
    heaviest counts, and those of weight 0 are none. Of a graph in files, whose edges lie by
    receiver, memory holds the edges of the nodes that are asked for.

    Args:
        graph: the graph.
        ids: text `[num_nodes]`.
        most: how many of each node; None takes all.

    Example:

    >>> graph = Graph.from_edges([0, 1, 3], [2, 2, 2], {"x": np.zeros((4, 1))}, [0.5, 0.9, 0.5])
    >>> HeaviestNeighbors(graph, np.array(list("abcd")), 2).of(np.array([2, 0]))
    NeighborsOfSome(counts=array([2, 0]), starts=array([0, 2]), neighbors=array([1, 3], \
dtype=int32), weights=array([0.9, 0.5], dtype=float32))
    """

    def __init__(self, graph: Graph, ids: np.ndarray, most: int | None):
        self._graph, self._ids, self._most = graph, ids, most
        self._order = None
        if graph.offsets is None:
            self._order, self._starts = group_by_receiver(graph.receivers, graph.num_nodes)
        else:
            self._starts = graph.offsets

    def of(self, nodes: np.ndarray) -> NeighborsOfSome:
        """The neighbors of some nodes."""
        begins, ends = self._starts[nodes], self._starts[nodes + 1]
        lengths = ends - begins
        rows = np.repeat(np.arange(nodes.size), lengths)
        edges = np.arange(rows.size) + np.repeat(ends - np.cumsum(lengths), lengths)
        if self._order is not None:
            edges = self._order[edges]
        senders, weights = self._graph.senders[edges], self._graph.weights[edges]
        kept = _in_order(rows, senders, weights, self._ids)
        rows, senders, weights = rows[kept], senders[kept], weights[kept]
        counts = np.bincount(rows, minlength=nodes.size)
        if self._most is not None:
            place = np.arange(rows.size) - np.repeat(np.cumsum(counts) - counts, counts)
            some = place < self._most
            senders, weights = senders[some], weights[some]
            counts = np.minimum(counts, self._most)
        return NeighborsOfSome(counts, np.cumsum(counts) - counts, senders, weights)


def _in_order(
    rows: np.ndarray, senders: np.ndarray, weights: np.ndarray, ids: np.ndarray
) -> np.ndarray:
    """The places of edges by row, the heaviest first, without those that are none or repeats."""
    # Floats that are not negative are in the order of their bits.
    bits = np.invert(weights.astype(np.float32).view(np.uint32)).astype(np.uint64)
    key = rows.astype(np.uint64) << np.uint64(32) | bits
    order = np.argsort(key)
    level = np.zeros(order.size, bool)
    level[1:] = key[order[1:]] == key[order[:-1]]
    level[:-1] |= level[1:]
    if level.any():  # Only where weights are equal do names matter, from the last on.
        present, name = np.unique(senders[order[level]], return_inverse=True)
        rank = np.zeros(order.size, np.int64)
        rank[order[level]] = -np.argsort(np.argsort(ids[present], kind="stable"))[name]
        order = np.lexsort((rank, key))
    order = order[weights[order] > 0]
    pairs = rows[order] << 32 | senders[order]
    if (np.diff(np.sort(pairs)) == 0).any():
        order = order[np.sort(np.unique(pairs, return_index=True)[1])]
    return order
