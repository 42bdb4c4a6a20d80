"""SGC, APPNP and DAGNN as classifiers, against dense matrices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.data import full_batch
from gnn.graphs.propagated_features import propagate_features
from gnn.models import APPNPNodeClassifier, DAGNNNodeClassifier, SGCNodeClassifier
from tests.models.small_batches import (
    READ_OUT,
    example,
    relu,
    small_graph,
    with_random_weights,
)

ALL = [SGCNodeClassifier, APPNPNodeClassifier, DAGNNNodeClassifier]


def sgc(model: Any, x: np.ndarray, moved: np.ndarray) -> list[np.ndarray]:
    kernel, bias = model.convolution.get_weights()
    return [x, np.linalg.matrix_power(moved, model.convolution.hops) @ x @ kernel + bias]


def perceptron(model: Any, x: np.ndarray) -> list[np.ndarray]:
    states = [x]
    for depth, dense in enumerate(model.denses):
        kernel, *bias = dense.get_weights()
        out = states[-1] @ kernel + (bias[0] if bias else 0)
        states.append(relu(out) if depth < len(model.denses) - 1 else out)
    return states[-2:]


def appnp(model: Any, x: np.ndarray, moved: np.ndarray) -> list[np.ndarray]:
    hidden, start = perceptron(model, x)
    out, teleport = start, model.propagation.teleport
    for _ in range(model.propagation.hops):
        out = (1 - teleport) * moved @ out + teleport * start
    return [hidden, out]


def dagnn(model: Any, x: np.ndarray, moved: np.ndarray) -> list[np.ndarray]:
    hidden, start = perceptron(model, x)
    kernel, bias = model.propagation.get_weights()
    out = 0
    for hop in range(model.propagation.hops + 1):
        far = np.linalg.matrix_power(moved, hop) @ start
        out = out + far / (1 + np.exp(-(far @ kernel + bias)))
    return [hidden, out]


CASES = [
    (SGCNodeClassifier, {}, sgc, 6),
    (SGCNodeClassifier, {"hops": 4}, sgc, 6),
    (SGCNodeClassifier, {"hops": 0}, sgc, 6),
    (APPNPNodeClassifier, {}, appnp, 64),
    (APPNPNodeClassifier, {"hidden_units": (5, 7), "hops": 3, "teleport": 0.4}, appnp, 7),
    (APPNPNodeClassifier, {"hidden_units": ()}, appnp, 6),
    (DAGNNNodeClassifier, {}, dagnn, 64),
    (DAGNNNodeClassifier, {"hidden_units": (5, 7), "hops": 3}, dagnn, 7),
]


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize(("kind", "arguments", "oracle", "width"), CASES)
def test_outputs_and_embeddings_equal_the_formulas(
    kind: Any, arguments: dict[str, Any], oracle: Any, width: int, as_sparse: bool
) -> None:
    inputs, x, moved = example(as_sparse)
    model = with_random_weights(kind(num_classes=3, **arguments), inputs)
    hidden, logits = oracle(model, x, moved)
    np.testing.assert_allclose(model(inputs), logits[READ_OUT], rtol=1e-4, atol=1e-4)
    embedded = model.embed(inputs)
    assert embedded.shape == (3, width)
    np.testing.assert_allclose(embedded, hidden[READ_OUT], rtol=1e-4, atol=1e-5)


def test_defaults_are_those_of_the_papers() -> None:
    assert SGCNodeClassifier(num_classes=2).get_config()["hops"] == 2
    config = APPNPNodeClassifier(num_classes=2).get_config()
    assert [config[key] for key in ("hidden_units", "hops", "teleport")] == [[64], 10, 0.1]
    assert config["dropout_rate"] == 0.5
    config = DAGNNNodeClassifier(num_classes=2).get_config()
    assert [config[key] for key in ("hidden_units", "hops", "dropout_rate")] == [[64], 10, 0.8]


def test_features_propagated_beforehand_give_what_the_model_propagates() -> None:
    graph = small_graph()
    whole, _ = next(iter(full_batch(graph, "some")))
    before, _ = next(iter(full_batch(propagate_features(graph, 3), "some")))
    model = with_random_weights(SGCNodeClassifier(num_classes=3, hops=3), whole)
    plain = SGCNodeClassifier(num_classes=3, hops=0)
    plain(before)
    plain.set_weights(model.get_weights())
    np.testing.assert_allclose(plain(before), model(whole), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ALL)
def test_dropout_only_in_training(kind: Any) -> None:
    inputs, _, _ = example()
    model = kind(num_classes=2, dropout_rate=0.5)
    np.testing.assert_array_equal(model(inputs), model(inputs))
    assert np.abs(model(inputs, training=True) - model(inputs)).max() > 0
    still = kind(num_classes=2, dropout_rate=0.0)
    np.testing.assert_array_equal(still(inputs, training=True), still(inputs))


def test_the_dropout_of_appnp_is_of_its_edges_too() -> None:
    inputs, _, _ = example()
    model = APPNPNodeClassifier(num_classes=2, dropout_rate=0.5)
    whole = model(inputs)
    for dropout in model.dropouts:
        dropout.rate = 0.0
    assert np.abs(model(inputs, training=True) - whole).max() > 1e-3
    assert model.propagation.edge_dropout == 0.5


@pytest.mark.parametrize("kind", [APPNPNodeClassifier, DAGNNNodeClassifier])
def test_which_kernels_are_regularized(kind: Any) -> None:
    inputs, _, _ = example()
    model = kind(num_classes=2, kernel_regularizer=keras.regularizers.L2(0.5))
    with_random_weights(model, inputs)
    kernels = [dense.kernel for dense in model.denses]
    if kind is APPNPNodeClassifier:
        kernels = kernels[:1]
        assert all(dense.bias is None for dense in model.denses)
    else:
        kernels.append(model.propagation.kernel)
    expected = sum(0.5 * float(np.sum(np.square(kernel.numpy()))) for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", ALL)
def test_files_bring_back_every_argument(kind: Any, tmp_path: Path) -> None:
    inputs, _, _ = example()
    others: dict[Any, dict[str, Any]] = {
        SGCNodeClassifier: {"hops": 3, "dropout_rate": 0.2},
        APPNPNodeClassifier: {"hidden_units": (5, 4), "hops": 3, "teleport": 0.3},
        DAGNNNodeClassifier: {"hidden_units": 5, "hops": 3, "dropout_rate": 0.1},
    }
    model = kind(6, 2, kernel_regularizer="l2", config={"multiplier": 0.1}, **others[kind])
    with_random_weights(model, inputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    assert json.dumps(loaded.get_config()) == json.dumps(model.get_config())


@pytest.mark.parametrize("kind", ALL)
def test_padding_changes_nothing(kind: Any) -> None:
    graph = small_graph()
    outputs, losses = [], []
    for padding in (False, True):
        keras.utils.set_random_seed(1)
        model = kind(num_classes=3, dropout_rate=0.0, kernel_regularizer="l2")
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, run_eagerly=True)
        data = full_batch(graph, "some", padding=padding)
        history = model.fit(data, epochs=3, verbose=0).history
        losses.append(history["loss"])
        outputs.append(model.predict(data, verbose=0))
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (SGCNodeClassifier, {"hops": -1}, "hops must be at least 0, got -1"),
        (SGCNodeClassifier, {"dropout_rate": 1.0}, r"dropout_rate must be in \[0, 1\); got 1.0"),
        (APPNPNodeClassifier, {"teleport": 2}, r"teleport must be in \[0, 1\]; got 2"),
        (APPNPNodeClassifier, {"hidden_units": 0}, "hidden_units must be at least 1, got 0"),
        (APPNPNodeClassifier, {"dropout_rate": -1}, r"^dropout_rate must be in \[0, 1\); got -1"),
        (DAGNNNodeClassifier, {"hops": 2.5}, "hops must be an integer, got 2.5"),
    ],
)
def test_arguments_out_of_range(kind: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        kind(num_classes=2, **arguments)


def test_simple_convolution_has_no_hidden_units() -> None:
    with pytest.raises(TypeError, match="hidden_units"):
        SGCNodeClassifier(num_classes=2, hidden_units=4)


def test_gradients_equal_under_xla() -> None:
    inputs, _, _ = example()
    model = with_random_weights(DAGNNNodeClassifier(num_classes=3, dropout_rate=0.0), inputs)

    def gradients() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(model(inputs, training=True)))
        return [tf.convert_to_tensor(g) for g in tape.gradient(loss, model.trainable_weights)]

    plain, compiled = gradients(), tf.function(gradients, jit_compile=True)()
    for one, other in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
