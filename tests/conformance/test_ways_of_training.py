"""The same steps by every way of training, and half precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.data import distribute, neighborhoods
from gnn.layers import EquiangularSoftmax
from gnn.layers.row_table import ANCHOR
from tests.conformance.registry import Row
from tests.conformance.training import (
    EPOCHS,
    OF_BATCHES,
    Trained,
    assert_equal_states,
    assert_trained_alike,
    batches,
    columns,
    one_step,
    started_over,
    state_of,
    variables,
)


def shuffle_edges(inputs: dict[str, Any], labels: tf.Tensor) -> Any:
    """The same graph, its edges in random order."""
    order = tf.random.experimental.stateless_shuffle(
        tf.range(tf.shape(inputs["senders"])[0]), seed=[1, 2]
    )
    shuffled = {key: tf.gather(inputs[key], order) for key in ("senders", "receivers", "edges")}
    return {**inputs, **shuffled}, labels


def test_shuffled_edges(row: Row, trained: Trained) -> None:
    inputs, labels = next(iter(batches(row)))
    shuffled, _ = shuffle_edges(inputs, labels)
    senders = [some["senders"].numpy().tolist() for some in (inputs, shuffled)]
    assert senders[0] != senders[1] and sorted(senders[0]) == sorted(senders[1])
    with started_over(trained) as model:
        step = one_step(row, model)
        state = state_of(model)
    with started_over(trained) as model:
        assert one_step(row, model, (shuffled, labels)) == pytest.approx(step, rel=1e-5)
        assert_equal_states(model, state)


def test_two_devices(row: Row, trained: Trained, two_devices: tf.distribute.Strategy) -> None:
    if row.by_replica:
        pytest.skip("what each device learns of its own rows is not what one learns of all")
    with two_devices.scope():
        model = row.compiled()
    # Padded, as below, but not compiled. One long epoch: the iterators of an epoch take longer to
    # make than its steps to run.
    data = distribute(
        two_devices,
        lambda context: batches(row, context.get_per_replica_batch_size(8), padding=True).repeat(
            EPOCHS
        ),
    )
    history = model.fit(data, verbose=0)
    assert_trained_alike(model, history, trained, tolerance=1e-5, but=OF_BATCHES)


def test_jit_compile_and_two_steps_an_execution(row: Row, trained: Trained) -> None:
    model = row.compiled(jit_compile=True, steps_per_execution=2)
    history = model.fit(batches(row, padding=True), epochs=EPOCHS, verbose=0)
    assert model.jit_compile
    assert_trained_alike(model, history, trained, tolerance=1e-4)


def test_the_same_seed_gives_the_same_bits(row: Row) -> None:
    results, ends = [], []
    for _ in range(2):
        model = row.compiled(dropout=0.4, seed=4)
        keras.utils.set_random_seed(4)  # The order of the rows is drawn too.
        data = neighborhoods(
            row.graph,
            "train",
            batch_size=8,
            fanout=(2, 2),
            shuffle=True,
            known_labels=row.known_labels,
        )
        results.append(one_step(row, model, next(iter(data))))
        assert model.optimizer.iterations == 1
        ends.append([variable.numpy() for variable in variables(model)])
    assert results[0] == results[1]
    for first, second in zip(*ends, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(row: Row, trained: Trained, policy: str, tmp_path: Path) -> None:
    keras.config.set_dtype_policy(policy)
    model = row.compiled()
    inputs, _ = next(iter(batches(row)))
    outputs = model(inputs)
    half = policy.removeprefix("mixed_")
    assert {part.dtype.name for part in keras.tree.flatten(outputs)} == {half}
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}

    start = model.get_weights()
    model.set_weights(trained.weights)
    single = columns(trained.model(inputs))
    # bfloat16 has 8 bits: a few times 2^-8 of the largest value through the layers.
    np.testing.assert_allclose(columns(model(inputs)), single, atol=0.04 * np.abs(single).max())

    model.set_weights(start)
    model.optimizer.build(model.trainable_variables)
    if policy == "mixed_float16":
        model.optimizer.dynamic_scale.assign(16.0)  # The first one would overflow.
    first = one_step(row, model)["loss"]
    assert np.isfinite(first)
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}
    judges = [getattr(layer, "agreement_model", None) for layer in model._flatten_layers()]
    fixed = {id(weight) for judge in judges if judge is not None for weight in judge.weights}
    fixed |= {id(weight) for weight in model.weights if weight.name == ANCHOR}
    directions = [
        layer for layer in model._flatten_layers() if isinstance(layer, EquiangularSoftmax)
    ]
    fixed |= {id(layer.vectors) for layer in directions}
    for weight, value, before in zip(model.weights, model.get_weights(), start, strict=True):
        assert np.isfinite(value).all() and np.any(value != before) == (id(weight) not in fixed)

    # What was saved goes on as if it were not: weights, moments, the loss scale.
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    second = one_step(row, model)
    assert second["loss"] < first
    assert one_step(row, loaded) == pytest.approx(second, rel=1e-5)
    assert_equal_states(loaded, state_of(model))
