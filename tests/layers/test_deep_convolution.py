"""The convolution of GCNII against its formula."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.layers import GCNIIConv
from tests.layers.small_graphs import cosines, graph_of, random_graph, shuffled


def expected(
    hidden: Any, start: Any, matrix: Any, kernel: Any, depth: int, teleport: float, identity: float
) -> np.ndarray:
    looped = matrix + np.eye(len(matrix))
    scale = 1 / np.sqrt(looped.sum(axis=1))
    moved = (scale[:, np.newaxis] * looped * scale) @ hidden
    mixed = (1 - teleport) * moved + teleport * start
    share = math.log(identity / depth + 1)
    turn = (1 - share) * np.eye(len(kernel)) + share * kernel
    return np.maximum(mixed @ turn, 0)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(
    ("depth", "teleport", "identity"), [(1, 0.1, 0.5), (7, 0.3, 1.5), (2, 0.0, 0.6), (3, 1.0, 0.5)]
)
def test_equals_the_formula(depth: int, teleport: float, identity: float, jit: bool) -> None:
    graph, hidden, matrix, _ = random_graph(4)
    start = cosines((10, 4), 0.7)
    layer = GCNIIConv(depth, teleport, identity)
    graph = graph.replace(nodes=(tf.constant(hidden), tf.constant(start)))
    layer(graph)
    kernel = cosines((4, 4), 1.1)
    layer.set_weights([kernel])
    out, kept = tf.function(lambda: layer(graph).nodes, jit_compile=jit)()
    wanted = expected(hidden, start, matrix, kernel, depth, teleport, identity)
    np.testing.assert_allclose(out, wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(kept, start)
    np.testing.assert_allclose(layer(shuffled(graph)).nodes[0], wanted, rtol=1e-4, atol=1e-5)


def test_a_single_tensor_stands_for_both() -> None:
    graph, features, _, _ = random_graph(3)
    layer = GCNIIConv(1)
    alone, start = layer(graph).nodes
    pair, _ = layer(graph.replace(nodes=(tf.constant(features),) * 2)).nodes
    np.testing.assert_array_equal(alone, pair)
    np.testing.assert_array_equal(start, features)


def test_by_hand_on_a_pair() -> None:
    # A^ is 1/2 everywhere: moved (3, 3), mixed with the start (1, 5) half and half (2, 4). The
    # share is log(e - 1 + 1) = 1, so the kernel -3 alone turns it, and the activation is none.
    graph = graph_of([0, 1], [1, 0], [[2.0], [4.0]])
    graph = graph.replace(nodes=(graph.nodes, tf.constant([[1.0], [5.0]])))
    layer = GCNIIConv(2, teleport=0.5, identity=2 * (math.e - 1), activation=None)
    layer(graph)
    layer.set_weights([np.array([[-3.0]])])
    np.testing.assert_allclose(layer(graph).nodes[0], [[-6.0], [-12.0]], rtol=1e-5)


def test_deep_layers_hardly_turn() -> None:
    graph, _, _, _ = random_graph(4)
    turned = [
        np.abs(
            GCNIIConv(depth, activation=None, kernel_initializer="ones")(graph).nodes[0]
            - GCNIIConv(depth, activation=None, kernel_initializer="identity")(graph).nodes[0]
        ).max()
        for depth in (1, 1000)
    ]
    assert turned[1] < turned[0] / 500


def test_config_round_trip() -> None:
    layer = GCNIIConv(4, 0.2, 0.7, "tanh", kernel_regularizer="l2", name="deep")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert isinstance(again, GCNIIConv) and again.get_config() == layer.get_config()
    assert (again.depth, again.teleport, again.identity) == (4, 0.2, 0.7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 0}, "depth must be at least 1, got 0"),
        ({"depth": 1.5}, "depth must be an integer, got 1.5"),
        ({"depth": 1, "teleport": 1.2}, r"teleport must be in \[0, 1\]; got 1.2"),
        ({"depth": 1, "identity": 0.0}, "identity must be greater than 0; got 0.0"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        GCNIIConv(**arguments)
