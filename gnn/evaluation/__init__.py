"""How good outputs are, beyond what `evaluate` of Keras says."""

from gnn.evaluation.neighbors import nearest_neighbors, neighbor_accuracy

__all__ = ["nearest_neighbors", "neighbor_accuracy"]
