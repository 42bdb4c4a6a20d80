"""Graphs in memory and in files: the `Graph` itself, sessions, padding, splits, parts."""

from gnn.graphs.cooccurrence import co_occurrence
from gnn.graphs.graph import Graph
from gnn.graphs.graph_files import open_graph, write_graph
from gnn.graphs.graph_writer import GraphWriter
from gnn.graphs.padding import PaddingSizes
from gnn.graphs.partition import PartitionQuality, partition, partition_quality
from gnn.graphs.propagated_features import propagate_features
from gnn.graphs.splits import labels_per_class, random_split

__all__ = [
    "Graph",
    "GraphWriter",
    "PaddingSizes",
    "PartitionQuality",
    "co_occurrence",
    "labels_per_class",
    "open_graph",
    "partition",
    "partition_quality",
    "propagate_features",
    "random_split",
    "write_graph",
]
