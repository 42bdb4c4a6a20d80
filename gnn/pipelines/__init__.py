"""Edges and graphs of data that lie on a cluster, by Apache Spark.

The same configurations as on one machine, over DataFrames of whatever cluster there is. Needs the
extra `spark`, on the driver and on the executors, and Java 17.
"""

from __future__ import annotations

from gnn.pipelines.building import build_graph, build_neighbor_graph
from gnn.pipelines.graph_folders import write_graph
from gnn.pipelines.neighbor_edges import NeighborEdges, neighbor_edges
from gnn.pipelines.packed_records import write_packed_neighbors
from gnn.pipelines.session_edges import session_edges

__all__ = [
    "NeighborEdges",
    "build_graph",
    "build_neighbor_graph",
    "neighbor_edges",
    "session_edges",
    "write_graph",
    "write_packed_neighbors",
]
