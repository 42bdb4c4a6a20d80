"""Dropout by short random words: shares, expectations, gradients, seeds."""

import numpy as np
import pytest
import tensorflow as tf

from gnn.ops.dropout import dropout, keep_mask, rectified_dropout
from gnn.ops.kernels import gains_by_compiling

SEED = tf.constant([3, 7])


@pytest.mark.parametrize(("rate", "share"), [(0.5, 0.5), (0.25, 0.75), (0.0, 1.0)])
def test_rates_of_eight_bits_are_exact(rate, share):
    assert keep_mask(tf.constant([4]), rate, SEED)[1] == share


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.6, 0.8, 0.999])
def test_other_rates_are_met_to_half_a_step_of_sixteen_bits(rate):
    share = keep_mask(tf.constant([4]), rate, SEED)[1]
    assert share != 1 - rate and abs(share - (1 - rate)) <= 2**-17


def test_a_rate_close_to_one_keeps_the_least_share_there_is():
    assert keep_mask(tf.constant([4]), 1 - 1e-9, SEED)[1] == 2.0**-16


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.6, 0.8])
def test_kept_entries_are_divided_and_their_number_is_binomial(rate):
    count = 200_001  # Odd: the last word is used in part.
    out = dropout(tf.ones([count]), rate, SEED).numpy()
    share = keep_mask(tf.constant([1]), rate, SEED)[1]
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / share)}
    kept = np.count_nonzero(out)
    assert abs(kept - count * share) < 4 * np.sqrt(count * share * (1 - share))


@pytest.mark.parametrize("rate", [0.5, 0.6])
def test_neighboring_draws_are_independent(rate):
    kept = keep_mask(tf.constant([400_000]), rate, SEED)[0].numpy()
    both = np.mean(kept[1:] & kept[:-1])
    assert both == pytest.approx((1 - rate) ** 2, abs=0.004)


def test_the_gradient_has_the_mask_of_the_values():
    values = tf.random.stateless_normal([50, 3], SEED)
    with tf.GradientTape() as tape:
        tape.watch(values)
        out = dropout(values, 0.5, SEED)
    expected = np.where(out.numpy() != 0, 2.0, 0.0)
    np.testing.assert_array_equal(tape.gradient(out, values), expected)


def test_a_seed_gives_the_same_draws_in_a_graph_and_another_seed_others():
    values = tf.ones([1000])
    first = dropout(values, 0.5, SEED).numpy()
    np.testing.assert_array_equal(first, tf.function(dropout)(values, 0.5, SEED))
    assert (first != dropout(values, 0.5, tf.constant([3, 8])).numpy()).any()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(0,), (0, 4), (5,), (2, 3, 4)])
def test_shape_and_dtype_are_kept(dtype, shape):
    out = dropout(tf.ones(shape, dtype), 0.3, SEED)
    assert (tuple(out.shape), out.dtype.name) == (shape, dtype)
    compiled = tf.function(lambda: dropout(tf.ones(shape, dtype), 0.3, SEED), jit_compile=True)()
    np.testing.assert_array_equal(tf.cast(out, "float32") == 0, tf.cast(compiled, "float32") == 0)


def with_gradient(function, values, upstream):
    with tf.GradientTape() as tape:
        tape.watch(values)
        out = function(values)
    return out, tape.gradient(out, values, upstream)


@pytest.mark.parametrize("rate", [0.5, 0.6])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_rectified_dropout_is_the_dropout_of_the_relu(rate, dtype):
    values = tf.cast(tf.random.stateless_normal([50, 3], SEED), dtype)
    upstream = tf.cast(tf.random.stateless_normal([50, 3], SEED + 1), dtype)
    found = with_gradient(lambda v: rectified_dropout(v, rate, SEED), values, upstream)
    expected = with_gradient(lambda v: dropout(tf.nn.relu(v), rate, SEED), values, upstream)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("function", [dropout, rectified_dropout])
def test_large_tensors_in_one_compiled_pass_have_the_same_bits(function):
    values = tf.random.stateless_normal([1 << 10, 1 << 10], SEED)
    upstream = tf.random.stateless_normal([1 << 10, 1 << 10], SEED + 1)
    compiled = []

    @tf.function
    def large(values, upstream):
        compiled.append(gains_by_compiling(values))
        return with_gradient(lambda v: function(v, 0.3, SEED), values, upstream)

    plain = with_gradient(lambda v: function(v, 0.3, SEED), values, upstream)
    for one, other in zip(large(values, upstream), plain, strict=True):
        np.testing.assert_array_equal(one, other)
    assert compiled == [not tf.config.list_logical_devices("GPU")]


def test_rates_share_what_is_compiled(monkeypatch):
    traced, relu = [], tf.nn.relu
    monkeypatch.setattr(tf.nn, "relu", lambda values: traced.append(1) or relu(values))
    values = tf.ones([(1 << 20) + 8])
    for rate in (0.3, 0.6):
        out = tf.function(lambda v, rate=rate: rectified_dropout(v, rate, SEED))(values)
        assert float(tf.reduce_mean(out)) == pytest.approx(1.0, abs=0.01)
    assert len(traced) == 1 if not tf.config.list_logical_devices("GPU") else 2


def test_what_is_compiled_can_be_differentiated_again():
    values = tf.random.stateless_normal([1 << 20], SEED)

    @tf.function
    def second(values):
        with tf.GradientTape() as outer:
            outer.watch(values)
            with tf.GradientTape() as inner:
                inner.watch(values)
                out = tf.reduce_sum(dropout(values, 0.5, SEED) ** 2)
            first = inner.gradient(out, values)
        return outer.gradient(first, values)

    kept = keep_mask(tf.constant([1 << 20]), 0.5, SEED)[0]
    # The square of 2 x has the second derivative 8.
    np.testing.assert_array_equal(second(values), np.where(kept, 8.0, 0.0))
