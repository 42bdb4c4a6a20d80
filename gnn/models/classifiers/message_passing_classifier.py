"""Message passing as a classifier of nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from gnn.configs.arguments import check_count
from gnn.layers.dense import FeatureDense
from gnn.layers.dropout import FeatureDropout
from gnn.layers.message_passing import GRUUpdate, MessagePassing
from gnn.layers.owned_layers import restore_layers
from gnn.models.classifiers.node_classifier import NodeClassifier, Stage, in_turn, on_nodes


@keras.saving.register_keras_serializable(package="gnn")
class MPNNNodeClassifier(NodeClassifier):
    """Message passing (Gilmer et al., ICML 2017), with functions of edges and nodes to be given.

    The features are encoded to `hidden_units` columns, `steps` times a step of
    `gnn.layers.MessagePassing` with the same two functions changes them, and a dense layer reads
    out the logits of each node. Without functions of your own, a message is
    `relu(W [e, h_v, h_w] + b)`, a network of the edge and both nodes (the paper's pair message,
    section 5), and the update is a gated recurrent unit, as in the paper, whose best message, a
    matrix an edge, takes `hidden_units^2` numbers an edge. Dropout stands before the encoder and
    before the readout; the paper has none. `embed` returns the states after the last step.

    Args:
        seq_length: int or None; if given, the width that the features must have.
        num_classes: int, columns of the logits.
        hidden_units: int, the width of the nodes' states.
        dropout_rate: float in `[0, 1)`.
        steps: int, times that messages are passed; the paper tries 3 to 8.
        message_fn, update_fn: functions that return a Keras layer, as in
            `gnn.layers.MessagePassing`; None for the defaults. The states have to stay as wide as
            they are.
        reduce: "sum", as in the paper, "mean" or "max".
        kernel_regularizer: of the encoder, the readout, and the default message.
        **kwargs: `node_model_fn`, `config` and `agreement_model`, as in `NodeClassifier`.

    Raises:
        ValueError: an argument is out of range, `hidden_units` holds several widths, or the
            features are not `seq_length` wide.
        TypeError: `message_fn` or `update_fn` is no function that returns a Keras layer.

    Example:

    >>> import tensorflow as tf
    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> model = MPNNNodeClassifier(
    ...     num_classes=7, message_fn=lambda: keras.layers.Dense(32, activation="tanh"))
    >>> model({"words": tf.ones([4, 20]), **edgeless(4)}).shape
    TensorShape([4, 7])
    """

    def __init__(
        self,
        seq_length: int | None = None,
        num_classes: int | None = None,
        hidden_units: Any = 64,
        dropout_rate: float = 0.5,
        steps: int = 3,
        message_fn: Callable[[], keras.layers.Layer] | None = None,
        update_fn: Callable[[], keras.layers.Layer] | None = None,
        reduce: str = "sum",
        **kwargs: Any,
    ):
        super().__init__(seq_length, num_classes, hidden_units, dropout_rate, **kwargs)
        if len(self.hidden_units) != 1:
            raise ValueError(
                f"hidden_units must be one width, that of all steps; got {self.hidden_units}"
            )
        units = self.hidden_units[0]
        self.steps = check_count("steps", steps)
        dense: dict[str, Any] = {"kernel_regularizer": self.kernel_regularizer}
        self.encoder = FeatureDense(units, activation="relu", **dense)
        self.passing = MessagePassing(
            message_fn or (lambda: keras.layers.Dense(units, activation="relu", **dense)),
            update_fn or (lambda: GRUUpdate(units)),
            reduce,
        )
        self.readout = FeatureDense(self.num_classes, **dense)
        self.dropouts = [FeatureDropout(self.dropout_rate) for _ in range(2)]

    def stages(self) -> list[Stage]:
        """The encoder and the first step, a stage a further step, and the readout."""
        before, after = (on_nodes(dropout) for dropout in self.dropouts)
        return [
            in_turn(before, on_nodes(self.encoder), self.passing),
            *[self.passing] * (self.steps - 1),
            in_turn(after, on_nodes(self.readout)),
        ]

    def given_layers(self) -> dict[str, keras.layers.Layer]:
        """The layers that were given to the constructor, or made of its functions."""
        made = {"message_fn": self.passing.message, "update_fn": self.passing.update}
        return {**super().given_layers(), **made}

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, with the layers that were made for the functions."""
        passing = self.passing.get_config()
        return {
            **super().get_config(),
            "hidden_units": self.hidden_units[0],
            "steps": self.steps,
            **{name: passing[name] for name in ("message", "update", "reduce")},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> NodeClassifier:
        """Makes the model that `get_config` describes."""
        return super().from_config(restore_layers(config, "message", "update"))
