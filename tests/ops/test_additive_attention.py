"""The logits of additive attention against loops, and their gradients against plain TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from gnn.ops.additive_attention import additive_logits, self_logits
from gnn.ops.adjacency import Adjacency

SENDERS, RECEIVERS = np.array([0, 3, 1, 1, 4, 0]), np.array([2, 0, 1, 2, 2, 3])


def values(dtype: str = "float64") -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    rng = np.random.default_rng(0)
    shapes = ((5, 2, 3), (5, 2, 3), (2, 3))
    return tuple(tf.constant(rng.normal(size=shape), dtype) for shape in shapes)


def adjacency() -> Adjacency:
    return Adjacency(tf.constant(SENDERS), tf.constant(RECEIVERS), 5)


def plain(sent: tf.Tensor, received: tf.Tensor, attention: tf.Tensor) -> tf.Tensor:
    sums = tf.gather(sent, SENDERS) + tf.gather(received, RECEIVERS)
    # tf.nn.leaky_relu has its slope in float32.
    return tf.reduce_sum(tf.where(sums > 0, sums, 0.3 * sums) * attention, axis=-1)


def test_logits_equal_loops() -> None:
    sent, received, attention = (value.numpy() for value in values())
    logits = additive_logits(*values(), adjacency(), 0.3).numpy()
    assert logits.shape == (6, 2)
    for edge, (s, r) in enumerate(zip(SENDERS, RECEIVERS, strict=True)):
        for head in range(2):
            total = 0.0
            for unit in range(3):
                x = sent[s, head, unit] + received[r, head, unit]
                total += attention[head, unit] * (x if x > 0 else 0.3 * x)
            assert logits[edge, head] == pytest.approx(total)


def test_self_logits_are_those_of_loops() -> None:
    loops = Adjacency(tf.range(5), tf.range(5), 5)
    np.testing.assert_allclose(
        self_logits(*values(), 0.3), additive_logits(*values(), loops, 0.3), rtol=1e-12
    )


@pytest.mark.parametrize("jit", [False, True])
def test_gradients_equal_those_of_tensorflow(jit: bool) -> None:
    upstream = tf.constant(np.random.default_rng(1).normal(size=(6, 2)))

    def gradients(function, *arguments: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            out = tf.reduce_sum(function(*arguments) * upstream)
        return [tf.convert_to_tensor(each) for each in tape.gradient(out, arguments)]

    @tf.function(jit_compile=jit)
    def ours(*arguments: tf.Tensor) -> list[tf.Tensor]:
        return gradients(lambda *some: additive_logits(*some, adjacency(), 0.3), *arguments)

    for one, other in zip(ours(*values()), gradients(plain, *values()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_second_derivatives() -> None:
    sent, received, attention = values()
    results = []
    for function in (lambda *some: additive_logits(*some, adjacency(), 0.3), plain):
        with tf.GradientTape() as outer:
            outer.watch(sent)
            with tf.GradientTape() as inner:
                inner.watch(attention)
                out = tf.reduce_sum(function(sent, received, attention) ** 2)
            first = inner.gradient(out, attention)
            total = tf.reduce_sum(first**2)
        results.append(tf.convert_to_tensor(outer.gradient(total, sent)))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-10)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_summed_in_float32(dtype: str) -> None:
    # 1 + 1/2048 is lost in half precision: 4096 units of it would sum to a number of 8 or 11 bits.
    sent = tf.ones([1, 1, 4097], dtype)
    loop = Adjacency(tf.constant([0]), tf.constant([0]), 1)
    logits = additive_logits(sent, tf.zeros_like(sent), tf.ones([1, 4097]), loop)
    assert logits.dtype == tf.float32 and float(logits[0, 0]) == 4097.0
