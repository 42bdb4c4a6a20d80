"""The graph convolutional classifier by hand, its arguments and its features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn import Graph, GraphConvolutionalNodeClassifier, GraphRegConfig, nsl
from gnn.data import full_batch

KERAS_TRIES_TO_BUILD = pytest.mark.filterwarnings("ignore:.*unbuilt state:UserWarning")

# Nodes 0 and 1 send to node 2, with weights 1 and 3.
STAR: dict[str, Any] = {
    "n_node": np.array([3], np.int32),
    "n_edge": np.array([2], np.int32),
    "edges": np.array([[1], [3]], np.float32),
    "senders": np.array([0, 1], np.int32),
    "receivers": np.array([2, 2], np.int32),
    "globals": np.zeros([1, 0], np.float32),
    "readout": np.array([0, 1, 2], np.int32),
}


def star(x: Any) -> dict[str, Any]:
    return {"x": np.array(x, np.float32), **STAR}


def with_weights(model: GraphConvolutionalNodeClassifier, inputs: Any, *kernels: Any) -> Any:
    model(inputs)
    model.set_weights([np.array(kernel, np.float32) for kernel in kernels])
    return model


def test_two_convolutions_by_hand() -> None:
    # Degrees with loops are 1, 1 and 1 + 3 + 1 = 5. Features 1, 2, 5 and kernels of 1 give
    # h_0 = 1, h_1 = 2, h_2 = (1 + 3 * 2) / sqrt 5 + 5 / 5 = 7 / sqrt 5 + 1, and then
    # y_2 = (1 + 3 * 2) / sqrt 5 + h_2 / 5 = 8.4 / sqrt 5 + 0.2.
    model = GraphConvolutionalNodeClassifier(num_classes=1, hidden_units=1)
    with_weights(model, star([[1], [2], [5]]), [[1]], [[1]])
    outputs = model(star([[1], [2], [5]])).numpy().ravel()
    np.testing.assert_allclose(outputs, [1, 2, 8.4 / np.sqrt(5) + 0.2], rtol=1e-6)


def test_relu_stands_between_the_convolutions_and_not_after() -> None:
    # A kernel of -1 first: h = relu(-x) = 0 for x > 0, and 2 for x = -2; then times -1.
    model = GraphConvolutionalNodeClassifier(num_classes=1, hidden_units=1)
    with_weights(model, star([[1], [-2], [0]]), [[-1]], [[-1]])
    outputs = model(star([[1], [-2], [0]])).numpy().ravel()
    # h_2 = relu(-(1 - 6) / sqrt 5) = sqrt 5; y_2 = -(0 + 3 * 2) / sqrt 5 - sqrt 5 / 5.
    np.testing.assert_allclose(outputs, [0, -2, -7 / np.sqrt(5)], rtol=1e-6)


def test_embedding_is_the_hidden_state_of_the_nodes_read_out() -> None:
    # The first convolution of the test above: h_0 = 1, h_1 = 2, h_2 = 7 / sqrt 5 + 1.
    model = GraphConvolutionalNodeClassifier(num_classes=1, hidden_units=1)
    inputs = star([[1], [2], [5]]) | {"readout": np.array([2, 0], np.int32)}
    with_weights(model, inputs, [[1]], [[5]])
    np.testing.assert_allclose(model.embed(inputs), [[7 / np.sqrt(5) + 1], [1]], rtol=1e-6)
    no_layers = GraphConvolutionalNodeClassifier(num_classes=1, hidden_units=())
    np.testing.assert_allclose(no_layers.embed(inputs), [[5], [1]])


@pytest.mark.parametrize("hidden_units", [4, (4,), [5, 3], ()])
def test_any_depth_equals_dense_matrices(hidden_units: Any) -> None:
    rng = np.random.default_rng(0)
    size = 9
    adjacency = rng.random((size, size)) * (rng.random((size, size)) < 0.3)
    np.fill_diagonal(adjacency, 0)
    receivers, senders = np.nonzero(adjacency)
    x = rng.normal(size=(size, 6)).astype(np.float32)
    graph = Graph.from_edges(senders, receivers, {"x": x}, weights=adjacency[receivers, senders])
    inputs = next(iter(full_batch(graph)))
    model = GraphConvolutionalNodeClassifier(num_classes=2, hidden_units=hidden_units)
    outputs = model(inputs)

    looped = adjacency + np.eye(size)
    scale = 1 / np.sqrt(looped.sum(axis=1))
    normalized = scale[:, np.newaxis] * looped * scale
    expected, kernels = x, model.get_weights()
    for depth, kernel in enumerate(kernels):
        expected = normalized @ expected @ kernel
        if depth < len(kernels) - 1:
            expected = np.maximum(expected, 0)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    widths = (hidden_units,) if isinstance(hidden_units, int) else tuple(hidden_units)
    assert tuple(kernel.shape[1] for kernel in kernels) == (*widths, 2)


def test_dropout_before_each_convolution_only_in_training() -> None:
    model = GraphConvolutionalNodeClassifier(num_classes=2, dropout_rate=0.5)
    inputs = star(np.eye(3))
    np.testing.assert_array_equal(model(inputs), model(inputs))
    assert np.max(np.abs(model(inputs, training=True) - model(inputs))) > 0
    assert len(model.dropouts) == len(model.convolutions) == 2
    still = GraphConvolutionalNodeClassifier(num_classes=2, dropout_rate=0)
    np.testing.assert_array_equal(still(inputs, training=True), still(inputs))


def test_sparse_features_give_what_dense_ones_give() -> None:
    dense = np.array([[0, 2, 0], [1, 0, 0], [0, 0, 3]], np.float32)
    model = GraphConvolutionalNodeClassifier(num_classes=2)
    expected = model(star(dense))
    sparse = {**star(dense), "x": tf.sparse.from_dense(dense)}
    np.testing.assert_allclose(model(sparse), expected, rtol=1e-5, atol=1e-6)


def test_several_features_are_joined_in_the_order_of_their_names() -> None:
    b, a = np.array([[1], [2], [3]], np.float32), np.array([[4, 5], [6, 7], [8, 9]], np.int64)
    model = GraphConvolutionalNodeClassifier(num_classes=2, seq_length=3)
    expected = model(star(np.concatenate([a, b], axis=1)))
    np.testing.assert_allclose(model({"b": b, "a": a, **STAR}), expected, rtol=1e-5)
    mixed = {"b": tf.sparse.from_dense(b), "a": a, **STAR}
    np.testing.assert_allclose(model(mixed), expected, rtol=1e-5)


@KERAS_TRIES_TO_BUILD
def test_features_of_another_width_than_seq_length() -> None:
    model = GraphConvolutionalNodeClassifier(seq_length=1433, num_classes=7)
    with pytest.raises(ValueError, match="seq_length=1433.* 3 wide"):
        model(star(np.eye(3)))


@KERAS_TRIES_TO_BUILD
@pytest.mark.parametrize("shape", [(3,), (3, 2, 2)])
def test_features_of_another_rank(shape: tuple[int, ...]) -> None:
    model = GraphConvolutionalNodeClassifier(num_classes=7)
    with pytest.raises(ValueError, match=r"'x' must have shape \[n_nodes, width\].*node_model_fn"):
        model(star(np.ones(shape)))


def test_features_without_a_graph() -> None:
    model = GraphConvolutionalNodeClassifier(num_classes=7)
    with pytest.raises(TypeError, match="GraphConvolutionalNodeClassifier takes a dict"):
        model(np.eye(3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "num_classes must be an integer, got None"),
        ({"num_classes": 0}, "num_classes must be at least 1, got 0"),
        ({"num_classes": 2, "hidden_units": 0}, "hidden_units must be at least 1, got 0"),
        ({"num_classes": 2, "hidden_units": (4, -1)}, "hidden_units must be at least 1, got -1"),
        ({"num_classes": 2, "hidden_units": 2.5}, "hidden_units must be an integer, got 2.5"),
        ({"num_classes": 2, "dropout_rate": 1.0}, "dropout_rate must be in"),
        ({"num_classes": 2, "dropout_rate": -0.1}, "dropout_rate must be in"),
        ({"num_classes": 2, "dropout_rate": float("nan")}, "dropout_rate must be in"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        GraphConvolutionalNodeClassifier(**arguments)


def test_the_predecessors_positions_and_numpy_integers() -> None:
    model = GraphConvolutionalNodeClassifier(np.int64(3), np.int64(2), np.int32(4), 0.1)
    assert model(star(np.eye(3))).shape == (3, 2)
    assert (model.seq_length, model.hidden_units, model.dropout_rate) == (3, (4,), 0.1)


@pytest.mark.parametrize(
    "config",
    [GraphRegConfig(multiplier=0.5), nsl.configs.GraphRegConfig(multiplier=0.5)],
    ids=["own", "nsl"],
)
def test_a_config_adds_the_graph_loss_on_the_logits(config: Any) -> None:
    # Outputs 1, 2 and 8.4 / sqrt 5 + 0.2 as above; node 2 receives with weights 1 and 3, and all
    # three nodes are read out: ((y_2 - 1)^2 + 3 (y_2 - 2)^2) / 4 / 3.
    model = GraphConvolutionalNodeClassifier(num_classes=1, hidden_units=1, config=config)
    inputs = star([[1], [2], [5]])
    with_weights(model, inputs, [[1]], [[1]])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    y = np.array([1, 2, 8.4 / np.sqrt(5) + 0.2])
    graph_loss = ((y[2] - y[0]) ** 2 + 3 * (y[2] - y[1]) ** 2) / 4 / 3
    dataset = tf.data.Dataset.from_tensors((inputs, np.zeros([3, 1], np.float32)))
    results = model.evaluate(dataset, return_dict=True, verbose=0)
    assert results["graph_loss"] == pytest.approx(graph_loss, rel=1e-5)
    assert results["supervised_loss"] == pytest.approx(np.mean(y**2), rel=1e-5)
    assert results["loss"] == pytest.approx(np.mean(y**2) + 0.5 * graph_loss, rel=1e-5)


def test_an_agreement_model_weighs_the_graph_loss_and_not_the_convolutions() -> None:
    class FirstOnly(keras.layers.Layer):
        def call(self, pair: Any) -> Any:
            return tf.cast(pair[0][:, 0] == 1, tf.float32)

    model = GraphConvolutionalNodeClassifier(
        num_classes=1, hidden_units=1, config={"multiplier": 1.0}, agreement_model=FirstOnly()
    )
    inputs = star([[1], [2], [5]])
    with_weights(model, inputs, [[1]], [[1]])
    outputs = model(inputs).numpy().ravel()
    # Only the edge from node 0, whose feature is 1, pulls; its weight is 1 of the 4 that come in.
    y_2 = 8.4 / np.sqrt(5) + 0.2
    np.testing.assert_allclose(outputs, [1, 2, y_2], rtol=1e-6)
    assert [float(loss) for loss in model.losses] == [
        pytest.approx((y_2 - 1) ** 2 / 4 / 3, rel=1e-5)
    ]


def test_a_node_model_encodes_first() -> None:
    def encoder() -> keras.Model:
        image = keras.Input((2, 2), name="image")
        return keras.Model(image, keras.layers.Flatten()(image))

    images = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    encoded = GraphConvolutionalNodeClassifier(num_classes=2, node_model_fn=encoder)
    outputs = encoded({"image": images, **STAR})
    plain = GraphConvolutionalNodeClassifier(num_classes=2)
    with_weights(plain, star(images.reshape(3, 4)), *encoded.get_weights())
    np.testing.assert_allclose(outputs, plain(star(images.reshape(3, 4))), rtol=1e-6)


def test_the_regularizer_is_of_the_first_convolution() -> None:
    regularizer = keras.regularizers.L2(0.5)
    model = GraphConvolutionalNodeClassifier(
        num_classes=1, hidden_units=1, kernel_regularizer=regularizer
    )
    with_weights(model, star([[1], [2], [5]]), [[3]], [[7]])
    assert [float(loss) for loss in model.losses] == [pytest.approx(0.5 * 9)]


def test_it_comes_back_with_equal_outputs(tmp_path: Path) -> None:
    model = GraphConvolutionalNodeClassifier(
        seq_length=3,
        num_classes=2,
        hidden_units=(4, 3),
        dropout_rate=0.1,
        config=GraphRegConfig(multiplier=0.3),
        kernel_regularizer="l2",
    )
    expected = model(star(np.eye(3)))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(star(np.eye(3))), expected)
    np.testing.assert_array_equal(loaded.losses, model.losses)
    assert loaded.get_config() == model.get_config()
