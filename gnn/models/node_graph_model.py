"""The base of the package's models: a Keras model that is fed graphs."""

from __future__ import annotations

import keras

from gnn.models.base.saving import SavedWithInputs
from gnn.models.base.steps import TrainedOnGraphs


@keras.saving.register_keras_serializable(package="gnn")
class NodeGraphModel(TrainedOnGraphs, SavedWithInputs):
    """A Keras model whose inputs are graphs and whose outputs are rows, one a node read out.

    A subclass writes one method, `graph_call(graph, training)`, from GraphsTuple to GraphsTuple;
    `graph.nodes` comes as the dict of features and leaves as the outputs. The class makes the graph
    of the batch (`gnn.graphs.batch.graphs_tuple` has the contract), reads out the rows, and owns
    what Keras would get wrong for graphs: the reported loss weighs a batch by its labeled rows
    (Keras weighs by the length of the first key), rows that are padding count nowhere, replicas
    weigh by their rows, and `.keras` files and SavedModels know their inputs.

    `jit_compile="auto"` means no XLA, since each new size of graph would compile anew; `True` is
    obeyed, and wants batches of one size (`padding=` of `gnn.data`).

    Class attributes:
        requires_graph: whether a batch must have the graph keys. Where False, features alone will
            do.
        output_field: the field of the graph in which `graph_call` leaves the outputs: "nodes", a
            row a node, of which those read out are returned, or "globals", a row a component, all
            of which are (of a batch with `readout`, the row of the component of each node named).

    Example:

    >>> import tensorflow as tf
    >>> class Degree(NodeGraphModel):
    ...     def graph_call(self, graph, training=False):
    ...         ones = tf.ones_like(graph.receivers, tf.float32)
    ...         rows = tf.shape(graph.nodes["x"])[0]
    ...         degrees = tf.math.unsorted_segment_sum(ones, graph.receivers, rows)
    ...         return graph.replace(nodes=degrees)
    >>> Degree()({
    ...     "x": tf.ones([3, 2]), "n_node": tf.constant([3]), "n_edge": tf.constant([2]),
    ...     "senders": tf.constant([0, 1]), "receivers": tf.constant([2, 2]),
    ...     "edges": tf.ones([2, 1]), "globals": tf.zeros([1, 0])}).numpy().tolist()
    [2.0]
    """

    requires_graph = True
    output_field = "nodes"

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """The trainable variables but those that only agreement models have.

        This loss does not train them. What an agreement model shares with the rest is trained.
        """
        return self._without_agreement(super().trainable_variables)

    @property
    def trainable_weights(self) -> list[keras.Variable]:
        """As `trainable_variables`, without the state of metrics and seeds."""
        return self._without_agreement(super().trainable_weights)

    def _without_agreement(self, variables: list[keras.Variable]) -> list[keras.Variable]:
        judges = [_judge_of(layer) for layer in self._flatten_layers()]
        judged = {id(v) for judge in judges if judge is not None for v in judge.variables}
        left_out = judged - _reached(self, set()) if judged else judged
        return [variable for variable in variables if id(variable) not in left_out]


def _judge_of(layer: keras.layers.Layer) -> keras.layers.Layer | None:
    return getattr(layer, "agreement_model", None) if isinstance(layer, NodeGraphModel) else None


def _reached(layer: keras.layers.Layer, seen: set[int]) -> set[int]:
    """The ids of the variables to which a way leads that does not pass through a judge."""
    seen.add(id(layer))
    found = {id(v) for v in (*layer._trainable_variables, *layer._non_trainable_variables)}
    judge = _judge_of(layer)
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        if inner is not judge and id(inner) not in seen:
            found |= _reached(inner, seen)
    return found
