"""GRAND: inference against dense matrices, training draw by draw, its loss and its metrics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.data import full_batch
from gnn.graphs.graph import Graph
from gnn.models import GRANDNodeClassifier
from gnn.models.classifiers import random_classifier
from tests.models.small_batches import (
    READ_OUT,
    SIZE,
    WIDTH,
    example,
    relu,
    small_graph,
    with_random_weights,
)

LABELS = np.arange(SIZE)[READ_OUT] % 3


def mixed(moved: np.ndarray, hops: int) -> np.ndarray:
    return np.mean([np.linalg.matrix_power(moved, hop) for hop in range(hops + 1)], axis=0)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def perceptron(model: Any, spread: np.ndarray, masks: Any = None) -> list[np.ndarray]:
    """What stands before the first activation, and the logits."""
    masks = masks or [1.0] * len(model.dropouts)
    (kernel,), (bias,) = model.first.get_weights(), model.first_bias.get_weights()
    first = spread * masks[0] @ kernel
    out = first + bias
    for mask, dense in zip(masks[1:], model.denses, strict=True):
        kernel, bias = dense.get_weights()
        out = relu(out) * mask @ kernel + bias
    return [first, out]


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize(
    "arguments", [{}, {"hidden_units": (5, 7), "hops": 2}, {"hidden_units": ()}]
)
def test_inference_is_that_of_propagated_features(
    arguments: dict[str, Any], as_sparse: bool
) -> None:
    inputs, x, moved = example(as_sparse)
    model = GRANDNodeClassifier(num_classes=3, drop_node_rate=0.25, **arguments)
    with_random_weights(model, inputs)
    spread = mixed(moved, model.propagation.hops) @ (0.75 * x)
    first, logits = perceptron(model, spread)
    outputs = model(inputs)
    np.testing.assert_allclose(outputs, logits[READ_OUT], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.embed(inputs), first[READ_OUT], rtol=1e-4, atol=1e-5)
    assert model.losses == []  # Nothing is drawn, so nothing disagrees.
    np.testing.assert_array_equal(model(inputs), outputs)


def masks_of(model: Any, draw_widths: list[int]) -> list[Any]:
    """The next draw of a model of the same seed: nodes kept, and factors of each dense layer."""
    nodes = model.drop_node(tf.ones([SIZE, 1]), training=True).numpy()
    factors = [
        dropout(tf.ones([SIZE, width]), training=True).numpy()
        for dropout, width in zip(model.dropouts, draw_widths, strict=True)
    ]
    return [nodes, factors]


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize(
    ("input_dropout", "drop_node_rate", "dropout_rate", "block"),
    [
        (0.5, 0.5, 0.5, 128),  # All columns in one block; in several below.
        (0.5, 0.5, 0.5, 4),
        (0.0, 0.5, 0.5, 4),
        (0.4, 0.0, 0.0, 4),
        (0.0, 0.0, 0.0, 4),
    ],
)
def test_training_equals_the_algorithm_draw_for_draw(
    input_dropout: float,
    drop_node_rate: float,
    dropout_rate: float,
    as_sparse: bool,
    block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Algorithm 2 of the paper, with the masks of a second model of the same seed."""
    monkeypatch.setattr(random_classifier, "_BLOCK", block)
    inputs, x, moved = example(as_sparse)
    models = []
    for _ in range(2):
        keras.utils.set_random_seed(7)
        model = GRANDNodeClassifier(
            num_classes=3,
            hidden_units=(5, 4),
            dropout_rate=dropout_rate,
            input_dropout=input_dropout,
            drop_node_rate=drop_node_rate,
            hops=3,
            draws=3,
            consistency=0.7,
            temperature=0.4,
            kernel_regularizer=keras.regularizers.L2(0.01),
        )
        models.append(with_random_weights(model, inputs))
    model, twin = models
    logits = []
    for _ in range(3):
        nodes, masks = masks_of(twin, [WIDTH, 5, 4])
        logits.append(perceptron(model, mixed(moved, 3) @ (nodes * x), masks)[1])
    stacked = np.stack(logits, axis=1)

    center = softmax(stacked).mean(axis=1, keepdims=True) ** (1 / 0.4)
    center /= center.sum(axis=-1, keepdims=True)
    inconsistency = np.mean(np.sum((center - softmax(stacked)) ** 2, axis=-1))  # Of all nodes.
    chosen = softmax(stacked[READ_OUT])
    supervised = -np.mean(np.log(chosen[np.arange(3), :, LABELS]))
    kernels = [model.first.kernel, *(dense.kernel for dense in model.denses)]
    decay = 0.01 * sum(np.sum(kernel.numpy() ** 2) for kernel in kernels)
    accuracy = np.mean(chosen.mean(axis=1).argmax(axis=-1) == LABELS)

    model.compile(
        keras.optimizers.SGD(0.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    before = [variable.numpy() for variable in model.variables]
    outputs = model(inputs, training=True)
    assert outputs.shape == (3, 3, 3)
    np.testing.assert_allclose(outputs, stacked[READ_OUT], rtol=1e-4, atol=1e-4)
    for variable, value in zip(model.variables, before, strict=True):
        variable.assign(value)
    # Op by op: to trace a step takes many times as long.
    results = model.train_step((inputs, LABELS))
    expected = supervised + 0.7 * inconsistency + decay
    assert float(results["loss"]) == pytest.approx(expected, rel=1e-4)
    assert float(results["accuracy"]) == pytest.approx(accuracy)
    # At inference there is one prediction and no consistency.
    single = softmax(model(inputs).numpy())
    model.reset_metrics()
    evaluated = model.test_step((inputs, LABELS))
    supervised = -np.mean(np.log(single[np.arange(3), LABELS]))
    assert float(evaluated["loss"]) == pytest.approx(supervised + decay, rel=1e-4)


def test_the_gradient_is_that_of_the_mean_loss() -> None:
    """Without randomness every draw is the same, and one draw learns what four learn."""
    inputs, _, _ = example()
    gradients = []
    for draws in (1, 4):
        model = GRANDNodeClassifier(
            num_classes=3, dropout_rate=0, input_dropout=0, drop_node_rate=0, draws=draws
        )
        with_random_weights(model, inputs)
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        with tf.GradientTape() as tape:
            loss = model.compute_loss(inputs, LABELS, model(inputs, training=True))
        gradients.append([g.numpy() for g in tape.gradient(loss, model.trainable_weights)])
    for one, four in zip(*gradients, strict=True):
        np.testing.assert_allclose(four, one, rtol=1e-4, atol=1e-6)
        assert np.abs(one).max() > 0


def test_sample_weights_weigh_the_rows_of_every_draw() -> None:
    inputs, _, _ = example()
    model = with_random_weights(
        GRANDNodeClassifier(
            num_classes=3, dropout_rate=0, input_dropout=0, drop_node_rate=0, consistency=0
        ),
        inputs,
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    chosen = softmax(model(inputs).numpy())[np.arange(3), LABELS]
    given = model(inputs, training=True)
    loss = model.compute_loss(inputs, LABELS, given, tf.constant([3.0, 0.0, 0.0]))
    assert float(loss) == pytest.approx(-np.log(chosen[0]), rel=1e-5)


def test_the_graph_loss_is_of_the_mean_of_the_draws() -> None:
    graph = small_graph()
    data = full_batch(graph, "some")
    model = GRANDNodeClassifier(
        num_classes=3,
        dropout_rate=0,
        input_dropout=0,
        drop_node_rate=0,
        consistency=0,
        config={"multiplier": 0.5},
    )
    model.compile(
        keras.optimizers.SGD(0.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,
    )
    history = model.fit(data, verbose=0).history
    evaluated = model.evaluate(data, verbose=0, return_dict=True)
    assert history["graph_loss"][0] > 0.01
    assert evaluated.pop("consistency_loss") == 0  # Nothing is drawn.
    for key, value in evaluated.items():
        assert history[key][0] == pytest.approx(value, rel=1e-4), key


def test_padding_changes_nothing() -> None:
    """Padding nodes are left out of the consistency loss and of the loss."""
    graph, losses = small_graph(), []
    for padding in (False, True):
        keras.utils.set_random_seed(1)
        model = GRANDNodeClassifier(
            num_classes=3, dropout_rate=0, input_dropout=0, drop_node_rate=0, consistency=5.0
        )
        model.compile(
            keras.optimizers.Adam(0.1),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            run_eagerly=True,
        )
        history = model.fit(full_batch(graph, "some", padding=padding), epochs=4, verbose=0)
        losses.append(np.array([history.history[key] for key in ("loss", "accuracy")]))
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    assert losses[0][0, 0] > losses[0][0, -1]


def test_nodes_that_are_not_read_out_are_made_consistent() -> None:
    # One labeled node far from two others without edges: these have a gradient of their own.
    graph = Graph.from_edges(
        [], [], {"x": np.eye(3, dtype=np.float32)}, labels=[0, -1, -1], splits={"train": [0]}
    )
    inputs, _ = next(iter(full_batch(graph, "train")))
    model = GRANDNodeClassifier(num_classes=2, hidden_units=())
    with_random_weights(model, inputs)
    kernels = []
    for _ in range(20):
        with tf.GradientTape() as tape:
            model(inputs, training=True)
            loss = tf.add_n(model.losses)
        kernels.append(np.abs(tape.gradient(loss, model.first.kernel)))
    assert (np.max(kernels, axis=0) > 0).all()


@pytest.mark.parametrize("as_sparse", [False, True])
def test_both_orders_of_the_first_product_agree(as_sparse: bool) -> None:
    """`input_dropout=0` multiplies first; the wide path at a rate too small to drop agrees."""
    inputs, _, _ = example(as_sparse)
    outputs = []
    for input_dropout in (0.0, 1e-9):
        keras.utils.set_random_seed(3)
        model = GRANDNodeClassifier(num_classes=3, input_dropout=input_dropout, dropout_rate=0.0)
        with_random_weights(model, inputs)
        outputs.append(model(inputs, training=True))
    assert np.abs(outputs[0][:, 0] - outputs[0][:, 1]).max() > 0
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-4, atol=1e-5)


def test_files_bring_back_every_argument(tmp_path: Path) -> None:
    inputs, _, _ = example()
    model = GRANDNodeClassifier(
        WIDTH,
        2,
        (5, 4),
        0.1,
        input_dropout=0.2,
        drop_node_rate=0.3,
        hops=3,
        draws=2,
        consistency=0.6,
        temperature=0.7,
        kernel_regularizer="l2",
        config={"multiplier": 0.1},
    )
    with_random_weights(model, inputs)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.train_step((inputs, LABELS % 2))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    assert json.dumps(loaded.get_config()) == json.dumps(model.get_config())


def test_defaults_are_those_of_the_paper_on_cora() -> None:
    config = GRANDNodeClassifier(num_classes=2).get_config()
    names = ("hidden_units", "dropout_rate", "input_dropout", "drop_node_rate", "hops", "draws")
    assert [config[name] for name in names] == [[32], 0.5, 0.5, 0.5, 8, 4]
    assert (config["consistency"], config["temperature"]) == (1.0, 0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"draws": 0}, r"draws must be at least 1, got 0"),
        ({"hops": -1}, "hops must be at least 0, got -1"),
        ({"input_dropout": 1.0}, r"input_dropout must be in \[0, 1\); got 1.0"),
        ({"drop_node_rate": 1.0}, r"^drop_node_rate must be in \[0, 1\); got 1.0"),
        ({"consistency": -0.5}, "consistency must be at least 0; got -0.5"),
        ({"temperature": 0}, "temperature must be greater than 0; got 0"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GRANDNodeClassifier(num_classes=2, **arguments)
