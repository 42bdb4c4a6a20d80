"""The base of layers that take and return a GraphsTuple."""

from __future__ import annotations

from typing import Any

import keras
from graph_nets.graphs import GraphsTuple

from gnn.graphs.batch.graphs_tuple import adjacency_of
from gnn.ops.adjacency import Adjacency


class GraphHandle:
    """Carries a GraphsTuple through Keras' `__call__`, which would take a bare one apart."""

    def __init__(self, graph: GraphsTuple):
        self.graph = graph

    @property
    def adjacency(self) -> Adjacency:
        """The edges, as `gnn.ops.propagate` reads them."""
        return adjacency_of(self.graph)


class GraphLayer(keras.layers.Layer):
    """A Keras layer from GraphsTuple to GraphsTuple.

    A subclass writes `call(self, nodes, handle, training=False)` and returns new nodes;
    `handle.graph` is the whole graph, `handle.adjacency` its edges as `gnn.ops.propagate` takes
    them. Keras sees the nodes as the layer's input, so `build(self, nodes_shape)`, dtype policies
    and `.keras` files work as in any layer.

    Example:

    >>> class Double(GraphLayer):
    ...     def call(self, nodes, handle, training=False):
    ...         return 2 * nodes
    """

    def __call__(self, graph: GraphsTuple, training: bool | None = None) -> GraphsTuple:
        """Applies the layer to `graph` and returns it with new nodes."""
        nodes = super().__call__(graph.nodes, handle=GraphHandle(graph), training=training)
        return graph.replace(nodes=nodes)

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> Any:
        """Returns the new nodes."""
        raise NotImplementedError(
            f"{type(self).__name__} must define call(nodes, handle, training)"
        )
