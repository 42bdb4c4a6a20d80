"""Splits of a graph's nodes: drawn at random from a seed, or by time."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.configs.arguments import check_count

if TYPE_CHECKING:  # `Graph.info` names splits that overlap.
    from gnn.graphs.graph import Graph


def random_split(graph: Graph, parts: Mapping[str, float], *, seed: int = 0) -> Graph:
    """Splits the nodes at random.

    Takes every node of a graph without labels, and the labeled ones (not -1, not NaN) of one
    with labels, since a split's nodes are trained or judged on their labels.

    Args:
      graph: the graph; its own splits are replaced.
      parts: name -> size: either all fractions (floats; of all nodes that can be taken, rounded so
        that fractions that sum to 1 take every node) or all counts (integers).
      seed: of `np.random.default_rng`. One seed gives the same order of nodes for any sizes, so
        a first part of 10% lies within a first part of 20%.

    Returns:
      The graph with these splits, disjoint, each sorted by node.

    Raises:
      TypeError: if the sizes are not all floats or all integers.
      ValueError: if a size is negative or not finite, if together they ask for too many nodes, or
        if all labels are missing.

    >>> from gnn.graphs.graph import Graph
    >>> graph = random_split(Graph.from_edges([], [], num_nodes=5), {"train": 0.8, "test": 0.2})
    >>> {name: nodes.size for name, nodes in graph.splits.items()}
    {'train': 4, 'test': 1}
    """
    nodes = np.random.default_rng(seed).permutation(_labeled(graph))
    ends = np.cumsum(_sizes(parts, nodes.size))
    pieces = np.split(nodes, ends)[: len(parts)]
    return _with_splits(graph, dict(zip(parts, pieces, strict=True)))


def time_split(graph: Graph, times: Any, parts: Mapping[str, float]) -> Graph:
    """Splits the nodes by their times, the oldest first.

    So a model is judged on what came after all that it has learned from. It takes the nodes that
    `random_split` takes. Nodes of equal time stay in the order of the graph; one without a time
    comes before all others.

    Args:
      graph: the graph; its own splits are replaced.
      times: numbers `[num_nodes]`, such as seconds since 1970; NaN where there is none.
      parts: name -> size, as in `random_split`, in the order of time.

    Returns:
      The graph with these splits, disjoint, each sorted by node.

    Raises:
      TypeError: as `random_split`.
      ValueError: as `random_split`, or there is not one time a node, or no labeled node has one.

    >>> from gnn.graphs.graph import Graph
    >>> graph = Graph.from_edges([], [], num_nodes=4)
    >>> parts = {"train": 0.5, "validation": 0.25, "test": 0.25}
    >>> graph = time_split(graph, [5, 9, np.nan, 7], parts)
    >>> {name: nodes.tolist() for name, nodes in graph.splits.items()}
    {'train': [0, 2], 'validation': [3], 'test': [1]}
    """
    seconds = np.asarray(times, np.float64)
    if seconds.shape != (graph.num_nodes,):
        raise ValueError(
            f"times must be one a node, {graph.num_nodes}, got the shape {list(seconds.shape)}"
        )
    nodes = _labeled(graph)
    if np.isnan(seconds[nodes]).all():
        raise ValueError(f"times must be known of some node, got none of {nodes.size} nodes")
    nodes = nodes[np.argsort(np.nan_to_num(seconds[nodes], nan=-np.inf), kind="stable")]
    pieces = np.split(nodes, np.cumsum(_sizes(parts, nodes.size)))[: len(parts)]
    return _with_splits(graph, dict(zip(parts, pieces, strict=True)))


def labels_per_class(
    graph: Graph,
    per_class: int,
    *,
    validation: int = 0,
    test: int | None = None,
    seed: int = 0,
) -> Graph:
    """Draws as many training nodes from each class, then validation and test nodes from the rest.

    The split of the citation graphs (Yang et al. 2016, "Revisiting Semi-Supervised Learning with
    Graph Embeddings", section 4; there 20 a class, 500 and 1,000), drawn anew. Unlabeled nodes
    are in no split.

    Args:
      graph: a graph with one integer label a node; its own splits are replaced.
      per_class: the number of training nodes of each class that occurs, at least 1.
      validation: the number of nodes of the split "validation".
      test: the number of nodes of the split "test"; None takes all labeled nodes left.
      seed: of `np.random.default_rng`. One seed with more nodes a class adds to those of fewer.

    Returns:
      The graph with the splits "train", "validation" and "test", disjoint, each sorted by node.

    Raises:
      TypeError: if a number of nodes is no integer, or the labels are not one integer a node.
      ValueError: if a class has too few nodes, or a number is out of range or too large.

    >>> from gnn.graphs.graph import Graph
    >>> graph = Graph.from_edges([], [], labels=[0, 0, 0, 1, 1, -1])
    >>> graph = labels_per_class(graph, 1, validation=1)
    >>> {name: nodes.size for name, nodes in graph.splits.items()}
    {'train': 2, 'validation': 1, 'test': 2}
    """
    labels = graph.labels
    if labels is None or labels.ndim != 1 or labels.dtype.kind != "i":
        got = "none" if labels is None else f"{labels.dtype} of shape {labels.shape}"
        raise TypeError(f"graph.labels must be one integer a node, got {got}")
    per_class = check_count("per_class", per_class)
    nodes = np.random.default_rng(seed).permutation(_labeled(graph))
    classes, counts = np.unique(labels[nodes], return_counts=True)
    if counts.min() < per_class:
        k = classes[np.argmin(counts)]
        name = k if graph.class_names is None else repr(graph.class_names[k])
        raise ValueError(
            f"per_class must be at most the number of nodes of each class, got {per_class}; "
            f"class {name} has {counts.min()}"
        )
    # By class and, within it, in the order drawn: a node's rank in its class.
    order = np.argsort(labels[nodes], kind="stable")
    rank = np.empty(nodes.size, np.int64)
    rank[order] = np.arange(nodes.size) - np.repeat(np.cumsum(counts) - counts, counts)
    rest = nodes[rank >= per_class]
    validation = check_count("validation", validation, 0)
    test = max(rest.size - validation, 0) if test is None else check_count("test", test, 0)
    if validation + test > rest.size:
        raise ValueError(
            f"validation and test must be at most the {rest.size} labeled nodes that training "
            f"leaves, got {validation} and {test}"
        )
    return _with_splits(
        graph,
        {
            "train": nodes[rank < per_class],
            "validation": rest[:validation],
            "test": rest[validation : validation + test],
        },
    )


def is_labeled(labels: np.ndarray) -> np.ndarray:
    """Which rows are labels, and not missing, as a bool `[n]`.

    Missing are -1 in integers and NaN in floats; of several columns, a row that has one.

    >>> is_labeled(np.array([0, -1, 2])).tolist()
    [True, False, True]
    """
    rows = labels.reshape(len(labels), -1)
    known = ~np.isnan(rows) if rows.dtype.kind == "f" else rows != -1
    return known.all(axis=1)


def split_overlaps(splits: Mapping[str, np.ndarray]) -> dict[tuple[str, str], np.ndarray]:
    """The nodes that two splits have in common, by the splits' names; pairs without are left out.

    >>> found = split_overlaps({"train": np.array([0, 1]), "test": np.array([1, 2])})
    >>> {names: nodes.tolist() for names, nodes in found.items()}
    {('train', 'test'): [1]}
    """
    pairs = itertools.combinations(splits, 2)
    found = {(a, b): np.intersect1d(splits[a], splits[b]) for a, b in pairs}
    return {names: nodes for names, nodes in found.items() if nodes.size}


def check_apart(splits: Mapping[str, np.ndarray], trained: str, judged: Sequence[str]) -> None:
    """Raises where nodes that are trained on are judged too: their figures say nothing.

    Args:
      splits: name -> nodes.
      trained: the split that is trained on.
      judged: the splits that are judged, as far as there are such.

    Raises:
      ValueError: as said; the splits, how many nodes, and the first of them are named.

    >>> check_apart({"train": np.array([0]), "test": np.array([1])}, "train", ["test"])
    """
    for name in judged:
        both = {key: splits[key] for key in (trained, name) if key in splits}
        for nodes in split_overlaps(both).values():
            shown = ", ".join(map(str, nodes[:5].tolist())) + (", ..." if nodes.size > 5 else "")
            raise ValueError(
                f"the splits {trained!r} and {name!r} must have no nodes in common, for one is "
                f"trained on and the other judged; {nodes.size} are in both: {shown}"
            )


def _labeled(graph: Graph) -> np.ndarray:
    """The nodes that a split can take."""
    if graph.labels is None:
        return np.arange(graph.num_nodes)
    nodes = np.flatnonzero(is_labeled(graph.labels))
    if not nodes.size:
        raise ValueError(f"graph must have labeled nodes, got none among {graph.num_nodes}")
    return nodes


def _with_splits(graph: Graph, splits: Mapping[str, np.ndarray]) -> Graph:
    return dataclasses.replace(graph, splits={k: np.sort(v) for k, v in splits.items()})


def _sizes(parts: Mapping[str, float], available: int) -> list[int]:
    """The number of nodes of each part."""
    sizes = list(parts.values())
    if sizes and all(isinstance(size, (float, np.floating)) for size in sizes):
        if not all(0 <= size <= 1 for size in sizes) or sum(sizes) > 1 + 1e-9:
            raise ValueError(f"parts must be fractions that sum to at most 1, got {dict(parts)}")
        # Rounding the ends, not the sizes, leaves no node over where the fractions sum to 1.
        ends = [int(end * available + 0.5) for end in np.cumsum(sizes)]
        return np.diff(ends, prepend=0).tolist()
    if any(isinstance(size, (float, np.floating)) for size in sizes):
        raise TypeError(f"parts must be all fractions or all counts, got {dict(parts)}")
    counts = [check_count(f"parts[{name!r}]", size, 0) for name, size in parts.items()]
    if sum(counts) > available:
        raise ValueError(
            f"parts must take at most the {available} nodes that there are (labeled ones, where "
            f"the graph has labels), got {dict(parts)}"
        )
    return counts
