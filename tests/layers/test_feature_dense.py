"""A dense layer of several features, sparse and dense."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from gnn.layers import FeatureDense

X = np.array([[1.0, 0.0], [0.0, 3.0]], np.float32)
WORDS = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0]], np.float32)


def test_several_features_are_as_their_columns_side_by_side(tmp_path: Path) -> None:
    inputs = [keras.Input((2,), name="x"), keras.Input((3,), name="words", sparse=True)]
    model = keras.Model(inputs, FeatureDense(4, activation="relu")(inputs))
    kernel, bias = model.get_weights()
    assert kernel.shape == (5, 4) and model.output_shape == (None, 4)
    expected = np.maximum(np.hstack([X, WORDS]) @ kernel + bias, 0)
    for words in (tf.sparse.from_dense(WORDS), tf.constant(WORDS)):
        np.testing.assert_allclose(model([tf.constant(X), words]), expected, atol=1e-6)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    batch = [tf.constant(X), tf.sparse.from_dense(WORDS)]
    np.testing.assert_allclose(loaded(batch), expected, atol=1e-6)


def test_gradients_reach_every_feature() -> None:
    layer = FeatureDense(1, kernel_initializer="ones")
    dense = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(dense)
        loss = tf.reduce_sum(layer([dense, tf.sparse.from_dense(WORDS)]) * [[1.0], [2.0]])
    of_x, of_kernel = tape.gradient(loss, [dense, layer.kernel])
    assert of_x.numpy().tolist() == [[1, 1], [2, 2]]
    # Columns of both, weighed by row: 1, 2 * 3, then 0, 2, 0 of the words.
    assert of_kernel.numpy().ravel().tolist() == [1, 6, 0, 2, 0]
