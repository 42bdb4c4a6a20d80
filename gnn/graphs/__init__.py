"""Graphs in memory: the `Graph` itself, edges from sessions, padding and splits."""

from gnn.graphs.cooccurrence import co_occurrence
from gnn.graphs.graph import Graph
from gnn.graphs.padding import PaddingSizes
from gnn.graphs.splits import labels_per_class, random_split

__all__ = [
    "Graph",
    "PaddingSizes",
    "co_occurrence",
    "labels_per_class",
    "random_split",
]
