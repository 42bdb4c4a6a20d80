"""Dropout of dense and sparse features."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.layers import FeatureDropout


def ones(sparse: bool, rows: int = 100, columns: int = 40) -> Any:
    dense = tf.ones([rows, columns])
    return tf.sparse.from_dense(dense) if sparse else dense


def entries(features: Any) -> np.ndarray:
    return (
        tf.sparse.to_dense(features) if isinstance(features, tf.SparseTensor) else features
    ).numpy()


@pytest.mark.parametrize("sparse", [False, True])
def test_entries_are_zero_or_scaled_at_the_given_rate(sparse: bool) -> None:
    out = entries(FeatureDropout(0.2, seed=0)(ones(sparse), training=True))
    zero = out == 0
    np.testing.assert_allclose(out[~zero], 1.25, rtol=2**-17)  # 1 / (1 - 0.2)
    # Binomial(4000, 0.2), 5 standard deviations.
    assert abs(zero.sum() - 800) < 5 * math.sqrt(4000 * 0.2 * 0.8)


@pytest.mark.parametrize("sparse", [False, True])
def test_calls_draw_anew_and_a_seed_repeats(sparse: bool) -> None:
    layer = FeatureDropout(0.5, seed=3)
    features = ones(sparse)
    first, second = (entries(layer(features, training=True)) for _ in range(2))
    assert (first != second).any()
    again = entries(FeatureDropout(0.5, seed=3)(features, training=True))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(("rate", "training"), [(0.5, False), (0.5, None), (0.0, True)])
def test_nothing_is_dropped(sparse: bool, rate: float, training: bool | None) -> None:
    features = ones(sparse, 3, 2)
    out = FeatureDropout(rate)(features, training=training)
    np.testing.assert_array_equal(entries(out), np.ones([3, 2]))


def test_sparse_stays_sparse_with_its_indices_and_shape() -> None:
    features = tf.sparse.from_dense(np.diag([1.0, 2.0, 3.0]).astype(np.float32))
    out = FeatureDropout(0.5)(features, training=True)
    assert isinstance(out, tf.SparseTensor)
    np.testing.assert_array_equal(out.indices, features.indices)
    assert out.shape == (3, 3)


def test_traced_sparse_keeps_its_width() -> None:
    # A layer after it makes a kernel of that width.
    shapes = []
    layer = FeatureDropout(0.5, seed=0)

    @tf.function(input_signature=[tf.SparseTensorSpec([None, 7])])
    def run(features: tf.SparseTensor) -> tf.Tensor:
        out = layer(features, training=True)
        shapes.append(out.shape)
        return out.values

    run(tf.sparse.eye(5, 7))
    assert shapes[0].as_list()[-1] == 7


def test_gradient_reaches_kept_entries_only() -> None:
    features = ones(True, 20, 5)
    with tf.GradientTape() as tape:
        tape.watch(features.values)
        out = FeatureDropout(0.5, seed=0)(features, training=True)
        loss = tf.reduce_sum(out.values)
    np.testing.assert_allclose(tape.gradient(loss, features.values), out.values)


def test_config_round_trip() -> None:
    config = keras.saving.serialize_keras_object(FeatureDropout(0.3, seed=5))
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, FeatureDropout) and config["registered_name"] == "gnn>FeatureDropout"
    assert (again.rate, again.seed) == (0.3, 5)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("noise_shape", [None, [3, 1]])
def test_rectify_is_a_relu_before_it(training: bool, noise_shape: list[int] | None) -> None:
    values = tf.constant([[-1.0, 2.0], [3.0, -4.0], [5.0, 6.0]])
    found, expected = (
        FeatureDropout(0.5, noise_shape=noise_shape, seed=1)(each, training=training, **rectify)
        for each, rectify in ((values, {"rectify": True}), (tf.nn.relu(values), {}))
    )
    np.testing.assert_array_equal(found, expected)
