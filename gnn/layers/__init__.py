"""Keras layers from GraphsTuple to GraphsTuple."""

from gnn.layers.convolutions import GCNConv
from gnn.layers.dense import FeatureDense
from gnn.layers.dropout import FeatureDropout
from gnn.layers.graph_layer import GraphLayer
from gnn.layers.regularization import GraphRegularization

__all__ = ["FeatureDense", "FeatureDropout", "GCNConv", "GraphLayer", "GraphRegularization"]
