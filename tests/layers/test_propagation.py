"""SGC, APPNP and DAGNN: the layers against dense matrices, and layers of stages."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.layers import APPNPPropagation, DAGNNPropagation, GCNConv, SGConv, StagedLayer
from gnn.ops.normalization import symmetric_adjacency
from tests.layers.small_graphs import cosines, random_graph, shuffled


def normalized(matrix: np.ndarray) -> np.ndarray:
    """`D^-1/2 (A + I) D^-1/2` of weights `[receiver, sender]`."""
    looped = matrix + np.eye(len(matrix))
    scale = 1 / np.sqrt(looped.sum(axis=1))
    return scale[:, np.newaxis] * looped * scale


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


# SGC.


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("hops", [0, 1, 3])
def test_simple_convolution_equals_the_dense_product(hops: int, as_sparse: bool) -> None:
    graph, features, matrix, _ = random_graph(5, as_sparse)
    layer = SGConv(4, hops, activation="tanh")
    layer(graph)
    kernel, bias = cosines((5, 4), 1.3), np.array([1.0, -1.0, 0.5, 0.0], np.float32)
    layer.set_weights([kernel, bias])
    powers = np.linalg.matrix_power(normalized(matrix), hops)
    expected = np.tanh(powers @ features @ kernel + bias)
    np.testing.assert_allclose(layer(graph).nodes, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer(shuffled(graph)).nodes, expected, rtol=1e-4, atol=1e-5)


def test_it_is_so_many_convolutions_without_a_nonlinearity() -> None:
    graph, _, _, _ = random_graph(5)
    layer = SGConv(4, hops=3, use_bias=False)
    outputs = layer(graph).nodes
    (kernel,) = layer.get_weights()
    first, *others = (GCNConv(4, kernel_initializer="identity") for _ in range(3))
    first(graph)
    first.set_weights([kernel])
    for convolution in (first, *others):
        graph = convolution(graph)
    np.testing.assert_allclose(outputs, graph.nodes, rtol=1e-5, atol=1e-6)


def test_the_bias_comes_after_the_hops_and_is_optional() -> None:
    # On one lonely node A^ is 1; on a node with a neighbor a bias before the hops would spread.
    graph, features, matrix, _ = random_graph(2)
    layer = SGConv(1, hops=2, kernel_initializer="zeros", bias_initializer="ones")
    np.testing.assert_array_equal(layer(graph).nodes, np.ones([10, 1]))
    assert len(layer.get_weights()) == 2
    bare = SGConv(1, use_bias=False)
    bare(graph)
    assert len(bare.get_weights()) == 1


# APPNP.


@pytest.mark.parametrize("teleport", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("hops", [0, 1, 5])
def test_personalized_propagation_equals_the_recursion(hops: int, teleport: float) -> None:
    graph, features, matrix, _ = random_graph(3)
    expected = features
    for _ in range(hops):
        expected = (1 - teleport) * normalized(matrix) @ expected + teleport * features
    layer = APPNPPropagation(hops, teleport)
    found = layer(graph).nodes
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    if teleport == 1.0:
        np.testing.assert_allclose(found, features, rtol=1e-6)
    assert layer.weights == []


def test_many_hops_approach_personalized_page_rank() -> None:
    # Klicpera et al., equation 2: a (I - (1 - a) A^)^-1 H, whose powers shrink by 1 - a.
    graph, features, matrix, _ = random_graph(3)
    symmetric = (matrix + matrix.T) / 2
    receivers, senders = np.nonzero(symmetric)
    graph = graph.replace(
        senders=tf.constant(senders, tf.int32),
        receivers=tf.constant(receivers, tf.int32),
        edges=tf.constant(symmetric[receivers, senders][:, np.newaxis], tf.float32),
    )
    ranks = 0.3 * np.linalg.inv(np.eye(10) - 0.7 * normalized(symmetric))
    found = APPNPPropagation(hops=60, teleport=0.3)(graph).nodes
    np.testing.assert_allclose(found, ranks @ features, rtol=1e-4, atol=1e-4)


def test_edges_are_dropped_in_training_only() -> None:
    graph, _, _, _ = random_graph(3)
    layer = APPNPPropagation(2, edge_dropout=0.5, seed=1)
    whole = APPNPPropagation(2)(graph).nodes
    for training in (False, None):
        np.testing.assert_array_equal(layer(graph, training=training).nodes, whole)
    assert np.abs(layer(graph, training=True).nodes - whole).max() > 1e-3
    none = APPNPPropagation(2, edge_dropout=0.0)
    np.testing.assert_array_equal(none(graph, training=True).nodes, whole)


def test_each_entry_is_dropped_or_divided_anew_at_each_hop() -> None:
    # Identity features show A^ itself after one hop without teleport; no pair comes twice.
    graph, _, matrix, _ = random_graph(3)
    graph = graph.replace(nodes=tf.eye(10))
    layer = APPNPPropagation(1, teleport=0.0, edge_dropout=0.25, seed=2)
    whole = normalized(matrix)
    drawn = tf.function(lambda: layer(graph, training=True).nodes)
    draws = [drawn().numpy() for _ in range(400)]
    # A node with a loop of its own has two entries in one place: leave these places out.
    entries = np.argwhere(whole * (1 - np.diag(np.diag(matrix) > 0)))
    for draw in draws[:5]:
        ratios = draw[tuple(entries.T)] / whole[tuple(entries.T)]
        kept = ratios > 0
        np.testing.assert_allclose(ratios[kept], 1 / 0.75, rtol=1e-4)
        assert 0 < kept.sum() < len(entries)
    # Loops are entries of A^ too, and the mean is A^: 400 draws, 5 standard deviations of the mean.
    loops = np.array([np.diag(draw) == 0 for draw in draws])
    assert loops.any(axis=0).all()
    off = np.abs(np.mean(draws, axis=0) - whole)
    assert (off <= 5 * whole * np.sqrt(0.25 / 0.75 / 400) + 1e-6).all()
    # Two hops of identical draws would give the square of a draw.
    two = APPNPPropagation(2, teleport=0.0, edge_dropout=0.25, seed=2)
    first = APPNPPropagation(1, teleport=0.0, edge_dropout=0.25, seed=2)
    draw = first(graph, training=True).nodes.numpy()
    assert np.abs(two(graph, training=True).nodes - draw @ draw).max() > 1e-3


def test_a_seed_repeats_the_dropped_edges() -> None:
    graph, _, _, _ = random_graph(3)
    twice = [
        APPNPPropagation(3, edge_dropout=0.5, seed=9)(graph, training=True).nodes for _ in range(2)
    ]
    np.testing.assert_array_equal(*twice)


# DAGNN.


@pytest.mark.parametrize("hops", [0, 1, 4])
def test_adaptive_propagation_equals_the_formula(hops: int) -> None:
    graph, features, matrix, _ = random_graph(3)
    layer = DAGNNPropagation(hops)
    layer(graph)
    kernel, bias = cosines((3, 1), 0.9), np.array([0.4], np.float32)
    layer.set_weights([kernel, bias])
    expected, hidden = np.zeros_like(features), features
    for hop in range(hops + 1):
        hidden = normalized(matrix) @ hidden if hop else features
        expected = expected + sigmoid(hidden @ kernel + bias) * hidden
    np.testing.assert_allclose(layer(graph).nodes, expected, rtol=1e-4, atol=1e-5)


def test_without_hops_it_is_the_gate_alone() -> None:
    # sigmoid(log 3) = 3/4 of node (1, log 3) by the column (0, 1).
    graph, _, _, _ = random_graph(2)
    graph = graph.replace(nodes=tf.fill([10, 2], tf.math.log(3.0)))
    layer = DAGNNPropagation(0)
    layer(graph)
    layer.set_weights([np.array([[0.0], [1.0]]), np.zeros(1)])
    np.testing.assert_allclose(layer(graph).nodes, 0.75 * graph.nodes, rtol=1e-6)


def test_the_gate_learns_through_every_hop() -> None:
    graph, features, matrix, _ = random_graph(3)
    layer = DAGNNPropagation(2, kernel_initializer="zeros", kernel_regularizer="l2")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(graph).nodes)
    hops = [np.linalg.matrix_power(normalized(matrix), hop) @ features for hop in range(3)]
    # At weights of 0 the slope of the sigmoid is 1/4.
    for_kernel = sum(0.25 * hop.T @ hop.sum(axis=1, keepdims=True) for hop in hops)
    for_bias = sum(0.25 * hop.sum() for hop in hops)
    found = tape.gradient(loss, layer.trainable_weights)
    np.testing.assert_allclose(found[0], for_kernel, rtol=1e-4)
    np.testing.assert_allclose(found[1], [for_bias], rtol=1e-4)
    assert len(layer.losses) == 1


# All of them.

LAYERS = [
    lambda **kwargs: SGConv(4, 2, **kwargs),
    lambda **kwargs: APPNPPropagation(3, 0.2, edge_dropout=0.4, seed=3, **kwargs),
    lambda **kwargs: DAGNNPropagation(3, **kwargs),
]


@pytest.mark.parametrize("make", LAYERS)
def test_xla_equals_the_cpu(make: Any) -> None:
    graph, _, _, _ = random_graph(4)
    layer = make()
    outputs = layer(graph).nodes
    compiled = tf.function(lambda: layer(graph).nodes, jit_compile=True)
    np.testing.assert_allclose(compiled(), outputs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", LAYERS)
def test_config_round_trip(make: Any) -> None:
    layer = make(name="propagation")
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is type(layer) and again.get_config() == layer.get_config()
    assert config["registered_name"] == f"gnn>{type(layer).__name__}"


@pytest.mark.parametrize("make", LAYERS)
def test_stages_one_after_the_other_are_the_layer(make: Any) -> None:
    graph, _, _, _ = random_graph(4)
    layer = make()
    outputs = layer(graph).nodes
    stages = layer.stages()
    assert len(stages) == layer.hops + 2
    for stage in stages:
        graph = stage(graph, False)
    np.testing.assert_array_equal(graph.nodes, outputs)


def test_the_first_stage_of_a_model_makes_the_weights() -> None:
    graph, _, _, _ = random_graph(4)
    layer = SGConv(3, 1)
    for stage in layer.stages_of_model():
        graph = stage(graph, False)
    assert layer.built and [tuple(w.shape) for w in layer.weights] == [(4, 3), (3,)]
    kept = layer.get_weights()
    layer.stages_of_model()[0](random_graph(4)[0], False)
    np.testing.assert_array_equal(layer.get_weights()[0], kept[0])


def test_normalization_is_shared_by_the_hops(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(adjacency: Any, *args: Any) -> Any:
        made.append(symmetric_adjacency(adjacency, *args))
        return made[-1]

    monkeypatch.setattr("gnn.ops.normalization.symmetric_adjacency", counted)
    monkeypatch.setattr("gnn.layers.propagation.symmetric_adjacency", counted)
    graph, _, _, _ = random_graph(3)
    for layer in (SGConv(2, 3), APPNPPropagation(3), DAGNNPropagation(3)):
        graph = layer(graph)
    assert len(made) == 9 and all(each is made[0] for each in made)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SGConv(0), ValueError, "units must be at least 1, got 0"),
        (lambda: SGConv(2, hops=-1), ValueError, "hops must be at least 0, got -1"),
        (lambda: SGConv(2, hops=1.5), TypeError, "hops must be an integer, got 1.5"),
        (
            lambda: SGConv(2, hops=False),
            TypeError,
            "hops must be an integer, got False",
        ),
        (
            lambda: APPNPPropagation(hops="2"),
            TypeError,
            "hops must be an integer, got '2'",
        ),
        (lambda: APPNPPropagation(teleport=1.1), ValueError, r"teleport .* \[0, 1\]; got 1.1"),
        (lambda: APPNPPropagation(teleport=-0.1), ValueError, r"teleport .* \[0, 1\]; got -0.1"),
        (lambda: APPNPPropagation(edge_dropout=1), ValueError, r"edge_dropout .* \[0, 1\); got 1"),
        (
            lambda: DAGNNPropagation(hops=None),
            TypeError,
            "hops must be an integer, got None",
        ),
    ],
)
def test_arguments_out_of_range(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_layer_without_stages_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"Empty must define stages\(\)"):

        class Empty(StagedLayer):
            pass

        Empty().stages()
