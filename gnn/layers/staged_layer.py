"""Layers of several hops, as rows of stages that look no further than one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graph_nets.graphs import GraphsTuple

from gnn.layers.graph_layer import GraphHandle, GraphLayer

Stage = Callable[[Any, "bool | None"], Any]


def into_receivers(stage: Stage) -> Stage:
    """Marks a stage that needs of its edges only `gnn.ops.symmetric_propagate`.

    Layer-wise inference gives it a chunk of the graph, in which few nodes receive and many send,
    and asks for the rows of those that receive. The product has these rows alone; the stage takes
    as many of whatever it adds to them, by `gnn.graphs.batch.graphs_tuple.receiving_rows`. What it
    hands on unchanged, it hands on whole. On a whole graph the mark says nothing.

    Example:

    >>> into_receivers(lambda graph, training: graph).into_receivers
    True
    """
    stage.into_receivers = True  # type: ignore[attr-defined]
    return stage


class StagedLayer(GraphLayer):
    """A layer of several hops; a subclass writes `stages()` in place of `call`.

    A stage is a function `stage(graph, training) -> graph` that looks at most one hop far. In
    between, `graph.nodes` may be a tuple of tensors. A model that is made of stages puts these
    among its own (`gnn.models.NodeClassifier`), and layer-wise inference runs them one by one.

    Example:

    >>> import tensorflow as tf
    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> class Doubled(StagedLayer):
    ...     def stages(self):
    ...         return [lambda graph, training: graph.replace(nodes=2.0 * graph.nodes)] * 3
    >>> graph = graph_from_inputs({"x": tf.ones([2, 1]), **edgeless(2)})
    >>> Doubled()(graph.replace(nodes=tf.ones([2, 1]))).nodes.numpy().tolist()
    [[8.0], [8.0]]
    """

    def stages(self) -> list[Stage]:
        """The functions that the layer is, in turn."""
        raise NotImplementedError(f"{type(self).__name__} must define stages()")

    def stages_of_model(self, **arguments: Any) -> list[Stage]:
        """The stages for a model, which calls them in place of the layer: they make the weights.

        Args:
            arguments: what the layer's `stages` takes.
        """
        first, *others = self.stages(**arguments)

        def build_first(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            if not self.built:
                self.build(graph.nodes.shape)
            return first(graph, training)

        return [build_first, *others]

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> Any:
        """Runs the stages."""
        _ = (
            handle.adjacency
        )  # What the stages make of the edges then serves the layers that follow.
        graph = handle.graph.replace(nodes=nodes)
        for stage in self.stages():
            graph = stage(graph, training)
        return graph.nodes
