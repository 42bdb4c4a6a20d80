"""Models whose features go through Keras' preprocessing layers: trained, saved, served raw."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.configs import GraphRegConfig
from gnn.data import full_batch, neighborhoods
from gnn.graphs import Graph
from gnn.models import (
    AdversarialRegularizationModel,
    AgreementModel,
    GraphConvolutionalNodeClassifier,
    GraphRegularizationModel,
)

layers = keras.layers
L2 = GraphRegConfig(multiplier=0.1)
COLUMNS = {
    "text": np.array(["red apple", "green pear", "red", "blue sky", "green tree", "sky"]),
    "color": np.array(["red", "green", "red", "blue", "green", "unseen"]),
    "maker": np.array([["a"], ["b"], ["c"], ["a"], ["b"], ["c"]]),
    "size": np.arange(12.0, dtype=np.float32).reshape(6, 2),
    "price": np.array([[1.0], [20.0], [3.0], [40.0], [5.0], [60.0]], np.float32),
    "code": np.array([[7], [3], [7], [1], [3], [7]]),
    "month": np.array([[0], [1], [2], [3], [0], [1]]),
}
GRAPH = Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 4], COLUMNS, labels=[0, 1, 0, 1, 0, 1])


@functools.cache  # To adapt the layers takes as long as all else here.
def node_model() -> keras.Model:
    """Each of Keras' layers that learn a vocabulary or statistics, or are given them."""
    encoders = {
        "text": layers.TextVectorization(8, output_mode="multi_hot"),
        "color": layers.StringLookup(vocabulary=["red", "green", "blue"], output_mode="one_hot"),
        "maker": layers.Hashing(4, output_mode="one_hot"),
        "size": layers.Normalization(),
        "price": layers.Discretization(num_bins=3, output_mode="one_hot"),
        "code": layers.IntegerLookup(output_mode="one_hot"),
        "month": layers.CategoryEncoding(4, output_mode="one_hot"),
    }
    inputs, columns = {}, []
    for name, encoder in encoders.items():
        values = COLUMNS[name]
        dtype = "string" if values.dtype.kind == "U" else values.dtype.name
        inputs[name] = keras.Input(values.shape[1:], name=name, dtype=dtype)
        if hasattr(encoder, "adapt") and name != "color":
            encoder.adapt(values)
        columns.append(encoder(inputs[name]))
    return keras.Model(inputs, layers.Dense(2)(layers.Concatenate()(columns)))


def assert_served(model: keras.Model, folder: Path, features: dict[str, Any], expected: Any) -> Any:
    """Raw columns in, the same outputs, by the model's own SavedModel."""
    model.export(folder, verbose=False)
    served = tf.saved_model.load(folder).signatures["serving_default"]
    names = served.structured_input_signature[1]
    outputs = served(**{name: tf.constant(features[name]) for name in names})["outputs"]
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: GraphRegularizationModel(L2, node_model),
        lambda: AdversarialRegularizationModel(node_model, {"multiplier": 0.1}, graph_config=L2),
        lambda: GraphConvolutionalNodeClassifier(
            num_classes=2, dropout_rate=0.0, node_model_fn=node_model
        ),
    ],
    ids=["regularized", "adversarial", "gcn"],
)
def test_models_of_raw_columns(make: Callable[[], keras.Model], tmp_path: Path) -> None:
    model = make()
    inputs, labels = next(iter(full_batch(GRAPH)))
    model.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,
    )
    model.train_on_batch(inputs, labels)
    outputs = model(inputs).numpy()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), outputs)
    assert loaded.train_on_batch(inputs, labels) == model.train_on_batch(inputs, labels)
    assert_served(loaded, tmp_path / "served", inputs, model(inputs))


def test_an_agreement_model_of_raw_columns(tmp_path: Path) -> None:
    judge = AgreementModel(encoder=node_model())
    pairs = [dict(COLUMNS), {name: values[::-1] for name, values in COLUMNS.items()}]
    expected = judge([{k: tf.constant(v) for k, v in side.items()} for side in pairs]).numpy()
    judge.save(tmp_path / "judge.keras")
    loaded = keras.models.load_model(tmp_path / "judge.keras")
    sides = zip(("sender", "receiver"), pairs, strict=True)
    columns = {f"{end}_{name}": values for end, side in sides for name, values in side.items()}
    assert_served(loaded, tmp_path / "served", columns, expected)


def test_fit_on_strings() -> None:
    """Batches of one size too; and a Sequential model without an input builds outside of it."""
    lookup = layers.StringLookup(vocabulary=["red", "green"], output_mode="one_hot")
    graph = Graph.from_edges([0, 1], [1, 2], {"color": COLUMNS["color"]}, labels=[0, 1, 0, 1, 0, 1])
    model = GraphRegularizationModel(L2, lambda: keras.Sequential([lookup, layers.Dense(2)]))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    data = neighborhoods(graph, batch_size=4, fanout=(2,), padding=True)
    history = model.fit(data, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    known = layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 4.0])
    sizes = Graph.from_edges([0, 1], [1, 2], {"size": COLUMNS["size"]}, labels=[0, 1, 0, 1, 0, 1])
    model = GraphRegularizationModel(L2, lambda: keras.Sequential([known, layers.Dense(2)]))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.make_variables(full_batch(sizes).element_spec)
    # The first row is [0, 1]: (0 - 1) / 1 and (1 - 2) / 2.
    np.testing.assert_allclose(known(COLUMNS["size"])[0], [-1.0, -0.5], atol=1e-6)
