"""A graph in chunks of receivers, each with all that comes into them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from gnn.graphs.graph import Graph
from gnn.graphs.sampling.neighbor_index import NeighborIndex, group_by_receiver
from gnn.graphs.weighing_edges import weighing_edges

# A chunk has at most this many times the edges that its receivers have on average.
_EDGE_FACTOR = 4
# A table of all nodes is looked through where a chunk has at least this share of them as edges.
_MANY_EDGES = 1 / 8


@dataclasses.dataclass(frozen=True, eq=False)
class Chunk:
    """Some consecutive nodes of a graph, the receivers, with all edges into them.

    Attributes:
        start, stop: the first receiver, and the node after the last.
        nodes: int32 `[n_rows]`, the nodes of the chunk: first the receivers, then the border, the
            senders that are no receivers. None is all nodes of the graph in their order, where most
            are in the chunk anyway.
        num_rows: how many nodes the chunk has.
        counts: int32 `[n]`, how many edges enter each node of the chunk or, of normalized edges,
            each receiver; the edges lie in this order.
        senders: int32 `[n_edges]`, places among the nodes of the chunk.
        own_weights: float32 `[n_edges]`, or None where each is 1.
        scale: None, or float32 `[num_nodes]`, what a normalized edge is multiplied by at either
            end. Chunks that are kept for many passes share it, and need not keep products.
    """

    start: int
    stop: int
    nodes: np.ndarray | None
    num_rows: int
    counts: np.ndarray
    senders: np.ndarray
    own_weights: np.ndarray | None = None
    scale: np.ndarray | None = None

    @property
    def weights(self) -> np.ndarray:
        """What each edge weighs, float32 `[n_edges]`; of normalized edges computed anew."""
        own = self.own_weights
        if self.scale is None:
            return np.ones(len(self.senders), np.float32) if own is None else own
        of_rows = self.scale if self.nodes is None else self.scale[self.nodes]
        products = np.repeat(self.scale[self.start : self.stop], self.counts)
        products *= of_rows[self.senders]
        return products if own is None else products * own

    @property
    def receivers(self) -> np.ndarray:
        """What each edge enters, int32 `[n_edges]`, sorted: a place as in `counts`."""
        return np.repeat(np.arange(len(self.counts), dtype=np.int32), self.counts)

    @property
    def first(self) -> int:
        """The place of the first receiver among the nodes of the chunk."""
        return self.start if self.nodes is None else 0

    @property
    def num_receivers(self) -> int:
        """How many nodes receive."""
        return self.stop - self.start


class ReceiverChunks:
    """Chunks of a graph's nodes, in order, whose receivers are each node once.

    What comes into a border node is not in its chunk. In the edges as they are, a loop of the same
    total weight stands for it, so that the weighted in-degrees of all nodes of a chunk are those of
    the whole graph: what a convolution computes of neighbors' values, weights and in-degrees is
    right for the receivers, and not for the border. Normalized edges are those of `D^-1/2 (A + I)
    D^-1/2` into the receivers, as `gnn.ops.symmetric_adjacency` makes them of the whole graph, the
    loop of a node after its other edges; nothing comes into the border. Edges of weight 0 are no
    edges.

    Args:
        graph: the graph. Edges that are not grouped by receiver (`Graph.offsets`) are put in order
            chunk by chunk, by an order of 4 or 8 bytes an edge; where some weigh 0, and so are left
            out, in memory.
        batch_size: the most receivers of a chunk. A chunk is smaller where its receivers would have
            more than four times the edges of average ones; a node that has more is alone.

    Example:

    >>> graph = Graph.from_edges([0, 1, 2, 3], [1, 0, 0, 2], weights=[1, 1, 5, 3], num_nodes=9)
    >>> first, *others = ReceiverChunks(graph, 2).as_they_are()
    >>> first.nodes.tolist(), first.num_receivers
    ([0, 1, 2], 2)
    >>> first.senders.tolist(), first.receivers.tolist(), first.weights.tolist()
    ([1, 2, 0, 2], [0, 0, 1, 2], [1.0, 5.0, 1.0, 3.0])
    >>> first, *others = ReceiverChunks(graph, 2).normalized()
    >>> first.senders.tolist(), first.receivers.tolist()
    ([1, 2, 0, 0, 1], [0, 0, 0, 1, 1])
    """

    def __init__(self, graph: Graph, batch_size: int):
        self._graph, self._batch_size = graph, batch_size
        self._order: np.ndarray | None = None
        if graph.offsets is None and isinstance(weighing_edges(graph.weights), slice):
            self._order, self._offsets = group_by_receiver(graph.receivers, graph.num_nodes)
            self._senders, self._weights = graph.senders, graph.weights
        else:
            index = NeighborIndex.of(graph)
            self._offsets, self._senders = index.offsets, index.senders
            self._weights = index.weights
        most = -(-len(self._senders) // graph.num_nodes)
        self._most_edges = _EDGE_FACTOR * batch_size * most
        self._degrees: np.ndarray | None = None

    def __len__(self) -> int:
        """How many chunks there are."""
        return sum(1 for _ in self._bounds())

    def as_they_are(self, border_loops: bool = True) -> Iterator[Chunk]:
        """Chunks with the edges of the graph.

        Args:
            border_loops: whether the border has loops in place of what it receives.
        """
        degrees = self._in_degrees()
        for start, stop in self._bounds():
            senders, weights = self._edges(start, stop)
            counts = np.diff(self._offsets[start : stop + 1]).astype(np.int32)
            nodes, senders, border = self._localized(start, stop, senders)
            before, after = np.split(border, [start if nodes is None else 0])
            ones = [np.full(len(part), int(border_loops), np.int32) for part in (before, after)]
            counts = np.concatenate([ones[0], counts, ones[1]])
            if border_loops:
                loops = [degrees[part] for part in (before, after)]
                weights = np.concatenate([loops[0], weights, loops[1]])
                if nodes is not None:
                    after = np.arange(stop - start, len(nodes), dtype=np.int32)
                senders = np.concatenate([before, senders, after])
            yield self._chunk(start, stop, nodes, counts, senders, weights)

    def normalized(self) -> Iterator[Chunk]:
        """Chunks with the normalized edges of the graph and its self loops, by receiver."""
        scale = 1 / np.sqrt(1 + self._in_degrees())
        for start, stop in self._bounds():
            senders, weights = self._edges(start, stop)
            offsets = self._offsets[start : stop + 1] - self._offsets[start]
            counts = np.diff(offsets).astype(np.int32)
            nodes, senders, _ = self._localized(start, stop, senders)
            own = np.arange(stop - start, dtype=np.int32)
            is_loop = np.zeros(len(senders) + len(own), bool)
            is_loop[offsets[1:] + own] = True  # Before it lie the loops of the receivers before.
            first = np.int32(start if nodes is None else 0)
            senders = _stitched(senders, own + first, is_loop)
            of_one = bool((weights == 1).all())
            each = None if of_one else _stitched(weights, np.ones(len(own), np.float32), is_loop)
            yield self._chunk(start, stop, nodes, counts + np.int32(1), senders, each, scale)

    def _chunk(self, start: int, stop: int, nodes: np.ndarray | None, *edges: Any) -> Chunk:
        num_rows = self._graph.num_nodes if nodes is None else len(nodes)
        return Chunk(start, stop, nodes, num_rows, *edges)

    def _bounds(self) -> Iterator[tuple[int, int]]:
        """The first receiver of each chunk, and the one after its last."""
        offsets, start = self._offsets, 0
        while start < self._graph.num_nodes:
            most = offsets[start] + self._most_edges
            stop = int(np.searchsorted(offsets, most, side="right")) - 1
            stop = max(start + 1, min(stop, start + self._batch_size, self._graph.num_nodes))
            yield start, stop
            start = stop

    def _edges(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Senders and weights of the edges into some receivers, in their order."""
        which: Any = slice(int(self._offsets[start]), int(self._offsets[stop]))
        if self._order is not None:
            which = self._order[which]
        return self._senders[which], self._weights[which]

    def _in_degrees(self) -> np.ndarray:
        """The weights that each node receives, float32 `[num_nodes]`, looked at once."""
        if self._degrees is None:
            self._degrees = np.zeros(self._graph.num_nodes, np.float32)
            for start, stop in self._bounds():
                _, weights = self._edges(start, stop)
                counts = np.diff(self._offsets[start : stop + 1])
                receivers = np.repeat(np.arange(stop - start), counts)
                self._degrees[start:stop] = np.bincount(receivers, weights, stop - start)
        return self._degrees

    def _localized(
        self, start: int, stop: int, senders: np.ndarray
    ) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
        """The nodes of a chunk, the places of its senders among them, and its border."""
        num_nodes, count = self._graph.num_nodes, stop - start
        if len(senders) < _MANY_EDGES * num_nodes:
            outside = (senders < start) | (senders >= stop)
            border, inverse = np.unique(senders[outside], return_inverse=True)
            places = np.empty(len(senders), np.int32)
            places[~outside] = senders[~outside] - np.int32(start)
            places[outside] = count + inverse
        else:
            is_border = np.zeros(num_nodes, bool)
            is_border[senders] = True
            is_border[start:stop] = False
            border = np.flatnonzero(is_border).astype(np.int32)
            if 2 * (count + len(border)) > num_nodes:
                # Looking most rows up would cost more than handing on all of them.
                others = [
                    np.arange(start, dtype=np.int32),
                    np.arange(stop, num_nodes, dtype=np.int32),
                ]
                return None, senders, np.concatenate(others)
            place_of = np.empty(num_nodes, np.int32)
            place_of[start:stop] = np.arange(count, dtype=np.int32)
            place_of[border] = np.arange(count, count + len(border), dtype=np.int32)
            places = place_of[senders]
        return np.concatenate([np.arange(start, stop, dtype=np.int32), border]), places, border


def _stitched(edges: np.ndarray, loops: np.ndarray, is_loop: np.ndarray) -> np.ndarray:
    """Edges with loops between them, where `is_loop` says."""
    both = np.empty(len(is_loop), edges.dtype)
    both[is_loop], both[~is_loop] = loops, edges
    return both
