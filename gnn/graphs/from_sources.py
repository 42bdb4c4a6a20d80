"""Graphs from edge lists, SciPy, NetworkX and pandas: the constructors that `Graph` binds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

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
        {name: _stack(name, [data[name] for data in nodes.values()]) for name in names},
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


def from_pandas(  # noqa: D417
    cls: type[Graph],
    /,
    nodes: pd.DataFrame,
    edges: pd.DataFrame,
    *,
    id: str | None = None,
    source: str = "source",
    target: str = "target",
    weight: str | None = "weight",
    features: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
    label: str | None = None,
    split: str | None = None,
    undirected: bool = False,
) -> Graph:
    """Makes a graph from a table of nodes and a table of edges.

    Args:
      nodes: a row a node, in the order of the nodes.
      edges: a row an edge.
      id: the column of `nodes` with the ids; None takes the index of `nodes`.
      source: the column of `edges` with the id of the sender.
      target: the column of `edges` with the id of the receiver.
      weight: the column of `edges` with the weight. Where `edges` has no column "weight" (the
        default), and for None, all weights are 1.
      features: None stacks all numeric and boolean columns that are not id, label or split into
        one float32 feature `"features"`. A list of columns stacks these under that name, with
        the dtype they have in common. A dict of name -> columns makes several such features;
        name -> one column (no list) takes it as it is: `[n]` numbers or strings, or, where its
        cells hold arrays of one shape, `[n, ...]`.
      label: the column of `nodes` with the label. Strings become positions in the sorted
        `class_names`. Missing values are unlabeled; whole numbers, which pandas turns to floats
        where some are missing, become integers again. Other floats are targets of a regression.
      split: the column of `nodes` that names each node's split; missing is in none.
      undirected: add the reverse of each edge, as in `Graph.from_edges`.

    Returns:
      The graph.

    Raises:
      ImportError: if pandas is not installed.
      KeyError: if a column named does not exist.
      TypeError: for a table that is no DataFrame, or a column of a dtype that does not suit.
      ValueError: for an id that is missing or not unique, an edge with an unknown id, or a
        missing value in a feature; else as in `Graph`.

    >>> import pandas as pd
    >>> from gnn.graphs.graph import Graph
    >>> nodes = pd.DataFrame({"name": ["a", "b"], "size": [1, 2], "kind": ["dog", "cat"]})
    >>> edges = pd.DataFrame({"source": ["a"], "target": ["b"]})
    >>> graph = Graph.from_pandas(nodes, edges, id="name", label="kind")
    >>> graph.features["features"].tolist(), graph.labels.tolist(), graph.class_names
    ([[1.0], [2.0]], [1, 0], ('cat', 'dog'))
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError("from_pandas needs pandas: pip install gnn[dev]") from error
    for name, table in (("nodes", nodes), ("edges", edges)):
        if not isinstance(table, pandas.DataFrame):
            raise TypeError(f"{name} must be a pandas DataFrame, got {type(table).__name__}")
    ids = pandas.Index(nodes.index if id is None else _column(nodes, "nodes", "id", id))
    if ids.hasnans:
        raise ValueError(f"id must be given for each node, got none at row {ids.isna().argmax()}")
    if not ids.is_unique:
        twice = ids[ids.duplicated()].tolist()[0]
        raise ValueError(f"id must be unique, got {twice!r} more than once")
    ends: list[np.ndarray] = []
    for argument, name in (("source", source), ("target", target)):
        column = _column(edges, "edges", argument, name)
        found = ids.get_indexer(pandas.Index(column))
        if (found < 0).any():
            row = int(np.argmax(found < 0))
            raise ValueError(
                f"{argument} must hold ids of nodes, got {column.tolist()[row]!r} at row {row}"
            )
        ends.append(found)
    weights = None
    if weight is not None and (weight != "weight" or weight in edges.columns):
        weights = _numbers(_column(edges, "edges", "weight", weight))
    if features is None:
        others = nodes.drop(columns=[c for c in (id, label, split) if c in nodes.columns])
        names = others.select_dtypes(["number", "bool"], exclude="timedelta").columns
        data = {"features": _feature(nodes, "features", list(names))} if len(names) else {}
        data = {name: value.astype(np.float32) for name, value in data.items()}
    else:
        chosen = features if isinstance(features, Mapping) else {"features": features}
        data = {name: _feature(nodes, name, columns) for name, columns in chosen.items()}
    splits = None
    if split is not None:
        codes, names = pandas.factorize(_column(nodes, "nodes", "split", split))
        splits = {str(name): np.flatnonzero(codes == k) for k, name in enumerate(names)}
    return cls.from_edges(
        ends[0],
        ends[1],
        data,
        weights=weights,
        labels=None if label is None else _labels(_column(nodes, "nodes", "label", label)),
        splits=splits,
        ids=ids.tolist(),
        undirected=undirected,
    )


