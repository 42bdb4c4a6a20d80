"""The graph loss as a layer: what it adds, and what it tracks."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn import nsl
from gnn.configs import DistanceConfig, DistanceType, GraphRegConfig
from gnn.graphs.batch.graphs_tuple import BatchGraph, graph_from_inputs
from gnn.layers import GraphRegularization


def star(
    center: float, neighbors: list[float], weights: list[float] | None = None, **keys: Any
) -> BatchGraph:
    """Neighbors around a center, the last node, which is read out."""
    count = len(neighbors)
    nodes = tf.constant([[value] for value in [*neighbors, center]], tf.float32)
    graph = graph_from_inputs(
        {
            "x": nodes,
            "n_node": [count + 1],
            "n_edge": [count],
            "edges": tf.reshape(tf.constant(weights or [1.0] * count, tf.float32), [count, 1]),
            "senders": tf.range(count),
            "receivers": tf.fill([count], count),
            "globals": tf.zeros([1, 0]),
            **keys,
        }
    )
    return graph.replace(nodes=nodes)


@pytest.mark.parametrize("multiplier", [0.0, 0.1, 2.0])
def test_adds_the_multiplier_times_the_loss(multiplier: float) -> None:
    # (1 * (3 - 1)^2 + 3 * (3 - 2)^2) / 4 = 7 / 4.
    layer = GraphRegularization(GraphRegConfig(multiplier=multiplier))
    graph = star(3.0, [1.0, 2.0], [1.0, 3.0])
    out = layer(graph)
    assert [float(loss) for loss in layer.losses] == pytest.approx([multiplier * 1.75])
    assert isinstance(out, BatchGraph) and out.readout is graph.readout
    np.testing.assert_array_equal(out.nodes, graph.nodes)
    assert layer.trainable_weights == []


def test_tracked_by_the_number_of_nodes() -> None:
    # One star at 4; then a batch with 1 at its center and a read-out node without neighbors: mean
    # 1 / 2. Over all three regularized nodes the mean is (4 + 1) / 3.
    layer = GraphRegularization(GraphRegConfig(multiplier=0.5))
    layer(star(3.0, [1.0]))
    added, nodes = layer.track()
    assert [float(added), float(nodes)] == pytest.approx([2.0, 1.0])
    layer(star(3.0, [2.0], readout=tf.constant([0, 1])))
    added, nodes = layer.track()
    assert [float(added), float(nodes)] == pytest.approx([0.25, 2.0])
    assert float(layer.tracked.result()) == pytest.approx(5 / 3)


def test_a_call_alone_tracks_nothing() -> None:
    layer = GraphRegularization(GraphRegConfig())
    layer(star(3.0, [1.0]))
    assert float(layer.tracked.result()) == 0.0


def test_track_before_any_call() -> None:
    layer = GraphRegularization(GraphRegConfig())
    assert [float(value) for value in layer.track()] == [0.0, 0.0]


def test_masked_rows_and_edges_of_weight_0_do_not_count() -> None:
    # As padding leaves them: node 0 is added, read out by a masked row, with a loop of weight 0.
    graph = star(3.0, [9.0, 1.0], [0.0, 1.0])
    graph.readout, graph.readout_mask = tf.constant([2, 0]), tf.constant([True, False])
    layer = GraphRegularization(GraphRegConfig(multiplier=1.0))
    layer(graph)
    added, nodes = layer.track()
    assert [float(added), float(nodes)] == pytest.approx([4.0, 1.0])


def test_nobody_to_regularize() -> None:
    graph = star(3.0, [1.0], [0.0])
    graph.readout_mask = tf.constant([False])
    layer = GraphRegularization(GraphRegConfig(multiplier=1.0))
    layer(graph)
    assert [float(value) for value in layer.track()] == [0.0, 0.0]


@pytest.mark.parametrize("jit", [False, True])
def test_gradient_by_hand(jit: bool) -> None:
    # 0.1 * d/dx (x - 1)^2 = 0.2 * (3 - 1).
    layer = GraphRegularization(GraphRegConfig(multiplier=0.1))

    @tf.function(jit_compile=jit)
    def gradient(nodes: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(nodes)
            layer(star(0.0, [0.0]).replace(nodes=nodes))
            loss = layer.losses[0]
        return tf.convert_to_tensor(tape.gradient(loss, nodes))

    np.testing.assert_allclose(gradient(tf.constant([[1.0], [3.0]])), [[-0.4], [0.4]], rtol=1e-6)


@pytest.mark.parametrize("kind", ["ours", "nsl", "dict"])
def test_takes_any_config_and_round_trips(kind: str) -> None:
    distance = DistanceConfig(DistanceType.L1)
    config: Any = GraphRegConfig(multiplier=0.25, distance_config=distance)
    if kind == "dict":
        config = config.to_dict()
    if kind == "nsl":
        config = nsl.configs.GraphRegConfig(
            multiplier=0.25, distance_config=nsl.configs.DistanceConfig("l1")
        )
    layer = GraphRegularization(config)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert isinstance(again, GraphRegularization)
    for each in (layer, again):
        each(star(3.0, [1.0, -1.0]))  # 0.25 * (2 + 4) / 2
        assert float(each.losses[0]) == pytest.approx(0.75)


def test_two_calls_on_one_batch_are_refused() -> None:
    class Twice(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.regularization = GraphRegularization(GraphRegConfig(multiplier=1.0))

        def call(self, x: tf.Tensor) -> tf.Tensor:
            graph = star(3.0, [1.0])
            self.regularization(graph)
            self.regularization(graph)
            return x

    layer = Twice()
    layer(tf.ones([1]))
    with pytest.raises(ValueError, match="called 2 times on one batch"):
        layer.regularization.track()
