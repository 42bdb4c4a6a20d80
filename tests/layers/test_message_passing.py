"""MessagePassing against GraphNets' own blocks with the same layers, and by loops."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from graph_nets.modules import GraphNetwork, InteractionNetwork

from gnn.layers.message_passing import GRUUpdate, MessagePassing
from tests.layers.small_graphs import four_nodes, graph_of, random_graph, shuffled

DENSE = keras.layers.Dense
REDUCERS = {
    "sum": tf.math.unsorted_segment_sum,
    "mean": tf.math.unsorted_segment_mean,
    "max": tf.math.unsorted_segment_max,
}


def two_layers(units: int) -> keras.Sequential:
    return keras.Sequential([DENSE(8, "relu"), DENSE(units, "tanh")])


def wide_edges(num_features: int) -> Any:
    """The random graph without its lonely node, with edges of three columns."""
    graph, features, _, edges = random_graph(num_features)
    rows = np.random.default_rng(3).normal(size=(len(edges), 3)).astype(np.float32)
    return graph.replace(edges=tf.constant(rows)), features, edges, rows


@pytest.mark.parametrize("message_fn", [lambda: DENSE(5, "tanh"), lambda: two_layers(5)])
@pytest.mark.parametrize("reduce", ["sum", "mean", "max"])
def test_it_is_the_interaction_network_of_graph_nets(reduce: str, message_fn: Any) -> None:
    graph, *_ = wide_edges(4)
    layer = MessagePassing(message_fn, lambda: two_layers(6), reduce)
    outputs = layer(graph).nodes
    theirs = InteractionNetwork(
        edge_model_fn=lambda: layer.message,
        node_model_fn=lambda: layer.update,
        reducer=REDUCERS[reduce],
    )
    # GraphNets leaves the lowest number there is where a maximum is over nothing.
    heard = np.unique(graph.receivers)
    assert len(heard) > 6
    expected = theirs(graph).nodes.numpy()
    np.testing.assert_allclose(outputs.numpy()[heard], expected[heard], atol=1e-5)
    np.testing.assert_allclose(layer(shuffled(graph)).nodes, outputs, atol=1e-5)


def test_it_is_a_graph_network_without_globals_and_so_are_its_gradients() -> None:
    graph, *_ = wide_edges(4)
    layer = MessagePassing(lambda: DENSE(5, "tanh"), lambda: DENSE(6, "tanh"))
    layer(graph)
    theirs = GraphNetwork(
        edge_model_fn=lambda: layer.message,
        node_model_fn=lambda: layer.update,
        global_model_fn=lambda: tf.identity,
        edge_block_opt={"use_globals": False},
        node_block_opt={"use_globals": False},
        global_block_opt={"use_edges": False, "use_nodes": False},
    )
    results = []
    for network in (layer, theirs):
        with tf.GradientTape() as tape:
            nodes = network(graph).nodes
            total = tf.reduce_sum(nodes**2)
        weights = [weight.value for weight in layer.trainable_weights]
        results.append([nodes, *tape.gradient(total, weights)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("message_fn", [lambda: DENSE(5, "tanh"), lambda: two_layers(5)])
@pytest.mark.parametrize("use_edges", [False, True])
def test_messages_equal_loops(use_edges: bool, message_fn: Any) -> None:
    graph, features, edges, rows = wide_edges(4)
    if not use_edges:
        graph, rows = graph.replace(edges=None), rows[:, :0]
    layer = MessagePassing(message_fn, keras.layers.Identity)
    outputs = layer(graph).nodes
    received = np.zeros((10, 5))
    for (receiver, sender), row in zip(edges, rows, strict=True):
        columns = np.concatenate([row, features[receiver], features[sender]])
        received[receiver] += layer.message(columns[np.newaxis])[0]
    np.testing.assert_allclose(outputs, np.concatenate([received, features], axis=1), atol=1e-5)


def test_edges_come_back_as_they_were() -> None:
    graph, *_ = wide_edges(4)
    out = MessagePassing(lambda: DENSE(5), lambda: DENSE(4))(graph)
    assert out.edges is graph.edges and out.readout is graph.readout


def test_the_weight_is_a_feature_of_the_edge() -> None:
    # A message that is the first column alone: node 1 receives 2 + 3, nothing is multiplied.
    first = DENSE(1, use_bias=False)
    first.build((None, 3))
    first.set_weights([np.array([[1.0], [0.0], [0.0]], np.float32)])
    graph = graph_of([0, 2], [1, 1], [[7.0], [8.0], [9.0]], [2.0, 3.0])
    outputs = MessagePassing(lambda: first, keras.layers.Identity)(graph).nodes
    np.testing.assert_allclose(outputs, [[0, 7], [5, 8], [0, 9]])


@pytest.mark.parametrize("jit", [False, True])
def test_sparse_nodes_and_xla(jit: bool) -> None:
    layer = MessagePassing(lambda: DENSE(3, "tanh"), lambda: GRUUpdate(2))
    graph = four_nodes()
    expected = layer(graph).nodes
    run = tf.function(lambda nodes: layer(graph.replace(nodes=nodes)).nodes, jit_compile=jit)
    np.testing.assert_allclose(run(graph.nodes), expected, rtol=1e-5)
    sparse = graph.replace(nodes=tf.sparse.from_dense(graph.nodes))
    np.testing.assert_allclose(layer(sparse).nodes, expected, rtol=1e-6)


def test_gru_update_by_hand() -> None:
    # With zero weights the gates are 1/2 and the candidate is tanh(0): h / 2 is left.
    update = GRUUpdate(2)
    update.build((None, 5))
    update.cell.set_weights([np.zeros_like(weight) for weight in update.cell.get_weights()])
    columns = np.array([[9, 9, 9, 4, -2]], np.float32)
    np.testing.assert_allclose(update(columns), [[2, -1]], rtol=1e-6)


def test_gru_update_equals_the_formula() -> None:
    update = GRUUpdate(3)
    rng = np.random.default_rng(0)
    messages, nodes = (rng.normal(size=(4, width)).astype(np.float32) for width in (2, 3))
    outputs = update(np.concatenate([messages, nodes], axis=1))
    kernel, recurrent, biases = update.cell.get_weights()
    update.cell.set_weights([kernel, recurrent, rng.normal(size=biases.shape)])
    outputs = update(np.concatenate([messages, nodes], axis=1))
    biases = update.cell.get_weights()[2]

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    of_m = np.split(messages @ kernel + biases[0], 3, axis=1)
    of_h = np.split(nodes @ recurrent + biases[1], 3, axis=1)
    keep, reset = sigmoid(of_m[0] + of_h[0]), sigmoid(of_m[1] + of_h[1])
    candidate = np.tanh(of_m[2] + reset * of_h[2])
    np.testing.assert_allclose(outputs, keep * nodes + (1 - keep) * candidate, rtol=1e-5)


def test_config_round_trip() -> None:
    layer = MessagePassing(lambda: two_layers(5), lambda: GRUUpdate(4), reduce="mean")
    graph, *_ = wide_edges(4)
    outputs = layer(graph).nodes
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    again(graph)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(graph).nodes, outputs)
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((DENSE(2), DENSE), TypeError, "message_fn must be a function without arguments"),
        ((lambda: 2, lambda: DENSE(2)), TypeError, "message_fn must return a Keras layer.*got int"),
        ((lambda: DENSE(2), lambda: []), TypeError, "update_fn must return.*got list"),
        ((lambda: DENSE(2), lambda: DENSE(2), "min"), ValueError, "reduce must be one of.*'min'"),
    ],
)
def test_arguments_out_of_range(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        MessagePassing(*arguments)


@pytest.mark.filterwarnings("ignore:.*unbuilt state:UserWarning")
def test_gru_update_of_inputs_too_narrow() -> None:
    with pytest.raises(ValueError, match="inputs must be messages and then 4 columns.*got 4"):
        GRUUpdate(4)(tf.ones([1, 4]))
