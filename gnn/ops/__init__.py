"""Pure tensor functions: propagation, attention, pooling, distances, the graph loss, images."""

from gnn.ops.adjacency import Adjacency
from gnn.ops.adversarial import adversarial_neighbors
from gnn.ops.agreement import aggregate_pairs, belief_agreement, joint_belief, log_beliefs
from gnn.ops.attention import neighbor_softmax
from gnn.ops.class_draws import draw_classes, running_totals
from gnn.ops.consistency import consistency_loss
from gnn.ops.contrast import class_spread, edge_trust, random_distances, uniformity
from gnn.ops.distances import pairwise_distance
from gnn.ops.equiangular import equiangular_vectors
from gnn.ops.graph_loss import labeled_neighbor_distances, neighbor_distances
from gnn.ops.images import decode_image, decode_images, read_images
from gnn.ops.normalization import symmetric_adjacency, symmetric_propagate
from gnn.ops.propagate import propagate
from gnn.ops.row_updates import sum_equal_rows, update_rows
from gnn.ops.sampled_edges import sampling_scale, standing_for_all
from gnn.ops.sampled_softmax import label_weights, sampled_softmax_losses
from gnn.ops.segment import pool_components
from gnn.ops.sparse import sparse_matmul
from gnn.ops.virtual_adversarial import virtual_adversarial_neighbors

__all__ = [
    "Adjacency",
    "adversarial_neighbors",
    "aggregate_pairs",
    "belief_agreement",
    "class_spread",
    "consistency_loss",
    "decode_image",
    "decode_images",
    "draw_classes",
    "edge_trust",
    "equiangular_vectors",
    "joint_belief",
    "label_weights",
    "labeled_neighbor_distances",
    "log_beliefs",
    "neighbor_distances",
    "neighbor_softmax",
    "pairwise_distance",
    "pool_components",
    "propagate",
    "random_distances",
    "read_images",
    "running_totals",
    "sampled_softmax_losses",
    "sampling_scale",
    "sparse_matmul",
    "standing_for_all",
    "sum_equal_rows",
    "symmetric_adjacency",
    "symmetric_propagate",
    "uniformity",
    "update_rows",
    "virtual_adversarial_neighbors",
]
