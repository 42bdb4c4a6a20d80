"""One graph of several: the edges of several sources over the same nodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from scipy import sparse

from gnn.configs.fields import not_negative
from gnn.edges.edges import counted
from gnn.edges.merging import merge_edges
from gnn.edges.records.numbering import Names
from gnn.graphs.features import Feature
from gnn.graphs.from_indices import FromIndices
from gnn.graphs.ids import as_ids
from gnn.graphs.image_files import ImageFiles

if TYPE_CHECKING:
    from gnn.graphs.graph import Graph


class Combining(FromIndices):
    """The constructor of `gnn.Graph` that takes graphs; it inherits it."""

    @classmethod
    def combine(
        cls,
        graphs: Sequence[Graph] | Mapping[str, Graph],
        weights: Sequence[float] | Mapping[str, float] | None = None,
        *,
        merge: str = "sum",
    ) -> Self:
        """Makes one graph of the edges of several, such as one of clicks and one of images.

        The weight of an edge is the sum, over the graphs that have it, of its weight there times
        that of the graph. Directions stay: graphs that have each edge in both give one that has.
        Weights of several sources seldom are on one scale; `info` of each graph tells its range.

        - **Nodes.** Where all graphs have ids, nodes of one id are one node, and the nodes are
          those of any graph, in order of appearance. Else nodes of one number are one node: the
          graphs have equally many, and those that have ids have the same.
        - **Features** are those of all graphs. One that several have must be the same in each, and
          a graph that has features has every node.
        - **Labels** are those of any graph, of one kind and with one set of class names. What one
          leaves open another may tell; two must not contradict each other.
        - **Splits** are those of all graphs. One that several have must hold the same nodes.

        Args:
          graphs: graphs, or name -> graph.
          weights: a number for each graph, in their order or by their names, finite and not
            negative; None takes 1 for each. A graph of weight 0 gives its nodes alone.
          merge: what becomes of an edge that several graphs have: `"sum"`, `"max"`, `"first"`, or
            `"keep"`, as in `Graph.from_edges`.

        Returns:
          The graph. `info` tells how many edges came from each.

        Raises:
          TypeError: if what is given is no graph, or a weight is no number.
          ValueError: if there are no graphs, weights do not fit them, or two graphs disagree on
            nodes, a feature, a label or a split; else as in `Graph`.

        >>> from gnn.graphs.graph import Graph
        >>> clicks = Graph.from_edges([0], [1], weights=[4], ids=["cup", "mug"], undirected=True)
        >>> images = Graph.from_edges([0], [1], weights=[0.5], ids=["mug", "cup"], undirected=True)
        >>> graph = Graph.combine({"clicks": clicks, "images": images}, {"clicks": 1, "images": 2})
        >>> graph.ids.tolist(), graph.senders.tolist(), graph.weights.tolist()
        (['cup', 'mug'], [0, 1], [5.0, 5.0])
        """
        sources = _sources(graphs, weights, cls)
        places, ids, count = _nodes(sources)
        placed = [
            source._replace(places=some) for source, some in zip(sources, places, strict=True)
        ]
        labels, class_names = _labels(placed, count)
        edges = merge_edges(
            np.concatenate([source.places[source.graph.senders] for source in placed]),
            np.concatenate([source.places[source.graph.receivers] for source in placed]),
            np.concatenate([source.graph.weights * source.weight for source in placed]),
            merge=merge,
            num_nodes=count,
        )
        remarks = (f"{s.graph.num_edges:,} of {s.title} by {s.weight:g}" for s in placed)
        notes = {"edges": dataclasses.replace(edges.report, remarks=tuple(remarks)).text()}
        make: Callable[..., Self] = cls
        return make(
            features=_features(placed, ids, count),
            senders=edges.senders,
            receivers=edges.receivers,
            weights=edges.weights,
            labels=labels,
            splits=_splits(placed),
            ids=ids,
            num_nodes=count,
            class_names=class_names,
            notes=notes,
        )


class _Source(NamedTuple):
    """A graph, what errors call it, what its edges weigh, and which nodes its nodes become."""

    title: str
    graph: Graph
    weight: float
    places: np.ndarray


def _sources(graphs: Any, weights: Any, kind: type) -> list[_Source]:
    named = isinstance(graphs, Mapping)
    names = list(graphs) if named else list(range(len(graphs)))
    if not names:
        raise ValueError("graphs must be at least one, got none")
    if weights is None:
        weights = dict.fromkeys(names, 1.0)
    elif named != isinstance(weights, Mapping):
        form = "a dict by the names of the graphs" if named else "a sequence, one a graph"
        raise TypeError(f"weights must be {form}, got {weights!r}")
    elif not named:
        weights = dict(enumerate(weights))
    if set(weights) != set(names):
        raise ValueError(f"weights must be one for each of {names}, got them for {list(weights)}")
    for name in names:
        if not isinstance(graphs[name], kind):
            found = type(graphs[name]).__name__
            raise TypeError(f"graphs must hold graphs, got {found} at {name!r}")
    return [
        _Source(
            f"graph {name!r}",
            graphs[name],
            not_negative(f"weights[{name!r}]", weights[name]),
            np.arange(graphs[name].num_nodes),
        )
        for name in names
    ]


def _nodes(sources: list[_Source]) -> tuple[list[np.ndarray], np.ndarray | None, int]:
    """The node that each node of each graph becomes; the ids of all, and their number."""
    having = [source for source in sources if source.graph.ids is not None]
    if len(having) == len(sources):
        return _nodes_by_id(sources)
    first = (having or sources)[0]
    for source in sources:
        if source.graph.num_nodes != first.graph.num_nodes:
            raise ValueError(
                "graphs must have equally many nodes unless all have ids, got "
                f"{first.graph.num_nodes} in {first.title} and {source.graph.num_nodes} in "
                f"{source.title}"
            )
    for source in having:
        for node, pair in enumerate(zip(_ids(first), _ids(source), strict=True)):
            if pair[0] != pair[1]:
                raise ValueError(
                    "graphs must have the same ids where one has none, got "
                    f"{pair[0]!r} in {first.title} and {pair[1]!r} in {source.title} at node {node}"
                )
    return [source.places for source in sources], first.graph.ids, first.graph.num_nodes


def _nodes_by_id(sources: list[_Source]) -> tuple[list[np.ndarray], np.ndarray | None, int]:
    ids = [np.asarray(source.graph.ids) for source in sources]
    if all(np.array_equal(some, ids[0]) for some in ids[1:]):
        return [source.places for source in sources], ids[0], sources[0].places.size
    for source in sources:
        mine, firsts = (_kind(s.graph.ids) for s in (source, sources[0]))
        if mine != firsts:
            raise ValueError(
                "graphs must have ids of one type, got "
                f"{firsts} in {sources[0].title} and {mine} in {source.title}"
            )
    names = Names()
    places = [names.numbers_of(_ids(source)) for source in sources]
    return places, as_ids(names.listed()), len(names)


def _ids(source: _Source) -> list[Any]:
    ids = source.graph.ids
    return [] if ids is None else ids.tolist()


def _kind(ids: Any) -> str:
    """What ids are, in words: integers never equal strings."""
    return {"i": "integers", "u": "integers", "U": "strings"}.get(ids.dtype.kind, "others")


def _features(sources: list[_Source], ids: np.ndarray | None, count: int) -> dict[str, Feature]:
    """The features of all, a row a node."""
    found: dict[str, tuple[Feature, str]] = {}
    for title, graph, _, places in sources:
        if graph.features and places.size < count:
            lacking = np.delete(np.arange(count), places)
            name = int(lacking[0]) if ids is None else ids.tolist()[lacking[0]]
            raise ValueError(
                f"features must be given for each node, got none in {title} for "
                f"{counted(lacking.size, 'node')} such as {name!r}"
            )
        for name, value in graph.features.items():
            if not np.array_equal(places, np.arange(count)):
                order = np.argsort(places)
                value = value.take(order) if isinstance(value, ImageFiles) else value[order]
            if name in found and not _same(found[name][0], value):
                raise ValueError(
                    f"features[{name!r}] must be the same in each graph, got others in "
                    f"{found[name][1]} and {title}; give one of them another name"
                )
            found.setdefault(name, (value, title))
    return {name: value for name, (value, _) in found.items()}


def _same(one: Feature, other: Feature) -> bool:
    if one is other:
        return True
    if isinstance(one, ImageFiles):
        return one.same_as(other)
    if sparse.issparse(one) and sparse.issparse(other):
        return one.shape == other.shape and (one != other).nnz == 0
    return sparse.issparse(one) == sparse.issparse(other) and np.array_equal(one, other)


def _labels(sources: list[_Source], count: int) -> tuple[np.ndarray | None, tuple[str, ...] | None]:
    """The labels of all, missing where none knows any; and the names of the classes."""
    labeled = [source for source in sources if source.graph.labels is not None]
    if not labeled:
        return None, None
    first, merged = labeled[0], np.zeros(0)
    for source in labeled:
        labels = np.asarray(source.graph.labels)
        form = (labels.dtype.name, labels.shape[1:], source.graph.class_names)
        if source is first:
            expected, missing = form, np.nan if labels.dtype.kind == "f" else -1
            merged = np.full((count, *labels.shape[1:]), missing, labels.dtype)
        if form != expected:
            raise ValueError(
                "labels must be of one kind and have one set of class names, got "
                f"{expected} in {first.title} and {form} in {source.title}"
            )
        before = merged[source.places]
        clash = _known(before) & _known(labels) & (before != labels)
        if clash.any():
            row = np.argmax(clash.reshape(len(clash), -1).any(axis=1))
            raise ValueError(
                f"labels must not contradict each other, got {labels[row].tolist()} in "
                f"{source.title} and {before[row].tolist()} before it at node "
                f"{source.places[row]}"
            )
        merged[source.places] = np.where(_known(labels), labels, before)
    return merged, first.graph.class_names


def _known(labels: np.ndarray) -> np.ndarray:
    return ~np.isnan(labels) if labels.dtype.kind == "f" else labels >= 0


def _splits(sources: list[_Source]) -> dict[str, np.ndarray]:
    """The splits of all, by the nodes that theirs became."""
    found: dict[str, tuple[np.ndarray, str]] = {}
    for title, graph, _, places in sources:
        for name, nodes in graph.splits.items():
            placed = places[nodes]
            other, where = found.setdefault(name, (placed, title))
            if not np.array_equal(np.sort(placed), np.sort(other)):
                raise ValueError(
                    f"splits[{name!r}] must hold the same nodes in each graph, got others in "
                    f"{where} and {title}"
                )
    return {name: nodes for name, (nodes, _) in found.items()}
