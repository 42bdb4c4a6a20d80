"""Tables that update the rows that a step has read: EmbeddingTable against one-hot rows."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.layers import EmbeddingTable
from gnn.layers.row_table import RowTable
from gnn.training import ExactResume

IDS = np.array([[3, 1], [3, 3], [0, 1], [4, 3]], np.int32)
TARGETS = np.array([[1.0], [-2.0], [0.5], [3.0]], np.float32)
START = np.array([[0.1, 0.2], [0.3, -0.1], [0.5, 0.4], [-0.2, 0.6], [0.7, 0.1]], np.float32)
READOUT = np.array([[0.5], [-1.0], [1.5], [0.25]], np.float32)


def of_table(update: str = "sgd", **settings: Any) -> keras.Model:
    """Two ids a row, whose rows of the table are read out by fixed weights."""
    ids = keras.Input([2], dtype="int32")
    rows = EmbeddingTable(5, 2, update=update, name="table", **settings)(ids)
    outputs = keras.layers.Dense(1, use_bias=False, trainable=False)(keras.layers.Flatten()(rows))
    model = keras.Model(ids, outputs)
    table = model.get_layer("table")
    if table.hashed_rows is None:
        table.table.assign(START)
    model.layers[-1].set_weights([READOUT])
    return model


def of_one_hot_rows() -> keras.Model:
    """The same model, with a Dense layer on one-hot rows, which Keras trains."""
    hot = keras.Input([2, 5])
    rows = keras.layers.Dense(2, use_bias=False, name="table")(hot)
    outputs = keras.layers.Dense(1, use_bias=False, trainable=False)(keras.layers.Flatten()(rows))
    model = keras.Model(hot, outputs)
    model.get_layer("table").set_weights([START])
    model.layers[-1].set_weights([READOUT])
    return model


def learned(model: keras.Model) -> np.ndarray:
    return np.asarray(model.get_layer("table").weights[0])


def table_of(model: keras.Model) -> np.ndarray:
    return model.get_layer("table").table.numpy()


def test_one_step_by_hand() -> None:
    # One row, ids 3 and 3: both have the gradient of the output by their half of the readout.
    model = of_table()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(IDS[1:2], TARGETS[1:2], verbose=0)
    output = -0.2 * 0.5 + 0.6 * -1.0 + -0.2 * 1.5 + 0.6 * 0.25
    slope = 2 * (output + 2.0)
    moved = START[3] - 0.1 * slope * np.array([0.5 + 1.5, -1.0 + 0.25])
    np.testing.assert_allclose(table_of(model)[3], moved, rtol=1e-6)
    np.testing.assert_array_equal(table_of(model)[[0, 1, 2, 4]], START[[0, 1, 2, 4]])


@pytest.mark.parametrize(
    ("update", "optimizer"), [("sgd", keras.optimizers.SGD), ("adagrad", keras.optimizers.Adagrad)]
)
def test_equals_a_dense_layer_on_one_hot_rows(update: str, optimizer: Any) -> None:
    """Ids that repeat in a batch and in a row, and a rate that falls with the steps."""
    rate = {"initial_learning_rate": 0.3, "decay_steps": 1, "decay_rate": 0.8}
    ours, theirs = of_table(update), of_one_hot_rows()
    for model, inputs in ((ours, IDS), (theirs, np.eye(5, dtype=np.float32)[IDS])):
        model.compile(optimizer(keras.optimizers.schedules.ExponentialDecay(**rate)), "mse")
        model.fit(inputs, TARGETS, batch_size=2, epochs=3, shuffle=False, verbose=0)
    np.testing.assert_allclose(table_of(ours), learned(theirs), rtol=2e-6)
    np.testing.assert_array_equal(table_of(ours)[2], START[2])


def test_keras_embedding_does_not() -> None:
    """What the layer is for: Keras' own squares the gradients of an id that repeats apart."""
    ids = keras.Input([2], dtype="int32")
    rows = keras.layers.Embedding(5, 2, name="table")(ids)
    outputs = keras.layers.Dense(1, use_bias=False, trainable=False)(keras.layers.Flatten()(rows))
    theirs = keras.Model(ids, outputs)
    theirs.get_layer("table").set_weights([START])
    theirs.layers[-1].set_weights([READOUT])
    ours = of_table("adagrad")
    for model in (ours, theirs):
        model.compile(keras.optimizers.Adagrad(0.3), "mse")
        model.fit(IDS, TARGETS, batch_size=4, verbose=0)
    assert np.abs(table_of(ours)[3] - learned(theirs)[3]).max() > 0.01


