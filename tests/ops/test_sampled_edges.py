"""Sums over sampled edges: the expectation over all samples, by hand and by going through them."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.graphs.batch.graphs_tuple import BatchGraph, graph_from_inputs
from gnn.layers import GATConv, GCNConv, GINConv, MessagePassing, SAGEConv
from gnn.ops import propagate, sampling_scale, standing_for_all, symmetric_propagate
from gnn.ops.adjacency import Adjacency

# Into 0: nodes 1 to 4; into 1: 0 and 2; 2 receives nothing; into 3: 4; 4 receives from 0.
SENDERS = np.array([1, 2, 3, 4, 0, 2, 4, 0])
RECEIVERS = np.array([0, 0, 0, 0, 1, 1, 3, 4])
VALUES = np.array([[1.0, -2.0], [3.0, 0.5], [-1.0, 4.0], [2.0, 2.0], [0.0, 1.0]], np.float32)


def samples(fanout: int) -> list[list[int]]:
    """Every way to draw up to `fanout` edges into each node; all are equally likely."""
    into = [np.flatnonzero(RECEIVERS == node).tolist() for node in range(5)]
    choices = [itertools.combinations(edges, min(fanout, len(edges))) for edges in into]
    return [sum(map(list, drawn), []) for drawn in itertools.product(*choices)]


def drawn(edges: list[int], weights: np.ndarray) -> Adjacency:
    degrees = np.bincount(RECEIVERS, weights, 5).astype(np.float32)
    part = Adjacency(
        tf.constant(SENDERS[edges]), tf.constant(RECEIVERS[edges]), 5, tf.constant(weights[edges])
    )
    return standing_for_all(part, tf.constant(degrees))


@pytest.mark.parametrize("fanout", [1, 2, 3])
def test_the_mean_over_all_samples_is_the_whole_sum(fanout: int) -> None:
    weights = np.full(8, 0.5, np.float32)
    whole = Adjacency(tf.constant(SENDERS), tf.constant(RECEIVERS), 5, tf.constant(weights))
    every = [drawn(edges, weights) for edges in samples(fanout)]
    assert len(every) == {1: 8, 2: 6, 3: 4}[fanout]
    for function in (propagate, symmetric_propagate):
        estimates = [function(tf.constant(VALUES), part).numpy() for part in every]
        np.testing.assert_allclose(np.mean(estimates, axis=0), function(VALUES, whole), atol=1e-6)


def test_a_constant_is_summed_exactly_whatever_is_drawn() -> None:
    # Weights differ: the estimate of a sum is a weighted mean times the degree.
    weights = np.array([9, 1, 1, 4, 2, 3, 5, 7], np.float32)
    ones = tf.ones([5, 1])
    for edges in samples(2):
        part = drawn(edges, weights)
        np.testing.assert_allclose(propagate(ones, part)[:, 0], [15, 5, 0, 5, 7], rtol=1e-6)
        np.testing.assert_array_equal(part.in_degrees(), [15, 5, 0, 5, 7])
    # Means and maxima are those of what was drawn: into 0, edges 0 and 1 of weights 9 and 1.
    part = drawn([0, 1, 4, 5, 6, 7], weights)
    mean, largest = (propagate(VALUES, part, reduce)[0] for reduce in ("mean", "max"))
    np.testing.assert_allclose(mean, [0.9 * 3 - 0.1, 0.9 * 0.5 + 0.4], rtol=1e-6)
    np.testing.assert_array_equal(largest, [3, 4])


def test_a_degree_without_edges_is_no_error() -> None:
    part = Adjacency(tf.zeros([0], tf.int32), tf.zeros([0], tf.int32), 2)
    assert sampling_scale(part, tf.constant([4.0, 0.0])).numpy().tolist() == [0, 0]


def star(weights: list[float], degree: float | None) -> BatchGraph:
    """Nodes 0 and 1 send to node 2, which receives `degree` in the whole graph."""
    inputs = {
        "x": tf.constant([[1.0], [2.0], [4.0]]),
        "n_node": [3],
        "n_edge": [2],
        "edges": [[weight] for weight in weights],
        "senders": [0, 1],
        "receivers": [2, 2],
        "globals": tf.zeros([1, 0]),
    }
    if degree is not None:
        inputs["graph_degrees"] = [0.0, 0.0, degree]
    graph = graph_from_inputs(inputs)
    return graph.replace(nodes=graph.nodes["x"])


def test_layers_that_sum_let_the_drawn_stand_for_all() -> None:
    # Of four edges of weight 1 into node 2, two were drawn, so each counts twice.
    ones = {"kernel_initializer": "ones"}

    def dense() -> keras.layers.Layer:
        return keras.layers.Dense(1, **ones)

    def last(layer: keras.layers.Layer) -> float:
        return float(layer(star([1.0, 1.0], 4.0)).nodes[2, 0])

    assert last(GINConv(mlp_fn=dense)) == 4 + 2 * (1 + 2)
    # A message is 1 + 4 + h_w, and the update adds h_v.
    assert last(MessagePassing(dense, dense)) == 2 * (6 + 7) + 4
    assert last(MessagePassing(dense, dense, reduce="mean")) == 6.5 + 4
    assert last(SAGEConv(1, **ones)) == 4 + 1.5
    # D is 5 at node 2 and 1 at the others, which receive nothing anywhere.
    expected = 2 * (1 + 2) / np.sqrt(5) + 4 / 5
    np.testing.assert_allclose(last(GCNConv(1, **ones)), expected, rtol=1e-6)
    # Attention of logits 0: four neighbors and the node itself share alike.
    attention = GATConv(1, heads=1, kernel_initializer="ones", use_bias=False)
    attention(star([1.0, 1.0], None))
    attention.sender_attention.assign([[0.0]])
    attention.receiver_attention.assign([[0.0]])
    np.testing.assert_allclose(last(attention), (2 * (1 + 2) + 4) / 5, rtol=1e-6)


def test_an_edge_of_weight_0_is_not_aggregated() -> None:
    ones = {"kernel_initializer": "ones"}
    layers = [
        GINConv(2, batch_normalization=False, **ones),
        SAGEConv(2, **ones),
        SAGEConv(2, aggregator="max", **ones),
        GATConv(2, heads=1, **ones),
        GCNConv(2, **ones),
    ]
    with_it, without = star([1.0, 0.0], None), star([1.0, 0.0], None)
    without = without.replace(
        senders=without.senders[:1],
        receivers=without.receivers[:1],
        edges=without.edges[:1],
        n_edge=tf.constant([1]),
    )
    for layer in layers:
        np.testing.assert_array_equal(layer(with_it).nodes, layer(without).nodes)


@pytest.mark.parametrize("jit", [False, True])
def test_the_maximum_leaves_edges_of_weight_0_out_and_their_gradient(jit: bool) -> None:
    # With heads, each has weights of its own.
    values = tf.constant([[[1.0], [9.0]], [[5.0], [2.0]], [[0.0], [0.0]]])
    by_head = Adjacency(
        tf.constant([0, 1]), tf.constant([2, 2]), 3, tf.constant([[1.0, 0.0], [0.0, 1.0]])
    )
    plain = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3, tf.constant([1.0, 0.0]))

    @tf.function(jit_compile=jit)
    def run() -> tuple[tf.Tensor, ...]:
        with tf.GradientTape() as tape:
            tape.watch(values)
            out = propagate(values, plain, "max")
        gradient = tf.convert_to_tensor(tape.gradient(out, values))
        return propagate(values, by_head, "max")[2], out[2], gradient

    heads, out, gradient = run()
    assert heads.numpy().tolist() == [[1], [2]]
    assert out.numpy().tolist() == [[1], [9]]
    assert gradient.numpy().ravel().tolist() == [1, 1, 0, 0, 0, 0]
