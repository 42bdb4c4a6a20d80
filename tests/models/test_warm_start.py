"""Weights of one model in another: what is copied, what is new, and that outputs stay."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

import gnn
from gnn.models.warm_start import warm_start
from gnn.runs.feeding import training_batches
from gnn.runs.recipes import build_model, resolve
from gnn.runs.run_config import RunConfig


def dense(width: int, units: int, name: str | None = None) -> keras.Sequential:
    return keras.Sequential([keras.Input((width,)), keras.layers.Dense(units, name=name)])


def test_new_columns_take_what_they_are_told_and_new_classes_the_mean() -> None:
    old, new = dense(2, 2, "out"), dense(3, 3, "out")
    old.set_weights([np.float32([[1, 3], [5, 7]]), np.float32([2, 4])])
    # The old columns stand at 0 and 2; the one between was among column 1.
    report = warm_start(new, old, inputs=[0, 1, 1], outputs=[0, 1, -1])
    kernel, bias = new.get_weights()
    assert kernel.tolist() == [[1, 3, 2], [5, 7, 6], [5, 7, 6]]
    assert bias.tolist() == [2, 4, 3]
    assert report.grown == {"out/kernel": ((2, 2), (3, 3)), "out/bias": ((2,), (3,))}
    warm_start(new, old, inputs=[-1, 0, 1], outputs=[1, -1, 0])
    assert new.get_weights()[0].tolist() == [[0, 0, 0], [3, 2, 1], [7, 6, 5]]


def test_layers_that_keras_has_numbered_are_matched_in_their_order() -> None:
    def two() -> keras.Sequential:
        layers = [keras.layers.Dense(2), keras.layers.Dense(2)]
        return keras.Sequential([keras.Input((2,)), *layers])

    old, new = two(), two()
    report = warm_start(new, old)
    for mine, theirs in zip(new.get_weights(), old.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert len(report.copied) == 4
    assert not (report.grown or report.fresh or report.unused)


def test_what_one_model_has_alone_is_told() -> None:
    old = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="a")])
    new = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="a")])
    new.add(keras.layers.Dense(3, name="b"))
    report = warm_start(new, old)
    assert report.fresh == ("b/kernel", "b/bias")
    assert warm_start(old, new).unused == report.fresh
    assert "fresh: b/kernel, b/bias" in str(report)


def test_statistics_of_normalization_are_those_of_before() -> None:
    def scaled(mean: float) -> keras.Sequential:
        layer = keras.layers.Normalization(mean=[mean], variance=[4.0], name="scaled")
        return keras.Sequential([keras.Input((1,)), layer, keras.layers.Dense(1, name="out")])

    old, new = scaled(10.0), scaled(99.0)
    warm_start(new, old)
    row = np.float32([[12]])
    np.testing.assert_array_equal(new(row), old(row))
    assert keras.models.clone_model(new).get_layer("scaled").input_mean == [10.0]


@pytest.mark.parametrize(
    ("new", "options", "message"),
    [
        (dense(3, 2, "out"), {}, r"out/kernel has the shape \[3, 2\], and in old_model \[2, 2\]"),
        (dense(3, 2, "out"), {"inputs": [0, 2, -1]}, "out/kernel has the shape"),
        (dense(2, 2, "out"), {"inputs": [1, 0]}, r"inputs must be 0, 1, 2, .* got \[1, 0\]"),
        (dense(2, 2, "out"), {"inputs": [0, -1]}, "inputs must be 0, 1, 2"),
        (dense(3, 2, "out"), {"inputs": [1, 0, -1], "outputs": [1, 0]}, "outputs must be 0, 1, 2"),
        (dense(2, 2, "other"), {}, "no layer of model is called as one of old_model"),
        (keras.Sequential([keras.layers.Dense(2)]), {}, "model must be built, and has no weights"),
        (dense(2, 2, "out"), {"inputs": [0, -2]}, "inputs must be a list of old places"),
    ],
)
def test_models_that_do_not_fit_are_left_as_they_are(
    new: keras.Model, options: dict[str, Any], message: str
) -> None:
    before = new.get_weights() if new.weights else []
    with pytest.raises(ValueError, match=message):
        warm_start(new, dense(2, 2, "out"), **options)
    for mine, was in zip(new.weights, before, strict=True):
        np.testing.assert_array_equal(mine, was)


@pytest.mark.parametrize("name", ["gcn", "gat", "gin", "dagnn"])
def test_a_network_says_of_old_classes_what_it_said(name: str) -> None:
    """Two columns of features and a class are new: old logits stay, the new one is their mean."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(6, 3)).astype(np.float32)
    wider = np.insert(features, 1, rng.normal(size=(2, 6)), axis=1)
    models, graphs = [], []
    for columns, classes in ((features, 2), (wider, 3)):
        graph = gnn.Graph.from_edges(
            range(6), [1, 2, 3, 4, 5, 0], columns, labels=np.arange(6) % classes, undirected=True
        )
        graph = gnn.graphs.random_split(graph, {"train": 1.0})
        config = RunConfig(model=name, data="x", hidden_units=(4,), scaling="none")
        config = resolve(config, graph)
        model = build_model(config, graph)
        model(next(iter(training_batches(config, graph)))[0])
        for variable in model.weights:  # Biases and the statistics of norms are not 0 and 1.
            variable.assign(variable + 0.2 * rng.random(variable.shape))
        models.append(model)
        graphs.append(graph)
    warm_start(models[1], models[0], inputs=[0, -1, -1, 1, 2], outputs=[0, 1, -1])
    old, new = (
        model(next(iter(gnn.data.full_batch(graph, "train")))[0])
        for model, graph in zip(models, graphs, strict=True)
    )
    np.testing.assert_allclose(new[:, :2], old, atol=2e-6)
    if name in ("gcn", "gat"):
        np.testing.assert_allclose(new[:, 2], np.mean(old, axis=1), atol=2e-6)
    else:  # Between two logits there are weights of each class.
        assert not (np.argmax(new, axis=1) == 2).all()
