"""GCNII as a classifier, against dense matrices."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from gnn.data import full_batch
from gnn.models import GCNIINodeClassifier
from tests.models.small_batches import (
    READ_OUT,
    example,
    relu,
    small_graph,
    with_random_weights,
)


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize(
    ("depth", "teleport", "identity"), [(1, 0.1, 0.5), (6, 0.1, 0.5), (4, 0.5, 1.5)]
)
def test_outputs_and_embeddings_equal_the_formulas(
    depth: int, teleport: float, identity: float, as_sparse: bool
) -> None:
    inputs, x, moved = example(as_sparse)
    model = GCNIINodeClassifier(
        num_classes=3, hidden_units=5, depth=depth, teleport=teleport, identity=identity
    )
    with_random_weights(model, inputs)
    kernel, bias = model.to_hidden.get_weights()
    start = hidden = relu(x @ kernel + bias)
    for layer, convolution in enumerate(model.convolutions, start=1):
        (kernel,) = convolution.get_weights()
        share = math.log(identity / layer + 1)
        mixed = (1 - teleport) * moved @ hidden + teleport * start
        hidden = relu((1 - share) * mixed + share * mixed @ kernel)
    kernel, bias = model.to_logits.get_weights()
    logits = hidden @ kernel + bias
    np.testing.assert_allclose(model(inputs), logits[READ_OUT], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(model.embed(inputs), hidden[READ_OUT], rtol=1e-4, atol=1e-4)
    assert len(model.stages()) == depth + 2


def test_defaults_are_those_of_the_paper_on_cora() -> None:
    config = GCNIINodeClassifier(num_classes=2).get_config()
    names = ("hidden_units", "depth", "teleport", "identity", "dropout_rate")
    assert [config[name] for name in names] == [64, 64, 0.1, 0.5, 0.6]


def test_dropout_only_in_training() -> None:
    inputs, _, _ = example()
    model = GCNIINodeClassifier(num_classes=2, depth=2)
    np.testing.assert_array_equal(model(inputs), model(inputs))
    assert np.abs(model(inputs, training=True) - model(inputs)).max() > 0
    still = GCNIINodeClassifier(num_classes=2, depth=2, dropout_rate=0.0)
    np.testing.assert_array_equal(still(inputs, training=True), still(inputs))


def test_the_two_regularizers_are_of_dense_layers_and_of_convolutions() -> None:
    inputs, _, _ = example()
    squares: dict[str, float] = {}
    for name in ("kernel_regularizer", "convolution_regularizer"):
        model = GCNIINodeClassifier(
            num_classes=2, hidden_units=4, depth=3, **{name: keras.regularizers.L2(0.5)}
        )
        with_random_weights(model, inputs)
        layers = [model.to_hidden, model.to_logits]
        if name == "convolution_regularizer":
            layers = model.convolutions
        squares[name] = sum(0.5 * float(np.sum(layer.kernel.numpy() ** 2)) for layer in layers)
        assert float(sum(model.losses)) == pytest.approx(squares[name], rel=1e-5)
    assert len(set(squares.values())) == 2


def test_files_bring_back_every_argument(tmp_path: Path) -> None:
    inputs, _, _ = example()
    model = GCNIINodeClassifier(
        6,
        2,
        5,
        0.3,
        depth=3,
        teleport=0.2,
        identity=0.7,
        kernel_regularizer="l2",
        convolution_regularizer="l1",
    )
    with_random_weights(model, inputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    np.testing.assert_array_equal(loaded.losses, model.losses)
    assert json.dumps(loaded.get_config()) == json.dumps(model.get_config())


def test_padding_changes_nothing() -> None:
    graph, losses = small_graph(), []
    for padding in (False, True):
        keras.utils.set_random_seed(1)
        model = GCNIINodeClassifier(num_classes=3, hidden_units=8, depth=3, dropout_rate=0.0)
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        data = full_batch(graph, "some", padding=padding)
        losses.append(model.fit(data, epochs=3, verbose=0).history["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden_units": (4, 5)}, r"one width, which all layers have; got \(4, 5\)"),
        ({"hidden_units": ()}, r"one width, which all layers have; got \(\)"),
        ({"hidden_units": 0}, r"hidden_units must be at least 1, got 0"),
        ({"depth": 0}, r"depth must be at least 1, got 0"),
        ({"teleport": -0.1}, r"teleport must be in \[0, 1\]; got -0.1"),
        ({"identity": -1}, "identity must be greater than 0; got -1"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GCNIINodeClassifier(num_classes=2, **arguments)
