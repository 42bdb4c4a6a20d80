"""The softmax on a sample of very many classes: by hand, and against the softmax over all."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from gnn.layers import SampledSoftmax
from gnn.ops.class_draws import draw_classes, running_totals
from gnn.ops.exact_classes import exact_figures
from gnn.ops.sampled_softmax import label_weights, sampled_softmax_losses

ROWS = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0], [0.5, 0.5]], np.float32)
EMBEDDINGS = np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 0.0]], np.float32)
LABELS = np.array([2, 0, 1])


def head_of(rows: np.ndarray = ROWS, **settings: Any) -> SampledSoftmax:
    head = SampledSoftmax(len(rows), **{"num_sampled": 6, "update": "sgd", **settings})
    head.build((None, rows.shape[1]))
    head.table.assign(rows)
    return head


def full_losses(embeddings: Any, rows: Any, labels: Any) -> tf.Tensor:
    logits = tf.matmul(embeddings, rows, transpose_b=True)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)


def test_loss_by_hand() -> None:
    # Labels 0 and 3, of weights 1/4 and 3/4; drawn were 0, which is a label, and 2 twice.
    found = sampled_softmax_losses(
        tf.constant([[1.0, 2.0]]),
        tf.constant([[0, 3]]),
        tf.constant([[0.25, 0.75]]),
        tf.constant([[1.0, 0.5, 0.5]]),
        tf.constant([0, 2, 2]),
        tf.math.log([0.5, 0.4, 0.4]),
    )
    total = math.exp(1) + math.exp(2) + 2 * math.exp(0.5) / 0.4
    assert float(found[0]) == pytest.approx(math.log(total) - 0.25 - 1.5, rel=1e-6)


def test_a_label_given_twice_counts_once_below_the_line() -> None:
    arguments = (tf.constant([[0.3]]), tf.constant([1]), 0.0)
    once = sampled_softmax_losses(
        tf.constant([[2.0]]), tf.constant([[5]]), tf.constant([[1.0]]), *arguments
    )
    labels = tf.constant([[5, 5, -1]])
    twice = sampled_softmax_losses(
        tf.constant([[2.0, 2.0, 9.0]]), labels, label_weights(labels), *arguments
    )
    np.testing.assert_allclose(twice, once, rtol=1e-6)


def test_rows_without_a_label_have_no_loss() -> None:
    head = head_of()
    for training in (False, True):
        losses = head(EMBEDDINGS, np.array([2, -1, 1]), training=training).numpy()
        assert losses[1] == 0.0 < min(losses[0], losses[2])


def test_without_training_losses_and_logits_are_exact() -> None:
    head = head_of()
    np.testing.assert_allclose(head(EMBEDDINGS), EMBEDDINGS @ ROWS.T, rtol=1e-6)
    exact = full_losses(EMBEDDINGS, ROWS, LABELS)
    np.testing.assert_allclose(head(EMBEDDINGS, LABELS), exact, rtol=1e-6)


@pytest.mark.parametrize("block", [1, 2, 3, 4, None])
def test_exact_figures_in_blocks(block: int | None) -> None:
    losses, ranks = head_of().exact_figures(EMBEDDINGS, LABELS, block)
    np.testing.assert_allclose(losses, full_losses(EMBEDDINGS, ROWS, LABELS), rtol=1e-6)
    # Logits 1, 4, 1, 1.5: class 0 is before class 2, as 1 and 3 are. Of zeros class 1 is second.
    assert ranks.numpy().tolist() == [3, 0, 1]


def test_logits_that_are_not_finite_are_refused() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="not finite"):
        exact_figures(lambda start: tf.constant([[np.nan, 1.0]]), tf.constant([[0]]), 2, 2)


def test_unit_rows_scale_and_margin_by_hand() -> None:
    head = head_of(margin=0.3, scale=10.0, sampler="uniform", correction=False, num_sampled=5)
    cosines = EMBEDDINGS[:1] @ ROWS.T / (math.sqrt(5) * np.linalg.norm(ROWS, axis=1))
    np.testing.assert_allclose(head(EMBEDDINGS[:1]), 10 * cosines, rtol=1e-6)
    step = tf.convert_to_tensor(head.step)
    drawn = draw_classes(5, 4, 0, step, "uniform")[0].numpy()
    loss = head(EMBEDDINGS[:1], LABELS[:1], training=True)
    own = 10 * (cosines[0, 2] - 0.3)
    others = [10 * cosines[0, each] for each in drawn if each != 2]
    total = np.exp(own) + np.sum(np.exp(others))
    assert float(loss[0]) == pytest.approx(np.log(total) - own, rel=1e-5)


COUNTS = [5, 1, 2, 2]


@pytest.mark.parametrize(
    ("sampler", "probabilities"),
    [
        ("uniform", [0.25] * 4),
        ("counts", [0.5, 0.1, 0.2, 0.2]),
        ("log_uniform", [math.log((c + 2) / (c + 1)) / math.log(5) for c in range(4)]),
    ],
)
def test_classes_are_drawn_as_often_as_said(sampler: Any, probabilities: list[float]) -> None:
    totals = tf.constant(running_totals(COUNTS, 4))
    classes, log_expected = draw_classes(4000, 4, 1, tf.constant(7), sampler, totals)
    counted = np.bincount(classes.numpy(), minlength=4)
    assert stats.chisquare(counted, 4000 * np.array(probabilities)).pvalue > 0.01
    expected = np.log(4000 * np.array(probabilities))
    np.testing.assert_allclose(log_expected, expected[classes.numpy()], rtol=1e-6)


@pytest.mark.parametrize("sampler", ["uniform", "counts", "log_uniform"])
def test_draws_are_a_function_of_seed_and_step(sampler: Any) -> None:
    totals = tf.constant(running_totals(COUNTS, 4))

    def drawn(seed: int, step: int, jit: bool = False) -> list[int]:
        function = tf.function(draw_classes, jit_compile=jit)
        step_tensor = tf.constant(step, tf.int64)
        return function(50, 4, seed, step_tensor, sampler, totals)[0].numpy().tolist()

    assert drawn(0, 1) == drawn(0, 1) == drawn(0, 1, jit=True)
    assert drawn(0, 1) != drawn(0, 2) != drawn(1, 2)


def test_the_gradient_is_that_of_the_whole_softmax_on_average() -> None:
    """100 steps of 400 draws of 12 classes: within 4 standard errors in each number.

    The logarithm of an estimate is below that of its mean: of few draws the gradient is biased.
    """
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(12, 3)).astype(np.float32)
    embeddings = rng.normal(size=(4, 3)).astype(np.float32)
    labels = np.array([0, 3, 3, 11])
    head = head_of(rows, num_sampled=400, sampler="uniform", learning_rate=1e-30)

    @tf.function
    def gradient() -> Any:
        vectors = tf.constant(embeddings)
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            loss = tf.reduce_mean(head(vectors, labels, training=True))
        return tape.gradient(loss, vectors)

    drawn = np.stack([gradient().numpy() for _ in range(100)])
    vectors = tf.constant(embeddings)
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        loss = tf.reduce_mean(full_losses(vectors, rows, labels))
    exact = tape.gradient(loss, vectors).numpy()
    error = drawn.std(axis=0, ddof=1) / math.sqrt(100)
    assert np.abs((drawn.mean(axis=0) - exact) / error).max() < 4.0
    assert np.abs(drawn[0] - exact).max() > 1e-3


def test_one_step_updates_what_it_has_read() -> None:
    """Two rows of one label: the table moves by the gradient of their mean loss, summed."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(50, 2)).astype(np.float32)
    head = head_of(rows, num_sampled=3, sampler="uniform")
    vectors, labels = tf.constant(EMBEDDINGS[:2]), np.array([7, 7])
    drawn = draw_classes(3, 50, 0, tf.constant(0), "uniform")[0].numpy()
    kept = [each for each in drawn if each != 7]
    table = tf.Variable(rows)
    with tf.GradientTape() as tape:
        own = tf.matmul(vectors, table[7:8], transpose_b=True)
        others = tf.matmul(vectors, tf.gather(table, kept), transpose_b=True)
        logits = tf.concat([own, others - math.log(3 / 50)], axis=1)
        loss = tf.reduce_mean(tf.reduce_logsumexp(logits, axis=1) - own[:, 0])
    moved = rows - 0.1 * tf.convert_to_tensor(tape.gradient(loss, table)).numpy()

    inputs, classes = keras.Input([2]), keras.Input([], dtype="int32")
    model = keras.Model([inputs, classes], head(inputs, classes))
    model.compile(keras.optimizers.SGD(0.1), loss=lambda nothing, losses: losses)
    model.fit([EMBEDDINGS[:2], labels], np.zeros(2), verbose=0)
    np.testing.assert_allclose(head.table.numpy(), moved, rtol=1e-6, atol=1e-7)
    assert head.step.numpy() == 1