def _column(frame: pd.DataFrame, table: str, argument: str, name: Any) -> pd.Series:
    """A column that must be there."""
    if name not in frame.columns:
        raise KeyError(
            f"{argument}: {table} has no column {name!r}; its columns are {list(frame.columns)}"
        )
    return frame[name]


def _numbers(column: pd.Series) -> np.ndarray:
    """Values of a numeric column with NaN for what is missing; any other column as it is."""
    from pandas.api.types import is_numeric_dtype

    gaps = is_numeric_dtype(column) and column.isna().any()
    return np.asarray(column.to_numpy(np.float64, na_value=np.nan) if gaps else column.to_numpy())


def _feature(nodes: pd.DataFrame, name: str, columns: str | Sequence[str]) -> np.ndarray:
    """One column as it is, or several side by side."""
    parts = []
    for label in [columns] if isinstance(columns, str) else columns:
        column = _column(nodes, "nodes", f"features[{name!r}]", label)
        if column.isna().any():
            row = int(np.argmax(column.isna()))
            raise ValueError(f"features[{name!r}]: column {label!r} has no value at row {row}")
        part = column.to_numpy()
        parts.append(_stack(name, part.tolist()) if part.dtype == object else part)
        if not isinstance(columns, str) and parts[-1].dtype.kind in "OSU":
            raise TypeError(
                f"features[{name!r}]: columns in a list must be numeric, got {column.dtype} in "
                f"{label!r}; give it a name of its own"
            )
    return parts[0] if isinstance(columns, str) else np.column_stack(parts)


def _labels(column: pd.Series) -> Any:
    """Labels as `Graph` takes them."""
    from pandas.api.types import is_float_dtype, is_numeric_dtype

    missing = column.isna().to_numpy()
    if not is_numeric_dtype(column):
        return column.astype(object).where(~missing, None).tolist()
    values = _numbers(column)
    whole = missing.any() and np.all(values[~missing] % 1 == 0)
    if is_float_dtype(column) and not whole:
        return values
    return np.where(missing, -1, values).astype(np.int64)


def _stack(name: str, values: Sequence[Any]) -> np.ndarray:
    """Stacks one value a node, all of one shape."""
    shapes = [np.shape(value) for value in values]
    odd = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), None)
    if odd is not None:
        raise ValueError(
            f"features[{name!r}] must have one shape at all nodes, got {shapes[0]} at node 0 and "
            f"{shapes[odd]} at node {odd}"
        )
    return np.asarray(values)


def as_ids(ids: Any) -> np.ndarray:
    """Ids as a vector of distinct strings, integers, or objects where they are neither."""
    if isinstance(ids, np.ndarray):
        array = ids
    else:
        values = list(ids)
        kinds = {str if isinstance(v, str) else type(v) for v in values}
        plain = len(kinds) == 1 and issubclass(kinds.pop(), (str, int, np.integer))
        # From a list of tuples NumPy would make a matrix, from mixed types strings.
        array = np.asarray(values) if plain else np.fromiter(values, object, len(values))
    if array.ndim != 1:
        raise ValueError(f"ids must have rank 1, got shape {array.shape}")
    values = array.tolist()
    if len(set(values)) < len(values):
        seen: set[Any] = set()
        twice = next(v for v in values if v in seen or seen.add(v))  # type: ignore[func-returns-value]
        raise ValueError(f"ids must be distinct, got {twice!r} more than once")
    return array


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: None, NaN, or the NA of pandas."""
    try:
        return value is None or bool(value != value)
    except TypeError:  # The NA of pandas is neither true nor false.
        return True
    except ValueError:  # An array has no one truth.
        return False


def encode_labels(
    values: Sequence[Any], names: tuple[str, ...] | None
) -> tuple[np.ndarray, tuple[str, ...] | None]:
    """Strings to positions in the class names, numbers to an array; a missing one to -1 or NaN.

    Without names, the strings found are the names, sorted.
    """
    missing = [is_missing(value) for value in values]
    present = [value for value, none in zip(values, missing, strict=True) if not none]
    if all(isinstance(value, (int, float, np.number, np.bool_)) for value in present):
        real = any(isinstance(value, (float, np.floating)) for value in present)
        gap = np.nan if real else -1
        return np.asarray([gap if m else v for v, m in zip(values, missing, strict=True)]), names
    strange = next((value for value in present if not isinstance(value, str)), None)
    if strange is not None:
        raise TypeError(f"labels must be all strings or all numbers, got {strange!r} too")
    names = tuple(sorted(set(present))) if names is None else names
    classes = {name: k for k, name in enumerate(names)}
    unknown = next((value for value in present if value not in classes), None)
    if unknown is not None:
        raise ValueError(f"labels must be among class_names {names}, got {unknown!r}")
    codes = [-1 if m else classes[v] for v, m in zip(values, missing, strict=True)]
    return np.asarray(codes), names
