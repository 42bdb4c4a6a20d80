"""Graph attention networks as classifiers of nodes."""

from __future__ import annotations

from typing import Any

import keras

from gnn.configs.arguments import check_count, check_rate
from gnn.layers.attention import GATConv, GATv2Conv
from gnn.layers.dropout import FeatureDropout
from gnn.models.classifiers.node_classifier import NodeClassifier, Stage, in_turn, on_nodes


class _AttentionClassifier(NodeClassifier):
    """Attention layers with dropout before each; a subclass names the layer."""

    convolution: type[GATConv] | type[GATv2Conv]

    def __init__(
        self,
        seq_length: int | None = None,
        num_classes: int | None = None,
        hidden_units: Any = 8,
        dropout_rate: float = 0.6,
        heads: int = 8,
        output_heads: int = 1,
        attention_dropout: float = 0.6,
        negative_slope: float = 0.2,
        **kwargs: Any,
    ):
        super().__init__(seq_length, num_classes, hidden_units, dropout_rate, **kwargs)
        self.heads = check_count("heads", heads)
        self.output_heads = check_count("output_heads", output_heads)
        self.attention_dropout = check_rate("attention_dropout", attention_dropout)
        self.negative_slope = float(negative_slope)
        common: dict[str, Any] = {
            "attention_dropout": self.attention_dropout,
            "value_dropout": self.dropout_rate,
            "negative_slope": self.negative_slope,
            "kernel_regularizer": self.kernel_regularizer,
        }
        self.convolutions = [
            self.convolution(width, self.heads, activation="elu", **common)
            for width in self.hidden_units
        ]
        self.convolutions.append(
            self.convolution(self.num_classes, self.output_heads, concat=False, **common)
        )
        self.dropouts = [FeatureDropout(self.dropout_rate) for _ in self.convolutions]

    def stages(self) -> list[Stage]:
        """A stage a convolution, with the dropout before it."""
        layers = zip(self.dropouts, self.convolutions, strict=True)
        return [in_turn(on_nodes(dropout), convolution) for dropout, convolution in layers]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "heads": self.heads,
            "output_heads": self.output_heads,
            "attention_dropout": self.attention_dropout,
            "negative_slope": self.negative_slope,
        }


@keras.saving.register_keras_serializable(package="gnn")
class GATNodeClassifier(_AttentionClassifier):
    """The graph attention network of Velickovic et al., ICLR 2018, section 3.3.

    Hidden layers of 8 heads of 8 units, concatenated, with ELU; a last one of one head, or the
    average of several, makes the logits. Dropout of 0.6 stands before each layer and on the shares
    of the attention. The paper trains by Adam at 0.005 with a penalty of 5e-4 / 2 times the squares
    of all kernels, `keras.regularizers.L2(2.5e-4)`.

    Args:
        seq_length: int or None; if given, the width that the features must have.
        num_classes: int, columns of the logits.
        hidden_units: int or sequence of ints, units of a head in the hidden layers.
        dropout_rate: float in `[0, 1)`, of the features of each layer.
        heads: int, heads of a hidden layer.
        output_heads: int, heads of the last layer, which are averaged; the paper has 8 on PubMed.
        attention_dropout: float in `[0, 1)`.
        negative_slope: of the leaky ReLU in the attention.
        kernel_regularizer: of all kernels and attention vectors.
        **kwargs: `node_model_fn`, `config` and `agreement_model`, as in `NodeClassifier`.

    Raises:
        ValueError: an argument is out of range, or the features are not `seq_length` wide.

    Example:

    >>> import tensorflow as tf
    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> model = GATNodeClassifier(num_classes=7)
    >>> inputs = {"words": tf.ones([4, 20]), **edgeless(4)}
    >>> model(inputs).shape, model.embed(inputs).shape
    (TensorShape([4, 7]), TensorShape([4, 64]))
    """

    convolution = GATConv


@keras.saving.register_keras_serializable(package="gnn")
class GATv2NodeClassifier(_AttentionClassifier):
    """The graph attention network with the layers of Brody, Alon and Yahav, ICLR 2022.

    `GATNodeClassifier` with `gnn.layers.GATv2Conv` in place of `gnn.layers.GATConv`: the attention
    of "How attentive are graph attention networks?", equation 7, and otherwise the network,
    arguments and defaults of the first.

    Args:
        seq_length: int or None; if given, the width that the features must have.
        num_classes: int, columns of the logits.
        hidden_units: int or sequence of ints, units of a head in the hidden layers.
        dropout_rate: float in `[0, 1)`, of the features of each layer.
        heads: int, heads of a hidden layer.
        output_heads: int, heads of the last layer, which are averaged.
        attention_dropout: float in `[0, 1)`.
        negative_slope: of the leaky ReLU in the attention.
        kernel_regularizer: of all kernels and attention vectors.
        **kwargs: `node_model_fn`, `config` and `agreement_model`, as in `NodeClassifier`.

    Raises:
        ValueError: an argument is out of range, or the features are not `seq_length` wide.

    Example:

    >>> import tensorflow as tf
    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> GATv2NodeClassifier(num_classes=7)({"words": tf.ones([4, 20]), **edgeless(4)}).shape
    TensorShape([4, 7])
    """

    convolution = GATv2Conv
