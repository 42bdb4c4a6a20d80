"""The graph loss as a Keras layer."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.configs import TransformType, as_graph_reg_config, as_pair_weights
from gnn.configs.graph import AUTO
from gnn.graphs.batch.graphs_tuple import edges_of
from gnn.graphs.batch.which_nodes import readout_rows, real_nodes
from gnn.layers.graph_layer import GraphHandle, GraphLayer
from gnn.layers.mean_loss import MeanLossLayer
from gnn.ops.contrast import (
    PAIRS_A_ROW,
    class_spread,
    edge_trust,
    random_distances,
    uniformity,
)
from gnn.ops.graph_loss import labeled_neighbor_sums, neighbor_sums

# What the history shows of the outputs that are compared; the last, where they are of classes.
MONITORS = NEIGHBOR_DISTANCE, RANDOM_DISTANCE, SPREAD = (
    "neighbor_distance",
    "random_distance",
    "spread",
)
VALUES, LOGITS, PROBABILITIES = COMPARED = ("values", "logits", "probabilities")

_NO_LABELS = (
    "pair_weights needs to know which nodes are labeled, in training and evaluation; the inputs "
    "lack the key 'known_labels': pass known_labels=\"train\" to gnn.data.full_batch, "
    "neighborhoods or clusters"
)


@keras.saving.register_keras_serializable(package="gnn")
class GraphRegularization(MeanLossLayer, GraphLayer):
    """Adds `multiplier` times the graph loss of its nodes, and returns the graph as it came.

    The graph loss is the mean over the regularized nodes of their weighted mean distance to their
    neighbors (`gnn.ops.neighbor_distances`); with `pair_weights`, of their class probabilities,
    with true labels in place where they are known (`gnn.ops.labeled_neighbor_distances`). Each edge
    counts as far as the graph's `agreement` trusts it, where there is one.

    With a `contrast`, each edge's distance has that times the uniformity of random pairs added
    (`gnn.ops.uniformity`), as much as the edge counts: so it has to beat chance. With the
    multiplier "auto" the loss of a batch is multiplied by how far its edges can be trusted
    (`gnn.ops.edge_trust`).

    In a `NodeGraphModel` the loss is reported as `graph_loss` and, times the multiplier,
    `scaled_graph_loss`. Beside it are `neighbor_distance`, the mean distance of neighbors,
    `random_distance`, that of random nodes of a batch, and, where the nodes are of classes,
    `spread` (`gnn.ops.class_spread`). These are of the outputs alone: no true label is in them.
    With a multiplier of 0 there are none of the three.

    Args:
        config: a `gnn.GraphRegConfig`, NSL's, or a dict of one.
        pair_weights: a `gnn.PairWeights` or a dict of one: how much an edge counts by which of its
            ends are labeled. The nodes are then logits, whose softmax is compared, and a batch to
            train or evaluate on must have the key `known_labels`; without it nothing is added.
        compares: what the nodes are: `"logits"` or `"probabilities"` of classes, or other
            `"values"`; beside `pair_weights` they are logits.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, ...]` and weights in `edges[:, 0]`.

    Raises:
        ValueError: `compares` is none of the three; `pair_weights` beside a `transform_fn` of the
            config, which would apply to probabilities; or a batch without `known_labels`, in
            training and evaluation.

    Example:

    >>> from gnn.configs import GraphRegConfig
    >>> from gnn.graphs.batch.graphs_tuple import graph_from_inputs
    >>> pair = graph_from_inputs({
    ...     "x": tf.constant([[1.0], [4.0]]), "n_node": [2], "n_edge": [1], "edges": [[1.0]],
    ...     "senders": [0], "receivers": [1], "globals": tf.zeros([1, 0])})
    >>> layer = GraphRegularization(GraphRegConfig(multiplier=0.1))
    >>> graph = layer(pair.replace(nodes=pair.nodes["x"]))
    >>> round(float(layer.losses[0]), 4)  # 0.1 * (4 - 1)^2
    0.9
    """

    def __init__(
        self, config: Any, pair_weights: Any = None, compares: str = VALUES, **kwargs: Any
    ):
        super().__init__(metric="graph_loss", **kwargs)
        if compares not in COMPARED:
            raise ValueError(f"compares must be one of {COMPARED}, got {compares!r}")
        self.config = as_graph_reg_config(config)
        self.pair_weights = None if pair_weights is None else as_pair_weights(pair_weights)
        transform = self.config.distance_config.transform_fn
        if self.pair_weights is not None and transform is not TransformType.NONE:
            raise ValueError(
                "pair_weights compares class probabilities, which transform_fn would transform "
                f"once more: it must be 'none', got {transform.value!r}"
            )
        self.multiplier = 1.0 if self.config.multiplier == AUTO else float(self.config.multiplier)
        self.compares = LOGITS if self.pair_weights is not None else compares
        shown = MONITORS if self.compares != VALUES else MONITORS[:2]
        if self.multiplier:
            self.monitors = [keras.metrics.Mean(name=name) for name in shown]

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> Any:
        """Adds the loss and returns `nodes`."""
        graph, config = handle.graph, self.config.distance_config
        agreement = getattr(graph, "agreement", None)
        # A node's neighbors share its distance by weight: what sampled ones stand for cancels out.
        adjacency = edges_of(graph._replace(nodes=nodes))
        rows = readout_rows(graph, adjacency.num_nodes)
        compared = nodes
        if self.pair_weights is None:
            sums = apart = neighbor_sums(nodes, adjacency, rows, config, agreement)
        else:
            known_labels = getattr(graph, "known_labels", None)
            if known_labels is None:
                if training:
                    raise ValueError(_NO_LABELS)
                # Predictions need no labels; an evaluation asks by `track`.
                self._note(None)
                self.add_loss(tf.zeros([]))
                return nodes
            compared = tf.nn.softmax(tf.cast(nodes, tf.float32))
            sums = labeled_neighbor_sums(
                compared, known_labels, adjacency, rows, config, self.pair_weights, agreement
            )
            # A label is farther from an unsure output than outputs are from each other: only
            # outputs can be held against the outputs of random nodes.
            apart = neighbor_sums(tf.stop_gradient(compared), adjacency, rows, config, agreement)
        # The count has no gradient; a quotient would compute one.
        mean = sums.total * tf.math.reciprocal_no_nan(sums.count)
        if not self.monitors and not self.config.contrast:
            self.add_mean(mean, sums.count)
            return nodes
        real = real_nodes(graph._replace(nodes=nodes))
        is_auto = self.config.multiplier == AUTO
        if not self.config.contrast:
            compared = tf.stop_gradient(compared)
        # What is only shown is a mean over an epoch, for which one pair a row is enough.
        pairs = PAIRS_A_ROW if self.config.contrast or is_auto else 1
        distances, counts = random_distances(compared, config, real, pairs)
        if self.config.contrast:
            pull = sums.pull * tf.math.reciprocal_no_nan(sums.count)
            mean += self.config.contrast * pull * uniformity(distances, counts)
        number = tf.reduce_sum(counts)
        neighbor = tf.math.divide_no_nan(apart.total, apart.pull)
        random = tf.math.divide_no_nan(tf.reduce_sum(distances), number)
        if is_auto:
            mean *= edge_trust(neighbor, random)
        seen = [(neighbor, apart.pull), (random, number)]
        if self.compares != VALUES:
            seen.append(class_spread(tf.stop_gradient(nodes), self.compares == LOGITS, real))
        self.add_mean(mean, sums.count, *seen[: len(self.monitors)])
        return nodes

    def track(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Counts the last call's mean in the metric, by its number of nodes.

        Raises:
            ValueError: with `pair_weights`, the batch had no `known_labels`.
        """
        if any(call is None for call in self._calls.made):
            self.forget()
            raise ValueError(_NO_LABELS)
        return super().track()

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "config": self.config.to_dict(),
            "pair_weights": None if self.pair_weights is None else self.pair_weights.to_dict(),
            "compares": self.compares,
        }
