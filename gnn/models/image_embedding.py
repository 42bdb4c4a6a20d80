"""An embedding of images, or of any columns, that learns from classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count, check_rate
from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.graphs.batch.which_nodes import real_nodes
from gnn.layers.image_backbone import image_backbone
from gnn.layers.row_table import unit_rows
from gnn.layers.sampled_softmax import SampledSoftmax
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import build_node_model, call_node_model, features_not_read

POOLINGS = ("avg", "max")


@keras.saving.register_keras_serializable(package="gnn")
class ImageEmbeddingModel(NodeGraphModel):
    """Embeddings that put together what has one class, and what a graph joins.

    `e = Dense(pool(backbone(x)))`, of length 1 where asked, and a class head on e. With a graph it
    is the node model of a `gnn.GraphRegularizationModel(regularize="embedding")`, where neighbors
    go through the same network: the recipe of Graph-RISE (Juan et al., "Ultra fine-grained image
    semantic embedding", WSDM 2020).

    | head | returns | loss in `compile` |
    | --- | --- | --- |
    | dense: `num_classes` alone | "embedding", "logits" | `{"logits": a cross-entropy}` |
    | sampled: with `num_sampled` | "embedding" | `{"embedding": layers.SampledSoftmaxLoss()}` |
    | none | "embedding" | `{"embedding": a loss of embeddings}` |

    It is trained on arrays, on any data set, or on batches of `gnn.data.neighborhoods`, of which it
    reads features alone.

    Args:
        backbone: `"small"` or a network of `keras.applications` by name, with random weights
            (`gnn.layers.image_backbone`), a Keras model or layer, or a function that returns one.
            Maps of places `[n, height, width, channels]` are pooled; rows `[n, units]` are taken as
            they are, of images or of any other columns.
        embedding_dim: numbers of an embedding.
        num_classes: of the head; None has none.
        num_sampled: classes drawn a step, for a head of very many; None has a dense head.
        pooling: "avg" or "max", over places.
        normalize: whether embeddings have length 1.
        dropout_rate: of what the embedding is made of, in training.
        head: a dict of further arguments of `gnn.layers.SampledSoftmax`, such as `sampler`.

    Raises:
        TypeError: the backbone is no Keras layer, nor a function that returns one.
        ValueError: an argument out of range; `num_sampled` or `head` without what they belong to.

    Example:

    >>> model = ImageEmbeddingModel("small", embedding_dim=16, num_classes=10)
    >>> outputs = model(tf.zeros([2, 28, 28, 1], tf.uint8))
    >>> {name: tuple(part.shape) for name, part in sorted(outputs.items())}
    {'embedding': (2, 16), 'logits': (2, 10)}
    >>> model.embed(tf.zeros([2, 28, 28, 1], tf.uint8)).shape
    (2, 16)
    """

    requires_graph = False

    def __init__(
        self,
        backbone: str | keras.layers.Layer | Callable[[], keras.layers.Layer] = "small",
        embedding_dim: int = 64,
        num_classes: int | None = None,
        num_sampled: int | None = None,
        pooling: str = "avg",
        normalize: bool = False,
        dropout_rate: float = 0.0,
        head: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.node_model = _layer_of(backbone)
        self.embedding_dim = check_count("embedding_dim", embedding_dim)
        self.num_classes = None if num_classes is None else check_count("num_classes", num_classes)
        if num_classes is None and num_sampled is not None:
            raise ValueError(
                f"num_sampled draws classes of num_classes, which is None: got {num_sampled}"
            )
        if num_sampled is None and head:
            raise ValueError(f"head is of num_sampled, which is None: got {head}")
        if pooling not in POOLINGS:
            raise ValueError(f"pooling must be one of {', '.join(POOLINGS)}, got {pooling!r}")
        self.num_sampled = num_sampled
        self.pooling = pooling
        self.normalize = normalize
        self.dropout_rate = check_rate("dropout_rate", dropout_rate)
        self.head = dict(head or {})
        self.dropout = keras.layers.Dropout(dropout_rate, name="dropout")
        self.embedding = keras.layers.Dense(embedding_dim, name="embedding")
        self.classes: Any = None
        if num_classes is not None and num_sampled is not None:
            self.classes = SampledSoftmax(
                num_classes, num_sampled=num_sampled, name="classes", **self.head
            )
        elif num_classes is not None:
            self.classes = keras.layers.Dense(num_classes, name="classes")

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Embeds every node; its edges are not looked at."""
        rows = call_node_model(self.node_model, graph.nodes, training, real_nodes(graph))
        if rows.shape.rank == 4:
            reduce = tf.reduce_mean if self.pooling == "avg" else tf.reduce_max
            rows = reduce(rows, axis=(1, 2))
        embedding = self.embedding(self.dropout(rows, training=training))
        if self.normalize:
            embedding = unit_rows(embedding)
        outputs = {"embedding": embedding}
        if isinstance(self.classes, SampledSoftmax):
            if not self.classes.built:  # Its loss calls it.
                self.classes.build(embedding.shape)
        elif self.classes is not None:
            outputs["logits"] = self.classes(embedding)
        return graph.replace(nodes=outputs)

    def features_not_served(self) -> list[str]:
        """The features that the outputs do not depend on."""
        features = [] if self.input_signature is None else list(self.input_signature.features)
        return features_not_read(self.node_model, features)

    def embed(self, inputs: Any, batch_size: int | None = None) -> Any:
        """The embeddings of inputs, as a NumPy array `[n, embedding_dim]`.

        Args:
            inputs: as `predict` takes them, without labels.
            batch_size: likewise.
        """
        return self.predict(inputs, batch_size=batch_size, verbose=0)["embedding"]

    def get_config(self) -> dict[str, Any]:
        """What the model is made of."""
        return {
            **super().get_config(),
            "backbone": keras.saving.serialize_keras_object(self.node_model),
            "embedding_dim": self.embedding_dim,
            "num_classes": self.num_classes,
            "num_sampled": self.num_sampled,
            "pooling": self.pooling,
            "normalize": self.normalize,
            "dropout_rate": self.dropout_rate,
            "head": self.head,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ImageEmbeddingModel:
        """Makes the model that `get_config` describes."""
        backbone = keras.saving.deserialize_keras_object(config["backbone"])
        return cls(**{**config, "backbone": backbone})


def _layer_of(backbone: Any) -> keras.layers.Layer:
    if isinstance(backbone, str):
        return image_backbone(backbone)
    if isinstance(backbone, keras.layers.Layer):
        return backbone
    return build_node_model(backbone, "backbone")
