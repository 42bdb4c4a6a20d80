"""GINConv worked by hand, against dense matrices, and with networks of the user's."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from gnn.layers.isomorphism import GINConv
from tests.layers.small_graphs import graph_of, random_graph, shuffled

# Nodes 0 and 1 send to node 2 with weights 1 and 3.
STAR = ([0, 1], [2, 2], [[1.0], [-2.0], [5.0]], [1.0, 3.0])


def test_sum_and_epsilon_by_hand() -> None:
    # (1 + 0.5) * [1, -2, 5], and 1 * 1 + 3 * -2 = -5 for node 2.
    layer = GINConv(mlp_fn=lambda: keras.layers.Identity(), epsilon=0.5)
    np.testing.assert_allclose(layer(graph_of(*STAR)).nodes, [[1.5], [-3], [7.5 - 5]])


def test_the_default_network_by_hand() -> None:
    # z = [1, -2, 0]; relu(z * [1, -1] + [0, 1]) = [1, 0], [0, 3], [0, 1]; times [1, 10] plus 7.
    layer = GINConv(2, batch_normalization=False)
    layer.build((None, 1))
    weights = [[[1, -1]], [0, 1], [[1, 0], [10, 0]], [7, 0]]
    layer.set_weights([np.array(weight, np.float32) for weight in weights])
    outputs = layer(graph_of(*STAR)).nodes
    np.testing.assert_allclose(outputs[:, 0], [8, 37, 17], rtol=1e-6)


def test_two_graphs_that_means_and_maxima_confuse() -> None:
    # One neighbor of 1 and two of 1 (figure 3 of the paper): only sums tell them apart.
    graph = graph_of([0, 1, 2], [3, 4, 4], np.ones((5, 1)))
    outputs = GINConv(mlp_fn=lambda: keras.layers.Identity())(graph).nodes.numpy().ravel()
    assert outputs[3] == 2 and outputs[4] == 3


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize(("num_features", "units"), [(7, 3), (3, 7)])
def test_outputs_equal_dense_matrices(
    num_features: int, units: int, as_sparse: bool, training: bool
) -> None:
    graph, features, matrix, _ = random_graph(num_features, as_sparse)
    layer = GINConv(units, epsilon=0.3, train_epsilon=True, activation="tanh")
    outputs = layer(graph, training=training).nodes
    named = {weight.path.split("/", 1)[1]: weight.numpy() for weight in layer.weights}
    hidden = (matrix + 1.3 * np.eye(10)) @ features @ named["hidden_kernel"]
    if training:
        hidden = (hidden - hidden.mean(axis=0)) / np.sqrt(hidden.var(axis=0) + 1e-5)
    else:  # Averages start from 0 and 1.
        hidden /= np.sqrt(1 + 1e-5)
    expected = np.tanh(np.maximum(hidden, 0) @ named["kernel"] + named["bias"])
    np.testing.assert_allclose(outputs, expected, atol=1e-4)
    if not training:
        np.testing.assert_allclose(layer(shuffled(graph)).nodes, outputs, atol=1e-5)
    names = [weight.name for weight in layer.trainable_weights]
    assert sorted(names) == ["beta", "bias", "epsilon", "gamma", "hidden_kernel", "kernel"]


def test_epsilon_is_a_weight_only_when_trained() -> None:
    for train, count in ((False, 0), (True, 1)):
        layer = GINConv(mlp_fn=lambda: keras.layers.Identity(), epsilon=2.0, train_epsilon=train)
        np.testing.assert_allclose(layer(graph_of(*STAR)).nodes, [[3], [-6], [15 - 5]])
        assert len(layer.trainable_weights) == count


def test_sparse_features_reach_a_network_of_ones_own() -> None:
    graph, features, matrix, _ = random_graph(4, as_sparse=True)
    layer = GINConv(mlp_fn=lambda: keras.layers.Dense(3), epsilon=-1.0)
    outputs = layer(graph).nodes
    kernel, bias = layer.get_weights()
    np.testing.assert_allclose(outputs, matrix @ features @ kernel + bias, atol=1e-5)


def test_a_network_is_told_of_training_and_comes_back() -> None:
    network = keras.Sequential([keras.layers.Dense(4), keras.layers.Dropout(0.5, seed=1)])
    layer = GINConv(mlp_fn=lambda: network)
    graph = graph_of(*STAR)
    outputs = layer(graph).nodes
    assert np.abs(layer(graph, training=True).nodes - outputs).max() > 0
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    again(graph)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(graph).nodes, outputs)
    assert again.mlp is not network and again.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "give units or mlp_fn, one of them; got units=None"),
        ({"units": 2, "mlp_fn": keras.layers.Identity}, ValueError, "one of them; got units=2"),
        ({"units": 0}, ValueError, "units must be at least 1, got 0"),
        ({"mlp_fn": lambda: 3}, TypeError, "mlp_fn must return a Keras layer or model; got int"),
        ({"mlp_fn": keras.layers.Identity, "activation": "relu"}, ValueError, "got 'relu'"),
    ],
)
def test_arguments_out_of_range(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        GINConv(**arguments)
