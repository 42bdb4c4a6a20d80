"""Graphs from edge lists, SciPy and NetworkX: the constructors that `Graph` binds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from gnn.graphs.node_values import is_missing, stack

if TYPE_CHECKING:
    import networkx as nx

    from gnn.graphs.graph import Graph


def from_edges(  # noqa: D417
    cls: type[Graph],
    /,
    senders: ArrayLike,
    receivers: ArrayLike,
    features: Any = None,
    weights: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    splits: Mapping[str, ArrayLike] | None = None,
    ids: Sequence[Any] | np.ndarray | None = None,
    undirected: bool = False,
    *,
    num_nodes: int | None = None,
    class_names: Sequence[str] | None = None,
) -> Graph:
    """Makes a graph from two arrays of node indices.

    Args:
      senders: integers `[num_edges]`, the node each edge comes from.
      receivers: integers `[num_edges]`, the node each edge goes to.
      features: a dict of arrays, or one array or sparse matrix, which is named `"features"`.
      weights: `[num_edges]`; None gives ones.
      labels: as in `Graph`, and so are splits, ids, num_nodes and class_names.
      splits: name -> indices of nodes, or a boolean mask of them.
      ids: a distinct name a node.
      undirected: add the reverse of each edge, after all the edges given and in their order.
        A self loop is its own reverse and is not doubled. Nothing is merged: give each edge once.
      num_nodes: the number of nodes, where features, labels and ids do not tell.
      class_names: the name of each class.

    Returns:
      The graph.

    Raises:
      TypeError: as in `Graph`.
      ValueError: as in `Graph`.

    >>> from gnn.graphs.graph import Graph
    >>> graph = Graph.from_edges([0, 1], [1, 1], weights=[2, 5], undirected=True)
    >>> graph.senders.tolist(), graph.receivers.tolist(), graph.weights.tolist()
    ([0, 1, 1], [1, 1, 0], [2.0, 5.0, 2.0])
    """
    if features is None:
        features = {}
    elif not isinstance(features, Mapping):
        features = {"features": features}
    fields: dict[str, Any] = {
        "features": features,
        "senders": senders,
        "receivers": receivers,
        "weights": weights,
        "labels": labels,
        "splits": splits,
        "ids": ids,
        "num_nodes": num_nodes,
        "class_names": class_names,
    }
    graph = cls(**fields)
    if not undirected:
        return graph
    turned = graph.senders != graph.receivers
    return dataclasses.replace(
        graph,
        senders=np.concatenate([graph.senders, graph.receivers[turned]]),
        receivers=np.concatenate([graph.receivers, graph.senders[turned]]),
        weights=np.concatenate([graph.weights, graph.weights[turned]]),
    )


def from_edge_index(  # noqa: D417
    cls: type[Graph], /, edge_index: ArrayLike, features: Any = None, **options: Any
) -> Graph:
    """Makes a graph from one `[2, num_edges]` array, as PyTorch Geometric holds edges.

    Args:
      edge_index: integers `[2, num_edges]`; row 0 the senders, row 1 the receivers.
      features: as in `Graph.from_edges`.
      **options: any other argument of `Graph.from_edges`: weights, labels, splits, ids,
        undirected, num_nodes, class_names.

    Returns:
      The graph.

    Raises:
      TypeError: as in `Graph`.
      ValueError: if the shape is not `[2, num_edges]`; else as in `Graph`.

    >>> from gnn.graphs.graph import Graph
    >>> Graph.from_edge_index([[0, 1], [1, 2]], labels=[0, 0, 1]).receivers.tolist()
    [1, 2]
    """
    pair = np.asarray(edge_index)
    if pair.ndim != 2 or pair.shape[0] != 2:
        raise ValueError(f"edge_index must have shape [2, num_edges], got {pair.shape}")
    return cls.from_edges(pair[0], pair[1], features, **options)


def from_scipy(  # noqa: D417
    cls: type[Graph], /, adjacency: Any, features: Any = None, **options: Any
) -> Graph:
    """Makes a graph from an adjacency matrix; entry `A[i, j]` is an edge from i to j.

    So row i holds the edges that node i sends, as in NetworkX and PyTorch Geometric, and the
    entry is the edge's weight. Edges come in order of sender, then receiver; entries stored
    twice are added up, as SciPy means them; a stored zero is an edge of weight 0.

    Args:
      adjacency: `[num_nodes, num_nodes]` SciPy sparse matrix or array of any format, or an array.
      features: as in `Graph.from_edges`.
      **options: any of labels, splits, ids, undirected, class_names of `Graph.from_edges`. Leave
        undirected False for a matrix that is symmetric; True suits one that holds a triangle.

    Returns:
      The graph.

    Raises:
      TypeError: as in `Graph`.
      ValueError: if the matrix is not square; else as in `Graph`.

    >>> from gnn.graphs.graph import Graph
    >>> graph = Graph.from_scipy(np.array([[0, 2], [0, 0]]))
    >>> graph.senders.tolist(), graph.receivers.tolist(), graph.weights.tolist()
    ([0], [1], [2.0])
    """
    shape = np.shape(adjacency)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"adjacency must be square, got shape {shape}")
    matrix = sparse.csr_array(adjacency)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()  # It may share its arrays with the caller's matrix.
        matrix.sum_duplicates()
    edges = matrix.tocoo()
    return cls.from_edges(
        edges.row, edges.col, features, weights=edges.data, num_nodes=shape[0], **options
    )


def from_networkx(  # noqa: D417
    cls: type[Graph],
    /,
    graph: nx.Graph,
    features: str | Sequence[str] | None = None,
    *,
    label: str | None = None,
    weight: str | None = "weight",
) -> Graph:
    """Makes a graph from a NetworkX graph; its nodes, in their order, become the ids.

    An undirected graph gives each edge in both directions, self loops once; parallel edges of a
    multigraph stay apart.

    Args:
      graph: a NetworkX graph of any of the four classes.
      features: names of node attributes; each becomes a feature of that name, its values (numbers
        or arrays of one shape) stacked. None takes none.
      label: the node attribute with the label: an integer, a float or a string. A node without
        it, or with None, is unlabeled.
      weight: the edge attribute with the weight, 1 where an edge has none; None gives ones.

    Returns:
      The graph.

    Raises:
      KeyError: if a node lacks a feature, or all nodes lack the label.
      ValueError: if a feature's values differ in shape; else as in `Graph`.
      TypeError: as in `Graph`.

    >>> import networkx as nx
    >>> from gnn.graphs.graph import Graph
    >>> source = nx.Graph()
    >>> source.add_edge("a", "b", weight=2)
    >>> graph = Graph.from_networkx(source)
    >>> graph.ids.tolist(), graph.senders.tolist(), graph.receivers.tolist()
    (['a', 'b'], [0, 1], [1, 0])
    """
    nodes = dict(graph.nodes(data=True))
    names = [features] if isinstance(features, str) else list(features or ())
    for name in names:
        lacking = next((node for node, data in nodes.items() if name not in data), None)
        if lacking is not None:
            raise KeyError(f"features: node {lacking!r} has no attribute {name!r}")
    if label is not None and not any(label in data for data in nodes.values()):
        raise KeyError(f"label: no node has the attribute {label!r}")
    index = {node: i for i, node in enumerate(nodes)}
    edges = list(graph.edges(data=weight, default=1) if weight is not None else graph.edges())
    return cls.from_edges(
        np.fromiter((index[edge[0]] for edge in edges), np.int64, len(edges)),
        np.fromiter((index[edge[1]] for edge in edges), np.int64, len(edges)),
        {name: stack(name, [data[name] for data in nodes.values()]) for name in names},
        weights=None if weight is None else [edge[2] for edge in edges],
        labels=None if label is None else [data.get(label) for data in nodes.values()],
        ids=list(nodes),
        undirected=not graph.is_directed(),
    )


def to_networkx(graph: Graph, *, label: str = "label", weight: str = "weight") -> nx.DiGraph:
    """Gives the graph to NetworkX, so that `from_networkx` can read it again.

    Nodes are named by their ids, or numbered where there are none. Each feature is a node
    attribute under its own name, holding the node's row (sparse ones dense). Parallel edges
    become one edge whose weight is their sum.

    Args:
      graph: the graph.
      label: the node attribute for the label: the class name where the graph has names, else the
        class number, target or row. An unlabeled node has no such attribute.
      weight: the edge attribute for the weight.

    Returns:
      A directed graph, its nodes in the order of this one.

    Raises:
      ImportError: if NetworkX is not installed.
      ValueError: if a feature is named as `label` is.

    >>> from gnn.graphs.graph import Graph
    >>> Graph.from_edges([0], [1], weights=[3], ids=["a", "b"]).to_networkx().edges(data=True)
    OutEdgeDataView([('a', 'b', {'weight': 3.0})])
    """
    try:
        import networkx
    except ImportError as error:
        raise ImportError("to_networkx needs NetworkX: pip install gnn[dev]") from error
    if graph.labels is not None and label in graph.features:
        raise ValueError(f"label must differ from the names of the features, got {label!r}")
    nodes = range(graph.num_nodes) if graph.ids is None else graph.ids.tolist()
    result = networkx.DiGraph()
    result.add_nodes_from(nodes)
    for name, value in graph.features.items():
        rows = value if isinstance(value, np.ndarray) else value.toarray()
        networkx.set_node_attributes(result, dict(zip(nodes, rows, strict=True)), name)
    if graph.labels is not None:
        real = graph.labels.dtype.kind == "f"
        pairs = zip(nodes, graph.labels.tolist(), strict=True)
        labels = {k: v for k, v in pairs if (not is_missing(v) if real else v != -1)}
        if graph.class_names is not None and graph.labels.ndim == 1:
            labels = {node: graph.class_names[k] for node, k in labels.items()}
        networkx.set_node_attributes(result, labels, label)
    shape = (graph.num_nodes, graph.num_nodes)
    ends = (graph.senders, graph.receivers)
    edges = sparse.csr_array((graph.weights, ends), shape=shape).tocoo()
    triples = zip(edges.row.tolist(), edges.col.tolist(), edges.data.tolist(), strict=True)
    result.add_weighted_edges_from(((nodes[i], nodes[j], w) for i, j, w in triples), weight=weight)
    return result