def test_row_adagrad_by_hand() -> None:
    model = of_table("row_adagrad")
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(IDS[1:2], TARGETS[1:2], verbose=0)
    gradient = 2 * (-0.85 + 2.0) * np.array([2.0, -0.75])
    slot = 0.1 + np.mean(gradient**2)
    layer = model.get_layer("table")
    np.testing.assert_allclose(layer.slot.numpy(), [0, 0, 0, slot - 0.1, 0], rtol=1e-6)
    moved = START[3] - 0.1 * gradient / np.sqrt(slot)
    np.testing.assert_allclose(table_of(model)[3], moved, rtol=1e-6)


def test_the_table_is_not_among_what_optimizers_see() -> None:
    model = of_table("adagrad")
    model.compile("adam", "mse")
    model.fit(IDS, TARGETS, verbose=0)
    assert [weight.name for weight in model.trainable_weights] == ["anchor"]
    assert model.get_layer("table").anchor.numpy() == 0.0
    assert max(np.prod(variable.shape) for variable in model.optimizer.variables) == 1


@pytest.mark.parametrize("wrapped", ["mixed_float16", "loss_scale_factor"])
def test_the_scale_of_the_loss_is_divided_out(wrapped: str) -> None:
    plain, scaled = of_table("adagrad"), of_table("adagrad")
    plain.compile(keras.optimizers.SGD(0.1), "mse")
    optimizer: Any = keras.optimizers.SGD(0.1, loss_scale_factor=64.0)
    if wrapped == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    scaled.compile(optimizer, "mse")
    for model in (plain, scaled):
        model.fit(IDS, TARGETS, batch_size=4, epochs=2, verbose=0)
    np.testing.assert_allclose(table_of(scaled), table_of(plain), rtol=1e-6)


def test_gradients_that_are_not_finite_change_nothing() -> None:
    model = of_table("adagrad")
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)), "mse")
    model.fit(IDS, np.full_like(TARGETS, np.inf), batch_size=4, verbose=0)
    np.testing.assert_array_equal(table_of(model), START)
    np.testing.assert_array_equal(model.get_layer("table").slot.numpy(), 0.0)


def test_mixed_precision_keeps_the_table_in_float32() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    layer = EmbeddingTable(5, 2)
    assert layer(tf.constant([1])).dtype == tf.float16
    assert layer.table.dtype == layer.slot.dtype == "float32"


@pytest.mark.parametrize("update", ["sgd", "adagrad"])
def test_xla_makes_the_same_of_it(update: str) -> None:
    plain, compiled = of_table(update), of_table(update)
    for model, jit in ((plain, False), (compiled, True)):
        model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=jit)
        model.fit(IDS, TARGETS, batch_size=4, epochs=2, verbose=0)
    np.testing.assert_allclose(table_of(compiled), table_of(plain), rtol=1e-5)


def test_replicas_sum_what_each_has_read(two_devices: tf.distribute.Strategy) -> None:
    """Id 3 is in the halves of both; each half has its part of the mean."""
    plain = of_table("adagrad")
    with two_devices.scope():
        shared = of_table("adagrad")
        shared.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    plain.compile(keras.optimizers.SGD(0.1), "mse")
    for model in (plain, shared):
        model.fit(IDS, TARGETS, batch_size=4, epochs=2, shuffle=False, verbose=0)
    copies = two_devices.experimental_local_results(shared.get_layer("table").table.value)
    for copy in copies:
        np.testing.assert_allclose(copy.numpy(), table_of(plain), rtol=1e-6)


def test_stopped_and_carried_on_it_has_the_same_bits(tmp_path: Any) -> None:
    def trained(epochs: int, folder: Any) -> keras.Model:
        keras.utils.set_random_seed(3)
        model = of_table("adagrad")
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
        data = tf.data.Dataset.from_tensor_slices((IDS, TARGETS)).batch(2)
        resume = ExactResume(folder)
        batches = resume.batches(data)
        model.fit(batches, epochs=epochs, shuffle=False, verbose=0, callbacks=[resume])
        return model

    whole = trained(4, tmp_path / "whole")
    trained(2, tmp_path / "state")
    carried_on = trained(4, tmp_path / "state")
    for one, other in zip(whole.weights, carried_on.weights, strict=True):
        assert one.numpy().tobytes() == other.numpy().tobytes()


