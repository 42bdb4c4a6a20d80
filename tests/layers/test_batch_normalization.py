"""NodeBatchNormalization against Keras' layer, on padded batches and over replicas."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.graphs.batch.graphs_tuple import BatchGraph, graph_from_inputs
from gnn.graphs.batch.which_nodes import real_nodes
from gnn.layers.batch_normalization import NodeBatchNormalization

VALUES = np.random.default_rng(0).normal(3.0, 2.0, (6, 4)).astype(np.float32)


def graph_of(values: Any, n_node: list[int], mask: list[float] | None = None) -> BatchGraph:
    inputs = {
        "x": tf.constant(values, tf.float32),
        "n_node": n_node,
        "n_edge": [0] * len(n_node),
        "edges": tf.zeros([0, 1]),
        "senders": tf.zeros([0], tf.int32),
        "receivers": tf.zeros([0], tf.int32),
        "globals": tf.zeros([len(n_node), 0]),
        "readout": [0, 0],
    }
    graph = graph_from_inputs(inputs if mask is None else {**inputs, "readout_mask": mask})
    return graph.replace(nodes=graph.nodes["x"])


def padded(values: Any) -> BatchGraph:
    """With two nodes of padding, and an empty component after them."""
    rows = np.concatenate([values, np.full((2, values.shape[1]), 1e3, np.float32)])
    return graph_of(rows, [4, len(values) - 4, 2, 0], [1.0, 0.0])


def test_real_nodes() -> None:
    assert real_nodes(padded(VALUES)).numpy().tolist() == [True] * 6 + [False] * 2
    assert real_nodes(graph_of(VALUES, [4, 2])) is None


def test_training_and_inference_by_hand() -> None:
    # 1 and 5: mean 3, variance 4. The averages start from 0 and 1 and move by 1 - 0.75.
    layer = NodeBatchNormalization(momentum=0.75, epsilon=1.0)
    graph = graph_of(np.array([[1.0], [5.0]], np.float32), [2])
    outputs = layer(graph, training=True).nodes
    np.testing.assert_allclose(outputs, [[-2 / np.sqrt(5)], [2 / np.sqrt(5)]], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_mean, [0.75])
    np.testing.assert_allclose(layer.moving_variance, [0.75 + 1.0])
    expected = (np.array([[1.0], [5.0]]) - 0.75) / np.sqrt(2.75)
    np.testing.assert_allclose(layer(graph).nodes, expected, rtol=1e-6)


def train(layer: Any, call: Any) -> list[np.ndarray]:
    """Outputs of two steps, the gradients of the weights, and the weights."""
    upstream = np.random.default_rng(1).normal(size=VALUES.shape).astype(np.float32)
    call(training=True)
    with tf.GradientTape() as tape:
        outputs = call(training=True)[:6]
        total = tf.reduce_sum(outputs * upstream)
    gradients = tape.gradient(total, [weight.value for weight in layer.trainable_weights])
    return [outputs, *gradients, *layer.get_weights(), call(training=False)[:6]]


@pytest.mark.parametrize("make_graph", [padded, lambda values: graph_of(values, [4, 2])])
def test_it_is_what_keras_makes_of_the_real_nodes(make_graph: Any) -> None:
    theirs = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    expected = train(theirs, lambda training: theirs(VALUES, training=training))
    ours = NodeBatchNormalization()
    graph = make_graph(VALUES)
    got = train(ours, lambda training: ours(graph, training=training).nodes)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_strategy_counts_the_nodes_of_all_replicas(two_devices: tf.distribute.Strategy) -> None:
    # Four nodes and one of padding on one replica, two and three on the other.
    cuts = [(VALUES[:4], 1), (VALUES[4:], 3)]

    def rows_of(context: Any) -> tf.Tensor:
        rows, padding = cuts[context.replica_id_in_sync_group]
        return tf.concat([rows, tf.fill([padding, 4], 1e3)], axis=0)

    values = two_devices.experimental_distribute_values_from_function(rows_of)
    sizes = two_devices.experimental_distribute_values_from_function(
        lambda context: tf.constant([[4, 1], [2, 3]][context.replica_id_in_sync_group])
    )
    with two_devices.scope():
        layer = NodeBatchNormalization()
        layer.build((None, 4))

    def step(rows: tf.Tensor, n_node: tf.Tensor) -> tf.Tensor:
        graph = graph_of(VALUES[:5], [4, 1], [1.0, 0.0])
        return layer(graph.replace(nodes=rows, n_node=n_node), training=True).nodes

    run = tf.function(lambda: two_devices.run(step, (values, sizes)))
    outputs = two_devices.experimental_local_results(run())
    whole = NodeBatchNormalization()
    expected = whole(graph_of(VALUES, [6]), training=True).nodes
    np.testing.assert_allclose(outputs[0][:4], expected[:4], atol=1e-5)
    np.testing.assert_allclose(outputs[1][:2], expected[4:], atol=1e-5)
    for weight, other in zip(layer.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(weight, other, atol=1e-5)


def test_numbers_far_from_zero_keep_their_variance() -> None:
    # float32 has 1e4 + 0.01 in steps of 0.001: squares less the square of the mean would say 0.
    values = np.array([[1e4], [1e4 + 0.125]], np.float32)
    outputs = NodeBatchNormalization(epsilon=1e-9)(graph_of(values, [2]), training=True).nodes
    np.testing.assert_allclose(outputs, [[-1], [1]], rtol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\); got 1.0"),
        ({"epsilon": 0.0}, "epsilon must be positive; got 0.0"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NodeBatchNormalization(**arguments)
