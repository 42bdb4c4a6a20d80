"""Neighborhoods sampled around seed nodes, vectorized in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from gnn.graphs.graph import Graph
from gnn.memory_maps import is_memory_mapped

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class NeighborIndex:
    """The edges of a graph grouped by receiver, so that a node's incoming edges lie side by side.

    Args:
        senders, receivers: int `[n_edges]`.
        weights: float `[n_edges]`.
        num_nodes: int.

    Attributes:
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
        order, self.offsets = group_by_receiver(np.asarray(receivers), self.num_nodes)
        self.senders = np.asarray(senders, np.int32)[order]
        self.weights = np.asarray(weights, np.float32)[order]

    @classmethod
    def of(cls, graph: Graph) -> NeighborIndex:
        """The index of a graph, without sorting where its edges are grouped by receiver already.

        Example:

        >>> NeighborIndex.of(Graph.from_edges([2, 0], [1, 1], num_nodes=3)).offsets.tolist()
        [0, 0, 2, 2]
        """
        if graph.offsets is None:
            return cls(graph.senders, graph.receivers, graph.weights, graph.num_nodes)
        index = cls.__new__(cls)
        index.num_nodes = graph.num_nodes
        # Plain views: those of a memory-mapped array run Python at every look-up.
        index.senders = np.asarray(graph.senders)
        index.weights = np.asarray(graph.weights)
        index.offsets = np.asarray(graph.offsets)
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

    def sample_edges(
        self, nodes: np.ndarray, fanout: int | None, streams: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws up to `fanout` edges into each node, uniformly and without replacement.

        Args:
            nodes: int `[n]`.
            fanout: the most edges a node; None takes all of them.
            streams: uint64 `[n]`, a seed for each node.

        Returns:
            Positions in `senders`, node after node, and how many each node got, int64 `[n]`.
        """
        degrees = self.degrees(nodes)
        counts = degrees if fanout is None else np.minimum(degrees, fanout)
        ends = np.cumsum(counts)
        total = int(ends[-1]) if ends.size else 0
        positions = np.arange(total) + np.repeat(self.offsets[nodes] - (ends - counts), counts)
        drawn = np.flatnonzero(degrees > counts)
        if drawn.size and fanout:
            choices = _distinct_integers(degrees[drawn], fanout, streams[drawn])
            slots = (ends - counts)[drawn, np.newaxis] + np.arange(fanout)
            positions[slots] = self.offsets[nodes[drawn], np.newaxis] + choices
        return positions, counts


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


def _distinct_integers(below: np.ndarray, count: int, streams: np.ndarray) -> np.ndarray:
    """`[n, count]` sorted distinct integers in `[0, below)`: Floyd's algorithm, a row at a time.

    J. Bentley and B. Floyd, "A sample of brilliance", Communications of the ACM 30 (1987).
    """
    chosen = np.empty((below.size, count), np.int64)
    for column in range(count):
        top = below - count + column
        draw = (mix(streams, column) % (top + 1).astype(np.uint64)).astype(np.int64)
        taken = (chosen[:, :column] == draw[:, np.newaxis]).any(axis=1)
        chosen[:, column] = np.where(taken, top, draw)
    return np.sort(chosen, axis=1)


def mix(streams: np.ndarray, *values: np.ndarray | int) -> np.ndarray:
    """Hashes unsigned 64-bit streams and values into new streams, as good as random.

    The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) after each value. What is drawn
    for a node is so a function of what is hashed alone, whatever else is in its batch.

    Example:

    >>> streams = mix(np.zeros(2, np.uint64), np.array([0, 1]))
    >>> bool(streams[0] != streams[1]), streams.dtype.name
    (True, 'uint64')
    """
    mixed = np.atleast_1d(np.asarray(streams, np.uint64))
    for value in values:
        mixed = spread(mixed + (np.atleast_1d(value).astype(np.uint64) + np.uint64(1)) * GOLDEN)
    return mixed


def spread(values: np.ndarray) -> np.ndarray:
    """The finalizer of SplitMix64, in place: a bijection of uint64 that spreads over all bits.

    Example:

    >>> [hex(value) for value in spread(np.array([0x9E3779B97F4A7C15], np.uint64)).tolist()]
    ['0xe220a8397b1dcdaf']
    """
    shifted = np.right_shift(values, np.uint64(30))
    for shift, factor in ((27, 0xBF58476D1CE4E5B9), (31, 0x94D049BB133111EB)):
        values ^= shifted
        values *= np.uint64(factor)
        np.right_shift(values, np.uint64(shift), out=shifted)
    values ^= shifted
    return values


def sample_neighborhoods(
    index: NeighborIndex,
    seeds: np.ndarray,
    fanout: Sequence[int | None],
    streams: np.ndarray,
) -> dict[str, np.ndarray]:
    """One component a seed: the nodes that reach it within `len(fanout)` hops along sampled edges.

    Hop k draws up to `fanout[k]` incoming edges, without replacement, of every node first reached
    at hop k - 1 (GraphSAGE's sampling: Hamilton et al., NeurIPS 2017, section 3.1, which draws with
    replacement). A node is in a component once, and its edges are drawn once there; components
    share nothing. The seed is the last node of its component.

    Args:
        index: the edges.
        seeds: int `[n_seeds]`; a seed may come twice.
        fanout: the most neighbors at each hop; None takes all, 0 none.
        streams: uint64 `[n_seeds]`, a random seed for each component (`mix` makes them). A
            component is a function of its stream and its seed node, whatever batch it is in.

    Returns:
        The graph keys of a batch (`gnn.graphs.batch.graphs_tuple`) with edges sorted by receiver,
        `readout` (the seeds), and `node_ids` int32 `[n_nodes]`, where each row comes from.

    Example:

    >>> index = NeighborIndex(np.array([1, 2]), np.array([0, 0]), np.array([1.0, 1.0]), 3)
    >>> star = sample_neighborhoods(index, np.array([0]), [None], np.zeros(1, np.uint64))
    >>> star["node_ids"].tolist(), star["senders"].tolist(), star["receivers"].tolist()
    ([1, 2, 0], [0, 1], [2, 2])
    """
    # A key names a node within a component, and sorts by component first.
    stride = np.int64(index.num_nodes)
    seed_keys = np.arange(len(seeds), dtype=np.int64) * stride + seeds
    known = frontier = seed_keys
    sender_keys, receiver_keys, positions = [], [], []
    for hop, most in enumerate(fanout):
        nodes = frontier % stride
        own = mix(streams[frontier // stride], hop, nodes)
        drawn, counts = index.sample_edges(nodes, most, own)
        ends = np.repeat(frontier, counts)
        starts = ends // stride * stride + index.senders[drawn]
        sender_keys.append(starts)
        receiver_keys.append(ends)
        positions.append(drawn)
        if hop + 1 < len(fanout):
            frontier = np.setdiff1d(starts, known)
        known = np.union1d(known, starts)

    component = known // stride
    is_seed = known == seed_keys[component]
    layout = np.lexsort((known, is_seed, component))
    row_of = np.empty(known.size, np.int32)
    row_of[layout] = np.arange(known.size, dtype=np.int32)

    senders = row_of[np.searchsorted(known, _joined(sender_keys))]
    receivers = row_of[np.searchsorted(known, _joined(receiver_keys))]
    weights = index.weights[_joined(positions)]
    order = np.lexsort((senders, receivers))
    senders, receivers, weights = senders[order], receivers[order], weights[order]
    n_node = np.bincount(component, minlength=len(seeds)).astype(np.int32)
    edge_component = component[layout][receivers]
    return {
        "n_node": n_node,
        "n_edge": np.bincount(edge_component, minlength=len(seeds)).astype(np.int32),
        "edges": weights[:, np.newaxis],
        "senders": senders,
        "receivers": receivers,
        "globals": np.zeros((len(seeds), 0), np.float32),
        "readout": np.cumsum(n_node, dtype=np.int32) - 1,
        "node_ids": (known % stride).astype(np.int32)[layout],
    }


def components(batch: dict[str, np.ndarray], start: int, stop: int) -> dict[str, np.ndarray]:
    """Some consecutive components of a batch that `sample_neighborhoods` made, as a batch.

    Args:
        batch: the graph keys, `readout` and `node_ids`.
        start: the first component.
        stop: the one after the last.

    Example:

    >>> index = NeighborIndex(np.array([1, 2]), np.array([0, 0]), np.array([1.0, 1.0]), 3)
    >>> both = sample_neighborhoods(index, np.array([1, 0]), [None], np.zeros(2, np.uint64))
    >>> components(both, 1, 2)["senders"].tolist(), components(both, 1, 2)["node_ids"].tolist()
    ([0, 1], [1, 2, 0])
    """
    # The seed is the last node of its component.
    first = int(batch["readout"][start - 1]) + 1 if start else 0
    last = int(batch["readout"][stop - 1]) + 1 if stop else 0
    before = int(batch["n_edge"][:start].sum())
    edges = slice(before, before + int(batch["n_edge"][start:stop].sum()))
    return {
        "n_node": batch["n_node"][start:stop],
        "n_edge": batch["n_edge"][start:stop],
        "edges": batch["edges"][edges],
        "senders": batch["senders"][edges] - np.int32(first),
        "receivers": batch["receivers"][edges] - np.int32(first),
        "globals": batch["globals"][start:stop],
        "readout": batch["readout"][start:stop] - np.int32(first),
        "node_ids": batch["node_ids"][first:last],
    }


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
