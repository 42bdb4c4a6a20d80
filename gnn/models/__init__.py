"""Keras models of nodes in graphs, and of graphs."""

from gnn.models.adversarial.adversarial_regularization import AdversarialRegularizationModel
from gnn.models.adversarial.attacks import adversarial_examples
from gnn.models.agreement.agreement_model import AgreementModel
from gnn.models.agreement.belief_agreement import BeliefAgreement
from gnn.models.agreement.joint_classifier import JointClassifier
from gnn.models.base.harm import GraphLossWarning
from gnn.models.classifiers.attention_classifiers import GATNodeClassifier, GATv2NodeClassifier
from gnn.models.classifiers.convolutional_classifier import GraphConvolutionalNodeClassifier
from gnn.models.classifiers.deep_classifier import GCNIINodeClassifier
from gnn.models.classifiers.isomorphism_classifier import GINNodeClassifier
from gnn.models.classifiers.message_passing_classifier import MPNNNodeClassifier
from gnn.models.classifiers.node_classifier import NodeClassifier, in_turn, on_nodes
from gnn.models.classifiers.propagation_classifiers import (
    APPNPNodeClassifier,
    DAGNNNodeClassifier,
    SGCNodeClassifier,
)
from gnn.models.classifiers.random_classifier import GRANDNodeClassifier
from gnn.models.classifiers.sage_classifier import SAGENodeClassifier
from gnn.models.columns.column_encoder import ColumnEncoder
from gnn.models.columns.growing import grown_encoder, slots_before
from gnn.models.graph_models import GraphClassifier, GraphRegressor
from gnn.models.graph_regularization import GraphRegularizationModel
from gnn.models.image_embedding import ImageEmbeddingModel
from gnn.models.inference.exact import embed_nodes, evaluate_nodes, predict_nodes
from gnn.models.inference.layerwise import layerwise_embed, layerwise_predict
from gnn.models.inference.layerwise_evaluation import layerwise_evaluate
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.served_classifier import export_classifier, serve_columns
from gnn.models.warm_start import WarmStart, warm_start

__all__ = [
    "APPNPNodeClassifier",
    "AdversarialRegularizationModel",
    "AgreementModel",
    "BeliefAgreement",
    "ColumnEncoder",
    "DAGNNNodeClassifier",
    "GATNodeClassifier",
    "GATv2NodeClassifier",
    "GCNIINodeClassifier",
    "GINNodeClassifier",
    "GRANDNodeClassifier",
    "GraphClassifier",
    "GraphConvolutionalNodeClassifier",
    "GraphLossWarning",
    "GraphRegularizationModel",
    "GraphRegressor",
    "ImageEmbeddingModel",
    "JointClassifier",
    "MPNNNodeClassifier",
    "NodeClassifier",
    "NodeGraphModel",
    "SAGENodeClassifier",
    "SGCNodeClassifier",
    "WarmStart",
    "adversarial_examples",
    "embed_nodes",
    "evaluate_nodes",
    "export_classifier",
    "grown_encoder",
    "in_turn",
    "layerwise_embed",
    "layerwise_evaluate",
    "layerwise_predict",
    "on_nodes",
    "predict_nodes",
    "serve_columns",
    "slots_before",
    "warm_start",
]
