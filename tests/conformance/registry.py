"""The rows: every public Keras layer and model, in its variants, as the general checks take it.

A new class is one row here, and with it goes through every test of this folder.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from graph_nets.modules import CommNet, GraphIndependent
from scipy import sparse

from gnn.configs import DistanceConfig, GraphRegConfig
from gnn.graphs.graph import Graph
from gnn.graphs.graphs_tuple import BatchGraph, adjacency_of
from gnn.layers import FeatureDense, FeatureDropout, GCNConv, GraphLayer, GraphRegularization
from gnn.models import (
    GraphConvolutionalNodeClassifier,
    GraphRegularizationModel,
    NodeGraphModel,
)
from gnn.ops.propagate import propagate

NUM_NODES, NUM_CLASSES = 60, 3
WIDTHS = {"x": 6, "y": 4}

# 38 rows in batches of 8 are 5 steps, the last one of 6 rows; 7 nodes have no split.
SPLITS = {"train": np.arange(38)[::-1], "validation": np.arange(38, 53)}


def make_graph(*names: str, as_sparse: bool = False) -> Graph:
    """A random weighted graph with the named features, labels to learn, and a lonely node."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, NUM_CLASSES, NUM_NODES)
    features: dict[str, Any] = {}
    for name in names:
        centers = rng.normal(size=(NUM_CLASSES, WIDTHS[name]))
        values = centers[labels] + 0.7 * rng.normal(size=(NUM_NODES, WIDTHS[name]))
        if as_sparse:
            values = np.where(np.abs(values) > 0.5, values, 0.0)
        features[name] = sparse.csr_array(values) if as_sparse else values
    senders, receivers = rng.integers(0, NUM_NODES - 1, (2, 100))  # Never the last node.
    return Graph.from_edges(
        senders,
        receivers,
        features,
        weights=rng.uniform(0.5, 2.0, 100),
        labels=labels,
        splits=SPLITS,
        undirected=True,
    )


@dataclasses.dataclass(frozen=True)
class Row:
    """One public class in one variant.

    Attributes:
        name: of the variant.
        kind: the public class that this row puts through the checks.
        make: dropout rate -> a new model that is `kind`, or holds a layer that is.
        graph: the graph that the model learns.
        has_graph_loss: whether the history has the graph loss.
        output: the output that is trained, where the outputs are a dict.
        uses_edges: whether outputs or losses hang on the edges.
        make_layer: for a row of a layer, dropout rate and keywords -> the layer alone.
    """

    name: str
    kind: type
    make: Callable[[float], keras.Model]
    graph: Graph
    has_graph_loss: bool = False
    output: str | None = None
    uses_edges: bool = True
    make_layer: Callable[..., keras.layers.Layer] | None = None

    @property
    def accuracy(self) -> str:
        """The key of the accuracy in the history."""
        return "accuracy" if self.output is None else f"{self.output}_accuracy"

    def compiled(self, dropout: float = 0.0, seed: int = 1, **kwargs: Any) -> keras.Model:
        """A new compiled model; the same seed gives the same weights."""
        keras.utils.set_random_seed(seed)
        model = self.make(dropout)
        loss: Any = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        metrics: Any = ["accuracy"]
        if self.output is not None:
            loss, metrics = {self.output: loss}, {self.output: metrics}
        model.compile(keras.optimizers.Adam(0.01), loss, metrics=metrics, **kwargs)
        return model


# Node models.


def mlp(dropout: float) -> keras.Model:
    """One input, one output, built functionally."""
    inputs = keras.Input((WIDTHS["x"],))
    hidden = keras.layers.Dense(8, "relu", kernel_regularizer="l2")(inputs)
    hidden = keras.layers.Dropout(dropout)(hidden)
    return keras.Model(inputs, keras.layers.Dense(NUM_CLASSES)(hidden))


def two_inputs(dropout: float) -> keras.Model:
    """Two inputs, called by their names."""
    inputs = {name: keras.Input((width,), name=name) for name, width in WIDTHS.items()}
    hidden = [keras.layers.Dense(5, "tanh")(inputs[name]) for name in sorted(inputs)]
    joined = keras.layers.Dropout(dropout)(keras.layers.Concatenate()(hidden))
    return keras.Model(inputs, keras.layers.Dense(NUM_CLASSES)(joined))