def test_it_learns_a_hundred_classes_from_ten_a_step() -> None:
    centers = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
    labels = np.arange(100)
    head = SampledSoftmax(100, num_sampled=10, sampler="uniform", learning_rate=1.0)
    inputs, classes = keras.Input([8]), keras.Input([], dtype="int32")
    vectors = keras.layers.Dense(8)(inputs)
    model = keras.Model([inputs, classes], head(vectors, classes))
    embed = keras.Model(inputs, vectors)
    model.compile(keras.optimizers.Adam(0.01), loss=lambda nothing, losses: losses)
    model.fit([centers, labels], np.zeros(100), batch_size=20, epochs=20, verbose=0)
    _, ranks = head.exact_figures(embed(centers), labels)
    assert np.mean(ranks.numpy() == 0) > 0.7


def test_saved_and_loaded_with_its_counts(tmp_path: Any) -> None:
    head = head_of(sampler="counts", counts=COUNTS)
    inputs, classes = keras.Input([2]), keras.Input([], dtype="int32")
    model = keras.Model([inputs, classes], head(inputs, classes))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[-1]
    np.testing.assert_array_equal(loaded.table.numpy(), ROWS)
    for layer in (head, loaded):
        layer.step.assign(3)
    losses = [layer(EMBEDDINGS, LABELS, training=True).numpy() for layer in (head, loaded)]
    np.testing.assert_array_equal(*losses)


