"""A graph from one table in memory, by what its columns are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gnn.configs.sessions import SessionGraphConfig
from gnn.datasets.folder_edges import EdgeColumns, read_edges
from gnn.datasets.node_numbers import NodeNumbers
from gnn.datasets.node_tables import read_nodes
from gnn.datasets.table_roles import role_of
from gnn.edges.merging import merge_edges
from gnn.edges.missing import as_na_values
from gnn.graphs.graph import Graph
from gnn.tables.memory_tables import memory_table, read_often


def graph_of_table(value: Any, *, undirected: bool = True, merge: str = "sum") -> Graph:
    """Reads a table of edges, of nodes, or a log.

    Args:
      value: what `gnn.tables.memory_tables.memory_table` takes: pandas, Polars, DuckDB, Arrow, a
        dict of columns.
      undirected: of edges, whether the reverse of each is added.
      merge: of edges, what becomes of repeats.

    Raises:
      ValueError: its columns are none of these, or as `gnn.datasets.from_folder`.

    >>> graph = graph_of_table({"src": ["a", "b"], "dst": ["b", "c"]})
    >>> graph.ids.tolist(), graph.senders.tolist()
    (['a', 'b', 'c'], [0, 1, 1, 2])
    """
    value = read_often(value)
    table = memory_table(value)
    role = role_of(Path(), table.header, SessionGraphConfig())
    if role == "sessions":
        return Graph.from_sessions(value, config=SessionGraphConfig(), missing="drop")
    if role == "edges":
        numbers = NodeNumbers()
        *listed, _ = read_edges(table, EdgeColumns(), numbers, False, as_na_values(None))
        table.problems.warn(stacklevel=3)
        ids = numbers.names.array()
        edges = merge_edges(*listed, merge=merge, undirected=undirected, num_nodes=len(ids))
        notes = {"edges": text} if (text := edges.report.text()) else {}
        return Graph(
            senders=edges.senders,
            receivers=edges.receivers,
            weights=edges.weights,
            ids=ids,
            features={},
            notes=notes,
        )
    if role != "nodes":
        raise ValueError(
            "the table has neither two ends of edges, nor a session and an item, nor an id and "
            f"features; it has the columns {table.header[:20]}"
        )
    nodes = read_nodes(value)
    nothing = np.zeros(0, np.int32)
    return Graph(
        senders=nothing,
        receivers=nothing,
        features=nodes.features,
        labels=nodes.labels,
        splits=nodes.splits,
        ids=nodes.names.array(),
        class_names=nodes.columns.class_names,
    )
