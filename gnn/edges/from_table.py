"""Edges from a pandas table."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.edges.checks import without_weight
from gnn.edges.edges import Edges
from gnn.edges.merging import merge_edges

if TYPE_CHECKING:
    import pandas as pd


def edges_from_table(
    edges: pd.DataFrame,
    ids: pd.Index,
    *,
    source: str = "source",
    target: str = "target",
    weight: str | None = "weight",
    merge: str = "sum",
    undirected: bool = False,
) -> Edges:
    """The rows of a pandas table as edges.

    Args:
      edges: a row an edge.
      ids: the names of the nodes, distinct.
      source: the column with the id of the sender.
      target: the column with the id of the receiver.
      weight: the column with the weight. Where there is no column "weight" (the default), and for
        None, all weights are 1.
      merge: as in `merge_edges`.
      undirected: as in `merge_edges`.

    Raises:
      KeyError: if a column named does not exist.
      TypeError: for weights that are no numbers.
      ValueError: for an edge with an unknown id; else as `merge_edges`.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"source": ["b"], "target": ["a"]})
    >>> edges_from_table(table, pd.Index(["a", "b"])).senders.tolist()
    [1]
    """
    import pandas

    ends: list[np.ndarray] = []
    for argument, name in (("source", source), ("target", target)):
        column = column_of(edges, "edges", argument, name)
        found = ids.get_indexer(pandas.Index(column))
        if (found < 0).any():
            row = int(np.argmax(found < 0))
            raise ValueError(
                f"{argument} must hold ids of nodes, got {column.tolist()[row]!r} at row {row}"
            )
        ends.append(found)
    weights: np.ndarray | None = None
    remarks: tuple[str, ...] = ()
    if weight is not None and weight in edges.columns:
        weights = numbers_of(edges[weight])
    elif weight is not None:
        others = edges.drop(columns=[source, target]).select_dtypes("number").columns
        remarks = without_weight("edges has no column", weight, list(others))
    found_edges = merge_edges(
        ends[0], ends[1], weights, merge=merge, undirected=undirected, num_nodes=len(ids)
    )
    report = dataclasses.replace(found_edges.report, remarks=remarks)
    return dataclasses.replace(found_edges, report=report)


def column_of(frame: pd.DataFrame, table: str, argument: str, name: Any) -> pd.Series:
    """A column that must be there.

    Raises:
      KeyError: if it is not; the columns there are are listed.

    >>> import pandas as pd
    >>> column_of(pd.DataFrame({"a": [1]}), "edges", "source", "a").tolist()
    [1]
    """
    if name not in frame.columns:
        raise KeyError(
            f"{argument}: {table} has no column {name!r}; its columns are {list(frame.columns)}"
        )
    return frame[name]


def numbers_of(column: pd.Series) -> np.ndarray:
    """Values of a numeric column with NaN for what is missing; any other column as it is.

    >>> import pandas as pd
    >>> numbers_of(pd.Series([1, None], dtype="Int64")).tolist()
    [1.0, nan]
    """
    from pandas.api.types import is_numeric_dtype

    gaps = is_numeric_dtype(column) and column.isna().any()
    return np.asarray(column.to_numpy(np.float64, na_value=np.nan) if gaps else column.to_numpy())
