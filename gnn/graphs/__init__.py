"""Graphs in memory and in files: the `Graph` itself, sessions, padding, splits, parts."""

from gnn.edges.decay import decayed_weights
from gnn.edges.sessions.co_occurrence import co_occurrence
from gnn.graphs.batch.padding import PaddingSizes
from gnn.graphs.graph import Graph
from gnn.graphs.homophily import homophily
from gnn.graphs.image_check import ImageCheck
from gnn.graphs.image_files import ImageFiles
from gnn.graphs.known_labels import known_labels
from gnn.graphs.noise import add_wrong_edges
from gnn.graphs.partitioning.partition import PartitionQuality, partition, partition_quality
from gnn.graphs.propagated_features import propagate_features
from gnn.graphs.splits import labels_per_class, random_split, time_split
from gnn.graphs.storage.graph_files import open_graph, write_graph
from gnn.graphs.storage.graph_writer import GraphWriter

__all__ = [
    "Graph",
    "GraphWriter",
    "ImageCheck",
    "ImageFiles",
    "PaddingSizes",
    "PartitionQuality",
    "add_wrong_edges",
    "co_occurrence",
    "decayed_weights",
    "homophily",
    "known_labels",
    "labels_per_class",
    "open_graph",
    "partition",
    "partition_quality",
    "propagate_features",
    "random_split",
    "time_split",
    "write_graph",
]
