"""GCNConv worked by hand, and against the formula in dense NumPy."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.graphs.batch.graphs_tuple import BatchGraph, graph_from_inputs
from gnn.layers import GCNConv


def graph_of(
    senders: Any, receivers: Any, weights: Any, nodes: Any, num_nodes: int | None = None
) -> BatchGraph:
    count = len(nodes) if num_nodes is None else num_nodes
    graph = graph_from_inputs(
        {
            "x": tf.ones([count, 1]),
            "n_node": [count],
            "n_edge": [len(senders)],
            "edges": tf.reshape(tf.constant(weights, tf.float32), [-1, 1]),
            "senders": tf.constant(senders, tf.int32),
            "receivers": tf.constant(receivers, tf.int32),
            "globals": tf.zeros([1, 0]),
        }
    )
    if not isinstance(nodes, tf.SparseTensor):
        nodes = tf.constant(nodes, tf.float32)
    return graph.replace(nodes=nodes)


def layer_with(kernel: Any, bias: Any = None, **kwargs: Any) -> GCNConv:
    kernel = np.array(kernel, np.float32)
    layer = GCNConv(kernel.shape[1], use_bias=bias is not None, **kwargs)
    layer.build((None, kernel.shape[0]))
    layer.set_weights([kernel] if bias is None else [kernel, np.array(bias, np.float32)])
    return layer


# Two nodes and one edge 0 -> 1 of weight 3. A + I = [[1, 0], [3, 1]], so D = diag(1, 4) and
# D^-1/2 (A + I) D^-1/2 = [[1, 0], [3 / (1 * 2), 1 / 4]] = [[1, 0], [3/2, 1/4]].
# X = [[2, 0], [0, 4]] makes it [[2, 0], [3, 1]].
PAIR = ([0], [1], [3.0], [[2.0, 0.0], [0.0, 4.0]])


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        # Narrower than the features: multiplied first. [2, 0] . [1, 10] and [3, 1] . [1, 10].
        ([[1.0], [10.0]], [[2.0], [13.0]]),
        # As wide.
        ([[1.0, 2.0], [10.0, 0.0]], [[2.0, 4.0], [13.0, 6.0]]),
        # Wider: propagated first.
        ([[1.0, 0.0, 1.0], [0.0, 1.0, 10.0]], [[2.0, 0.0, 2.0], [3.0, 1.0, 13.0]]),
    ],
)
def test_two_nodes_by_hand(kernel: Any, expected: Any, jit: bool) -> None:
    layer = layer_with(kernel)
    run = tf.function(
        lambda nodes: layer(graph_of(*PAIR).replace(nodes=nodes)).nodes, jit_compile=jit
    )
    np.testing.assert_allclose(run(tf.constant(PAIR[3])), expected, rtol=1e-6)


def test_three_nodes_in_both_directions_by_hand() -> None:
    # The path 0 - 1 - 2 with weights 3 and 5: D = diag(4, 9, 6), and with X = [1, 1, 1] and W = 1
    # node 0: 1/4 + 3/(2 * 3); node 1: 3/(3 * 2) + 1/9 + 5/(3 sqrt 6); node 2: 5/(sqrt 6 * 3) + 1/6.
    graph = graph_of([0, 1, 1, 2], [1, 0, 2, 1], [3, 3, 5, 5], [[1.0]] * 3)
    fifth = 5 / (3 * np.sqrt(6))
    expected = [[0.25 + 0.5], [0.5 + 1 / 9 + fifth], [fifth + 1 / 6]]
    np.testing.assert_allclose(layer_with([[1.0]])(graph).nodes, expected, rtol=1e-6)


def test_bias_comes_before_the_activation() -> None:
    layer = layer_with([[1.0], [10.0]], bias=[-5.0], activation="relu")
    np.testing.assert_allclose(layer(graph_of(*PAIR)).nodes, [[0.0], [8.0]], rtol=1e-6)


def test_no_bias_by_default() -> None:
    layer = layer_with([[1.0]])
    assert layer.bias is None and len(layer.weights) == 1


def test_a_node_without_edges_keeps_its_product() -> None:
    graph = graph_of([], [], [], [[2.0], [3.0]])
    np.testing.assert_allclose(layer_with([[2.0]])(graph).nodes, [[4.0], [6.0]])


def random_graph(num_features: int, sparse: bool) -> tuple[BatchGraph, np.ndarray, np.ndarray]:
    """A graph in no order, its features, and D^-1/2 (A + I) D^-1/2."""
    rng = np.random.default_rng(0)
    senders, receivers = rng.integers(0, 10, (2, 40))
    weights = rng.random(40)
    features = (
        rng.normal(size=(10, num_features)) * (rng.random((10, num_features)) < 0.4)
    ).astype(np.float32)
    matrix = np.eye(10)
    np.add.at(matrix, (receivers, senders), weights)
    scale = 1 / np.sqrt(matrix.sum(axis=1))
    nodes = tf.sparse.from_dense(features) if sparse else features
    graph = graph_of(senders, receivers, weights, nodes, num_nodes=10)
    return graph, features, scale[:, None] * matrix * scale


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(("num_features", "units"), [(7, 3), (3, 7), (4, 4)])
def test_outputs_and_gradients_equal_the_formula(
    num_features: int, units: int, sparse: bool
) -> None:
    graph, features, matrix = random_graph(num_features, sparse)
    rng = np.random.default_rng(1)
    kernel = rng.normal(size=(num_features, units)).astype(np.float32)
    upstream = rng.normal(size=(10, units)).astype(np.float32)
    layer = layer_with(kernel)
    with tf.GradientTape() as tape:
        out = layer(graph).nodes
        loss = tf.reduce_sum(out * upstream)
    gradient = tape.gradient(loss, layer.trainable_weights[0].value)
    np.testing.assert_allclose(out, matrix @ features @ kernel, atol=1e-5)
    np.testing.assert_allclose(
        tf.convert_to_tensor(gradient), features.T @ matrix.T @ upstream, atol=1e-4
    )


def test_the_graph_comes_back_with_new_nodes_only() -> None:
    graph = graph_of(*PAIR)
    out = GCNConv(3)(graph)
    assert isinstance(out, BatchGraph) and out.nodes.shape == (2, 3)
    assert out.edges is graph.edges and out.senders is graph.senders
    assert out.readout is graph.readout
    assert graph.nodes.shape == (2, 2)


def test_unweighted_graphs_have_weights_of_one() -> None:
    # A + I = [[1, 0], [1, 1]]: node 1 gets 2 / sqrt(2) + 4 / 2.
    graph = graph_of([0], [1], [3.0], [[2.0], [4.0]]).replace(edges=None)
    expected = [[2.0], [np.sqrt(2) + 2]]
    np.testing.assert_allclose(layer_with([[1.0]])(graph).nodes, expected, rtol=1e-6)


def test_kernel_regularizer_is_a_loss() -> None:
    # 0.5 * (1 + 100).
    layer = layer_with([[1.0], [10.0]], kernel_regularizer=keras.regularizers.L2(0.5))
    layer(graph_of(*PAIR))
    assert [float(loss) for loss in layer.losses] == pytest.approx([50.5])


def test_config_round_trip() -> None:
    layer = GCNConv(
        3,
        activation="relu",
        use_bias=True,
        kernel_initializer=keras.initializers.HeNormal(seed=1),
        kernel_regularizer=keras.regularizers.L2(0.5),
        bias_initializer="ones",
    )
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, GCNConv) and config["registered_name"] == "gnn>GCNConv"
    assert again.get_config() == layer.get_config()
    graph = graph_of(*PAIR)
    np.testing.assert_array_equal(layer(graph).nodes, again(graph).nodes)


@pytest.mark.parametrize("units", [0, -2])
def test_units_must_be_positive(units: int) -> None:
    with pytest.raises(ValueError, match=f"units must be at least 1, got {units}"):
        GCNConv(units)
