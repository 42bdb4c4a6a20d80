"""Training that the checks share: a row's batches, and a model after some epochs on them."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.data import neighborhoods
from tests.conformance.registry import Row

EPOCHS, STEPS_PER_EPOCH = 3, 5


@functools.lru_cache(maxsize=16)
def batches(row: Row, batch_size: int = 8, padding: bool = False) -> tf.data.Dataset:
    """Training batches with unlabeled components: the same rows and neighbors at any batch size."""
    data = neighborhoods(
        row.graph,
        "train",
        batch_size=batch_size,
        fanout=(3, 2),
        seed=0,
        unlabeled="rest",
        padding=padding,
        known_labels=row.known_labels,
    )
    return data.cache()


@dataclasses.dataclass(frozen=True)
class Trained:
    """A model after `EPOCHS` epochs without dropout, and what came of its `fit(verbose=0)`.

    `start` is what `variables` were before it, `weights` the weights after it.
    """

    model: keras.Model
    start: list[np.ndarray]
    weights: list[np.ndarray]
    history: dict[str, list[float]]
    printed: str
    warned: list[str]


def train(row: Row) -> Trained:
    """Trains as a user would: one device, batches of varying size, sorted edges."""
    model = built(row.compiled(), row)
    start = [variable.numpy() for variable in variables(model)]
    validation = neighborhoods(
        row.graph, "validation", batch_size=7, fanout=None, known_labels=row.known_labels
    )
    out = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
    ):
        warnings.simplefilter("always")
        history = model.fit(batches(row), validation_data=validation, epochs=EPOCHS, verbose=0)
    printed = [line for line in out.getvalue().splitlines() if "WARNING:tensorflow" not in line]
    return Trained(
        model,
        start,
        model.get_weights(),
        history.history,
        "\n".join(printed),
        [str(warning.message) for warning in caught],
    )


@dataclasses.dataclass(frozen=True)
class Alone:
    """A row, and a new model of it."""

    row: Row
    model: keras.Model


def variables(model: keras.Model) -> list[keras.Variable]:
    """All that training changes but the metrics: weights, seeds, and what the optimizer keeps."""
    metrics = {id(variable) for variable in model.metrics_variables}
    own = [variable for variable in model.variables if id(variable) not in metrics]
    return [*own, *model.optimizer.variables]


def built(model: keras.Model, row: Row) -> keras.Model:
    """The compiled model with all its variables, without a step of training."""
    model(next(iter(batches(row)))[0])
    model.optimizer.build(model.trainable_variables)
    return model


@contextlib.contextmanager
def started_over(trained: Trained) -> Iterator[keras.Model]:
    """The trained model as it was before, for the time of the block.

    A new model traces its step anew, which takes longer than all its training.
    """
    model = trained.model
    end = [variable.numpy() for variable in variables(model)]
    for variable, start in zip(variables(model), trained.start, strict=True):
        variable.assign(start)
    try:
        yield model
    finally:
        model.stop_training = False
        for variable, value in zip(variables(model), end, strict=True):
            variable.assign(value)


# What a model with a graph loss shows of random nodes is of those that are in one batch.
OF_BATCHES = frozenset({"random_distance", "spread"})


def assert_trained_alike(
    model: keras.Model,
    history: Any,
    expected: Trained,
    tolerance: float,
    but: frozenset[str] = frozenset(),
) -> None:
    """Compares the weights, and every training loss and metric of every epoch, `but` for some."""
    assert model.optimizer.iterations == EPOCHS * STEPS_PER_EPOCH
    training_keys = {key for key in expected.history if not key.startswith("val_")}
    assert set(history.history) == training_keys
    for key in sorted(training_keys - but):
        values = expected.history[key]
        if len(history.epoch) == 1:  # All steps in one epoch, whose epochs have as many rows each.
            values = [np.mean(values)]
        np.testing.assert_allclose(
            history.history[key], values, rtol=tolerance, atol=tolerance, err_msg=key
        )
    for value, other, weight in zip(
        model.get_weights(), expected.weights, model.weights, strict=True
    ):
        np.testing.assert_allclose(value, other, rtol=0, atol=tolerance, err_msg=weight.path)


def columns(outputs: Any) -> np.ndarray:
    """One array of all outputs side by side, in the order of their names."""
    parts = [np.asarray(part) for part in keras.tree.flatten(outputs)]
    return np.concatenate([part.astype(np.float32) for part in parts], axis=-1)


def one_step(row: Row, model: keras.Model, batch: Any = None) -> dict[str, float]:
    """Trains on one batch, op by op: to trace a step takes many times as long."""
    model.reset_metrics()
    results = model.train_step(next(iter(batches(row))) if batch is None else batch)
    return {key: float(value) for key, value in results.items()}


def state_of(model: keras.Model) -> list[np.ndarray]:
    """The weights, and what the optimizer keeps."""
    return [variable.numpy() for variable in (*model.weights, *model.optimizer.variables)]


def assert_equal_states(model: keras.Model, state: list[np.ndarray]) -> None:
    variables = (*model.weights, *model.optimizer.variables)
    for value, other, variable in zip(state_of(model), state, variables, strict=True):
        np.testing.assert_allclose(value, other, rtol=0, atol=1e-6, err_msg=variable.path)
