"""fit, evaluate and predict: what they report, in which order, at any batch size."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

from gnn.data import full_batch, neighborhoods
from gnn.layers.model_in_step import model_in_step
from gnn.layers.row_table import ANCHOR
from tests.conformance.registry import SPLITS, Row
from tests.conformance.training import EPOCHS, OF_BATCHES, Alone, Trained, batches, columns

GRAPH_LOSS_KEYS = {
    "supervised_loss",
    "graph_loss",
    "scaled_graph_loss",
    "neighbor_distance",
    "random_distance",
}
# With contrast, they too hang on which nodes a batch has.
OF_PAIRS = {"loss", "graph_loss", "scaled_graph_loss"}


def test_history(row: Row, trained: Trained) -> None:
    keys = {"loss", row.accuracy, *row.other_losses}
    keys |= GRAPH_LOSS_KEYS if row.has_graph_loss else set()
    keys |= {"spread"} & set(trained.history)  # Where the loss compares classes.
    assert set(trained.history) == keys | {f"val_{key}" for key in keys}
    for key, values in trained.history.items():
        assert len(values) == EPOCHS and np.isfinite(values).all(), key
    assert trained.history["loss"][-1] < trained.history["loss"][0]
    if row.has_graph_loss:
        parts = np.add(trained.history["supervised_loss"], trained.history["scaled_graph_loss"])
        np.testing.assert_allclose(trained.history["loss"], parts, rtol=1e-6)


def test_fit_is_silent(trained: Trained) -> None:
    assert trained.warned == []
    assert trained.printed == ""


def test_evaluate_is_the_same_at_any_batch_size(row: Row, trained: Trained) -> None:
    whole = None
    for batch_size in (50, 7, 3):
        data = neighborhoods(
            row.graph,
            "train",
            batch_size=batch_size,
            fanout=None,
            known_labels=row.known_labels,
        )
        result = trained.model.evaluate(data, verbose=0, return_dict=True)
        whole = whole or result
        assert set(result) == {key for key in trained.history if not key.startswith("val_")}
        for key in result.keys() - (OF_BATCHES | (OF_PAIRS if row.contrasts else set())):
            np.testing.assert_allclose(result[key], whole[key], rtol=1e-5, err_msg=key)
    # 38 rows: an accuracy is a whole number of 38ths, which a mean of batches' means is not.
    right = float(whole[row.accuracy]) * len(SPLITS["train"])
    np.testing.assert_allclose(right, round(right), atol=1e-4)


def test_evaluate_is_what_validation_was(row: Row, trained: Trained) -> None:
    data = neighborhoods(
        row.graph, "validation", batch_size=4, fanout=None, known_labels=row.known_labels
    )
    result = trained.model.evaluate(data, verbose=0, return_dict=True)
    for key in result.keys() - (OF_BATCHES | (OF_PAIRS if row.contrasts else set())):
        expected = trained.history[f"val_{key}"][-1]
        np.testing.assert_allclose(result[key], expected, rtol=1e-5, err_msg=key)


def test_predict_comes_in_the_order_of_the_split(row: Row, trained: Trained) -> None:
    rows = np.array([40, 3, 59, 17, 21])  # 59 has no edges.
    graph = dataclasses.replace(row.graph, splits={"some": rows, "back": rows[::-1]})
    # Op by op: to trace a call takes many times as long.
    everything, some = (
        columns(trained.model(next(iter(full_batch(graph, split)))[0])) for split in (None, "some")
    )
    np.testing.assert_allclose(some, everything[rows], rtol=1e-5, atol=1e-5)

    sampled = [
        columns(
            trained.model.predict(neighborhoods(graph, split, batch_size=2, fanout=None), verbose=0)
        )
        for split in ("some", "back")
    ]
    np.testing.assert_allclose(sampled[0], sampled[1][::-1], rtol=1e-5, atol=1e-5)
    assert not np.allclose(sampled[0], sampled[1], atol=1e-3)


def test_gradients_reach_every_trainable_weight(alone: Alone) -> None:
    model = alone.model
    inputs, labels = next(iter(batches(alone.row)))
    with tf.GradientTape() as tape, model_in_step(model, training=True):
        # The model's own loss: in training it may return several predictions a row.
        loss = model.compute_loss(inputs, labels, model(inputs, training=True))
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    assert gradients
    for gradient, weight in zip(gradients, model.trainable_weights, strict=True):
        assert gradient is not None, weight.path
        if weight.name == ANCHOR:  # It stays 0: the table beside it is updated by itself.
            continue
        values = tf.convert_to_tensor(gradient).numpy()
        assert np.isfinite(values).all() and np.any(values != 0), weight.path
