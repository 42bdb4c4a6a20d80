"""Keras layers from GraphsTuple to GraphsTuple."""

from gnn.layers.convolutions import GCNConv
from gnn.layers.dropout import FeatureDropout
from gnn.layers.graph_layer import GraphLayer
from gnn.layers.regularization import GraphRegularization

__all__ = ["FeatureDropout", "GCNConv", "GraphLayer", "GraphRegularization"]
