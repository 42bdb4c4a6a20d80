"""The base of classifiers of nodes whose predictions use the neighbors' features."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.configs import as_graph_reg_config, as_pair_weights
from gnn.configs.arguments import check_count, check_counts, check_rate
from gnn.graphs.batch.graphs_tuple import BatchGraph, graph_from_inputs
from gnn.graphs.batch.which_nodes import real_nodes
from gnn.layers.regularization import LOGITS, GraphRegularization
from gnn.models.agreement.agreement_weights import weigh_by_agreement
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import (
    build_node_model,
    call_node_model,
    check_agreement_model,
    check_weighs_a_loss,
    restored_config,
    wrapped_config,
)
from gnn.ops.sparse import as_dense, map_values

Stage = Callable[[BatchGraph, "bool | None"], BatchGraph]


class NodeClassifier(NodeGraphModel):
    """A classifier of nodes as a row of stages, none of which looks further than one hop.

    A subclass makes its layers in `__init__` and writes one method, `stages()`. The base encodes
    the features, runs the stages, and adds the graph loss. Several features are concatenated, in
    the order of their names.

    Args:
        seq_length: int or None; if given, the width that the features must have; not looked at with
            `node_model_fn`.
        num_classes: int, columns of the logits.
        hidden_units: int or sequence of ints, the widths of the hidden layers.
        dropout_rate: float in `[0, 1)`.
        node_model_fn: a function that returns a Keras layer that encodes nodes before the first
            stage.
        config: a `gnn.GraphRegConfig`, NSL's, or a dict of one: adds the graph loss on the logits.
        agreement_model: weighs the edges of the graph loss, as in `GraphRegularizationModel`.
        kernel_regularizer: a Keras regularizer; the subclass says of which kernels.
        pair_weights: a `gnn.PairWeights` or a dict of one, beside `config`: how much an edge counts
            in the graph loss by which of its ends are labeled, as in `GraphRegularizationModel`.

    Raises:
        ValueError: `pair_weights` without `config` or beside a `transform_fn`, `num_classes`,
            `hidden_units` or `dropout_rate` is out of range, or the features
            are not `seq_length` wide.

    Example:

    >>> from gnn.layers import GCNConv
    >>> @keras.saving.register_keras_serializable(package="example")
    ... class OneConvolution(NodeClassifier):
    ...     def __init__(self, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.convolution = GCNConv(self.num_classes)
    ...
    ...     def stages(self):
    ...         return [self.convolution]
    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> OneConvolution(num_classes=7)({"words": tf.ones([4, 20]), **edgeless(4)}).shape
    TensorShape([4, 7])
    """

    def __init__(
        self,
        seq_length: int | None = None,
        num_classes: int | None = None,
        hidden_units: Any = 16,
        dropout_rate: float = 0.5,
        node_model_fn: Callable[[], keras.layers.Layer] | None = None,
        config: Any = None,
        agreement_model: keras.layers.Layer | None = None,
        kernel_regularizer: Any = None,
        pair_weights: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        widths = tuple(hidden_units) if isinstance(hidden_units, (tuple, list)) else (hidden_units,)
        self.num_classes = check_count("num_classes", num_classes)
        self.hidden_units = check_counts("hidden_units", widths)
        self.dropout_rate = check_rate("dropout_rate", dropout_rate)
        self.seq_length = None if seq_length is None else int(seq_length)
        self.node_model = None if node_model_fn is None else build_node_model(node_model_fn)
        self.config = None if config is None else as_graph_reg_config(config)
        self.agreement_model = check_agreement_model(agreement_model)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.pair_weights = None if pair_weights is None else as_pair_weights(pair_weights)
        self.regularization = None
        if self.config is not None:
            self.regularization = GraphRegularization(
                self.config, self.pair_weights, LOGITS, name="graph_regularization"
            )
        check_weighs_a_loss(
            "config", config, pair_weights=pair_weights, agreement_model=agreement_model
        )

    def stages(self) -> list[Stage]:
        """The functions `stage(graph, training) -> graph` that the model is, in turn.

        The first is given the graph with the encoded features as `nodes`, dense or sparse; the last
        returns the logits `[n_nodes, num_classes]`. In between, `nodes` is a tensor or a tuple of
        tensors, rows are nodes. Each stage looks at most one hop far, which is what lets
        `gnn.models.layerwise_predict` run it over all nodes of a graph, some at a time.
        """
        raise NotImplementedError(f"{type(self).__name__} must define stages()")

    def stages_to_embedding(self) -> int:
        """How many stages `embed` runs: all but the last."""
        return len(self.stages()) - 1

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Encodes the nodes, runs the stages and adds the graph loss if there is one."""
        features = graph.nodes
        graph = self._run(graph, self.stages(), training)
        if self.regularization is not None:
            weighed = weigh_by_agreement(graph, features, self.agreement_model)
            self.regularization(weighed, training=training)
        return graph

    def embed(self, inputs: Mapping[str, Any]) -> tf.Tensor:
        """The hidden states of the nodes read out: what the last stage is applied to.

        Args:
            inputs: a batch's inputs, as for a call of the model; no labels.

        Returns:
            `[n_rows, units]`, without dropout; the encoded features where there are no hidden
            layers.

        Example:

        >>> from gnn.graphs.batch.graphs_tuple import edgeless
        >>> from gnn.models import GraphConvolutionalNodeClassifier
        >>> model = GraphConvolutionalNodeClassifier(num_classes=7, hidden_units=(32, 16))
        >>> model.embed({"words": tf.ones([4, 20]), **edgeless(4)}).shape
        TensorShape([4, 16])
        """
        tensors = {
            name: value if isinstance(value, tf.SparseTensor) else tf.convert_to_tensor(value)
            for name, value in inputs.items()
        }
        given = graph_from_inputs(tensors)
        stages = self.stages()[: self.stages_to_embedding()]
        hidden = self._run(given, stages, training=False).nodes
        if isinstance(hidden, tuple):
            hidden = hidden[0]
        return tf.gather(as_dense(hidden), given.readout)

    def _run(self, graph: BatchGraph, stages: list[Stage], training: bool | None) -> BatchGraph:
        graph = graph.replace(nodes=self.encode(graph.nodes, training, real_nodes(graph)))
        for stage in stages:
            graph = stage(graph, training)
        return graph

    def encode(
        self,
        features: Mapping[str, Any],
        training: bool | None = None,
        real: tf.Tensor | None = None,
    ) -> Any:
        """The features as one tensor: what `node_model_fn` makes of them, or their columns.

        Args:
            features: the features of the nodes by name.
            training: whether dropout and the like are on.
            real: bool `[n_nodes]`, which nodes are no padding; None where all are.

        Returns:
            `[n_nodes, width]`, a SparseTensor where a single feature is one.
        """
        if self.node_model is not None:
            return call_node_model(self.node_model, features, training, real)
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
                    "node_model_fn to encode it."
                )
        columns = [_cast(column, self.compute_dtype) for column in columns]
        if len(columns) > 1:
            columns = [tf.concat([as_dense(column) for column in columns], axis=-1)]
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
            "pair_weights": None if self.pair_weights is None else self.pair_weights.to_dict(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> NodeClassifier:
        """Makes the model that `get_config` describes."""
        return cls(**restored_config(config))


def on_nodes(function: Callable[..., Any]) -> Stage:
    """Makes a stage of a function of the nodes alone, such as a Keras layer.

    Args:
        function: a Keras layer; it is called with `training` where it takes that.

    Example:

    >>> stage = on_nodes(keras.layers.Dense(3))
    """
    called = getattr(function, "call", function)
    takes_training = "training" in inspect.signature(called).parameters

    def stage(graph: BatchGraph, training: bool | None) -> BatchGraph:
        kwargs = {"training": training} if takes_training else {}
        return graph.replace(nodes=function(graph.nodes, **kwargs))

    return stage


def in_turn(*stages: Stage) -> Stage:
    """Makes one stage of several, of which no two may look at neighbors.

    Example:

    >>> stage = in_turn(on_nodes(keras.layers.Dropout(0.5)), on_nodes(keras.layers.Dense(3)))
    """

    def stage(graph: BatchGraph, training: bool | None) -> BatchGraph:
        for each in stages:
            graph = each(graph, training)
        return graph

    return stage


def _cast(feature: Any, dtype: str) -> Any:
    if isinstance(feature, tf.SparseTensor):
        return map_values(lambda values: tf.cast(values, dtype), feature)
    return tf.cast(feature, dtype)
