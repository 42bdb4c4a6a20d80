"""GraphSAGE as a classifier of nodes."""

from __future__ import annotations

from typing import Any

import keras

from gnn.layers.dropout import FeatureDropout
from gnn.layers.sage import SAGEConv
from gnn.models.classifiers.node_classifier import NodeClassifier, Stage, in_turn, on_nodes


@keras.saving.register_keras_serializable(package="gnn")
class SAGENodeClassifier(NodeClassifier):
    """GraphSAGE (Hamilton, Ying and Leskovec, NeurIPS 2017, algorithm 1).

    A hidden layer is `h_v = relu(h_v W_self + aggregate(h_u) W_neighbors)`, divided by its length
    ("Inductive representation learning on large graphs"); a last convolution without both makes
    the logits. The paper's depth is two, its width 128, its fan-out `(25, 10)` in
    `gnn.data.neighborhoods`. Dropout stands before each convolution; the paper's code has the
    choice and the default 0.

    Args:
        seq_length: int or None; if given, the width that the features must have.
        num_classes: int, columns of the logits.
        hidden_units: int or sequence of ints, the widths of the hidden convolutions.
        dropout_rate: float in `[0, 1)`.
        aggregator: "mean" or "max", as in `gnn.layers.SAGEConv`; "max" pools as wide as the last
            hidden layer for the logits.
        normalize: whether hidden states are divided by their lengths.
        kernel_regularizer: of all kernels.
        **kwargs: `node_model_fn`, `config` and `agreement_model`, as in `NodeClassifier`.

    Raises:
        ValueError: `num_classes`, `hidden_units`, `dropout_rate` or `aggregator` is out of range,
            or the features are not `seq_length` wide.

    Example:

    >>> import tensorflow as tf
    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> SAGENodeClassifier(num_classes=7)({"words": tf.ones([4, 20]), **edgeless(4)}).shape
    TensorShape([4, 7])
    """

    def __init__(
        self,
        seq_length: int | None = None,
        num_classes: int | None = None,
        hidden_units: Any = 128,
        dropout_rate: float = 0.0,
        aggregator: str = "mean",
        normalize: bool = True,
        **kwargs: Any,
    ):
        super().__init__(seq_length, num_classes, hidden_units, dropout_rate, **kwargs)
        self.aggregator, self.normalize = aggregator, bool(normalize)
        common: dict[str, Any] = {
            "aggregator": aggregator,
            "kernel_regularizer": self.kernel_regularizer,
        }
        self.convolutions = [
            SAGEConv(width, normalize=self.normalize, activation="relu", **common)
            for width in self.hidden_units
        ]
        pool_units = self.hidden_units[-1] if self.hidden_units else None
        self.convolutions.append(SAGEConv(self.num_classes, pool_units=pool_units, **common))
        self.dropouts = [FeatureDropout(self.dropout_rate) for _ in self.convolutions]

    def stages(self) -> list[Stage]:
        """A stage a convolution, with the dropout before it."""
        layers = zip(self.dropouts, self.convolutions, strict=True)
        return [in_turn(on_nodes(dropout), convolution) for dropout, convolution in layers]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "aggregator": self.aggregator,
            "normalize": self.normalize,
        }
