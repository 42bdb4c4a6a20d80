"""Recipes: which options a model gets by data, and the model that they make."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from gnn import Graph, GraphConvolutionalNodeClassifier
from gnn.data import full_batch
from gnn.data.row_batches import row_batches
from gnn.datasets import planetoid
from gnn.runs import OptionError, RunConfig
from gnn.runs.compiling import compile_model
from gnn.runs.data_loading import load_data
from gnn.runs.feeding import evaluation_batches, training_batches
from gnn.runs.recipes import MOST_NODES_AT_ONCE, build_model, resolve
from gnn.runs.run_data import check_features, check_labels

SPLITS = {"train": [0, 1, 2, 3], "validation": [4], "test": [5]}


def small(features: Any = None, **options: Any) -> Graph:
    rows = {"x": np.arange(12, dtype=np.float32).reshape(6, 2)} if features is None else features
    return Graph.from_edges([0, 1], [1, 2], rows, labels=[0, 1] * 3, splits=SPLITS, **options)


def test_citation_settings_are_those_of_the_figures() -> None:
    words = sparse.csr_array(np.eye(6, dtype=np.float32))
    graph = small({"words": words})
    gcn = resolve(RunConfig(dataset="cora", model="gcn"), graph)
    assert (gcn.hidden_units, gcn.dropout, gcn.l2, gcn.scaling) == ((16,), 0.5, 2.5e-4, "rows")
    assert (gcn.learning_rate, gcn.epochs, gcn.patience, gcn.batch_size) == (0.01, 200, 200, 0)
    mlp = resolve(RunConfig(dataset="citeseer", model="mlp"), graph)
    assert (mlp.hidden_units, mlp.dropout, mlp.l2, mlp.scaling) == ((128,), 0.0, 1e-3, "none")
    assert (mlp.learning_rate, mlp.steps_per_epoch, mlp.patience) == (0.001, 10, 80)
    both = resolve(RunConfig(dataset="cora", model="graph-regularization"), graph)
    assert (both.multiplier, both.contrast, both.regularize, both.distance) == (
        "auto",
        0.3,
        "probabilities",
        "l2",
    )
    assert (both.batch_size, both.fanout, both.unlabeled_batch_size) == (4, (-1,), 128)


def test_recipe_is_the_paper_draw_for_draw(data_dir: Path) -> None:
    """The losses equal those of the class that is called with the paper's settings."""
    asked = RunConfig(dataset="cora", model="gcn", seed=3)
    config = resolve(asked, load_data(asked).graph)
    graph = load_data(config).graph
    assert graph.labels is not None
    losses = []
    for by_hand in (True, False):
        keras.utils.set_random_seed(3)
        if by_hand:
            batches = full_batch(planetoid("cora"), "train")
            made: keras.Model = GraphConvolutionalNodeClassifier(
                num_classes=int(graph.labels.max()) + 1,
                hidden_units=16,
                dropout_rate=0.5,
                kernel_regularizer=keras.regularizers.L2(2.5e-4),
            )
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            made.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
        else:
            batches = training_batches(config, graph)
            made = build_model(config, graph)
            compile_model(made, config)
        losses.append(made.fit(batches, epochs=3, verbose=0).history["loss"])
    assert losses[0] == losses[1]


def test_large_graphs_are_fed_by_neighborhoods() -> None:
    graph = Graph.from_edges([0], [1], num_nodes=MOST_NODES_AT_ONCE + 1, splits={"train": [0]})
    config = resolve(RunConfig(data="x", model="gcn"), graph)
    assert (config.batch_size, config.fanout) == (512, (10, 10))
    at_limit = dataclasses.replace(graph, num_nodes=MOST_NODES_AT_ONCE)
    assert resolve(RunConfig(data="x", model="gcn"), at_limit).batch_size == 0


def test_features_are_standardized_inside_the_model() -> None:
    # The nodes that are not judged on: rows 0 to 3. Column 0 has 0, 10, 20, 30: mean 15, variance
    # 125. Column 1 is constantly 7, and only shifted.
    x = np.array([[0, 7], [10, 7], [20, 7], [30, 7], [900, 9], [900, 9]], np.float32)
    graph = small({"x": x})
    model = build_model(resolve(RunConfig(data="x", model="mlp"), graph), graph)
    (layer,) = [one for one in model.layers if isinstance(one, keras.layers.Normalization)]
    expected = [[(900 - 15) / np.sqrt(125), 2.0]]
    np.testing.assert_allclose(layer(x[4:5]), expected, rtol=1e-5)


def test_small_numbers_are_scaled_and_constants_are_not() -> None:
    # Shares of a large graph: mean 1.5e-6, standard deviation 0.5e-6. 0.1 is no float32.
    x = np.array([[1e-6, 0.1], [2e-6, 0.1], [1e-6, 0.1], [2e-6, 0.1], [0, 9], [0, 9]], np.float32)
    graph = small({"x": x})
    model = build_model(resolve(RunConfig(data="x", model="mlp"), graph), graph)
    (layer,) = [one for one in model.layers if isinstance(one, keras.layers.Normalization)]
    np.testing.assert_allclose(layer(x[:2]), [[-1, 0], [1, 0]], atol=1e-5)


