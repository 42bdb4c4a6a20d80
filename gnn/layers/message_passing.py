"""Message passing with functions of edges and nodes that the user gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from gnn.graphs.batch.graphs_tuple import edges_of
from gnn.graphs.batch.which_nodes import real_nodes
from gnn.layers.graph_layer import GraphHandle, GraphLayer
from gnn.layers.owned_layers import make_layer, restore_layers
from gnn.layers.real_rows import call_layer, call_on_nodes, on_real_rows
from gnn.ops.adjacency import Adjacency
from gnn.ops.propagate import propagate
from gnn.ops.sampled_edges import sampling_scale
from gnn.ops.sparse import as_dense

REDUCTIONS = ("sum", "mean", "max")


@keras.saving.register_keras_serializable(package="gnn")
class MessagePassing(GraphLayer):
    """A step of message passing (Gilmer et al., ICML 2017, equations 1 and 2).

        m_v = reduce over edges e = (w, v) of message([e, h_v, h_w])
        h_v = update([m_v, h_v])

    ("Neural message passing for quantum chemistry"). Both functions are Keras layers, called on
    concatenated columns in the order of GraphNets' blocks: edge, receiver, sender, and then
    messages, node. With the same layers and `reduce="sum"`, the nodes are those of
    `graph_nets.modules.InteractionNetwork(edge_model_fn=message_fn, node_model_fn=update_fn)`, and
    of a `GraphNetwork` whose blocks do not use globals. The edges of the graph stay as they came,
    where GraphNets' hold the messages: the layers that follow read the weights there.

    All columns of `edges` are features of the edges here. The first, which holds the weights for
    the other layers of this package, is one of them: it does not multiply the message. Without
    edges (`edges=None`) the message is of the two nodes alone.

    A message that is a `keras.layers.Dense` is computed as sums of a part for each node, as far as
    it goes before the activation, and a part for each edge: the same numbers from fewer products.

    Args:
        message_fn: a function that returns a Keras layer from `[n_edges, d + 2 n_features]` to
            `[n_edges, n_messages]`, where `d` is the width of the edges.
        update_fn: a function that returns a Keras layer from `[n_nodes, n_messages + n_features]`
            to the new nodes; `gnn.layers.GRUUpdate` is the paper's.
        reduce: "sum", as in the paper, "mean" or "max". A node that receives nothing has zeros. Of
            sampled edges a sum is scaled to stand for all (`gnn.ops.sampling_scale`).

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, n_features]`, dense or a SparseTensor,
            which is made dense, and edges `[n_edges, d]` or None.

    Returns:
        The graph with new nodes.

    Raises:
        ValueError: `reduce` is unknown.
        TypeError: `message_fn` or `update_fn` is no function that returns a Keras layer.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import graph_from_inputs
    >>> pair = graph_from_inputs({
    ...     "x": tf.constant([[1.0], [4.0]]), "n_node": [2], "n_edge": [1], "edges": [[0.5]],
    ...     "senders": [0], "receivers": [1], "globals": tf.zeros([1, 0])})
    >>> pair = pair.replace(nodes=pair.nodes["x"])
    >>> total = lambda: keras.layers.Dense(1, kernel_initializer="ones")
    >>> MessagePassing(total, total)(pair).nodes.numpy().tolist()  # 0 + 1; (0.5 + 4 + 1) + 4
    [[1.0], [9.5]]
    """

    def __init__(
        self,
        message_fn: Callable[[], keras.layers.Layer],
        update_fn: Callable[[], keras.layers.Layer],
        reduce: str = "sum",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if reduce not in REDUCTIONS:
            raise ValueError(f"reduce must be one of {REDUCTIONS}; got {reduce!r}")
        self.message = make_layer("message_fn", message_fn)
        self.update = make_layer("update_fn", update_fn)
        self.reduce = reduce

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> Any:
        """Returns the new nodes."""
        nodes = as_dense(nodes)
        edges, adjacency = handle.graph.edges, handle.adjacency
        edges = None if edges is None else tf.cast(edges, nodes.dtype)
        if _is_plain_dense(self.message):
            messages = _dense_messages(self.message, nodes, edges, adjacency)
        else:
            ends = [tf.gather(nodes, adjacency.receivers), tf.gather(nodes, adjacency.senders)]
            columns = ends if edges is None else [edges, *ends]
            messages = self._messages(tf.concat(columns, axis=-1), handle, training)
        # Each message is sent once, by a sender of its own.
        numbers = tf.range(tf.shape(messages)[0])
        inbox = dataclasses.replace(adjacency, senders=numbers, weights=None)
        received = propagate(messages, inbox, self.reduce)
        degrees = getattr(handle.graph, "graph_degrees", None)
        if degrees is not None and self.reduce == "sum":
            scale = sampling_scale(edges_of(handle.graph), degrees)[:, tf.newaxis]
            received *= tf.cast(scale, received.dtype)
        columns = [tf.cast(received, nodes.dtype), nodes]
        return call_on_nodes(self.update, tf.concat(columns, axis=-1), handle.graph, training)

    def _messages(self, columns: tf.Tensor, handle: GraphHandle, training: bool | None) -> Any:
        """The messages along the edges; those between nodes that are padding count nowhere."""
        real = real_nodes(handle.graph)
        if real is not None:
            real = tf.gather(real, handle.adjacency.receivers)

        def call(rows: Any, mask: tf.Tensor | None) -> Any:
            return call_layer(self.message, rows, training, mask)

        return on_real_rows(self.message, call, columns, real, training)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, with the layers that were made for the functions."""
        return {
            **super().get_config(),
            "message": keras.saving.serialize_keras_object(self.message),
            "update": keras.saving.serialize_keras_object(self.update),
            "reduce": self.reduce,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> MessagePassing:
        """Makes the layer that `get_config` describes."""
        return cls(**restore_layers(config, "message", "update"))


@keras.saving.register_keras_serializable(package="gnn")
class GRUUpdate(keras.layers.Layer):
    """The update of message passing by a gated recurrent unit: `GRU(state=h_v, input=m_v)`.

    It is called on messages and nodes side by side, `[m_v, h_v]`, as `MessagePassing` calls its
    update, and is the update of gated graph networks in Gilmer et al., ICML 2017, section 2.

    Args:
        units: int, columns of the nodes, which stay as wide as they are.

    Raises:
        ValueError: the inputs are not wider than `units`.

    Example:

    >>> GRUUpdate(4)(tf.ones([2, 3 + 4])).shape
    TensorShape([2, 4])
    """

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = int(units)
        self.cell = keras.layers.GRUCell(self.units, name="cell", dtype=self.dtype_policy)

    def build(self, inputs_shape: tuple[int | None, ...]) -> None:
        """Makes the weights of the cell."""
        width = int(inputs_shape[-1])  # type: ignore[arg-type]
        if width <= self.units:
            raise ValueError(
                f"inputs must be messages and then {self.units} columns of nodes side by side; got "
                f"{width} columns"
            )
        self.cell.build((None, width - self.units))

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Returns the new nodes."""
        messages, nodes = inputs[:, : -self.units], inputs[:, -self.units :]
        return self.cell(messages, [nodes], training=training)[0]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "units": self.units}


def _is_plain_dense(layer: keras.layers.Layer) -> bool:
    """Whether a layer is a Dense that does nothing beyond `activation(x W + b)`."""
    return (
        type(layer) is keras.layers.Dense
        and layer.activity_regularizer is None
        and layer.quantization_mode is None
        and not layer.lora_enabled
    )


def _dense_messages(
    layer: keras.layers.Dense, nodes: tf.Tensor, edges: tf.Tensor | None, adjacency: Adjacency
) -> tf.Tensor:
    """What the layer makes of `[edges, receivers, senders]`, with one product a node and kind."""
    width, edge_width = nodes.shape[-1], 0 if edges is None else edges.shape[-1]
    if not layer.built:
        layer.build((None, edge_width + 2 * width))
    dtype = layer.compute_dtype
    nodes, kernel = tf.cast(nodes, dtype), tf.cast(layer.kernel, dtype)
    of_edges, of_nodes = kernel[:edge_width], kernel[edge_width:]
    received, sent = tf.matmul(nodes, of_nodes[:width]), tf.matmul(nodes, of_nodes[width:])
    if layer.use_bias:
        received += tf.cast(layer.bias, dtype)
    messages = tf.gather(received, adjacency.receivers) + tf.gather(sent, adjacency.senders)
    if edges is not None:
        messages += tf.matmul(tf.cast(edges, dtype), of_edges)
    return layer.activation(messages)
