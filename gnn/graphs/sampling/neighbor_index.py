"""The edges of a graph by receiver, and samples of those into some nodes."""

from __future__ import annotations

import functools

import numpy as np
from scipy import sparse

from gnn.graphs.graph import Graph
from gnn.graphs.narrow import narrow
from gnn.graphs.sampling.draws import distinct_integers, mix, weighted_choices
from gnn.graphs.weighing_edges import weighing_edges
from gnn.memory_maps import blocks, is_memory_mapped


class NeighborIndex:
    """The edges of a graph grouped by receiver, so that a node's incoming edges lie side by side.

    Edges of weight 0 are no edges, and are left out.

    Args:
        senders, receivers: int `[n_edges]`.
        weights: float `[n_edges]`.
        num_nodes: int.

    Attributes:
        by_weight: whether edges are drawn in proportion to their weights, or all alike.
        offsets: int64 `[num_nodes + 1]`; the edges into node i are `offsets[i]` to `offsets[i +
            1]`.
        senders: int32 `[n_edges]`, in that order; `weights` likewise.

    Example:

    >>> index = NeighborIndex(np.array([2, 0]), np.array([1, 1]), np.array([0.5, 1.0]), 3)
    >>> index.offsets.tolist(), index.senders.tolist()
    ([0, 0, 2, 2], [2, 0])
    """

    def __init__(
        self, senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray, num_nodes: int
    ):
        self.num_nodes = int(num_nodes)
        self.by_weight = False
        kept = weighing_edges(weights)
        senders, receivers, weights = senders[kept], receivers[kept], weights[kept]
        order, self.offsets = group_by_receiver(np.asarray(receivers), self.num_nodes)
        self.senders = narrow("senders", senders)[order]
        self.weights = np.asarray(weights, np.float32)[order]

    @classmethod
    def of(cls, graph: Graph) -> NeighborIndex:
        """The index of a graph, without sorting where its edges are grouped by receiver already.

        What lies in files stays there, unless an edge of weight 0 has to be left out.

        Example:

        >>> NeighborIndex.of(Graph.from_edges([2, 0], [1, 1], num_nodes=3)).offsets.tolist()
        [0, 0, 2, 2]
        """
        if graph.offsets is None:
            return cls(graph.senders, graph.receivers, graph.weights, graph.num_nodes)
        index = cls.__new__(cls)
        index.num_nodes, index.by_weight = graph.num_nodes, False
        kept = weighing_edges(graph.weights)
        # Plain views: those of a memory-mapped array run Python at every look-up.
        index.senders = np.asarray(graph.senders)[kept]
        index.weights = np.asarray(graph.weights)[kept]
        index.offsets = np.asarray(graph.offsets)
        if not isinstance(kept, slice):
            index.offsets = np.searchsorted(kept, index.offsets)
        return index

    def one_weight(self) -> float | None:
        """The weight that all edges have, or None where they differ or lie in a file."""
        weights = self.weights
        if not weights.size or is_memory_mapped(weights):
            return None
        first = weights[0]
        if weights.strides == (0,) or (weights == first).all():
            return float(first)
        return None

    def degrees(self, nodes: np.ndarray) -> np.ndarray:
        """The number of edges into each of `nodes`."""
        return self.offsets[nodes + 1] - self.offsets[nodes]

    def receivers(self) -> np.ndarray:
        """The node that each edge enters, int32 `[n_edges]`."""
        return np.repeat(np.arange(self.num_nodes, dtype=np.int32), np.diff(self.offsets))

    @functools.cached_property
    def weighted_degrees(self) -> np.ndarray:
        """float32 `[num_nodes]`, the weight of all edges into each node, added up in float64."""
        weight = self.one_weight()
        if weight is not None:
            return (weight * np.diff(self.offsets)).astype(np.float32)
        totals = np.zeros(self.num_nodes)
        for start, part in blocks(self.weights):
            stop = start + part.size
            first, last = np.searchsorted(self.offsets, (start, stop - 1), side="right") - 1
            counts = np.diff(np.clip(self.offsets[first : last + 2], start, stop))
            receivers = np.repeat(np.arange(counts.size), counts)
            totals[first : last + 1] += np.bincount(receivers, part, counts.size)
        return totals.astype(np.float32)

    def sample_edges(
        self, nodes: np.ndarray, fanout: int | None, streams: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws up to `fanout` edges into each node, without replacement.

        Args:
            nodes: int `[n]`.
            fanout: the most edges a node; None takes all of them.
            streams: uint64 `[n]` or `[1]`, a seed for each node, or one for all. What is drawn is a
                function of the stream and the node.

        Returns:
            Positions in `senders`, node after node, and how many each node got, int64 `[n]`.
        """
        starts = self.offsets.take(nodes)
        degrees = self.offsets.take(nodes + 1) - starts
        counts = degrees if fanout is None else np.minimum(degrees, fanout)
        begins = np.cumsum(counts) - counts
        positions = np.repeat(starts - begins, counts)
        positions += np.arange(positions.size)
        over = np.flatnonzero(degrees > counts)
        if over.size and fanout:
            own = mix(streams if streams.size == 1 else streams[over], nodes[over])
            first, place = starts[over], begins[over]
            if self.by_weight:
                self._draw_by_weight(positions, place, first, degrees[over], fanout, own)
                return positions, counts
            for choice in distinct_integers(degrees[over], fanout, own):
                positions[place] = first + choice
                place += 1
        return positions, counts

    def _draw_by_weight(
        self,
        positions: np.ndarray,
        place: np.ndarray,
        first: np.ndarray,
        degrees: np.ndarray,
        fanout: int,
        streams: np.ndarray,
    ) -> None:
        """Puts positions of drawn edges where those of some nodes begin."""
        offsets = np.concatenate([[0], np.cumsum(degrees)])
        theirs = np.repeat(first - offsets[:-1], degrees) + np.arange(offsets[-1])
        chosen = weighted_choices(
            np.asarray(self.weights[theirs], np.float64), offsets, fanout, streams
        )
        positions[place[:, np.newaxis] + np.arange(fanout)] = theirs[chosen]

    def drawn_weights(
        self, positions: np.ndarray, nodes: np.ndarray, counts: np.ndarray
    ) -> np.ndarray:
        """The weights of drawn edges, float32: those of a node that were drawn by weight are equal.

        They were drawn as often as they weigh; to weigh them by it again would count it twice. Each
        has the mean weight of the node's edges.

        Args:
            positions: of `sample_edges`.
            nodes: what it was called on.
            counts: what it gave each.
        """
        weights = self.weights.take(positions, mode="clip")
        degrees = self.degrees(nodes)
        if not self.by_weight or not (counts < degrees).any():
            return weights
        mean = self.weighted_degrees[nodes] / np.maximum(degrees, 1)
        were_drawn = np.repeat(counts < degrees, counts)
        return np.where(were_drawn, np.repeat(mean, counts), weights).astype(np.float32)


def group_by_receiver(receivers: np.ndarray, num_nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """The order that sorts edges by receiver and keeps it otherwise, and where each node's start.

    Args:
        receivers: int `[n_edges]`, from 0 to below `num_nodes`.
        num_nodes: int.

    Returns:
        int `[n_edges]` and int64 `[num_nodes + 1]`.

    Example:

    >>> order, offsets = group_by_receiver(np.array([2, 0, 2]), 3)
    >>> order.tolist(), offsets.tolist()
    ([1, 0, 2], [0, 1, 1, 3])
    """
    # SciPy makes a CSR matrix by counting, in linear time; its entries keep their order in a row.
    places = np.arange(receivers.size, dtype=np.int32 if receivers.size < 2**31 else np.int64)
    ones = np.broadcast_to(np.ones(1, bool), receivers.shape)
    shape = (num_nodes, max(receivers.size, 1))
    matrix = sparse.coo_array((ones, (receivers, places)), shape=shape).tocsr()
    return matrix.indices, matrix.indptr.astype(np.int64)
