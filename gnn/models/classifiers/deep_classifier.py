"""The deep graph convolutional network GCNII."""

from __future__ import annotations

from typing import Any

import keras

from gnn.configs.arguments import check_count
from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.layers.deep_convolution import GCNIIConv
from gnn.layers.dense import FeatureDense
from gnn.layers.dropout import FeatureDropout
from gnn.layers.staged_layer import into_receivers
from gnn.models.classifiers.node_classifier import NodeClassifier, Stage, in_turn, on_nodes


@keras.saving.register_keras_serializable(package="gnn")
class GCNIINodeClassifier(NodeClassifier):
    """GCNII: many convolutions, each of which remembers the start and is close to the identity.

    `H[0] = relu(x W + b)`, `H[l] = relu(((1 - a) A^ H[l-1] + a H[0]) ((1 - b_l) I + b_l W_l))` with
    `b_l = log(identity / l + 1)`, and `logits = H[L] W' + b'`, dropout before each product (Chen et
    al., "Simple and deep graph convolutional networks", ICML 2020, section 3).

    Args:
        num_classes: int, columns of the logits.
        hidden_units: int, the width of all hidden layers; the paper has 64 on Cora, 256 on
            CiteSeer.
        dropout_rate: float in `[0, 1)`; the paper has 0.6 on Cora, 0.7 on CiteSeer.
        depth: int, the number of convolutions L; the paper has 64 on Cora, 32 on CiteSeer.
        teleport: float in `[0, 1]`, the paper's alpha.
        identity: float greater than 0, the paper's lambda; 0.5 on Cora, 0.6 on CiteSeer.
        kernel_regularizer: of the two dense layers.
        convolution_regularizer: of the kernels of the convolutions, which the paper decays more.
        seq_length, kwargs: as in `gnn.models.NodeClassifier`.

    Example:

    >>> import tensorflow as tf
    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> model = GCNIINodeClassifier(num_classes=7, depth=4)
    >>> model({"words": tf.ones([4, 20]), **edgeless(4)}).shape
    TensorShape([4, 7])
    """

    def __init__(
        self,
        seq_length: int | None = None,
        num_classes: int | None = None,
        hidden_units: int = 64,
        dropout_rate: float = 0.6,
        depth: int = 64,
        teleport: float = 0.1,
        identity: float = 0.5,
        convolution_regularizer: Any = None,
        **kwargs: Any,
    ):
        super().__init__(seq_length, num_classes, hidden_units, dropout_rate, **kwargs)
        if len(self.hidden_units) != 1:
            raise ValueError(
                f"hidden_units must be one width, which all layers have; got {hidden_units}"
            )
        self.depth = check_count("depth", depth)
        self.convolution_regularizer = keras.regularizers.get(convolution_regularizer)
        self.dropouts = [FeatureDropout(self.dropout_rate) for _ in range(self.depth + 2)]
        self.convolutions = [
            GCNIIConv(
                layer,
                teleport,
                identity,
                kernel_regularizer=self.convolution_regularizer,
            )
            for layer in range(1, self.depth + 1)
        ]
        self.to_hidden = FeatureDense(
            self.hidden_units[0], activation="relu", kernel_regularizer=self.kernel_regularizer
        )
        self.to_logits = keras.layers.Dense(
            self.num_classes, kernel_regularizer=self.kernel_regularizer
        )

    def stages(self) -> list[Stage]:
        """The first dense layer, a stage a convolution, and the last dense layer."""

        def begin(graph: BatchGraph, training: bool | None) -> BatchGraph:
            start = self.to_hidden(self.dropouts[0](graph.nodes, training=training))
            return graph.replace(nodes=(start, start))

        def convolve(layer: int) -> Stage:
            @into_receivers
            def stage(graph: BatchGraph, training: bool | None) -> BatchGraph:
                hidden, start = graph.nodes
                hidden = self.dropouts[layer + 1](hidden, training=training)
                return self.convolutions[layer](graph.replace(nodes=(hidden, start)))

            return stage

        def first(graph: BatchGraph, training: bool | None) -> BatchGraph:
            return graph.replace(nodes=graph.nodes[0])

        finish = in_turn(first, on_nodes(self.dropouts[-1]), on_nodes(self.to_logits))
        return [begin, *(convolve(layer) for layer in range(self.depth)), finish]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "hidden_units": self.hidden_units[0],
            "depth": self.depth,
            "teleport": self.convolutions[0].teleport,
            "identity": self.convolutions[0].identity,
            "convolution_regularizer": keras.regularizers.serialize(self.convolution_regularizer),
        }
