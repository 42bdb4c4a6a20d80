"""The graph convolutional network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from gnn.layers.convolutions import GCNConv
from gnn.layers.dropout import FeatureDropout
from gnn.models.classifiers.node_classifier import NodeClassifier, Stage, in_turn, on_nodes


@keras.saving.register_keras_serializable(package="gnn")
class GraphConvolutionalNodeClassifier(NodeClassifier):
    """The graph convolutional network of Kipf and Welling.

    For two layers `logits = A^ relu(A^ X W0) W1` with `A^ = D^-1/2 (A + I) D^-1/2`, dropout before
    each convolution and no bias ("Semi-supervised classification with graph convolutional
    networks", ICLR 2017, section 3.1). Self loops and normalization are made inside the model.
    Several features are concatenated, in the order of their names.

    Args:
        seq_length: int or None; if given, the width that the features must have; not looked at with
            `node_model_fn`.
        num_classes: int, columns of the logits.
        hidden_units: int or sequence of ints, the widths of the hidden convolutions.
        dropout_rate: float in `[0, 1)`.
        node_model_fn: a function that returns a Keras layer that encodes nodes before the
            convolutions.
        config: a `gnn.GraphRegConfig`, NSL's, or a dict of one: adds the graph loss on the logits.
        agreement_model: weighs the edges of the graph loss, as in `GraphRegularizationModel`.
        kernel_regularizer: of the first convolution only, as in the paper, whose `5e-4 * ||W||^2 /
            2` is `keras.regularizers.L2(2.5e-4)`.

    Raises:
        ValueError: `num_classes`, `hidden_units` or `dropout_rate` is out of range, or the features
            are not `seq_length` wide.

    Example:

    >>> import tensorflow as tf
    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> model = GraphConvolutionalNodeClassifier(num_classes=7)
    >>> model({"words": tf.ones([4, 20]), **edgeless(4)}).shape
    TensorShape([4, 7])
    """

    def __init__(
        self,
        seq_length: int | None = None,
        num_classes: int | None = None,
        hidden_units: Any = 16,
        dropout_rate: float = 0.25,
        node_model_fn: Callable[[], keras.layers.Layer] | None = None,
        config: Any = None,
        agreement_model: keras.layers.Layer | None = None,
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            seq_length,
            num_classes,
            hidden_units,
            dropout_rate,
            node_model_fn,
            config,
            agreement_model,
            kernel_regularizer,
            **kwargs,
        )
        widths = (*self.hidden_units, self.num_classes)
        self.dropouts = [FeatureDropout(self.dropout_rate) for _ in widths]
        self.convolutions = [
            GCNConv(
                width,
                activation="relu" if depth < len(widths) - 1 else None,
                kernel_regularizer=self.kernel_regularizer if depth == 0 else None,
            )
            for depth, width in enumerate(widths)
        ]

    def stages(self) -> list[Stage]:
        """Two stages a convolution: its product, and its edges with the next one's dropout.

        The dropout of the features comes before the first product.
        """
        first, *others = self.dropouts
        stages: list[Stage] = [on_nodes(first)]
        for convolution, after in zip(self.convolutions, [*others, None], strict=True):
            multiply, propagate = convolution.stages_of_model(dropout=after)
            stages += [multiply, propagate]
        return [in_turn(*stages[:2]), *stages[2:]]

    def stages_to_embedding(self) -> int:
        """Up to the last hidden convolution."""
        return 2 * len(self.hidden_units)
