"""Classifiers of nodes whose predictions use the neighbors' features."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.configs import as_graph_reg_config
from gnn.graphs.graphs_tuple import BatchGraph, graph_from_inputs
from gnn.layers.convolutions import GCNConv
from gnn.layers.dropout import FeatureDropout
from gnn.layers.regularization import GraphRegularization
from gnn.models.agreement_weights import weigh_by_agreement
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import (
    build_node_model,
    call_node_model,
    check_agreement_model,
    restored_config,
    wrapped_config,
)
from gnn.ops.sparse import map_values


@keras.saving.register_keras_serializable(package="gnn")
class GraphConvolutionalNodeClassifier(NodeGraphModel):
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

    >>> from gnn.graphs.graphs_tuple import edgeless
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
        super().__init__(**kwargs)
        widths = tuple(hidden_units) if isinstance(hidden_units, (tuple, list)) else (hidden_units,)
        for argument, values in {"num_classes": (num_classes,), "hidden_units": widths}.items():
            if not all(isinstance(value, numbers.Integral) and int(value) > 0 for value in values):
                raise ValueError(f"{argument} must be positive integers; got {values}")
        if not 0 <= dropout_rate < 1:
            raise ValueError(f"dropout_rate must be in [0, 1); got {dropout_rate}")
        self.seq_length = None if seq_length is None else int(seq_length)
        self.num_classes = int(num_classes)  # type: ignore[arg-type]
        self.hidden_units = tuple(int(width) for width in widths)
        self.dropout_rate = float(dropout_rate)
        self.node_model = None if node_model_fn is None else build_node_model(node_model_fn)
        self.config = None if config is None else as_graph_reg_config(config)
        self.agreement_model = check_agreement_model(agreement_model)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.dropouts = [FeatureDropout(self.dropout_rate) for _ in (*widths, num_classes)]
        self.convolutions = [
            GCNConv(
                width,
                activation="relu" if depth < len(widths) else None,
                kernel_regularizer=self.kernel_regularizer if depth == 0 else None,
            )
            for depth, width in enumerate((*self.hidden_units, self.num_classes))
        ]
        self.regularization = None
        if self.config is not None:
            self.regularization = GraphRegularization(self.config, name="graph_regularization")

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Encodes the nodes, convolves them to logits and adds the graph loss if there is one."""
        features = graph.nodes
        graph = self._convolve(graph, len(self.convolutions), training)
        if self.regularization is not None:
            self.regularization(weigh_by_agreement(graph, features, self.agreement_model))
        return graph

    def embed(self, inputs: Mapping[str, Any]) -> tf.Tensor:
        """The hidden states of the nodes read out: what the last convolution is applied to.

        Args:
            inputs: a batch's inputs, as for a call of the model; no labels.

        Returns:
            `[n_rows, hidden_units[-1]]`, without dropout; the encoded features where there are no
            hidden layers.

        Example:

        >>> from gnn.graphs.graphs_tuple import edgeless
        >>> model = GraphConvolutionalNodeClassifier(num_classes=7, hidden_units=(32, 16))
        >>> model.embed({"words": tf.ones([4, 20]), **edgeless(4)}).shape
        TensorShape([4, 16])
        """
        tensors = {
            name: value if isinstance(value, tf.SparseTensor) else tf.convert_to_tensor(value)
            for name, value in inputs.items()
        }
        given = graph_from_inputs(tensors)
        hidden = self._convolve(given, len(self.hidden_units), training=False).nodes
        if isinstance(hidden, tf.SparseTensor):
            hidden = tf.sparse.to_dense(hidden)
        return tf.gather(hidden, given.readout)

    def _convolve(self, graph: BatchGraph, count: int, training: bool | None) -> BatchGraph:
        """Encodes the nodes and applies the first `count` convolutions."""
        graph = graph.replace(nodes=self._encode(graph.nodes, training))
        layers = list(zip(self.dropouts, self.convolutions, strict=True))
        for dropout, convolution in layers[:count]:
            graph = convolution(graph.replace(nodes=dropout(graph.nodes, training=training)))
        return graph

    def _encode(self, features: Mapping[str, Any], training: bool | None) -> Any:
        if self.node_model is not None:
            return call_node_model(self.node_model, features, training)
        columns = [features[name] for name in sorted(features)]
        for name in sorted(features):
            if features[name].shape.rank not in (2, None):
                raise ValueError(
                    f"feature {name!r} must have shape [n_nodes, width] to be convolved; got "
                    f"{features[name].shape}. Give node_model_fn to encode it."
                )
            if features[name].dtype == tf.string:
                raise TypeError(
                    f"feature {name!r} holds strings, which cannot be convolved. Give "
                    "node_model_fn to "
                    "encode it."
                )
        columns = [_cast(column, self.compute_dtype) for column in columns]
        if len(columns) > 1:
            dense = [
                tf.sparse.to_dense(x) if isinstance(x, tf.SparseTensor) else x for x in columns
            ]
            columns = [tf.concat(dense, axis=-1)]
        width = columns[0].shape[-1]
        if self.seq_length is not None and width != self.seq_length:
            raise ValueError(
                f"seq_length={self.seq_length} says how wide the features are; they are {width} "
                "wide"
            )
        return columns[0]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, with the built node model in place of its function."""
        return {
            **super().get_config(),
            **wrapped_config(self.node_model, self.agreement_model),
            "seq_length": self.seq_length,
            "num_classes": self.num_classes,
            "hidden_units": list(self.hidden_units),
            "dropout_rate": self.dropout_rate,
            "config": None if self.config is None else self.config.to_dict(),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> GraphConvolutionalNodeClassifier:
        """Makes the model that `get_config` describes."""
        return cls(**restored_config(config))


def _cast(feature: Any, dtype: str) -> Any:
    if isinstance(feature, tf.SparseTensor):
        return map_values(lambda values: tf.cast(values, dtype), feature)
    return tf.cast(feature, dtype)