@pytest.mark.parametrize("name", ["embedding", "dense", "hidden_1", "dropout", "normalization"])
def test_features_may_be_called_like_layers(name: str) -> None:
    graph = small({name: np.eye(6, dtype=np.float32), "other": np.ones([6, 2], np.float32)})
    config = resolve(RunConfig(data="x", model="mlp", hidden_units=(4, 3)), graph)
    assert build_model(config, graph).output_shape == (None, 2)


def test_all_rows_come_at_once() -> None:
    """However many, and not batch by batch in the order of the file, which may be by class."""
    splits = {"train": np.arange(9000)}
    graph = Graph.from_edges(
        [], [], {"x": np.ones([9000, 1])}, labels=np.arange(9000) // 4500, splits=splits
    )
    config = resolve(RunConfig(data="x", model="mlp"), graph)
    ((_, labels),) = training_batches(config, graph)
    assert labels.shape == (9000,)


@pytest.mark.parametrize("recipe", ["citation", "general"])
def test_a_hop_is_drawn_for_each_convolution(recipe: str) -> None:
    config = RunConfig(data="x", model="gcn", recipe=recipe, hidden_units=(8, 8, 8))
    assert len(resolve(config, small()).fanout or ()) == 4


def test_several_features_are_joined() -> None:
    graph = small({"b": np.ones([6, 2], np.float32), "a": np.zeros([6, 3], np.float32)})
    for name in ("mlp", "graph-regularization", "gcn"):
        config = resolve(RunConfig(data="x", model=name, loss="categorical_hinge"), graph)
        model = build_model(config, graph)
        compile_model(model, config)
        model.run_eagerly = True
        model.fit(training_batches(config, graph), epochs=1, shuffle=False, verbose=0)
        found = model.evaluate(
            evaluation_batches(config, graph, "test"), verbose=0, return_dict=True
        )
        assert found["accuracy"] in (0.0, 1.0)


@pytest.mark.parametrize("loss", ["categorical_focal_crossentropy", "categorical_hinge"])
def test_other_losses_get_one_hot_labels(loss: str) -> None:
    config = resolve(RunConfig(data="x", model="mlp", loss=loss), small())
    _, labels = next(iter(training_batches(config, small())))
    assert labels.numpy().tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]


def test_many_rows_come_in_batches_in_their_order() -> None:
    rows = np.arange(9000, dtype=np.float32)[:, np.newaxis]
    graph = Graph.from_edges([], [], {"x": rows}, labels=np.arange(9000))
    found = [(x.numpy(), y.numpy()) for x, y in row_batches(graph, np.arange(9000)[::-1])]
    assert len(found) == 3
    np.testing.assert_array_equal(np.concatenate([x for x, _ in found]), rows[::-1])
    np.testing.assert_array_equal(np.concatenate([y for _, y in found]), np.arange(9000)[::-1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "model must be given"),
        ({"model": "mlp", "fanout": (3,)}, "fanout has no use for the model 'mlp'; leave it out"),
        ({"model": "gcn", "scaling": "rows"}, "scaling='rows' is for the citation graphs"),
    ],
)
def test_options_without_use_are_refused(options: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        resolve(RunConfig(data="x", **options), small())


@pytest.mark.parametrize("name", ["mlp", "graph-regularization"])
def test_sparse_features_stay_sparse_beside_dense_ones(name: str) -> None:
    x, words = np.arange(12, dtype=np.float32).reshape(6, 2), np.eye(6, dtype=np.float32)
    graph = small({"x": x, "words": sparse.csr_array(words)})
    model = build_model(resolve(RunConfig(data="folder", model=name), graph), graph)
    model = getattr(model, "node_model", model)
    batch = {"x": tf.constant(x), "words": tf.sparse.from_dense(words)}
    hidden = model.get_layer("hidden-1")
    given = hidden.input
    assert [tensor.sparse for tensor in given] == [False, True]
    kernel, bias = hidden.get_weights()
    expected = np.maximum(np.hstack([x, words]) @ kernel + bias, 0) @ model.layers[-1].kernel
    np.testing.assert_allclose(model(batch), expected, rtol=1e-4, atol=1e-5)


def test_sparse_features_are_not_standardized() -> None:
    graph = small({"words": sparse.csr_array(np.eye(6, dtype=np.float32))})
    assert resolve(RunConfig(data="x", model="mlp"), graph).scaling == "none"
    with pytest.raises(OptionError, match="needs dense features; 'words' is sparse"):
        resolve(RunConfig(data="x", model="mlp", scaling="standardize"), graph)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (Graph.from_edges([0], [1], np.eye(2)), "it has no labels, and training needs some"),
        (Graph.from_edges([0], [1], np.eye(2), labels=[0.5, 1]), "must be one class a node"),
        (Graph.from_edges([0], [1], labels=[0, 1]), "it has no features"),
        (Graph.from_edges([], [], {"x": ["a", "b"]}, labels=[0, 1]), "must hold numbers"),
        (Graph.from_edges([], [], np.eye(2), labels=[0, 0]), "at least two classes, got 1"),
        (
            Graph.from_edges([], [], np.eye(2), labels=[0, 2_000_000_000]),
            "makes 2000000001 classes, and only 2 of them occur: number the classes from 0",
        ),
        (
            Graph.from_edges([], [], {"word vec": np.eye(2)}, labels=[0, 1]),
            "cannot export the feature 'word vec'",
        ),
    ],
)
def test_untrainable_graphs(graph: Graph, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_labels(graph, "it")
        check_features(graph, "it")
