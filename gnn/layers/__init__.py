"""Keras layers from GraphsTuple to GraphsTuple, and those that encode images and sparse rows."""

from gnn.layers.attention import GATConv, GATv2Conv
from gnn.layers.batch_normalization import NodeBatchNormalization
from gnn.layers.convolutions import GCNConv
from gnn.layers.deep_convolution import GCNIIConv
from gnn.layers.dense import FeatureDense
from gnn.layers.dropout import FeatureDropout
from gnn.layers.embedding_table import EmbeddingTable
from gnn.layers.equiangular_softmax import EquiangularSoftmax
from gnn.layers.graph_layer import GraphLayer
from gnn.layers.image_backbone import image_backbone
from gnn.layers.isomorphism import GINConv
from gnn.layers.message_passing import GRUUpdate, MessagePassing
from gnn.layers.propagation import APPNPPropagation, DAGNNPropagation, SGConv
from gnn.layers.random_propagation import DropNode, MixedOrderPropagation
from gnn.layers.readout import AttentionPool, GlobalPool
from gnn.layers.regularization import GraphRegularization
from gnn.layers.sage import SAGEConv
from gnn.layers.sampled_softmax import SampledSoftmax
from gnn.layers.sampled_softmax_loss import SampledSoftmaxLoss
from gnn.layers.small_convnet import SmallConvnet
from gnn.layers.staged_layer import StagedLayer

__all__ = [
    "APPNPPropagation",
    "AttentionPool",
    "DAGNNPropagation",
    "DropNode",
    "EmbeddingTable",
    "EquiangularSoftmax",
    "FeatureDense",
    "FeatureDropout",
    "GATConv",
    "GATv2Conv",
    "GCNConv",
    "GCNIIConv",
    "GINConv",
    "GRUUpdate",
    "GlobalPool",
    "GraphLayer",
    "GraphRegularization",
    "MessagePassing",
    "MixedOrderPropagation",
    "NodeBatchNormalization",
    "SAGEConv",
    "SGConv",
    "SampledSoftmax",
    "SampledSoftmaxLoss",
    "SmallConvnet",
    "StagedLayer",
    "image_backbone",
]