def test_saved_and_loaded(tmp_path: Any) -> None:
    model = of_table("row_adagrad")
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(IDS, TARGETS, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for one, other in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    np.testing.assert_array_equal(loaded.predict(IDS, verbose=0), model.predict(IDS, verbose=0))


def test_hashed_rows_side_by_side() -> None:
    layer = EmbeddingTable(1000, 4, hashed_rows=3, num_hashes=2)
    rows = layer(tf.range(1000)).numpy()
    short = layer.table.numpy()
    assert short.shape == (3, 2)
    # Each half of each row is one of the three, all are in use, and most pairs tell ids apart.
    pieces = rows.reshape(-1, 2)
    place = np.argmin(np.abs(pieces[:, None] - short).sum(axis=2), axis=1)
    np.testing.assert_array_equal(pieces, short[place])
    counts = np.bincount(place.reshape(-1, 2) @ [3, 1], minlength=9)
    assert counts.min() > 1000 / 9 * 0.6


def test_hashed_rows_learn_what_their_ids_share() -> None:
    model = of_table(hashed_rows=1, num_hashes=1)
    table = model.get_layer("table")
    table.table.assign(START[3:4])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(np.array([[0, 4]]), TARGETS[1:2], verbose=0)
    slope = 2 * (-0.85 + 2.0)
    moved = START[3] - 0.1 * slope * np.array([2.0, -0.75])
    np.testing.assert_allclose(table.table.numpy(), [moved], rtol=1e-6)


@pytest.mark.parametrize("ids", [[-1], [5]])
def test_ids_outside_are_refused(ids: list[int]) -> None:
    layer = EmbeddingTable(5, 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="ids of an EmbeddingTable must"):
        layer(tf.constant(ids))
    with pytest.raises(tf.errors.InvalidArgumentError, match="ids of an EmbeddingTable must"):
        tf.function(layer)(tf.constant(ids))


def test_ids_that_would_wrap_around_are_refused() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be below 5"):
        EmbeddingTable(5, 2)(tf.constant([2**32], tf.int64))


def test_numbers_that_are_no_ids_are_refused() -> None:
    with pytest.raises(TypeError, match="must be integers, got float32"):
        EmbeddingTable(5, 2)(tf.constant([1.0]))


def test_a_second_call_in_a_step_is_refused() -> None:
    layer = EmbeddingTable(5, 2, learning_rate=0.1)
    layer.build()

    @tf.function
    def twice() -> None:
        layer(tf.constant([1]), training=True)
        layer(tf.constant([2]), training=True)

    with pytest.raises(ValueError, match="called twice in one step of training"):
        twice()


def test_a_rate_is_needed() -> None:
    layer = EmbeddingTable(5, 2)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.constant([1]), training=True))
    with pytest.raises(ValueError, match="compile the model, or give learning_rate"):
        tape.gradient(loss, layer.trainable_weights)


def test_accumulated_gradients_are_refused() -> None:
    model = of_table()
    model.compile(keras.optimizers.SGD(0.1, gradient_accumulation_steps=2), "mse")
    with pytest.raises(ValueError, match="gradient_accumulation_steps"):
        model.fit(IDS, TARGETS, verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_rows": 0}, "the number of ids must be at least 1, got 0"),
        ({"num_rows": 2**31}, "must be below 2\\^31"),
        ({"update": "adam"}, "update must be one of adagrad, row_adagrad, sgd, got 'adam'"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"hashed_rows": 0}, "hashed_rows must be at least 1"),
        ({"dim": 0}, "dim must be at least 1"),
    ],
)
def test_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EmbeddingTable(**{"num_rows": 5, "dim": 2, **arguments})


def test_pieces_have_to_divide_a_row() -> None:
    with pytest.raises(ValueError, match="num_hashes=2 pieces must divide the 3 numbers"):
        EmbeddingTable(5, 3, hashed_rows=2).build()
    assert issubclass(EmbeddingTable, RowTable)
