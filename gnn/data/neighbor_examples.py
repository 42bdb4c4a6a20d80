"""Nodes as `tf.train.Example`s that carry their heaviest neighbors along, by NSL's definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gnn.configs.arguments import check_count
from gnn.data.example_bytes import Part, column_of, entries, example_of, only_where
from gnn.data.heaviest_neighbors import HeaviestNeighbors
from gnn.graphs.graph import Graph

# Of what a record holds beside a node's features; `weight` would be read as an edge's weight.
_TAKEN = ("id", "label", "weight", "NL_num_nbrs")
_PREFIX = "NL_nbr_"
# Examples that are made at a time.
_EXAMPLES = 1 << 13


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
        most = None if max_neighbors is None else check_count("max_neighbors", max_neighbors, 0)
        self._graph = graph
        self._rows = np.arange(graph.num_nodes) if split is None else graph.split(split)
        if not len(self._rows):
            raise ValueError(f"split {split!r} holds no nodes")
        self._has_label = np.zeros(graph.num_nodes, bool)
        self._has_label[self._rows] = graph.labels is not None
        self._rows = self._rows if rows is None else rows
        ids = _ids_as_strings(graph)
        self._columns = [column_of(name, values) for name, values in graph.features.items()]
        self._columns.append(column_of("id", ids))
        if graph.labels is not None:
            labels = column_of("label", graph.labels)
            self._columns.append(only_where(labels, self._has_label))
        self._heaviest = HeaviestNeighbors(graph, ids, most)
        self._most = 0

    def __len__(self) -> int:
        return len(self._rows)

    def description(self) -> dict[str, Any]:
        """The features of a node, and the most neighbors that an example so far has, for JSON."""
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
        return {"features": features, "max_neighbors": self._most}

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._rows), _EXAMPLES):
            yield from self._examples(self._rows[start : start + _EXAMPLES])

    def _examples(self, nodes: np.ndarray) -> list[bytes]:
        """The examples of some nodes: their own features, and those of one neighbor after another.

        The neighbors of all are made at once, so that a node of very many takes no longer.
        """
        counts, starts, neighbors, weights = self._heaviest.of(nodes)
        self._most = max(self._most, int(counts.max(initial=0)))
        of_count, of_weight = column_of("NL_num_nbrs", counts), column_of("weight", weights)
        edges = np.arange(neighbors.size)
        own = entries([Part(self._columns, nodes), Part([of_count], np.arange(nodes.size))])
        others = entries(
            [Part(self._columns, neighbors), Part([of_weight], edges)],
            _PREFIX,
            edges - np.repeat(starts, counts),
        )
        ends = zip(own, starts.tolist(), (starts + counts).tolist(), strict=True)
        return [example_of([mine, *others[start:end]]) for mine, start, end in ends]


def _check_features(graph: Graph) -> None:
    if not graph.features:
        raise ValueError("graph has no features, so there is nothing to write")
    for name, value in graph.features.items():
        if name in _TAKEN or name.startswith(_PREFIX):
            raise ValueError(
                f"features must not be named {name!r} in packed-neighbor records: "
                f"{', '.join(_TAKEN)} and what begins with {_PREFIX} have a meaning there"
            )
        if value.dtype == np.uint64:
            most = np.max(value, initial=0)
            if most > np.iinfo(np.int64).max:
                raise ValueError(
                    f"features[{name!r}] must fit int64, which records hold; got {most}"
                )


def _ids_as_strings(graph: Graph) -> np.ndarray:
    """The ids as an array of text."""
    if graph.ids is None:
        return np.arange(graph.num_nodes).astype(str)
    if graph.ids.dtype.kind in "iu":
        return graph.ids.astype(str)
    if graph.ids.dtype.kind == "U":
        return graph.ids
    strings = [value.decode() if isinstance(value, bytes) else str(value) for value in graph.ids]
    if len(set(strings)) < len(strings):
        seen: set[str] = set()
        twice = next(v for v in strings if v in seen or seen.add(v))  # type: ignore[func-returns-value]
        raise ValueError(f"ids must be distinct as strings to be written; got {twice!r} twice")
    return np.array(strings)
