"""DropNode, and the mean over hops."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.layers import DropNode, MixedOrderPropagation
from tests.layers.small_graphs import random_graph, shuffled

ROWS = 2000


def given(as_sparse: bool) -> tuple[np.ndarray, Any]:
    values = 1.0 + np.arange(ROWS * 3, dtype=np.float32).reshape(ROWS, 3)
    values[:, 1] = 0.0
    return values, tf.sparse.from_dense(values) if as_sparse else tf.constant(values)


def dense(values: Any) -> np.ndarray:
    return (tf.sparse.to_dense(values) if isinstance(values, tf.SparseTensor) else values).numpy()


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("rate", [0.5, 0.2])
def test_whole_rows_are_dropped_and_the_others_left_as_they_are(
    rate: float, as_sparse: bool
) -> None:
    values, nodes = given(as_sparse)
    out = DropNode(rate, seed=0)(nodes, training=True)
    assert isinstance(out, tf.SparseTensor) == as_sparse
    kept = dense(out)[:, 0] != 0
    np.testing.assert_array_equal(dense(out), values * kept[:, np.newaxis])
    deviation = math.sqrt(ROWS * rate * (1 - rate))
    assert abs(kept.sum() - ROWS * (1 - rate)) < 5 * deviation


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("training", [False, None])
def test_at_inference_everything_is_scaled(training: bool | None, as_sparse: bool) -> None:
    values, nodes = given(as_sparse)
    np.testing.assert_allclose(
        dense(DropNode(0.2)(nodes, training=training)), 0.8 * values, rtol=1e-6
    )


@pytest.mark.parametrize("as_sparse", [False, True])
def test_sparse_and_dense_rows_are_drawn_alike_and_anew_each_time(as_sparse: bool) -> None:
    _, nodes = given(as_sparse)
    layer, other = DropNode(0.5, seed=4), DropNode(0.5, seed=4)
    first, second = dense(layer(nodes, training=True)), dense(layer(nodes, training=True))
    assert (first != second).any()
    np.testing.assert_array_equal(dense(other(given(False)[1], training=True)), first)


@pytest.mark.parametrize("training", [False, True])
def test_a_rate_of_zero_changes_nothing(training: bool) -> None:
    _, nodes = given(False)
    layer = DropNode(0.0)
    np.testing.assert_array_equal(layer(nodes, training=training), nodes)
    assert layer.variables == []


@pytest.mark.parametrize("shape", [[50], [50, 2], [50, 2, 3]])
def test_rows_of_any_rank(shape: list[int]) -> None:
    out = DropNode(0.5, seed=0)(tf.ones(shape), training=True).numpy().reshape(50, -1)
    np.testing.assert_array_equal(out, np.repeat(out[:, :1], out.shape[1], axis=1))
    assert set(np.unique(out)) == {0.0, 1.0}


def test_dropped_rows_get_no_gradient_and_xla_draws_the_same() -> None:
    nodes = tf.ones([40, 2])
    layer = DropNode(0.5, seed=0)
    with tf.GradientTape() as tape:
        tape.watch(nodes)
        out = layer(nodes, training=True)
    np.testing.assert_array_equal(tape.gradient(out, nodes), out)
    again = DropNode(0.5, seed=0)
    compiled = tf.function(lambda: again(nodes, training=True), jit_compile=True)
    np.testing.assert_array_equal(compiled(), out)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("training", [False, True])
def test_dtype_is_kept(training: bool, dtype: str) -> None:
    layer = DropNode(0.25, dtype=dtype)
    assert layer(tf.ones([3, 2]), training=training).dtype.name == dtype


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("hops", [0, 1, 4])
def test_mixed_order_is_the_mean_over_hops(hops: int, jit: bool) -> None:
    graph, features, matrix, _ = random_graph(3)
    looped = matrix + np.eye(10)
    scale = 1 / np.sqrt(looped.sum(axis=1))
    moved = scale[:, np.newaxis] * looped * scale
    powers = [np.linalg.matrix_power(moved, hop) for hop in range(hops + 1)]
    layer = MixedOrderPropagation(hops)
    found = tf.function(lambda: layer(graph).nodes, jit_compile=jit)()
    np.testing.assert_allclose(found, np.mean(powers, axis=0) @ features, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer(shuffled(graph)).nodes, found, rtol=1e-5, atol=1e-6)
    assert layer.weights == [] and len(layer.stages()) == hops + 2


@pytest.mark.parametrize("layer", [DropNode(0.3, seed=5), MixedOrderPropagation(3)])
def test_config_round_trip(layer: Any) -> None:
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is type(layer) and again.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DropNode(1.0), r"rate must be in \[0, 1\); got 1.0"),
        (lambda: DropNode(-0.5), r"rate must be in \[0, 1\); got -0.5"),
        (lambda: MixedOrderPropagation(-1), "hops must be at least 0, got -1"),
    ],
)
def test_arguments_out_of_range(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
