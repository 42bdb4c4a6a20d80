"""Keras models of nodes in graphs, and of graphs."""

from gnn.models.adversarial import AdversarialRegularizationModel
from gnn.models.adversarial_examples import adversarial_examples
from gnn.models.agreement import AgreementModel
from gnn.models.attention_classifiers import GATNodeClassifier, GATv2NodeClassifier
from gnn.models.belief_agreement import BeliefAgreement
from gnn.models.convolutional_classifier import GraphConvolutionalNodeClassifier
from gnn.models.deep_classifier import GCNIINodeClassifier
from gnn.models.graph_models import GraphClassifier, GraphRegressor
from gnn.models.graph_regularization import GraphRegularizationModel
from gnn.models.isomorphism_classifier import GINNodeClassifier
from gnn.models.joint_classifier import JointClassifier
from gnn.models.layerwise import layerwise_predict
from gnn.models.message_passing_classifier import MPNNNodeClassifier
from gnn.models.node_classifier import NodeClassifier, in_turn, on_nodes
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.propagation_classifiers import (
    APPNPNodeClassifier,
    DAGNNNodeClassifier,
    SGCNodeClassifier,
)
from gnn.models.random_classifier import GRANDNodeClassifier
from gnn.models.sage_classifier import SAGENodeClassifier

__all__ = [
    "APPNPNodeClassifier",
    "AdversarialRegularizationModel",
    "AgreementModel",
    "BeliefAgreement",
    "DAGNNNodeClassifier",
    "GATNodeClassifier",
    "GATv2NodeClassifier",
    "GCNIINodeClassifier",
    "GINNodeClassifier",
    "GRANDNodeClassifier",
    "GraphClassifier",
    "GraphConvolutionalNodeClassifier",
    "GraphRegularizationModel",
    "GraphRegressor",
    "JointClassifier",
    "MPNNNodeClassifier",
    "NodeClassifier",
    "NodeGraphModel",
    "SAGENodeClassifier",
    "SGCNodeClassifier",
    "adversarial_examples",
    "in_turn",
    "layerwise_predict",
    "on_nodes",
]
