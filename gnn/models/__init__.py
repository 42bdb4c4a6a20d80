"""Keras models of nodes in graphs."""

from gnn.models.graph_regularization import GraphRegularizationModel
from gnn.models.node_classifiers import GraphConvolutionalNodeClassifier
from gnn.models.node_graph_model import NodeGraphModel

__all__ = ["GraphConvolutionalNodeClassifier", "GraphRegularizationModel", "NodeGraphModel"]
