"""Nodes as `tf.train.Example`s that carry their heaviest neighbors along, by NSL's definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gnn.configs.arguments import check_count
from gnn.data.example_bytes import column_of, entries, example_of
from gnn.graphs.graph import Graph
from gnn.graphs.sampling.neighbor_index import group_by_receiver

# Of what a record holds beside a node's features; `weight` would be read as an edge's weight.
_TAKEN = ("id", "label", "weight", "NL_num_nbrs")
_PREFIX = "NL_nbr_"
# Examples that are made at a time.
_EXAMPLES = 1 << 11


class NeighborExamples:
    """The serialized examples of a split, in its order.

    Args:
        graph: the graph.
        split: the name of a split; None takes all nodes.
        max_neighbors: the most neighbors of a node; None takes all.
        rows: integers, the nodes of the split that have an example, in this order; None takes all.

    Example:

    >>> import tensorflow as tf
    >>> graph = Graph.from_edges([0, 1], [1, 0], {"x": [[1.0], [2.0]]}, [0.5, 0.5])
    >>> (first, _) = NeighborExamples(graph, None, max_neighbors=1)
    >>> sorted(tf.train.Example.FromString(first).features.feature)
    ['NL_nbr_0_id', 'NL_nbr_0_weight', 'NL_nbr_0_x', 'NL_num_nbrs', 'id', 'x']
    """

    def __init__(
        self,
        graph: Graph,
        split: str | None,
        max_neighbors: int | None,
        *,
        rows: np.ndarray | None = None,
    ):
        _check_features(graph)
        self._max_neighbors = (
            None if max_neighbors is None else check_count("max_neighbors", max_neighbors, 0)
        )
        self._graph = graph
        self._rows = np.arange(graph.num_nodes) if split is None else graph.split(split)
        if not len(self._rows):
            raise ValueError(f"split {split!r} holds no nodes")
        self._has_label = np.zeros(graph.num_nodes, bool)
        self._has_label[self._rows] = graph.labels is not None
        self._rows = self._rows if rows is None else rows
        self._ids = _ids_as_strings(graph)
        self._neighbors, self._weights, self._starts = _by_weight(graph, self._ids)
        # A node is the neighbor of many, and comes with all of its features each time.
        self._columns = [column_of(name, values) for name, values in graph.features.items()]
        self._columns.append(column_of("id", self._ids))
        self._label = None if graph.labels is None else column_of("label", graph.labels)

    def __len__(self) -> int:
        return len(self._rows)

    def description(self) -> dict[str, Any]:
        """The features of a node and the most neighbors that one has, as JSON holds them."""
        features = {
            name: {
                "dtype": "string" if value.dtype.kind in "SU" else value.dtype.name,
                "shape": list(value.shape[1:]),
            }
            for name, value in self._graph.features.items()
        }
        features["id"] = {"dtype": "string", "shape": []}
        labels = self._graph.labels
        if labels is not None:
            dtype = "float32" if labels.dtype.kind == "f" else "int64"
            features["label"] = {"dtype": dtype, "shape": list(labels.shape[1:])}
        most = int((self._starts[self._rows + 1] - self._starts[self._rows]).max())
        # Readers look for so many of every example.
        if self._max_neighbors is not None:
            most = min(most, self._max_neighbors)
        return {"features": features, "max_neighbors": most}

    def __iter__(self) -> Iterator[bytes]:
        counts = np.diff(self._starts)[self._rows]
        if self._max_neighbors is not None:
            counts = np.minimum(counts, self._max_neighbors)
        for start in range(0, len(self._rows), _EXAMPLES):
            some = slice(start, start + _EXAMPLES)
            yield from self._examples(self._rows[some], counts[some])

    def _examples(self, nodes: np.ndarray, counts: np.ndarray) -> Iterator[bytes]:
        """The examples of some nodes, of which so many neighbors are taken."""
        of_count = [column_of("NL_num_nbrs", counts)]
        parts = [self._of_nodes(nodes), entries(of_count, np.arange(nodes.size))]
        of_weight = [column_of("weight", self._weights)]
        for place in range(int(counts.max(initial=0))):
            having = np.flatnonzero(counts > place)
            edges = self._starts[nodes[having]] + place
            prefix = f"{_PREFIX}{place}_"
            neighbors = self._of_nodes(self._neighbors[edges], prefix)
            weights = entries(of_weight, edges, prefix)
            part = [b""] * nodes.size
            for row, neighbor, weight in zip(having.tolist(), neighbors, weights, strict=True):
                part[row] = neighbor + weight
            parts.append(part)
        return map(example_of, zip(*parts, strict=True))

    def _of_nodes(self, nodes: np.ndarray, prefix: str = "") -> list[bytes]:
        """The features of each node, and its label if it may be seen."""
        found = entries(self._columns, nodes, prefix)
        seen = np.flatnonzero(self._has_label[nodes])
        if self._label is not None and seen.size:
            labels = entries([self._label], nodes[seen], prefix)
            for row, label in zip(seen.tolist(), labels, strict=True):
                found[row] += label
        return found


def _check_features(graph: Graph) -> None:
    if not graph.features:
        raise ValueError("graph has no features, so there is nothing to write")
    for name, value in graph.features.items():
        if name in _TAKEN or name.startswith(_PREFIX):
            raise ValueError(
                f"features must not be named {name!r} in packed-neighbor records: "
                f"{', '.join(_TAKEN)} and what begins with {_PREFIX} have a meaning there"
            )
        if value.dtype == np.uint64 and value.size and value.max() > np.iinfo(np.int64).max:
            raise ValueError(
                f"features[{name!r}] must fit int64, which records hold; got {value.max()}"
            )


def _ids_as_strings(graph: Graph) -> list[str]:
    ids = range(graph.num_nodes) if graph.ids is None else graph.ids.tolist()
    strings = [value.decode() if isinstance(value, bytes) else str(value) for value in ids]
    if len(set(strings)) < len(strings):
        seen: set[str] = set()
        twice = next(v for v in strings if v in seen or seen.add(v))  # type: ignore[func-returns-value]
        raise ValueError(f"ids must be distinct as strings to be written; got {twice!r} twice")
    return strings


def _by_weight(graph: Graph, ids: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Neighbors and weights of each node, heaviest first, and where each node's begin.

    Edges of weight 0 are none, and would take the places of others.
    """
    rank = np.empty(graph.num_nodes, np.uint64)
    by_name = sorted(range(graph.num_nodes), key=ids.__getitem__, reverse=True)
    rank[by_name] = np.arange(graph.num_nodes, dtype=np.uint64)
    real = np.flatnonzero(graph.weights > 0)
    senders, receivers, weights = (
        field[real] for field in (graph.senders, graph.receivers, graph.weights)
    )
    # Floats above 0 are in the order of their bits: the heaviest first, then the greatest name.
    bits = np.invert(weights.view(np.uint32)).astype(np.uint64)
    order = np.argsort(bits << np.uint64(32) | rank[senders])
    order = order[group_by_receiver(receivers[order], graph.num_nodes)[0]]
    senders, receivers, weights = senders[order], receivers[order], weights[order]
    pairs = receivers * np.int64(graph.num_nodes) + senders
    if np.unique(pairs).size < pairs.size:
        # The first of parallel edges is the heaviest.
        first = np.sort(np.unique(pairs, return_index=True)[1])
        senders, receivers, weights = senders[first], receivers[first], weights[first]
    counts = np.bincount(receivers, minlength=graph.num_nodes)
    return senders, weights, np.concatenate([[0], np.cumsum(counts)])
