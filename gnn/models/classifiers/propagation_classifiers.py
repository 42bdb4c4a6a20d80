"""Classifiers that predict and propagate: SGC, APPNP and DAGNN."""

from __future__ import annotations

from typing import Any

import keras

from gnn.configs.arguments import check_rate
from gnn.layers.dense import FeatureDense
from gnn.layers.dropout import FeatureDropout
from gnn.layers.propagation import APPNPPropagation, DAGNNPropagation, SGConv
from gnn.layers.staged_layer import StagedLayer
from gnn.models.classifiers.node_classifier import NodeClassifier, Stage, in_turn, on_nodes


@keras.saving.register_keras_serializable(package="gnn")
class SGCNodeClassifier(NodeClassifier):
    """Simple graph convolution: `logits = A^^K X W + b`, a linear model of what K hops bring.

    Wu et al., "Simplifying graph convolutional networks", ICML 2019. With `hops=0` it takes
    features that `gnn.graphs.propagate_features` has propagated once and for all.

    Args:
        num_classes: int, columns of the logits.
        hops: int of at least 0, K.
        dropout_rate: float in `[0, 1)`, of the features; the paper has none.
        kernel_regularizer: of the one kernel.
        seq_length, kwargs: as in `gnn.models.NodeClassifier`.

    Example:

    >>> import tensorflow as tf
    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> SGCNodeClassifier(num_classes=7)({"words": tf.ones([4, 20]), **edgeless(4)}).shape
    TensorShape([4, 7])
    """

    def __init__(
        self,
        seq_length: int | None = None,
        num_classes: int | None = None,
        hops: int = 2,
        dropout_rate: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(seq_length, num_classes, (), dropout_rate, **kwargs)
        self.dropout = FeatureDropout(self.dropout_rate)
        self.convolution = SGConv(
            self.num_classes, hops, kernel_regularizer=self.kernel_regularizer
        )

    def stages(self) -> list[Stage]:
        """Dropout and the product, then the hops."""
        first, *others = self.convolution.stages_of_model()
        return [in_turn(on_nodes(self.dropout), first), *others]

    def stages_to_embedding(self) -> int:
        """`embed` gives the features: there is nothing hidden between them and the logits."""
        return 0

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        config = {**super().get_config(), "hops": self.convolution.hops}
        del config["hidden_units"]
        return config


class PredictThenPropagateClassifier(NodeClassifier):
    """A perceptron from features to one value a class, and a layer that propagates these.

    A subclass gives the layer, which has the nodes' shape in and out; `embed` gives the
    perceptron's last hidden layer, which has seen no neighbors.
    """

    def __init__(
        self,
        seq_length: int | None,
        num_classes: int | None,
        hidden_units: Any,
        dropout_rate: float,
        propagation: StagedLayer,
        regularize_first_only: bool,
        use_bias: bool,
        **kwargs: Any,
    ):
        super().__init__(seq_length, num_classes, hidden_units, dropout_rate, **kwargs)
        self.propagation = propagation
        widths = (*self.hidden_units, self.num_classes)
        self.dropouts = [FeatureDropout(self.dropout_rate) for _ in widths]
        self.denses = [
            FeatureDense(
                width,
                activation="relu" if depth < len(widths) - 1 else None,
                use_bias=use_bias,
                kernel_regularizer=(
                    self.kernel_regularizer if depth == 0 or not regularize_first_only else None
                ),
            )
            for depth, width in enumerate(widths)
        ]

    def stages(self) -> list[Stage]:
        """A stage a dense layer, with the dropout before it, then those of the propagation."""
        layers = zip(self.dropouts, self.denses, strict=True)
        return [
            *(in_turn(on_nodes(dropout), on_nodes(dense)) for dropout, dense in layers),
            *self.propagation.stages_of_model(),
        ]

    def stages_to_embedding(self) -> int:
        """Up to the perceptron's last hidden layer."""
        return len(self.hidden_units)


@keras.saving.register_keras_serializable(package="gnn")
class APPNPNodeClassifier(PredictThenPropagateClassifier):
    """Predict, then propagate by personalized PageRank: APPNP.

    `Z[0] = W1 relu(W0 x)` at each node, then `Z[k+1] = (1 - a) A^ Z[k] + a Z[0]`, and `logits =
    Z[K]`; dropout before each product and, at each hop, of the entries of A^ (Klicpera et al.,
    "Predict then propagate", ICLR 2019, section 3; no biases, as in the authors' code).

    Args:
        num_classes: int, columns of the logits.
        hidden_units: int or sequence of ints, the widths of the perceptron.
        dropout_rate: float in `[0, 1)`, of layers and entries of A^.
        hops: int, K.
        teleport: float in `[0, 1]`, the paper's alpha.
        kernel_regularizer: of the first kernel; the paper's `5e-3 / 2 * ||W0||^2` is
            `keras.regularizers.L2(2.5e-3)`.
        seq_length, kwargs: as in `gnn.models.NodeClassifier`.

    Example:

    >>> import tensorflow as tf
    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> APPNPNodeClassifier(num_classes=7)({"words": tf.ones([4, 20]), **edgeless(4)}).shape
    TensorShape([4, 7])
    """

    def __init__(
        self,
        seq_length: int | None = None,
        num_classes: int | None = None,
        hidden_units: Any = 64,
        dropout_rate: float = 0.5,
        hops: int = 10,
        teleport: float = 0.1,
        **kwargs: Any,
    ):
        super().__init__(
            seq_length,
            num_classes,
            hidden_units,
            dropout_rate,
            propagation=APPNPPropagation(
                hops, teleport, edge_dropout=check_rate("dropout_rate", dropout_rate)
            ),
            regularize_first_only=True,
            use_bias=False,
            **kwargs,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "hops": self.propagation.hops,
            "teleport": self.propagation.teleport,
        }


@keras.saving.register_keras_serializable(package="gnn")
class DAGNNNodeClassifier(PredictThenPropagateClassifier):
    """Deep adaptive graph network: each node weighs its neighborhoods of 0 to K hops for itself.

    `Z = W1 relu(W0 x + b0) + b1` at each node, then `logits = sum over k of sigmoid(A^^k Z s) *
    A^^k Z`, with dropout before each product (Liu et al., "Towards deeper graph neural networks",
    KDD 2020, equations 8 to 12).

    Args:
        num_classes: int, columns of the logits.
        hidden_units: int or sequence of ints, the widths of the perceptron.
        dropout_rate: float in `[0, 1)`; the paper has 0.8 on Cora and 0.5 on CiteSeer.
        hops: int, K.
        kernel_regularizer: of all kernels.
        seq_length, kwargs: as in `gnn.models.NodeClassifier`.

    Example:

    >>> import tensorflow as tf
    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> DAGNNNodeClassifier(num_classes=7)({"words": tf.ones([4, 20]), **edgeless(4)}).shape
    TensorShape([4, 7])
    """

    def __init__(
        self,
        seq_length: int | None = None,
        num_classes: int | None = None,
        hidden_units: Any = 64,
        dropout_rate: float = 0.8,
        hops: int = 10,
        **kwargs: Any,
    ):
        super().__init__(
            seq_length,
            num_classes,
            hidden_units,
            dropout_rate,
            propagation=DAGNNPropagation(
                hops, kernel_regularizer=keras.regularizers.get(kwargs.get("kernel_regularizer"))
            ),
            regularize_first_only=False,
            use_bias=True,
            **kwargs,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "hops": self.propagation.hops}
