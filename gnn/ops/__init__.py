"""Pure tensor functions: propagation, normalization, distances and the graph loss."""

from gnn.ops.distances import pairwise_distance
from gnn.ops.graph_loss import neighbor_distances
from gnn.ops.normalization import symmetric_propagate
from gnn.ops.propagate import Adjacency, propagate
from gnn.ops.sparse import sparse_matmul

__all__ = [
    "Adjacency",
    "neighbor_distances",
    "pairwise_distance",
    "propagate",
    "sparse_matmul",
    "symmetric_propagate",
]
