"""Class heads whose rows are pieces of a small table: against TensorFlow's own gradient."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.layers import SampledSoftmax
from gnn.ops.class_draws import draw_classes
from gnn.ops.hashed_rows import rows_by_hash
from gnn.ops.sampled_softmax import label_weights, sampled_softmax_losses

CLASSES, ROWS, DIM = 40, 6, 4
EMBEDDINGS = np.random.default_rng(0).normal(size=(3, DIM)).astype(np.float32)
LABELS = np.array([7, 39, 7], np.int32)


def head_of(**settings: Any) -> SampledSoftmax:
    arguments = {"num_sampled": 12, "hashed_rows": ROWS, "num_hashes": 2, "update": "sgd"}
    head = SampledSoftmax(CLASSES, **{**arguments, **settings})
    head.build((None, DIM))
    short = np.random.default_rng(1).normal(size=(ROWS, DIM // 2)).astype(np.float32)
    head.table.assign(short)
    return head


def long_rows(short: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """Two pieces of a class, side by side."""
    places = rows_by_hash(ids, 2, ROWS)
    return tf.concat([tf.gather(short, places[:, 0]), tf.gather(short, places[:, 1])], axis=1)


def test_logits_are_of_pieces_side_by_side() -> None:
    head = head_of()
    assert head.table.shape == (ROWS, DIM // 2)
    rows = long_rows(head.table.numpy(), tf.range(CLASSES)).numpy()
    np.testing.assert_allclose(head(EMBEDDINGS), EMBEDDINGS @ rows.T, rtol=1e-5, atol=1e-6)


def test_a_step_takes_off_the_gradient_of_the_small_table() -> None:
    """Classes share pieces, of each other and of themselves: gradients of these are added up."""
    head = head_of(learning_rate=0.5)
    short = tf.constant(head.table.numpy())
    with tf.GradientTape() as tape:
        tape.watch(short)
        classes, log_expected = draw_classes(12, CLASSES, 0, tf.constant(0, tf.int64))
        own = tf.reduce_sum(EMBEDDINGS * long_rows(short, LABELS), axis=1, keepdims=True)
        columns = tf.constant(LABELS)[:, tf.newaxis]
        losses = sampled_softmax_losses(
            own,
            columns,
            label_weights(columns),
            tf.matmul(EMBEDDINGS, long_rows(short, classes), transpose_b=True),
            classes,
            log_expected,
        )
    wanted = short - 0.5 * tf.convert_to_tensor(tape.gradient(losses, short))
    with tf.GradientTape() as tape:
        found = head(EMBEDDINGS, LABELS, training=True)
    tape.gradient(found, head.trainable_weights)
    np.testing.assert_allclose(found, losses, rtol=1e-5)
    np.testing.assert_allclose(head.table.numpy(), wanted, rtol=1e-5, atol=1e-6)


def test_exact_figures_in_blocks_are_those_of_all_logits() -> None:
    head = head_of()
    logits = head(EMBEDDINGS).numpy()
    losses, ranks = head.exact_figures(EMBEDDINGS, LABELS, block=7)
    wanted = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(3), LABELS]
    np.testing.assert_allclose(losses, wanted, rtol=1e-5)
    order = np.argsort(-logits, axis=1, kind="stable")
    assert ranks.numpy().tolist() == [
        int(np.flatnonzero(row == label)[0]) for row, label in zip(order, LABELS, strict=True)
    ]


def test_a_file_holds_the_small_table_alone(tmp_path: Any) -> None:
    inputs = keras.Input([DIM])
    head = head_of()
    model = keras.Model(inputs, head(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.count_params() == ROWS * DIM // 2 + 2  # And the step, and the anchor.
    np.testing.assert_array_equal(
        loaded.predict(EMBEDDINGS, verbose=0), model.predict(EMBEDDINGS, verbose=0)
    )
