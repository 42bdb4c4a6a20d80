"""Integrated gradients over edges and features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.configs.arguments import check_count
from gnn.explain.explanation import Explanation
from gnn.explain.subject import Subject, find_target, make_subject
from gnn.graphs.graph import Graph

_KINDS = ("probability", "logit")
_ZERO = tf.UnconnectedGradients.ZERO


def integrated_gradients(
    model: Any,
    graph: Graph,
    node: Any,
    *,
    target: int | str | None = None,
    steps: int = 50,
    hops: int | None = None,
    of: str = "probability",
    output: str | None = None,
) -> Explanation:
    """Shares out a prediction over the edges and the features that entered it.

    `a_i = x_i * integral over t from 0 to 1 of dF(t x)/dx_i` (Sundararajan, Taly and Yan,
    "Axiomatic attribution for deep networks", ICML 2017, equation 1, with the baseline 0). The
    integral is taken as the sum of `2u/m` times the gradient at `t = u^2`, for `u = 1/2m, 3/2m,
    ...`: equation 3 has equal steps of t, but degrees change most where weights are small, and
    there these points are closer. `F` is the model's probability of one class, or its logit. There
    are two paths, each with the other input as it is:

    - along the **features**, from all 0 to what they are. Their attributions sum to the prediction
      less that of a graph whose features are all 0.
    - along the **weights of the edges**, from all 0. Their attributions sum to the prediction less
      that of the node on its own. An attribution is what the edge's weight does in every place
      where the model looks at it: what it carries, and what it takes from other edges where the
      model divides by degrees. So an edge that only dilutes better ones is negative, and an edge
      into a neighbor counts, for it shrinks what that neighbor sends. In a model that divides by
      the sum of the weights (a mean) the sum of all is 0 but for a jump at the baseline, which
      `completeness_errors` shows: read the numbers against each other there. In a model that does
      not look at weights (a maximum) edges have 0: read `node_attributions`.

    A model that scales rows to length 1 jumps at features of 0 in the same way.

    Args:
        model: a Keras model that takes a batch's inputs and returns logits; called with
            `training=False`.
        graph: the graph; at least one feature.
        node: one of `graph.ids`; the node's index, where the graph has no ids.
        target: the class to explain, by number or name; None takes the likeliest.
        steps: at how many points of each path the gradient is taken.
        hops: how far the model looks, such as the number of its convolutions. The explanation is
            of all edges into the nodes that near, so that degrees are right; fewer hops than the
            model has explain what it says on this part alone. None takes the whole graph, up to
            1,000,000 edges.
        of: `"probability"` or `"logit"`.
        output: the name of the logits, where the model returns a dict of outputs.

    Returns:
        An `Explanation`. Features that are no floats have no attributions, nor have the entries
        that a sparse feature does not store. How far the sums are from what they should be is in
        `completeness_errors`; more steps bring it down.

    Raises:
        TypeError: `graph` is no `gnn.Graph`, or a count is no integer.
        KeyError: an unknown node, class or output.
        ValueError: the graph has no features, there is no such node or class, `steps` or `hops` is
            too small, or the model does not return a row of logits.

    Example:

    >>> graph = Graph.from_edges([1, 2], [0, 0], {"x": np.array([[1, 0], [0, 1], [0, 3.0]])})
    >>> def model(inputs, training):  # The sum over a node and its neighbors.
    ...     sent = inputs["edges"] * tf.gather(inputs["x"], inputs["senders"])
    ...     received = tf.math.unsorted_segment_sum(sent, inputs["receivers"], 3)
    ...     return tf.gather(inputs["x"] + received, inputs["readout"])
    >>> why = integrated_gradients(model, graph, 0, of="logit")
    >>> for row in why.top_edges():
    ...     print(row.sender, "->", row.receiver, round(row.attribution, 6))
    2 -> 0 3.0
    1 -> 0 1.0
    """
    steps = check_count("steps", steps, 1)
    if of not in _KINDS:
        raise ValueError(f"of must be one of {', '.join(map(repr, _KINDS))}; got {of!r}")
    subject = make_subject(model, graph, node, hops, output)
    weights, values = tf.constant(subject.weights), subject.values
    logits = subject.logits(weights, values)
    chosen = find_target(target, logits.numpy(), graph)

    def score(weights: tf.Tensor, values: Mapping[str, tf.Tensor]) -> tf.Tensor:
        logits = subject.logits(weights, values)
        return (tf.nn.softmax(logits) if of == "probability" else logits)[chosen]

    @tf.function(autograph=False)  # Traced once, for all steps.
    def gradients(at: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        edge_point = at * weights
        points = {name: tf.cast(at, value.dtype) * value for name, value in values.items()}
        with tf.GradientTape() as tape:
            tape.watch(edge_point)
            by_edges = score(edge_point, values)
        for_edges = tape.gradient(by_edges, edge_point, unconnected_gradients=_ZERO)
        with tf.GradientTape() as tape:
            tape.watch(points)
            by_features = score(weights, points)
        for_features = tape.gradient(by_features, points, unconnected_gradients=_ZERO)
        return tf.nest.map_structure(tf.convert_to_tensor, (for_edges, for_features))

    edge_sum = np.zeros(subject.edges.size)
    value_sums = {name: np.zeros(value.shape) for name, value in values.items()}
    for step in range(steps):
        # With t = u^2 the points lie closer together where t is small. Degrees turn fast there.
        u = (step + 0.5) / steps
        for_edges, for_features = gradients(tf.constant(u**2, tf.float32))
        edge_sum += 2 * u / steps * for_edges.numpy()
        for name, gradient in for_features.items():
            value_sums[name] += 2 * u / steps * gradient.numpy()
    without = {
        "features": score(weights, {name: tf.zeros_like(value) for name, value in values.items()}),
        "edges": score(tf.zeros_like(weights), values),
    }
    return Explanation(
        method="integrated gradients",
        graph=graph,
        node=subject.node,
        target=chosen,
        probabilities=tf.nn.softmax(logits).numpy(),
        nodes=subject.nodes,
        edges=subject.edges,
        edge_attributions=edge_sum * subject.weights,
        feature_attributions={
            name: _by_node(subject, name, total * values[name].numpy())
            for name, total in value_sums.items()
        },
        score_name=of,
        score=float(score(weights, values)),
        baselines={name: float(value) for name, value in without.items()},
    )


def _by_node(subject: Subject, name: str, attributions: np.ndarray) -> Any:
    """Attributions in the shape of the feature: stored entries go back to their rows."""
    given = subject.inputs[name]
    if not isinstance(given, tf.SparseTensor):
        return attributions
    rows, columns = given.indices.numpy().T
    return sparse.csr_array((attributions, (rows, columns)), shape=tuple(given.shape))
