"""SAGEConv worked by hand, against dense matrices, loops, and numbers of another implementation."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.layers.sage import SAGEConv
from tests.layers.small_graphs import cosines, four_nodes, graph_of, random_graph, shuffled

# Nodes 0 and 1 send to node 2 with weights 1 and 3; nobody sends to them.
STAR = ([0, 1], [2, 2], [[1.0, 0.0], [3.0, 4.0], [5.0, 5.0]], [1.0, 3.0])


def layer_with(units: int, width: int, weights: list[Any], **kwargs: Any) -> SAGEConv:
    layer = SAGEConv(units, **kwargs)
    layer.build((None, width))
    layer.set_weights([np.array(weight, np.float32) for weight in weights])
    return layer


@pytest.mark.parametrize("jit", [False, True])
def test_mean_by_hand(jit: bool) -> None:
    # Node 2 receives (1 * [1, 0] + 3 * [3, 4]) / 4 = [2.5, 3]; W_self sums, W_neighbors is [1, 10].
    layer = layer_with(1, 2, [[[1], [1]], [[1], [10]]])
    run = tf.function(
        lambda nodes: layer(graph_of(*STAR).replace(nodes=nodes)).nodes, jit_compile=jit
    )
    np.testing.assert_allclose(run(tf.constant(STAR[2])), [[1], [7], [10 + 2.5 + 30]], rtol=1e-6)


@pytest.mark.parametrize("jit", [False, True])
def test_max_by_hand(jit: bool) -> None:
    # Pooled: relu(x0 - x1 - 0.5) and x1: nodes 0 and 1 say [0.5, 0] and [0, 4]; the maximum is
    # [0.5, 4] whatever the weights, times [1, 10].
    weights = [[[1], [1]], [[1, 0], [-1, 1]], [-0.5, 0], [[1], [10]]]
    layer = layer_with(1, 2, weights, aggregator="max", pool_units=2)
    run = tf.function(
        lambda nodes: layer(graph_of(*STAR).replace(nodes=nodes)).nodes, jit_compile=jit
    )
    np.testing.assert_allclose(run(tf.constant(STAR[2])), [[1], [7], [10 + 40.5]], rtol=1e-6)


def test_bias_activation_and_length() -> None:
    # Rows [1, 0] W = [3, 4] + [0, 0]; normalized [0.6, 0.8]. Then a row that relu makes 0.
    weights = [[[3, 4], [0, 0]], np.zeros((2, 2)), [0, 0]]
    layer = layer_with(2, 2, weights, normalize=True, activation="relu", use_bias=True)
    graph = graph_of([], [], [[1.0, 0.0], [-1.0, 0.0]])
    np.testing.assert_allclose(layer(graph).nodes, [[0.6, 0.8], [0, 0]], rtol=1e-6)
    layer.set_weights([*map(np.array, weights[:2]), np.array([1.0, -7.0])])
    np.testing.assert_allclose(layer(graph).nodes, [[1, 0], [0, 0]], rtol=1e-6)


def test_a_row_of_zeros_has_a_finite_gradient() -> None:
    layer = layer_with(2, 2, [np.eye(2), np.eye(2)], normalize=True)
    nodes = tf.zeros([2, 2])
    with tf.GradientTape() as tape:
        tape.watch(nodes)
        out = layer(graph_of([0], [1], [[0, 0], [0, 0]]).replace(nodes=nodes)).nodes
    assert np.isfinite(tape.gradient(out, nodes)).all()


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize(("num_features", "units"), [(7, 3), (3, 7), (4, 4)])
def test_mean_equals_dense_matrices(num_features: int, units: int, as_sparse: bool) -> None:
    graph, features, matrix, _ = random_graph(num_features, as_sparse)
    totals = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, totals, out=np.zeros_like(matrix), where=totals > 0)
    layer = SAGEConv(units, activation="tanh", use_bias=True, bias_initializer="ones")
    outputs = layer(graph).nodes
    own, neighbors, bias = layer.get_weights()
    expected = np.tanh(features @ own + shares @ features @ neighbors + bias)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    np.testing.assert_allclose(layer(shuffled(graph)).nodes, outputs, atol=1e-6)


@pytest.mark.parametrize("as_sparse", [False, True])
def test_max_equals_loops(as_sparse: bool) -> None:
    graph, features, _, edges = random_graph(4, as_sparse)
    layer = SAGEConv(3, aggregator="max", pool_units=5, pool_activation="tanh")
    outputs = layer(graph).nodes
    own, pool, bias, neighbors = layer.get_weights()
    said = np.tanh(features @ pool + bias)
    largest = np.zeros((10, 5))
    for node in range(10):
        heard = [said[s] for r, s in edges if r == node]
        if heard:
            largest[node] = np.max(heard, axis=0)
    np.testing.assert_allclose(outputs, features @ own + largest @ neighbors, atol=1e-5)
    np.testing.assert_allclose(layer(shuffled(graph)).nodes, outputs, atol=1e-6)


def test_numbers_of_torch_geometric() -> None:
    # What torch_geometric 2.8.1 gives: SAGEConv(2, 3, bias=False), its lin_l our neighbor kernel.
    layer = layer_with(3, 2, [cosines((2, 3), 0.3), cosines((2, 3), 1.0)])
    expected = [
        [1.00000, 0.95534, 0.82534],
        [0.74822, 0.39789, 0.28331],
        [-0.87088, -0.94814, -0.64589],
        [1.18920, 0.83679, -0.03885],
    ]
    np.testing.assert_allclose(layer(four_nodes()).nodes, expected, atol=1e-5)
    # And SAGEConv(2, 3, aggr="max", project=True, bias=False).
    weights = [cosines((2, 3), 0.3), cosines((2, 2), 0.7), [0.1, -0.2], cosines((2, 3), 1.0)]
    layer = layer_with(3, 2, weights, aggregator="max", pool_units=2)
    expected = [
        [1.00000, 0.95534, 0.82534],
        [1.78403, 0.94984, -0.15606],
        [-0.29387, -0.59895, -0.84557],
        [0.73001, 0.52162, 0.07976],
    ]
    np.testing.assert_allclose(layer(four_nodes()).nodes, expected, atol=1e-5)


@pytest.mark.parametrize(
    "initializer", ["glorot_uniform", keras.initializers.GlorotUniform(seed=3)]
)
def test_kernels_of_one_shape_start_apart(initializer: Any) -> None:
    layer = SAGEConv(4, kernel_initializer=initializer)
    layer.build((None, 3))
    own, neighbors = layer.get_weights()
    assert own.shape == neighbors.shape and np.abs(own - neighbors).min() > 0


def test_the_regularizer_is_of_every_kernel() -> None:
    ones = [np.ones((2, 1)), np.ones((2, 2)), np.ones(2), np.ones((2, 1))]
    regularizer = keras.regularizers.L2(0.5)
    layer = layer_with(1, 2, ones, aggregator="max", pool_units=2, kernel_regularizer=regularizer)
    assert sum(float(loss) for loss in layer.losses) == pytest.approx(0.5 * (2 + 4 + 2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "units must be at least 1, got 0"),
        ({"units": True}, "units must be an integer, got True"),
        ({"units": 2, "pool_units": -1}, "pool_units must be at least 1, got -1"),
        ({"units": 2, "aggregator": "lstm"}, "aggregator must be 'mean' or 'max'; got 'lstm'"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        SAGEConv(**arguments)
