"""One sampled neighborhood around many seed nodes, in which every node comes once."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from gnn.graphs.narrow import narrow
from gnn.graphs.sampling.draws import mix
from gnn.graphs.sampling.neighbor_index import NeighborIndex

# Looking through the marks of all nodes is faster than sorting up to about so many for each found.
_SCANNED_NODES = 12


class MergedSampler:
    """Samples around the seeds of a batch together, in one component without duplicate nodes.

    Hop k draws up to `fanout[k]` incoming edges, without replacement, of every node
    first reached at hop k - 1, as `sample_neighborhoods` does for each seed
    alone. Seeds that share neighbors share their rows here, so a batch is smaller, by far where the
    neighborhoods are a good part of the graph.

    The rows are the seeds in the order given, then the nodes of each hop, ascending. Every hop
    draws node after node for the rows of the hop before, so the edges come sorted by receiver and
    nothing sorts them. Rows are looked up in an array of int32 `[num_nodes]` that is never cleared:
    an entry holds for node i if the row it names is of node i (Briggs and Torczon, "An efficient
    representation for sparse sets", ACM LOPLAS 2, 1993). The work is a few passes over the edges
    drawn, whatever the size of the graph.

    Args:
        index: the edges.

    Example:

    >>> index = NeighborIndex(np.array([2, 2, 1]), np.array([0, 1, 2]), np.ones(3), 3)
    >>> batch = MergedSampler(index).sample(np.array([0, 1]), [None], np.zeros(1, np.uint64))
    >>> batch["node_ids"].tolist(), batch["senders"].tolist(), batch["receivers"].tolist()
    ([0, 1, 2], [2, 2], [0, 1])
    """

    def __init__(self, index: NeighborIndex):
        self._index = index
        self._row_of = np.zeros(index.num_nodes, np.int32)
        self._marks: np.ndarray | None = None
        self._lock = threading.Lock()  # Iterators side by side share the array of rows.
        self._one_weight = index.one_weight()

    def sample(
        self, seeds: np.ndarray, fanout: Sequence[int | None], stream: np.ndarray
    ) -> dict[str, np.ndarray]:
        """The component of a batch.

        Args:
            seeds: int `[n_seeds]`, the nodes that are read out; one that comes twice has one row.
            fanout: the most neighbors at each hop; None takes all, 0 none.
            stream: uint64 `[1]`, the random seed of the batch. The edges drawn at a node are a
                function of the stream, the hop and the node.

        Returns:
            The graph keys of a batch (`gnn.graphs.batch.graphs_tuple`), edges sorted by receiver,
            with `graph_degrees`, `readout` (the row of each seed), and `node_ids` int32
            `[n_nodes]`.
        """
        with self._lock:
            return self._sample(seeds, fanout, stream)

    def _sample(
        self, seeds: np.ndarray, fanout: Sequence[int | None], stream: np.ndarray
    ) -> dict[str, np.ndarray]:
        frontier = _first_of_each(seeds)
        known = frontier.astype(np.int32)
        self._row_of[frontier] = np.arange(known.size, dtype=np.int32)
        readout = self._row_of.take(seeds)
        positions: list[np.ndarray] = []
        senders: list[np.ndarray] = []
        receivers: list[np.ndarray] = []
        weighed: list[np.ndarray] = []
        for hop, most in enumerate(fanout):
            drawn, counts = self._index.sample_edges(frontier, most, mix(stream, hop))
            if self._index.by_weight:
                weighed.append(self._index.drawn_weights(drawn, frontier, counts))
            found = self._index.senders.take(drawn, mode="clip").astype(np.intp)
            first_row = known.size - frontier.size
            rows = np.arange(first_row, known.size, dtype=np.int32)
            frontier = self._new_nodes(known, found)
            self._row_of[frontier] = np.arange(
                known.size, known.size + frontier.size, dtype=np.int32
            )
            known = np.concatenate([known, frontier], dtype=np.int32, casting="same_kind")
            positions.append(drawn)
            senders.append(self._row_of.take(found, mode="clip"))
            receivers.append(np.repeat(rows, counts))
        edges = _joined(positions, np.intp)
        return {
            "n_node": np.array([known.size], np.int32),
            "n_edge": narrow("n_edge", [edges.size]),
            "edges": (
                _joined(weighed, np.float32) if self._index.by_weight else self._weights(edges)
            )[:, np.newaxis],
            "senders": _joined(senders, np.int32),
            "receivers": _joined(receivers, np.int32),
            "globals": np.zeros((1, 0), np.float32),
            "readout": readout,
            "graph_degrees": self._index.weighted_degrees.take(known),
            "node_ids": known,
        }

    def _new_nodes(self, known: np.ndarray, found: np.ndarray) -> np.ndarray:
        """The nodes among `found` that have no row yet, each once, ascending, as indices."""
        if self._index.num_nodes <= _SCANNED_NODES * found.size:
            return self._new_by_marks(known, found)
        return self._new_by_sorting(known, found)

    def _new_by_marks(self, known: np.ndarray, found: np.ndarray) -> np.ndarray:
        marks = self._marks
        if marks is None:
            marks = np.zeros(self._index.num_nodes, bool)
        self._marks = None  # Should what follows be interrupted, the next call starts clean.
        marks[found] = True
        marks[known] = False
        nodes = np.flatnonzero(marks)
        marks[nodes] = False
        self._marks = marks
        return nodes

    def _new_by_sorting(self, known: np.ndarray, found: np.ndarray) -> np.ndarray:
        ordered = np.sort(found.astype(np.int32))  # Vector instructions sort int32.
        differs = np.empty(ordered.size, bool)
        differs[:1] = True
        np.not_equal(ordered[1:], ordered[:-1], out=differs[1:])
        # Twice as fast as a boolean index, whose branches are mispredicted.
        nodes = ordered.take(np.flatnonzero(differs)).astype(np.intp)
        row = self._row_of.take(nodes, mode="clip")
        return nodes.take(np.flatnonzero(known.take(row, mode="clip") != nodes))

    def _weights(self, edges: np.ndarray) -> np.ndarray:
        if self._one_weight is not None:
            return np.full(edges.size, self._one_weight, np.float32)
        return self._index.weights.take(edges, mode="clip")


def _first_of_each(seeds: np.ndarray) -> np.ndarray:
    """The seeds as indices, in order, without those that came before."""
    nodes, first = np.unique(seeds, return_index=True)
    return np.asarray(seeds if nodes.size == len(seeds) else seeds[np.sort(first)], np.intp)


def _joined(parts: list[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, dtype)
