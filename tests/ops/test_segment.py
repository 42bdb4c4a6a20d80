"""Reductions over the nodes of each component, by hand and against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn.ops.propagate import propagate
from gnn.ops.segment import component_ids, membership, pool_components

REDUCE = {"sum": np.sum, "mean": np.mean, "max": np.max}


def by_loop(values: np.ndarray, n_node: list[int], reduce: str) -> np.ndarray:
    """The definition, a component at a time."""
    parts = np.split(values, np.cumsum(n_node)[:-1])
    zero = np.zeros(values.shape[1:])
    return np.stack([REDUCE[reduce](part, axis=0) if len(part) else zero for part in parts])


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(
    "n_node", [[3, 2], [0, 3, 0, 0, 2, 0], [5], [1, 1, 1, 1, 1], [0, 5], [5, 0]]
)
def test_component_ids(n_node: list[int], jit: bool) -> None:
    ids = tf.function(lambda sizes: component_ids(sizes, 5), jit_compile=jit)(tf.constant(n_node))
    assert ids.dtype == tf.int32
    assert ids.numpy().tolist() == np.repeat(np.arange(len(n_node)), n_node).tolist()


def test_component_ids_of_nothing() -> None:
    assert component_ids(tf.constant([0, 0]), 0).shape == (0,)
    assert component_ids(tf.zeros([0], tf.int32), 0).shape == (0,)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("width", [(), (3,), (2, 3)])
@pytest.mark.parametrize("reduce", REDUCE)
def test_pool_components(reduce: str, width: tuple[int, ...], jit: bool) -> None:
    n_node = [2, 0, 4, 1, 0]
    # Below zero throughout: a maximum that took the zeros of empty components for values is wrong.
    values = np.random.default_rng(0).normal(size=(7, *width)).astype(np.float32) - 5

    @tf.function(jit_compile=jit)
    def pool(values: tf.Tensor) -> tf.Tensor:
        return pool_components(values, tf.constant(n_node), reduce)

    out = pool(tf.constant(values))
    np.testing.assert_allclose(out, by_loop(values, n_node, reduce), rtol=1e-6)
    assert out.shape == (5, *width)


def test_shapes_are_static_where_the_batch_is() -> None:
    traced = []

    @tf.function(
        input_signature=[tf.TensorSpec([7, 3]), tf.TensorSpec([4], tf.int32)], jit_compile=True
    )
    def pool(values: tf.Tensor, n_node: tf.Tensor) -> tf.Tensor:
        out = pool_components(values, n_node)
        traced.append(out.shape)
        return out

    pool.get_concrete_function()
    assert traced == [(4, 3)]


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(
    ("reduce", "expected"),
    # Upstream 10 for the first component, 100 for the second; node 1 is the larger of the first.
    [("sum", [10, 10, 100]), ("mean", [5, 5, 100]), ("max", [0, 10, 100])],
)
def test_gradients(reduce: str, expected: list[float], jit: bool) -> None:
    @tf.function(jit_compile=jit)
    def gradient(values: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(values)
            pooled = pool_components(values, tf.constant([2, 0, 1]), reduce)
            loss = tf.reduce_sum(pooled * tf.constant([[10.0], [1000.0], [100.0]]))
        return tf.convert_to_tensor(tape.gradient(loss, values))

    values = tf.constant([[1.0], [2.0], [3.0]])
    assert gradient(values).numpy()[:, 0].tolist() == expected


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_half_precision_is_summed_in_float32(dtype: tf.DType, jit: bool) -> None:
    # In float16 counting by ones stops at 2048, in bfloat16 at 256.
    ones = tf.ones([4096 + 3, 1], dtype)
    pool = tf.function(lambda v, r: pool_components(v, tf.constant([4096, 3]), r), jit_compile=jit)
    assert pool(ones, "sum").dtype == dtype
    assert tf.cast(pool(ones, "sum"), tf.float32).numpy().tolist() == [[4096.0], [3.0]]
    assert tf.cast(pool(ones, "mean"), tf.float32).numpy().tolist() == [[1.0], [1.0]]


def test_membership_serves_propagate() -> None:
    edges = membership(tf.constant([1, 2]), 3)
    values = tf.constant([[1.0], [2.0], [4.0]])
    assert propagate(values, edges).numpy().tolist() == [[1.0], [6.0]]


def test_unknown_reduce() -> None:
    with pytest.raises(ValueError, match="reduce must be 'sum', 'mean' or 'max'; got 'prod'"):
        pool_components(tf.ones([1, 1]), tf.constant([1]), "prod")
