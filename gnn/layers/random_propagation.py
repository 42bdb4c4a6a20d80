"""GRAND's augmentation: whole nodes are dropped, and what is left is spread over several hops."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from graph_nets.graphs import GraphsTuple

from gnn.configs.arguments import check_count, check_rate
from gnn.graphs.batch.graphs_tuple import adjacency_of, receiving_rows
from gnn.layers.staged_layer import Stage, StagedLayer, into_receivers
from gnn.ops.dropout import keep_mask
from gnn.ops.normalization import symmetric_propagate
from gnn.ops.sparse import map_values


@keras.saving.register_keras_serializable(package="gnn")
class DropNode(keras.layers.Layer):
    """Drops whole rows: in training each with probability `rate`, else all are scaled.

    What is kept in training is left as it is, and at inference everything is multiplied by
    `1 - rate`, so that the expected values agree (Feng et al., "Graph random neural networks for
    semi-supervised learning on graphs", NeurIPS 2020, section 3.1 and algorithm 1).

    Args:
        rate: float in `[0, 1)`.
        seed: int or None.

    Call arguments:
        inputs: float `[n_nodes, ...]`, dense or sparse.

    Example:

    >>> DropNode(0.25)(tf.ones([2, 2])).numpy().tolist()
    [[0.75, 0.75], [0.75, 0.75]]
    """

    def __init__(self, rate: float = 0.5, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate = check_rate("rate", rate)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed) if self.rate > 0 else None

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Drops rows when `training`, else scales."""
        if self.seed_generator is None:
            return inputs
        if not training:
            if isinstance(inputs, tf.SparseTensor):
                return map_values(lambda values: (1.0 - self.rate) * values, inputs)
            return (1.0 - self.rate) * inputs
        rows = tf.shape(inputs, tf.int32)[:1]
        kept, _ = keep_mask(rows, self.rate, self.seed_generator.next())
        kept = tf.cast(kept, inputs.dtype)
        if isinstance(inputs, tf.SparseTensor):
            of_rows = tf.gather(kept, inputs.indices[:, 0])
            return map_values(lambda values: of_rows * values, inputs)
        return tf.reshape(kept, [-1] + [1] * (inputs.shape.rank - 1)) * inputs

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable(package="gnn")
class MixedOrderPropagation(StagedLayer):
    """The mean over neighborhoods of every size: `1 / (K + 1) sum over k = 0..K of A^^k X`.

    GRAND's propagation rule (Feng et al., NeurIPS 2020, section 3.1), `A^ = D^-1/2 (A + I) D^-1/2`
    as in `GCNConv`. It has no weights.

    Args:
        hops: int of at least 0, K.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, units]`, dense.

    Returns:
        The graph with nodes of the same shape.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> graph = graph_from_inputs({"x": tf.ones([2, 1]), **edgeless(2)})
    >>> MixedOrderPropagation(3)(graph.replace(nodes=tf.ones([2, 1]))).nodes.numpy().tolist()
    [[1.0], [1.0]]
    """

    def __init__(self, hops: int = 8, **kwargs: Any):
        super().__init__(**kwargs)
        self.hops = check_count("hops", hops, 0)

    def stages(self) -> list[Stage]:
        """Starting the sum, K hops that add to it, and the mean."""

        def begin(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            return graph.replace(nodes=(graph.nodes, graph.nodes))

        @into_receivers
        def hop(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            total, hidden = graph.nodes
            hidden = symmetric_propagate(hidden, adjacency_of(graph))
            return graph.replace(nodes=(receiving_rows(graph, total) + hidden, hidden))

        def finish(graph: GraphsTuple, training: bool | None) -> GraphsTuple:
            return graph.replace(nodes=graph.nodes[0] / (self.hops + 1))

        return [begin, *[hop] * self.hops, finish]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {**super().get_config(), "hops": self.hops}
