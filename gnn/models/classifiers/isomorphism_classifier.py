"""The graph isomorphism network as a classifier of nodes."""

from __future__ import annotations

from typing import Any

import keras

from gnn.layers.batch_normalization import NodeBatchNormalization
from gnn.layers.dropout import FeatureDropout
from gnn.layers.isomorphism import GINConv
from gnn.models.classifiers.node_classifier import NodeClassifier, Stage, in_turn, on_nodes


@keras.saving.register_keras_serializable(package="gnn")
class GINNodeClassifier(NodeClassifier):
    """The graph isomorphism network of Xu, Hu, Leskovec and Jegelka, ICLR 2019, section 7.

    A hidden layer is a `gnn.layers.GINConv` of two dense layers, batch normalization and ReLU
    ("How powerful are graph neural networks?"); a last `GINConv` makes the logits. Dropout stands
    before each convolution but the first, since in the paper it follows the dense layers. The
    paper has four convolutions ("five layers, the input layer included") and classifies graphs
    by the sums over their nodes; take fewer for a graph whose nodes reach all others in four steps.

    Args:
        seq_length: int or None; if given, the width that the features must have.
        num_classes: int, columns of the logits.
        hidden_units: int or sequence of ints, the widths of the hidden convolutions.
        dropout_rate: float in `[0, 1)`; the paper has 0 or 0.5.
        epsilon: float, what a node itself weighs beyond 1.
        train_epsilon: whether `epsilon` is trained, from where it starts; the paper's GIN-epsilon.
        batch_normalization: whether there is any.
        kernel_regularizer: of all kernels.
        **kwargs: `node_model_fn`, `config` and `agreement_model`, as in `NodeClassifier`.

    Raises:
        ValueError: `num_classes`, `hidden_units` or `dropout_rate` is out of range, or the features
            are not `seq_length` wide.

    Example:

    >>> import tensorflow as tf
    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> GINNodeClassifier(num_classes=7)({"words": tf.ones([4, 20]), **edgeless(4)}).shape
    TensorShape([4, 7])
    """

    def __init__(
        self,
        seq_length: int | None = None,
        num_classes: int | None = None,
        hidden_units: Any = (64, 64, 64),
        dropout_rate: float = 0.5,
        epsilon: float = 0.0,
        train_epsilon: bool = False,
        batch_normalization: bool = True,
        **kwargs: Any,
    ):
        super().__init__(seq_length, num_classes, hidden_units, dropout_rate, **kwargs)
        self.epsilon = float(epsilon)
        self.train_epsilon = bool(train_epsilon)
        self.batch_normalization = bool(batch_normalization)
        hidden = len(self.hidden_units)
        self.convolutions = [
            GINConv(
                width,
                epsilon=self.epsilon,
                train_epsilon=self.train_epsilon,
                batch_normalization=self.batch_normalization,
                # A norm that follows would take the bias off again.
                use_bias=depth == hidden or not self.batch_normalization,
                kernel_regularizer=self.kernel_regularizer,
            )
            for depth, width in enumerate((*self.hidden_units, self.num_classes))
        ]
        self.norms = []
        if self.batch_normalization:
            self.norms = [NodeBatchNormalization() for _ in self.hidden_units]
        self.dropouts = [FeatureDropout(self.dropout_rate) for _ in self.hidden_units]

    def stages(self) -> list[Stage]:
        """A stage a convolution, with the normalization, activation and dropout that follow it."""
        stages: list[Stage] = []
        for depth, convolution in enumerate(self.convolutions):
            parts: list[Stage] = []
            if depth > 0:
                parts.append(on_nodes(self.dropouts[depth - 1]))
            parts.append(convolution)
            if depth < len(self.hidden_units):
                parts += self.norms[depth : depth + 1]
                parts.append(on_nodes(keras.ops.relu))
            stages.append(in_turn(*parts))
        return stages

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "train_epsilon": self.train_epsilon,
            "batch_normalization": self.batch_normalization,
        }
