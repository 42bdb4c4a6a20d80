"""Node models and layers that users of the package write, for the rows of the registry."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from graph_nets.modules import CommNet, GraphIndependent

from gnn.graphs.batch.graphs_tuple import BatchGraph, adjacency_of
from gnn.layers import EmbeddingTable, EquiangularSoftmax, GraphLayer, StagedLayer
from gnn.models import (
    ColumnEncoder,
    ImageEmbeddingModel,
    NodeClassifier,
    NodeGraphModel,
    in_turn,
    on_nodes,
)
from gnn.ops.propagate import propagate
from gnn.tables.typed_table import TypedTable

NUM_CLASSES = 3
WIDTHS = {"x": 6, "y": 4}
TOKENS = 4  # Of a text.

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
    """Two inputs; an embedding, and logits made of it."""
    inputs = {name: keras.Input((width,), name=name) for name, width in WIDTHS.items()}
    hidden = [keras.layers.Dense(5, "tanh")(inputs[name]) for name in sorted(inputs)]
    hidden = keras.layers.Dropout(dropout)(keras.layers.Concatenate()(hidden))
    embedding = keras.layers.Dense(4, "tanh")(hidden)
    logits = keras.layers.Dense(NUM_CLASSES)(embedding)
    return keras.Model(inputs, {"embedding": embedding, "logits": logits})


def encoder(dropout: float) -> keras.Model:
    """Encodes nodes for the convolutions; a Sequential model without an input."""
    return keras.Sequential([keras.layers.Dense(7, "tanh"), keras.layers.Dropout(dropout)])


def normalized(dropout: float) -> keras.Model:
    """Keras' batch normalization, which padding must not count in."""
    inputs = keras.Input((WIDTHS["x"],))
    hidden = keras.layers.BatchNormalization(momentum=0.8)(
        keras.layers.Dense(6, use_bias=False)(inputs)
    )
    hidden = keras.layers.Dropout(dropout)(keras.layers.ReLU()(hidden))
    return keras.Model(inputs, keras.layers.Dense(NUM_CLASSES)(hidden))


def masked_text(dropout: float) -> keras.Model:
    """The mean of a text's words, of which padding has none."""
    inputs = keras.Input((TOKENS,), dtype="int32")
    hidden = keras.layers.Embedding(9, 6, mask_zero=True)(inputs)
    hidden = keras.layers.GlobalAveragePooling1D()(hidden)
    hidden = keras.layers.Dropout(dropout)(hidden)
    return keras.Model(inputs, keras.layers.Dense(NUM_CLASSES)(hidden))


def directed(dropout: float) -> keras.Model:
    """Classes as fixed directions."""
    inputs = keras.Input((WIDTHS["x"],))
    hidden = keras.layers.Dropout(dropout)(keras.layers.Dense(4, "tanh")(inputs))
    return keras.Model(inputs, EquiangularSoftmax(NUM_CLASSES, scale=3.0)(hidden))


def sampled_classes(dropout: float) -> keras.Model:
    """Embeddings of texts of words in a table, with a head that draws classes."""
    inputs = keras.Input((TOKENS,), dtype="int32")
    words = keras.layers.GlobalAveragePooling1D()(EmbeddingTable(9, 6, learning_rate=0.2)(inputs))
    return ImageEmbeddingModel(
        keras.Model(inputs, words),
        embedding_dim=4,
        num_classes=NUM_CLASSES,
        num_sampled=600,
        head={"sampler": "uniform", "learning_rate": 0.2},
        dropout_rate=dropout,
    )


def logarithms(dropout: float) -> keras.Model:
    """Encodes nodes by logarithms, which rows of zeros do not have."""
    inputs = keras.Input((WIDTHS["x"],))
    logs = 0.5 * keras.ops.log(keras.ops.square(inputs))
    return keras.Model(inputs, keras.layers.Dropout(dropout)(keras.layers.Dense(5)(logs)))


