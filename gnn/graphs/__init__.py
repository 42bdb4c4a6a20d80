"""Graphs in memory: the `Graph` itself, edges from sessions, padding and splits."""

from gnn.graphs.cooccurrence import co_occurrence as co_occurrence
from gnn.graphs.graph import Graph as Graph
from gnn.graphs.padding import PaddingSizes as PaddingSizes
from gnn.graphs.splits import labels_per_class as labels_per_class
from gnn.graphs.splits import random_split as random_split