def test_half_precision_embeddings_are_judged_in_float32() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    head = head_of()
    assert head(tf.constant(EMBEDDINGS, tf.float16), LABELS, training=True).dtype == tf.float32


def test_labels_past_the_end_are_refused() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="labels must be below 4"):
        head_of()(EMBEDDINGS, np.array([0, 4, 1]))
    with pytest.raises(TypeError, match="labels must be integers, got float32"):
        head_of()(EMBEDDINGS, np.array([0, 3, 1], np.float32))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_sampled": 0}, "num_sampled must be at least 1"),
        ({"sampler": "zipf"}, "sampler must be one of log_uniform, uniform, counts, got 'zipf'"),
        ({"sampler": "counts"}, "draws classes by their counts: give counts"),
        ({"sampler": "counts", "counts": [1, 2]}, "counts must be 4 integers, one a class"),
        ({"sampler": "counts", "counts": [1, 2, 0, 1]}, "above 0, or a class .* got 0 for class 2"),
        ({"counts": [1, 2, 1, 1]}, "counts are of sampler=\"counts\", got sampler='log_uniform'"),
        ({"margin": -0.1}, "margin must be a finite number above 0, got -0.1"),
        ({"scale": 0.0}, "scale must be a finite number above 0"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SampledSoftmax(4, **arguments)
