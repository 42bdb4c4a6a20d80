"""What a model of graphs is called on, and what it returns."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.data.by_id import whole_inputs
from gnn.graphs.batch.graphs_tuple import (
    BatchGraph,
    check_keys,
    edgeless,
    graph_from_inputs,
    membership_of,
    num_rows,
)
from gnn.graphs.batch.keys import GRAPH_KEYS
from gnn.models.base.given_features import given_features
from gnn.models.base.kept_edges import edges_memory
from gnn.models.input_signature import InputSignature
from gnn.models.node_models import input_names


class CalledOnGraphs(keras.Model):
    """A Keras model that makes the graph of a batch, applies `graph_call`, and reads out rows.

    Attributes:
        input_signature: the fullest inputs seen, or None before the first call.
    """

    # `NodeGraphModel` says what these two are.
    requires_graph = True
    output_field = "nodes"

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        # Half-precision weights and degrees would lose counts; the layers cast their own nodes.
        self.autocast = False
        self.input_signature: InputSignature | None = None

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Transforms the graph. To be written by the subclass.

        Args:
            graph: a GraphsTuple whose `nodes` is the dict of features.
            training: whether dropout and the like are on.

        Returns:
            A GraphsTuple whose `nodes` are the outputs, a tensor `[n_nodes, ...]` or a dict of
            them; with `output_field = "globals"`, whose `globals` `[n_graphs, ...]` are.
        """
        raise NotImplementedError(f"{type(self).__name__} must define graph_call(graph, training)")

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Calls the model, after a look at the keys: Keras would warn at length before `call`.

        Raises:
            TypeError: the model requires a graph and `inputs` is not a dict, or a feature is of a
                type that no model takes, such as dates.
            KeyError: a graph key is missing.
        """
        # Keras builds a model from what it is fed with.
        inputs = whole_inputs(inputs)
        if self.requires_graph and not isinstance(inputs, Mapping):
            raise TypeError(
                f"{type(self).__name__} takes a dict of features and graph keys {GRAPH_KEYS}; got "
                f"{type(inputs).__name__}"
            )
        if self.requires_graph:
            check_keys(inputs)
        return super().__call__(self.given(inputs, to_call=True), *args, **kwargs)

    def given(self, x: Any, to_call: bool = False) -> Any:
        """Features as users have them, made what Keras takes (`given_features`)."""
        if self.input_signature is None:
            node_model = getattr(self, "node_model", None)
            names = None if node_model is None else input_names(node_model)
            if names is not None and len(names) < 2:  # It takes a feature of any name.
                names = None
        else:
            signature = self.input_signature
            names = list(signature.features) if signature.is_dict else None
        return given_features(x, names, to_call=to_call)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns the outputs of the rows read out: `[n_rows, ...]`, or a dict of such."""
        signature = InputSignature.of(inputs)
        # The fullest inputs seen: a call on a tensor must not make a saved model forget the names.
        if self.input_signature is None or signature.says_more_than(self.input_signature):
            self.input_signature = signature
        has_graph = self.requires_graph or signature.has_graph
        given = graph_from_inputs(inputs) if has_graph else graph_of_rows(inputs)
        given.made_before = edges_memory()
        graph = self.apply_to(given, training)
        outputs = getattr(graph, self.output_field)
        return self.read_out(outputs, given, signature.readout) if signature.has_graph else outputs

    def apply_to(self, graph: BatchGraph, training: bool | None) -> BatchGraph:
        """What `graph_call` makes of a graph; `training` is given where it is taken."""
        parameters = inspect.signature(self.graph_call).parameters.values()
        takes_training = any(p.name == "training" or p.kind is p.VAR_KEYWORD for p in parameters)
        return self.graph_call(graph, **({"training": training} if takes_training else {}))

    def read_out(self, outputs: Any, graph: BatchGraph, by_node: bool) -> Any:
        """The rows of `outputs` that a batch reads out.

        Args:
            outputs: `[n_nodes, ...]` or, for `output_field = "globals"`, `[n_graphs, ...]`; a
                tensor or a dict of them.
            graph: the batch's.
            by_node: whether the batch has `readout`.
        """
        rows = graph.readout
        if self.output_field == "globals":
            if not by_node:
                return outputs
            rows = tf.gather(membership_of(graph).receivers, rows)
        return tf.nest.map_structure(lambda values: tf.gather(values, rows), outputs)


def graph_of_rows(features: Any, is_real: tf.Tensor | None = None) -> BatchGraph:
    """Each row a graph of one node, for a model that takes features alone.

    Args:
        features: a tensor `[n_rows, ...]`, or a dict of them.
        is_real: bool `[n_rows]`, which rows are no padding; None where all are.

    Example:

    >>> graph_of_rows(tf.ones([3, 2])).n_node.numpy().tolist()
    [1, 1, 1]
    """
    keys = edgeless(num_rows(keras.tree.flatten(features)[0]))
    del keys["readout"]
    nodes = dict(features) if isinstance(features, Mapping) else features
    graph = BatchGraph(nodes=nodes, **keys)
    graph.has_edges, graph.is_real = False, is_real
    return graph
