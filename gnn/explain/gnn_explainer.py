"""GNNExplainer: masks that keep a prediction and little else."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.explain.explanation import Explanation
from gnn.explain.subject import Subject, find_target, make_subject
from gnn.graphs.graph import Graph


def gnn_explainer(
    model: Any,
    graph: Graph,
    node: Any,
    *,
    target: int | str | None = None,
    steps: int = 100,
    learning_rate: float = 0.1,
    hops: int | None = None,
    edge_size: float = 0.005,
    edge_entropy: float = 1.0,
    feature_size: float = 1.0,
    feature_entropy: float = 0.1,
    seed: int = 0,
    output: str | None = None,
) -> Explanation:
    """Looks for the few edges and features that are enough for a prediction.

    Minimizes by Adam, over a number for each edge, `M`, and for each column of the features, `F`,

        -log P(class | w * s(M), x * s(F)) + edge_size * sum s(M) + edge_entropy * sum H(s(M)) / n^2
            + feature_size * mean s(F) + feature_entropy * mean H(s(F)),

    where `s` is the sigmoid, `w` the weights of the edges, `x` the features, `n` the number of
    nodes, and `H(p) = -p log p - (1 - p) log(1 - p)` draws masks to 0 or 1 (Ying et al.,
    "GNNExplainer: generating explanations for graph neural networks", NeurIPS 2019, sections 4.1
    and 4.2, with the objective of their equation 6 for one class). A mask near 1 is needed for the
    prediction, one near 0 is not. The masks of edges multiply the weights before the model divides
    by degrees, if it does; an edge may be needed because it takes from others.

    The four weights, step size, number of steps and starting values are those of the authors' code
    (github.com/RexYing/gnn-model-explainer), and so is the division by `n^2`: that code has a mask
    for every pair of nodes and takes the mean over all pairs. We differ from it in these: directed
    edges have a mask each, where it makes masks symmetric; the entropy of features is in the sum,
    where it is computed and left out; its Laplacian term, which the paper lacks, is not here. As in
    the code by default, masked features become smaller, and are not replaced by random ones (the
    paper's section 4.2). Edges and columns on which the prediction does not depend at all get 0 and
    enter no sum or mean, nor do nodes without other edges count in `n`.

    Args:
        model: a Keras model that takes a batch's inputs and returns logits; called with
            `training=False`.
        graph: the graph; at least one feature.
        node: one of `graph.ids`; the node's index, where the graph has no ids.
        target: the class to explain, by number or name; None takes the likeliest.
        steps: of Adam.
        learning_rate: of Adam.
        hops: how far the model looks, as in `integrated_gradients`.
        edge_size: the weight of the sum of edge masks: about how much less likely, as a share, the
            class may become for an edge to be left out. Around few nodes, ten or so, entropy
            outweighs it: take more, such as 0.05.
        edge_entropy: of the entropy of edge masks.
        feature_size: of the mean of feature masks.
        feature_entropy: of the mean entropy of feature masks.
        seed: of the starting values; equal seeds give equal masks.
        output: the name of the logits, where the model returns a dict of outputs.

    Returns:
        An `Explanation` whose attributions are the masks, from 0 to 1: one an edge, and one a
        column of each float feature, shared by all nodes. `score` is the probability of the class
        with the masks applied: if it is far from the prediction, the masks explain little.

    Raises:
        TypeError: `graph` is no `gnn.Graph`, or a count is no integer.
        KeyError: an unknown node, class or output.
        ValueError: the graph has no features, there is no such node or class, a number is out of
            its range, or the model does not return a row of logits.

    Example:

    >>> graph = Graph.from_edges([1, 2], [0, 0], {"x": np.array([[0, 0], [4, 0], [0, 1.0]])})
    >>> def model(inputs, training):  # The sum over a node and its neighbors.
    ...     sent = inputs["edges"] * tf.gather(inputs["x"], inputs["senders"])
    ...     received = tf.math.unsorted_segment_sum(sent, inputs["receivers"], 3)
    ...     return tf.gather(inputs["x"] + received, inputs["readout"])
    >>> why = gnn_explainer(model, graph, 0)
    >>> [(row.sender, row.receiver) for row in why.top_edges(1)]
    [(1, 0)]
    """
    steps = check_count("steps", steps, 1)
    penalties = {
        "edge_size": edge_size,
        "edge_entropy": edge_entropy,
        "feature_size": feature_size,
        "feature_entropy": feature_entropy,
    }
    for name, value in penalties.items():
        if not 0 <= value < np.inf:
            raise ValueError(f"{name} must be finite and at least 0, got {value!r}")
    if not 0 < learning_rate < np.inf:
        raise ValueError(f"learning_rate must be finite and greater than 0, got {learning_rate!r}")
    seed = check_count("seed", seed, 0)
    subject = make_subject(model, graph, node, hops, output)
    logits = subject.logits(tf.constant(subject.weights), subject.values)
    chosen = find_target(target, logits.numpy(), graph)

    masks = _Masks(subject)
    # Numbers before the sigmoid: those of edges start at 1 and some noise, those of columns at 0.
    noise = np.random.default_rng(seed).normal(size=masks.num_edges)
    start = np.zeros(masks.size)
    start[: masks.num_edges] = 1.0 + np.sqrt(2.0 / subject.nodes.size) * noise
    numbers = keras.Variable(start.astype(np.float32), dtype="float32")
    reached = masks.reached(tf.sigmoid(numbers.value), chosen)
    edge_reached, column_reached = masks.split(reached)
    used = subject.edges[edge_reached.numpy() > 0]
    num_nodes = np.union1d(graph.senders[used], graph.receivers[used]).size
    edge_entropy /= max(num_nodes, 1) ** 2

    @tf.function(autograph=False)  # Traced once, for all steps.
    def gradient_at(numbers: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(numbers)
            loss = -tf.nn.log_softmax(masks.logits(reached * tf.sigmoid(numbers)))[chosen]
            edges, columns = masks.split(numbers)
            loss += edge_size * tf.reduce_sum(edge_reached * tf.sigmoid(edges))
            loss += edge_entropy * tf.reduce_sum(edge_reached * _entropy(edges))
            loss += feature_size * _mean(tf.sigmoid(columns), column_reached)
            loss += feature_entropy * _mean(_entropy(columns), column_reached)
        return tf.convert_to_tensor(tape.gradient(loss, numbers))

    optimizer = keras.optimizers.Adam(learning_rate)
    for _ in range(steps):
        optimizer.apply_gradients([(gradient_at(numbers.value), numbers)])
    found = reached * tf.sigmoid(numbers.value)
    return Explanation(
        method="GNNExplainer",
        graph=graph,
        node=subject.node,
        target=chosen,
        probabilities=tf.nn.softmax(logits).numpy(),
        nodes=subject.nodes,
        edges=subject.edges,
        edge_attributions=masks.split(found)[0].numpy().astype(np.float64),
        feature_attributions={
            name: mask.numpy().astype(np.float64) for name, mask in masks.by_feature(found).items()
        },
        score_name="probability",
        score=float(tf.nn.softmax(masks.logits(found))[chosen]),
        baselines={},
    )


class _Masks:
    """One vector of masks for a subject: its edges, then the columns of its features by name."""

    def __init__(self, subject: Subject):
        self._subject = subject
        self.num_edges = subject.edges.size
        shapes = {name: subject.inputs[name].shape[1:] for name in subject.values}
        self._shapes = {name: shape.as_list() for name, shape in shapes.items()}
        self._widths = [math.prod(shape) for shape in self._shapes.values()]
        self.size = self.num_edges + sum(self._widths)

    def split(self, masks: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The masks of edges, and those of columns."""
        return masks[: self.num_edges], masks[self.num_edges :]

    def by_feature(self, masks: tf.Tensor) -> dict[str, tf.Tensor]:
        """The masks of each feature, in the shape of one of its rows."""
        if not self._widths:  # No feature is of floats.
            return {}
        parts = tf.split(self.split(masks)[1], self._widths)
        shapes = self._shapes.items()
        return {name: tf.reshape(x, shape) for x, (name, shape) in zip(parts, shapes, strict=True)}

    def logits(self, masks: tf.Tensor) -> tf.Tensor:
        """What the model says where edges and features are multiplied by their masks."""
        subject, values = self._subject, {}
        for name, mask in self.by_feature(masks).items():
            given = subject.inputs[name]
            if isinstance(given, tf.SparseTensor):
                mask = tf.gather(mask, given.indices[:, 1])
            values[name] = subject.values[name] * tf.cast(mask, given.dtype)
        return subject.logits(subject.weights * self.split(masks)[0], values)

    def reached(self, masks: tf.Tensor, target: int) -> tf.Tensor:
        """1 for the masks on which the prediction depends, else 0, float32."""
        with tf.GradientTape() as tape:
            tape.watch(masks)
            logits = self.logits(masks)
            others = tf.boolean_mask(logits, tf.range(tf.size(logits)) != target)
            # The log of the odds; a gradient of the probability is 0 where that is 1 in float32.
            odds = logits[target] - tf.reduce_logsumexp(others)
        gradient = tape.gradient(odds, masks, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tf.cast(tf.convert_to_tensor(gradient) != 0, tf.float32)


def _entropy(numbers: tf.Tensor) -> tf.Tensor:
    """The entropy of `p = sigmoid(numbers)` in nats, exact and with a gradient for any number."""
    p = tf.sigmoid(numbers)
    return p * tf.math.softplus(-numbers) + (1 - p) * tf.math.softplus(numbers)


def _mean(values: tf.Tensor, counted: tf.Tensor) -> tf.Tensor:
    """The mean of those that are counted; 0 where none are."""
    return tf.math.divide_no_nan(tf.reduce_sum(counted * values), tf.reduce_sum(counted))