def of_columns(dropout: float) -> keras.Model:
    """Encodes the nodes as rows of a table that has a vector in each."""
    vectors = np.random.default_rng(7).normal(size=(30, WIDTHS["x"])).astype(np.float32)
    encoder = ColumnEncoder({"x": "vector"})
    encoder.adapt(TypedTable(encoder.schema, {"x": vectors}, 30))
    inputs = keras.Input((WIDTHS["x"],), name="x")
    hidden = keras.layers.Dropout(dropout)(encoder({"x": inputs})["columns"])
    return keras.Model(inputs, keras.layers.Dense(NUM_CLASSES)(hidden))


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
    """The smallest model around layers: a Dense before them, dropout and a Dense after each.

    The logits are the mean over the layers. With `on_features` there is no Dense before them.
    """

    def __init__(
        self,
        layers: list[keras.layers.Layer],
        dropout: float = 0.0,
        on_features: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.hosted, self.dropout, self.on_features = layers, dropout, on_features
        self.encoder = None if on_features else keras.layers.Dense(6, "tanh")
        self.drop = keras.layers.Dropout(dropout)
        self.heads = [keras.layers.Dense(NUM_CLASSES) for _ in layers]

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        nodes = graph.nodes["x"]
        graph = graph.replace(nodes=nodes if self.encoder is None else self.encoder(nodes))
        logits = []
        for layer, head in zip(self.hosted, self.heads, strict=True):
            if isinstance(layer, GraphLayer):
                nodes = layer(graph, training=training).nodes
            else:
                nodes = layer(graph.nodes, training=training)
            logits.append(head(self.drop(nodes, training=training)))
        return graph.replace(nodes=tf.add_n(logits) / len(logits))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "layers": [keras.saving.serialize_keras_object(layer) for layer in self.hosted],
            "dropout": self.dropout,
            "on_features": self.on_features,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> LayerHost:
        del custom_objects
        layers = [keras.saving.deserialize_keras_object(layer) for layer in config["layers"]]
        return cls(**{**config, "layers": layers})


@keras.saving.register_keras_serializable(package="test")
class PoolHost(NodeGraphModel):
    """The smallest model of graphs around pooling layers: what nodes receive, pooled, to logits.

    The logits are the mean over the layers. A row of a batch of nodes is the component that the
    node lies in.
    """

    output_field = "globals"

    def __init__(self, layers: list[keras.layers.Layer], dropout: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.hosted, self.dropout = layers, dropout
        self.encoder = keras.layers.Dense(6, "tanh")
        self.drop = keras.layers.Dropout(dropout)
        self.heads = [keras.layers.Dense(NUM_CLASSES) for _ in layers]

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        nodes = self.encoder(graph.nodes["x"])
        adjacency = adjacency_of(graph._replace(nodes=nodes))
        graph = graph.replace(nodes=nodes + propagate(nodes, adjacency, "mean"))
        pooled = [self.drop(layer(graph, training=training)) for layer in self.hosted]
        logits = [head(some) for head, some in zip(self.heads, pooled, strict=True)]
        return graph.replace(globals=tf.add_n(logits) / len(logits))

    def get_config(self) -> dict[str, Any]:
        layers = [keras.saving.serialize_keras_object(layer) for layer in self.hosted]
        return {**super().get_config(), "layers": layers, "dropout": self.dropout}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> PoolHost:
        del custom_objects
        layers = [keras.saving.deserialize_keras_object(layer) for layer in config["layers"]]
        return cls(**{**config, "layers": layers})


@keras.saving.register_keras_serializable(package="test")
class ScaledSum(GraphLayer):
    """What a user makes of GraphLayer: nodes plus a learned share of what they receive."""

    def build(self, nodes_shape: tuple[int | None, ...]) -> None:
        self.scale = self.add_weight(shape=(nodes_shape[-1],), initializer="ones", name="scale")

    def call(self, nodes: Any, handle: Any, training: bool | None = None) -> tf.Tensor:
        adjacency = adjacency_of(handle.graph._replace(nodes=nodes))
        return nodes + tf.convert_to_tensor(self.scale) * propagate(nodes, adjacency)


@keras.saving.register_keras_serializable(package="test")
class FirstOfPair(GraphLayer):
    """A layer whose nodes are a pair, as one that other layers follow: the first of the pair."""

    def __init__(self, layer: GraphLayer, **kwargs: Any):
        super().__init__(**kwargs)
        self.layer = layer

    def call(self, nodes: Any, handle: Any, training: bool | None = None) -> tf.Tensor:
        return self.layer(handle.graph.replace(nodes=nodes), training=training).nodes[0]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FirstOfPair:
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})


@keras.saving.register_keras_serializable(package="test")
class TwoSums(StagedLayer):
    """What a user makes of StagedLayer: two hops, and a learned scale."""

    def build(self, nodes_shape: tuple[int | None, ...]) -> None:
        self.scale = self.add_weight(shape=(nodes_shape[-1],), initializer="ones", name="scale")

    def stages(self) -> list[Any]:
        def hop(graph: BatchGraph, training: bool | None) -> BatchGraph:
            nodes = graph.nodes
            scale = tf.cast(tf.convert_to_tensor(self.scale), nodes.dtype)
            return graph.replace(
                nodes=nodes + scale * propagate(nodes, adjacency_of(graph), "mean")
            )

        return [hop, hop]


@keras.saving.register_keras_serializable(package="test")
class StagedClassifier(NodeClassifier):
    """What a user makes of NodeClassifier: a dense layer, sums over neighbors, and logits."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.drop = keras.layers.Dropout(self.dropout_rate)
        self.encoder = keras.layers.Dense(self.hidden_units[0], activation="tanh")
        self.sums = ScaledSum()
        self.logits = keras.layers.Dense(self.num_classes)

    def stages(self) -> list[Any]:
        first = in_turn(on_nodes(self.drop), on_nodes(self.encoder), self.sums)
        return [first, on_nodes(self.logits)]
