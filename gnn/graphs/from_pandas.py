"""Graphs from pandas tables: the constructor that `Graph.from_pandas` binds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.graphs.node_values import stack

if TYPE_CHECKING:
    import pandas as pd

    from gnn.graphs.graph import Graph


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
        parts.append(stack(name, part.tolist()) if part.dtype == object else part)
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
