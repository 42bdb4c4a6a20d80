"""Epochs of one batch, a whole graph: what is spared between them changes nothing."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gnn
from gnn.models.base.kept_edges import KeptEdges
from gnn.ops.made_before import MadeBefore


def a_graph(seed: int) -> gnn.Graph:
    rng = np.random.default_rng(seed)
    return gnn.Graph.from_edges(
        *rng.integers(0, 40, (2, 150)),
        rng.standard_normal((40, 6)).astype(np.float32),
        labels=rng.integers(0, 3, 40),
        splits={"train": np.arange(20), "validation": np.arange(20, 40)},
    )


def not_known_to_come_again(data: tf.data.Dataset) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensors(next(iter(data)))


def a_model() -> gnn.GraphConvolutionalNodeClassifier:
    keras.utils.set_random_seed(0)
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=(33, 8))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> list[MadeBefore]:
    """What is asked, while functions are traced, for what was made before."""
    asked, of = [], MadeBefore.of

    def heard(before: MadeBefore, *args: Any) -> Any:
        asked.append(before)
        return of(before, *args)

    monkeypatch.setattr(MadeBefore, "of", heard)
    return asked


def test_a_model_that_sees_graphs_in_turn_learns_as_one_that_keeps_nothing(
    keeping: list[MadeBefore],
) -> None:
    def losses(changed: Callable[[tf.data.Dataset], tf.data.Dataset]) -> list[float]:
        found, model = [], a_model()
        for seed in (0, 1, 0):
            data = changed(gnn.data.full_batch(a_graph(seed), "train"))
            validation = changed(gnn.data.full_batch(a_graph(seed), "validation"))
            history = model.fit(data, validation_data=validation, epochs=2, verbose=0).history
            found += [*history["loss"], *history["val_loss"], model.evaluate(data, verbose=0)[0]]
        return found

    expected = losses(not_known_to_come_again)
    assert not keeping
    np.testing.assert_array_equal(losses(lambda data: data), expected)
    assert len(set(keeping)) == 2  # Of training and of validation.


def test_data_that_changes_in_place_of_what_came_again_is_traced_anew(
    keeping: list[MadeBefore],
) -> None:
    model, data = a_model(), gnn.data.full_batch(a_graph(0), "train")
    model.fit(data, epochs=1, verbose=0)
    kept, asked = model.train_function, len(keeping)
    model.fit(data, epochs=1, verbose=0)
    assert model.train_function is kept
    model.fit(not_known_to_come_again(data), epochs=1, verbose=0)
    assert model.train_function is not kept and len(keeping) == asked > 0


def test_only_steps_keep_so_gradients_reach_edges_from_outside_a_function(
    keeping: list[MadeBefore],
) -> None:
    model, data = a_model(), gnn.data.full_batch(a_graph(0), "train")
    model.fit(data, epochs=1, verbose=0)
    keeping.clear()
    inputs, _ = next(iter(data))
    outputs = tf.function(lambda edges: model({**inputs, "edges": edges}))
    found = []
    for function in (outputs, outputs.python_function):
        with tf.GradientTape() as tape:
            tape.watch(inputs["edges"])
            total = tf.reduce_sum(function(inputs["edges"]) ** 2)
        found.append(tape.gradient(total, inputs["edges"]))
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-6)
    assert np.abs(found[0]).max() > 0
    # Nothing that threads could share, in a call and in a prediction.
    model.predict(data, verbose=0)
    assert not keeping


def test_files_and_copies_hold_nothing_that_was_kept(tmp_path: Path) -> None:
    model, data = a_model(), gnn.data.full_batch(a_graph(0), "train")
    model.fit(data, epochs=1, verbose=0)
    inputs, _ = next(iter(data))
    outputs = model(inputs)
    serve = tf.function(lambda: {"outputs": model(inputs)}, input_signature=[])
    tf.saved_model.save(model, str(tmp_path / "saved"), {"serving_default": serve})
    served = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    np.testing.assert_allclose(served()["outputs"], outputs, rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "model.keras")
    for other in (
        keras.models.load_model(tmp_path / "model.keras"),
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
    ):
        np.testing.assert_array_equal(other(inputs), outputs)
        assert vars(other.kept_edges) == vars(KeptEdges())
    assert vars(copy.deepcopy(model.kept_edges)) == vars(KeptEdges()) != vars(model.kept_edges)


def test_an_epoch_of_one_element_takes_one_of_data_and_validation() -> None:
    taken = {"train": tf.Variable(0), "validation": tf.Variable(0)}

    def counted(split: str) -> tf.data.Dataset:
        def count(inputs: dict[str, tf.Tensor], labels: tf.Tensor) -> tuple:
            with tf.control_dependencies([taken[split].assign_add(1)]):
                return inputs, tf.identity(labels)

        return gnn.data.full_batch(a_graph(0), split).map(count)

    model = a_model()
    once = model.fit(
        counted("train"), validation_data=counted("validation"), epochs=3, verbose=0
    ).history
    assert {name: int(times.numpy()) for name, times in taken.items()} == {
        "train": 3,
        "validation": 3,
    }
    model = a_model()
    endless = gnn.data.full_batch(a_graph(0), "train").repeat()
    again = model.fit(
        endless,
        steps_per_epoch=1,
        validation_data=gnn.data.full_batch(a_graph(0), "validation"),
        validation_steps=1,
        epochs=3,
        verbose=0,
    ).history
    assert once == again


def test_several_steps_an_execution_do_not_make_an_epoch_longer() -> None:
    model = a_model()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, steps_per_execution=5)
    model.fit(gnn.data.full_batch(a_graph(0), "train"), epochs=2, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 2
