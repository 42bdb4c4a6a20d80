"""Epochs of one batch, a whole graph: what is spared between them changes nothing."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

import gnn


def a_graph(seed: int) -> gnn.Graph:
    rng = np.random.default_rng(seed)
    return gnn.Graph.from_edges(
        *rng.integers(0, 40, (2, 150)),
        rng.standard_normal((40, 6)).astype(np.float32),
        labels=rng.integers(0, 3, 40),
        splits={"train": np.arange(20), "validation": np.arange(20, 40)},
    )


def a_model(keeps: bool = True) -> gnn.GraphConvolutionalNodeClassifier:
    keras.utils.set_random_seed(0)
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=(33, 8))
    if not keeps:
        model.made_before = None
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def test_a_model_that_sees_graphs_in_turn_learns_as_one_that_keeps_nothing() -> None:
    def losses(model: gnn.GraphConvolutionalNodeClassifier) -> list[float]:
        found = []
        for seed in (0, 1, 0):
            data = gnn.data.full_batch(a_graph(seed), "train")
            found += model.fit(data, epochs=2, verbose=0).history["loss"]
            found.append(model.evaluate(data, verbose=0)[0])
        return found

    keeping = a_model()
    np.testing.assert_array_equal(losses(keeping), losses(a_model(keeps=False)))
    assert not [v for v in keeping.variables if v.shape == (40,)]  # Kept, but no weights.


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
