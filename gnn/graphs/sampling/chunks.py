"""A graph in chunks of receivers, each with all that comes into them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from gnn.graphs.graph import Graph
from gnn.graphs.sampling.neighbor_index import NeighborIndex

# A chunk has at most this many times the edges that its receivers have on average.
_EDGE_FACTOR = 4


@dataclasses.dataclass(frozen=True, eq=False)
class Chunk:
    """Some nodes with all edges into them.

    Attributes:
        nodes: int `[n]`, nodes of the graph: first the receivers, which are consecutive, then the
            border, the senders that are no receivers.
        num_receivers: how many receivers there are.
        senders, receivers: int32 `[n_edges]`, places in `nodes`; sorted by receiver.
        weights: float32 `[n_edges]`.
    """

    nodes: np.ndarray
    num_receivers: int
    senders: np.ndarray
    receivers: np.ndarray
    weights: np.ndarray


class ReceiverChunks:
    """Chunks of a graph's nodes, in order, whose receivers are each node once.

    What comes into a border node is not in its chunk. A loop of the same total weight stands for
    it, so that the weighted in-degrees of all nodes of a chunk are those of the whole graph. So
    what a convolution computes of neighbors' values, weights and in-degrees is right for the
    receivers, and not for the border.

    Args:
        graph: the graph.
        batch_size: the most receivers of a chunk. A chunk is smaller where its receivers would have
            more than four times the edges of average ones; a node that has more is alone.

    Example:

    >>> graph = Graph.from_edges([0, 1, 2, 2], [1, 0, 0, 2], weights=[1.0, 1.0, 5.0, 3.0])
    >>> first, second = ReceiverChunks(graph, 2)
    >>> first.nodes.tolist(), first.num_receivers
    ([0, 1, 2], 2)
    >>> first.senders.tolist(), first.receivers.tolist(), first.weights.tolist()
    ([1, 2, 0, 2], [0, 0, 1, 2], [1.0, 5.0, 1.0, 3.0])
    >>> [chunk.nodes.tolist() for chunk in ReceiverChunks(graph, 2).without_edges()]
    [[0, 1], [2]]
    """

    def __init__(self, graph: Graph, batch_size: int):
        self._index = NeighborIndex.of(graph)
        self._batch_size = batch_size
        self._most_edges = _EDGE_FACTOR * batch_size * -(-graph.num_edges // graph.num_nodes)
        self._totals = np.zeros(graph.num_nodes, np.float32)
        for start, stop in self._bounds():
            receivers, incoming = self._incoming(start, stop)
            weights = self._index.weights[incoming]
            self._totals[start:stop] = np.bincount(receivers, weights, stop - start)

    def __iter__(self) -> Iterator[Chunk]:
        for start, stop in self._bounds():
            yield self._chunk(start, stop)

    def _bounds(self) -> Iterator[tuple[int, int]]:
        """The first receiver of each chunk, and the one after its last."""
        offsets, start = self._index.offsets, 0
        while start < self._index.num_nodes:
            most = offsets[start] + self._most_edges
            stop = int(np.searchsorted(offsets, most, side="right")) - 1
            stop = max(start + 1, min(stop, start + self._batch_size, self._index.num_nodes))
            yield start, stop
            start = stop

    def _incoming(self, start: int, stop: int) -> tuple[np.ndarray, slice]:
        """The edges into some receivers, and which of these each enters, counted from the first."""
        offsets = self._index.offsets[start : stop + 1]
        receivers = np.repeat(np.arange(stop - start, dtype=np.int32), np.diff(offsets))
        return receivers, slice(int(offsets[0]), int(offsets[-1]))

    def without_edges(self) -> Iterator[Chunk]:
        """Chunks of the nodes alone, for what looks at no neighbors."""
        none = np.zeros(0, np.int32)
        for start in range(0, self._index.num_nodes, self._batch_size):
            stop = min(start + self._batch_size, self._index.num_nodes)
            nodes = np.arange(start, stop, dtype=np.int32)
            yield Chunk(nodes, len(nodes), none, none, np.zeros(0, np.float32))

    def _chunk(self, start: int, stop: int) -> Chunk:
        count = stop - start
        receivers, incoming = self._incoming(start, stop)
        senders = self._index.senders[incoming] - np.int32(start)
        outside = (senders < 0) | (senders >= count)
        border, places = np.unique(senders[outside], return_inverse=True)
        border += np.int32(start)
        senders[outside] = count + places
        loops = np.arange(count, count + len(border), dtype=np.int32)
        return Chunk(
            nodes=np.concatenate([np.arange(start, stop, dtype=np.int32), border]),
            num_receivers=count,
            senders=np.concatenate([senders, loops]),
            receivers=np.concatenate([receivers, loops]),
            weights=np.concatenate([self._index.weights[incoming], self._totals[border]]),
        )