def two_outputs(dropout: float) -> keras.Model:
    """An embedding, and logits made of it."""
    inputs = keras.Input((WIDTHS["x"],), name="x")
    hidden = keras.layers.Dropout(dropout)(keras.layers.Dense(8, "tanh")(inputs))
    embedding = keras.layers.Dense(4, "tanh")(hidden)
    logits = keras.layers.Dense(NUM_CLASSES)(embedding)
    return keras.Model(inputs, {"embedding": embedding, "logits": logits})


def encoder(dropout: float) -> keras.Model:
    """Encodes nodes for the convolutions; a Sequential model without an input."""
    return keras.Sequential([keras.layers.Dense(7, "tanh"), keras.layers.Dropout(dropout)])


@keras.saving.register_keras_serializable(package="test")
class CosineAgreement(keras.layers.Layer):
    """Trusts an edge by the cosine of its ends' features `x`, from 0 to 1."""

    def call(self, pair: Any) -> tf.Tensor:
        sender, receiver = (tf.math.l2_normalize(end["x"], axis=-1) for end in pair)
        return 0.5 + 0.5 * tf.reduce_sum(sender * receiver, axis=-1)


# Models that users write.


@keras.saving.register_keras_serializable(package="test")
class CommNetModel(NodeGraphModel):
    """The model of the predecessor's slides: GraphNets' CommNet blocks around Keras layers."""

    def __init__(self, num_blocks: int = 2, dropout: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_blocks, self.dropout = num_blocks, dropout
        self.encoder = keras.layers.Dense(6, "tanh")
        self.drop = keras.layers.Dropout(dropout)
        self.parts = [
            {name: keras.layers.Dense(6, "tanh") for name in ("edge", "node_encoder", "node")}
            for _ in range(num_blocks)
        ]
        self.head = keras.layers.Dense(NUM_CLASSES)

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        graph = graph.replace(nodes=graph.nodes["x"])
        graph = GraphIndependent(node_model_fn=lambda: self.encoder)(graph)
        graph = graph.replace(nodes=self.drop(graph.nodes, training=training))
        for part in self.parts:
            block = CommNet(
                edge_model_fn=lambda part=part: part["edge"],
                node_encoder_model_fn=lambda part=part: part["node_encoder"],
                node_model_fn=lambda part=part: part["node"],
            )
            graph = block(graph)
        return GraphIndependent(node_model_fn=lambda: self.head)(graph)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_blocks": self.num_blocks, "dropout": self.dropout}


@keras.saving.register_keras_serializable(package="test")
class LayerHost(NodeGraphModel):
    """The smallest model around a layer: a Dense before it, dropout and a Dense after it.

    With `on_features` there is no Dense before it.
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        dropout: float = 0.0,
        on_features: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.layer, self.dropout, self.on_features = layer, dropout, on_features
        self.encoder = None if on_features else keras.layers.Dense(6, "tanh")
        self.drop = keras.layers.Dropout(dropout)
        self.head = keras.layers.Dense(NUM_CLASSES)

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        nodes = graph.nodes["x"]
        graph = graph.replace(nodes=nodes if self.encoder is None else self.encoder(nodes))
        if isinstance(self.layer, GraphLayer):
            graph = self.layer(graph, training=training)
        else:
            graph = graph.replace(nodes=self.layer(graph.nodes, training=training))
        return graph.replace(nodes=self.head(self.drop(graph.nodes, training=training)))

    def get_config(self) -> dict[str, Any]:
        layer = keras.saving.serialize_keras_object(self.layer)
        return {
            **super().get_config(),
            "layer": layer,
            "dropout": self.dropout,
            "on_features": self.on_features,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> LayerHost:
        del custom_objects
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})


@keras.saving.register_keras_serializable(package="test")
class ScaledSum(GraphLayer):
    """What a user makes of GraphLayer: nodes plus a learned share of what they receive."""

    def build(self, nodes_shape: tuple[int | None, ...]) -> None:
        self.scale = self.add_weight(shape=(nodes_shape[-1],), initializer="ones", name="scale")

    def call(self, nodes: Any, handle: Any, training: bool | None = None) -> tf.Tensor:
        adjacency = adjacency_of(handle.graph._replace(nodes=nodes))
        return nodes + tf.convert_to_tensor(self.scale) * propagate(nodes, adjacency)


# The rows.

_X, _XY = make_graph("x"), make_graph("x", "y")
_SPARSE = make_graph("x", as_sparse=True)
_L2 = GraphRegConfig(multiplier=0.1)
_KL = GraphRegConfig(multiplier=0.3, distance_config=DistanceConfig("kl_divergence", "softmax"))


def _layer_row(
    name: str,
    kind: type,
    make_layer: Callable[..., keras.layers.Layer],
    on_features: bool = False,
    **fields: Any,
) -> Row:
    def make(dropout: float) -> keras.Model:
        return LayerHost(make_layer(dropout), dropout, on_features)

    graph = _SPARSE if on_features else _X
    return Row(name, kind, make, graph, make_layer=make_layer, **fields)


ROWS = [
    Row(
        "graph_regularization_mlp",
        GraphRegularizationModel,
        lambda dropout: GraphRegularizationModel(_L2, lambda: mlp(dropout)),
        _X,
        has_graph_loss=True,
    ),
    Row(
        "graph_regularization_two_inputs",
        GraphRegularizationModel,
        lambda dropout: GraphRegularizationModel(
            _KL, lambda: two_inputs(dropout), agreement_model=CosineAgreement()
        ),
        _XY,
        has_graph_loss=True,
    ),
    Row(
        "graph_regularization_embedding",
        GraphRegularizationModel,
        lambda dropout: GraphRegularizationModel(
            _L2, lambda: two_outputs(dropout), regularize="embedding"
        ),
        _X,
        has_graph_loss=True,
        output="logits",
    ),
    Row(
        "gcn",
        GraphConvolutionalNodeClassifier,
        lambda dropout: GraphConvolutionalNodeClassifier(
            num_classes=NUM_CLASSES, hidden_units=8, dropout_rate=dropout
        ),
        _SPARSE,
    ),
    Row(
        "gcn_encoded_regularized",
        GraphConvolutionalNodeClassifier,
        lambda dropout: GraphConvolutionalNodeClassifier(
            num_classes=NUM_CLASSES,
            hidden_units=(8, 5),
            dropout_rate=dropout,
            node_model_fn=lambda: encoder(dropout),
            config=_L2,
            kernel_regularizer=keras.regularizers.L2(2.5e-4),
        ),
        _X,
        has_graph_loss=True,
    ),
    Row("slides_comm_net", NodeGraphModel, lambda dropout: CommNetModel(dropout=dropout), _X),
    _layer_row(
        "gcn_conv",
        GCNConv,
        lambda _, **kwargs: GCNConv(
            9,  # More than the 6 that come; the classifiers narrow.
            activation="tanh",
            use_bias=True,
            kernel_initializer=keras.initializers.HeNormal(seed=3),
            kernel_regularizer=keras.regularizers.L1(1e-3),
            bias_initializer="ones",
            **kwargs,
        ),
    ),
    _layer_row(
        "feature_dropout",
        FeatureDropout,
        lambda dropout, **kwargs: FeatureDropout(dropout, seed=7, **kwargs),
        uses_edges=False,
    ),
    _layer_row(
        "feature_dense",
        FeatureDense,
        lambda _, **kwargs: FeatureDense(5, activation="tanh", **kwargs),
        on_features=True,
        uses_edges=False,
    ),
    _layer_row("graph_layer", GraphLayer, lambda _, **kwargs: ScaledSum(**kwargs)),
    _layer_row(
        "graph_regularization_layer",
        GraphRegularization,
        lambda _, **kwargs: GraphRegularization(_L2, **kwargs),
        has_graph_loss=True,
    ),
]
