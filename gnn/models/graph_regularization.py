"""Graph regularization of any Keras model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.configs import as_graph_reg_config, as_pair_weights
from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.graphs.batch.which_nodes import real_nodes
from gnn.layers.regularization import LOGITS, PROBABILITIES, VALUES, GraphRegularization
from gnn.models.agreement.agreement_weights import weigh_by_agreement
from gnn.models.base.supervision import by_output
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import (
    build_node_model,
    call_node_model,
    check_agreement_model,
    features_not_read,
    restored_config,
    wrapped_config,
)


@keras.saving.register_keras_serializable(package="gnn")
class GraphRegularizationModel(NodeGraphModel):
    """Trains a node model with a loss that pulls the outputs of neighbors together.

    `loss = supervised loss + multiplier * graph loss`; the graph loss is the mean over regularized
    nodes i of `sum_j w_ij d(y_i, y_j) / sum_j w_ij` (`gnn.ops.neighbor_distances`), in which an
    `agreement_model` multiplies d by how far it trusts the edge and `pair_weights` by its kind
    (Stretcu et al., "Graph agreement models", NeurIPS 2019, section 3). It is Neural
    Graph Machines (Bui et al., WSDM 2018) in the form of Neural Structured Learning, whose class of
    this name it succeeds. The node model runs once a step, over a batch's nodes and neighbors
    together. Trained with the graph, it is served without: `predict`, `evaluate` and `export` take
    features alone, a tensor or a dict.

    Args:
        config: a `gnn.GraphRegConfig`, NSL's, or a dict of one: multiplier and distance. How many
            neighbors come is up to the data.
        node_model_fn: a function that returns the node model, a Keras layer or model. It is called
            once.
        agreement_model: a Keras layer that is called on `[sender features, receiver features]`
            (each a tensor, or the dict where there are several features) and returns, `[n_edges]`
            or `[n_edges, 1]`, how far to trust each edge, at least 0; it multiplies the edge's
            distance and is not trained by it. Of a `gnn.AgreementModel` each node is encoded once.
        regularize: what the distance is taken of: `"logits"`, the output as it is;
            `"probabilities"`, its softmax; or the name of one output of a node model that returns a
            dict, such as `"embedding"`.
        pair_weights: a `gnn.PairWeights`, or a dict of one: how much an edge counts by which of its
            ends are labeled, with the true label standing in for the output there
            (`gnn.ops.labeled_neighbor_distances`). The node model must return logits, or a dict
            with `"logits"`; what is compared is their softmax, whichever of "logits" and
            "probabilities" `regularize` names. Batches to train or evaluate on must have
            `known_labels`.

    Raises:
        TypeError: `node_model_fn` returns something other than a Keras layer, such as a Sonnet
            module, or a model of graphs, which takes the graph loss itself, as its `config`.
        ValueError: `pair_weights` beside a `transform_fn`, or with another `regularize`.

    Example:

    >>> from gnn.configs import GraphRegConfig
    >>> config = GraphRegConfig(multiplier=0.1)
    >>> model = GraphRegularizationModel(config, lambda: keras.layers.Dense(2))
    >>> model(tf.ones([5, 3])).shape
    TensorShape([5, 2])
    """

    requires_graph = False

    def __init__(
        self,
        config: Any,
        node_model_fn: Callable[[], keras.layers.Layer],
        agreement_model: keras.layers.Layer | None = None,
        regularize: str = "logits",
        pair_weights: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not isinstance(regularize, str):
            raise TypeError(f"regularize must be a string; got {regularize!r}")
        self.config = as_graph_reg_config(config)
        self.node_model = build_node_model(node_model_fn)
        if isinstance(self.node_model, NodeGraphModel) and self.node_model.requires_graph:
            raise TypeError(
                "node_model_fn must return a model of a node's own features; "
                f"{type(self.node_model).__name__} is one of graphs. A graph network takes the "
                "graph loss itself, as its config"
            )
        self.agreement_model = check_agreement_model(agreement_model)
        self.regularize = regularize
        if pair_weights is not None and regularize not in ("logits", "probabilities"):
            raise ValueError(
                "pair_weights compares class probabilities, so regularize must be 'logits' or "
                f"'probabilities'; got {regularize!r}"
            )
        self.pair_weights = None if pair_weights is None else as_pair_weights(pair_weights)
        self.regularization = GraphRegularization(
            self.config,
            self.pair_weights,
            regularize if regularize in (LOGITS, PROBABILITIES) else VALUES,
            name="graph_regularization",
        )

    @property
    def base_model(self) -> keras.layers.Layer:
        """The node model by the name that NSL's users know."""
        return self.node_model

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Applies the node model to every node and adds the graph loss."""
        real = real_nodes(graph)
        outputs = call_node_model(self.node_model, graph.nodes, training, real)
        if graph.has_edges:
            regularized = graph.replace(nodes=self._regularized(outputs))
            weighed = weigh_by_agreement(regularized, graph.nodes, self.agreement_model)
            self.regularization(weighed, training=training)
        return graph.replace(nodes=outputs)

    def _regularized(self, outputs: Any) -> tf.Tensor:
        by_output(outputs)  # Raises of a list, whose outputs have no names.
        if self.pair_weights is not None and not isinstance(outputs, Mapping):
            return outputs
        if self.pair_weights is not None and "logits" in outputs:
            return outputs["logits"]
        if isinstance(outputs, Mapping):
            if self.regularize in outputs:
                return outputs[self.regularize]
            if self.regularize != "probabilities" or "logits" not in outputs:
                raise KeyError(
                    f"regularize={self.regularize!r} names no output of the node model "
                    f"{self.node_model.name!r}; its outputs are {sorted(outputs)}"
                )
            outputs = outputs["logits"]
        if self.regularize == "probabilities":
            return tf.nn.softmax(tf.cast(outputs, tf.float32))
        if self.regularize == "logits":
            return outputs
        raise ValueError(
            f"regularize={self.regularize!r} must be 'logits' or 'probabilities' for a node model "
            f"with one output; {self.node_model.name!r} returns no dict of named outputs"
        )

    def features_not_served(self) -> list[str]:
        """The features that the outputs do not depend on."""
        features = [] if self.input_signature is None else list(self.input_signature.features)
        return features_not_read(self.node_model, features)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, with the built node model in place of its function."""
        return {
            **super().get_config(),
            **wrapped_config(self.node_model, self.agreement_model),
            "config": self.config.to_dict(),
            "regularize": self.regularize,
            "pair_weights": None if self.pair_weights is None else self.pair_weights.to_dict(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> GraphRegularizationModel:
        """Makes the model that `get_config` describes."""
        return cls(**restored_config(config))
