"""Losses of embeddings: by hand, and a row and a pair at a time in NumPy."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.losses import (
    InBatchRanking,
    LabeledLoss,
    LeaveOneOutNeighbors,
    MatryoshkaLoss,
    SupervisedContrastive,
    TripletLoss,
    cached_gradients,
)

LABELS = np.array([0, 0, 1, 2, 1, 0, -1, 3])
ROWS = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
UNIT = ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True)


def others(row: int) -> tuple[list[int], list[int]]:
    known = [j for j in range(8) if LABELS[j] >= 0 and LABELS[row] >= 0]
    same = [j for j in known if LABELS[j] == LABELS[row] and j != row]
    return same, [j for j in known if LABELS[j] != LABELS[row]]


def plain_triplet(row: int, mining: str, margin: float) -> float:
    same, other = others(row)
    if not same or not other:
        return 0.0
    far = {j: float(np.sum((ROWS[row] - ROWS[j]) ** 2)) for j in range(8)}
    if mining == "hard":
        return max(max(far[p] for p in same) - min(far[n] for n in other) + margin, 0.0)
    if mining == "all":
        each = [far[p] - far[n] + margin for p in same for n in other]
        active = [value for value in each if value > 0]
        return float(np.mean(active)) if active else 0.0
    found = []
    for p in same:
        farther = [far[n] for n in other if far[n] > far[p]]
        taken = min(farther) if farther else max(far[n] for n in other)
        found.append(max(far[p] - taken + margin, 0.0))
    return float(np.mean(found))


@pytest.mark.parametrize("mining", ["semi_hard", "hard", "all"])
@pytest.mark.parametrize("margin", [0.0, 1.5])
def test_triplets(mining: Any, margin: float) -> None:
    loss = TripletLoss(margin, mining, unit_length=False, reduction="none")
    wanted = [plain_triplet(row, mining, margin) for row in range(8)]
    np.testing.assert_allclose(loss(LABELS, ROWS), wanted, rtol=1e-5, atol=1e-6)


def test_ties_are_not_beyond_and_not_active() -> None:
    # From 0, the positive 1 and the negative -1 are equally far: only 3 is beyond, 9 away.
    rows, labels = np.array([[0.0], [1.0], [-1.0], [3.0]], np.float32), np.array([0, 0, 1, 2])
    losses = [
        TripletLoss(margin, mining, unit_length=False).losses(tf.constant(labels), rows).numpy()
        for mining, margin in (("semi_hard", 8.5), ("all", 0.0))
    ]
    np.testing.assert_allclose(losses[0][0], 1 - 9 + 8.5)
    assert losses[1].tolist() == [0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("mining", ["semi_hard", "hard", "all"])
def test_gradients_of_triplets(mining: Any) -> None:
    # Of the anchor 1: (1 - 0)^2 - (3 - 1)^2 + 5 = 2; of 0: 1 - 9 + 5, below 0.
    rows = tf.constant([[0.0], [1.0], [3.0]])
    with tf.GradientTape() as tape:
        tape.watch(rows)
        value = TripletLoss(5.0, mining, unit_length=False, reduction="sum")(
            np.array([0, 0, 1]), rows
        )
    assert float(value) == 2.0
    # d(1)/d0 = -2, d(4)/d3 = 4: so -2, 2 + 4 and -4.
    np.testing.assert_allclose(tape.gradient(value, rows)[:, 0], [-2.0, 6.0, -4.0])


def plain_contrast(row: int, ranking: bool, temperature: float) -> float:
    same, other = others(row)
    if not same:
        return 0.0
    scores = np.exp(UNIT @ UNIT[row] / temperature)
    against = scores[other].sum() if ranking else scores[same + other].sum()
    totals = [against + scores[p] if ranking else against for p in same]
    return float(-np.mean(np.log(scores[same] / totals)))


@pytest.mark.parametrize(
    ("kind", "ranking"), [(SupervisedContrastive, False), (InBatchRanking, True)]
)
def test_contrasts(kind: Any, ranking: bool) -> None:
    wanted = [plain_contrast(row, ranking, 0.5) for row in range(8)]
    found = kind(0.5, reduction="none")(LABELS, 3.0 * ROWS)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize("k", [1, 2, 20])
def test_leave_one_out(k: int) -> None:
    wanted = []
    for row in range(8):
        same, other = others(row)
        scores = UNIT @ UNIT[row] / 0.5
        near = sorted(same + other, key=lambda j: -scores[j])[:k]
        near = sorted({*near, *sorted(same, key=lambda j: -scores[j])[:1]})
        right = [j for j in near if j in same]
        chance = np.exp(scores[right]).sum() / np.exp(scores[near]).sum() if same else 1.0
        wanted.append(-np.log(chance))
    found = LeaveOneOutNeighbors(k, 0.5, reduction="none")(LABELS, ROWS)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


LOSSES = [
    TripletLoss(),
    TripletLoss(mining="hard"),
    TripletLoss(mining="all"),
    SupervisedContrastive(),
    InBatchRanking(),
    LeaveOneOutNeighbors(3),
    MatryoshkaLoss(SupervisedContrastive(), (2, 4), (0.5, 1.0)),
]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: f"{loss.name}")
def test_what_holds_of_all(loss: LabeledLoss) -> None:
    """Copies, half precision, XLA, no pairs at all, weights of rows, a config."""
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert float(again(LABELS, ROWS)) == float(loss(LABELS, ROWS))
    half = loss(LABELS, tf.constant(ROWS, tf.float16))
    assert half.dtype == tf.float32
    np.testing.assert_allclose(half, loss(LABELS, ROWS), rtol=0.02)
    compiled = tf.function(lambda labels, rows: loss(labels, rows), jit_compile=True)
    np.testing.assert_allclose(compiled(LABELS, ROWS), loss(LABELS, ROWS), rtol=1e-5)
    for labels in (np.arange(8), np.full(8, 3), np.full(8, -1)):
        for rows in (ROWS, np.ones_like(ROWS), np.zeros_like(ROWS)):
            vectors = tf.constant(rows)
            with tf.GradientTape() as tape:
                tape.watch(vectors)
                value = loss(labels, vectors)
            assert np.isfinite(value)
            assert np.isfinite(tape.gradient(value, vectors).numpy()).all()
            assert float(value) == 0.0 or labels[0] == labels[1] == 3
    weights = np.zeros(8, np.float32)
    assert float(loss(LABELS, ROWS, sample_weight=weights)) == 0.0


def test_labels_above_24_bits_are_told_apart() -> None:
    labels = np.array([2**24, 2**24 + 1, 2**24, 2**24 + 1])
    rows = ROWS[:4]
    small = SupervisedContrastive()(labels - 2**24, rows)
    assert float(SupervisedContrastive()(labels, rows)) == float(small)


def test_a_model_learns_by_it() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 64)
    inputs = rng.normal(size=(4, 6))[labels] + rng.normal(size=(64, 6))
    model = keras.Sequential([keras.Input([6]), keras.layers.Dense(3)])
    model.compile(keras.optimizers.Adam(0.03), SupervisedContrastive(0.5))
    history = model.fit(inputs, labels, batch_size=32, epochs=8, verbose=0).history
    assert history["loss"][-1] < 0.9 * history["loss"][0]


@pytest.mark.parametrize("chunk_size", [1, 3, 8, 50])
def test_cached_gradients_are_those_of_the_whole_batch(chunk_size: int) -> None:
    model = keras.Sequential(
        [keras.Input([4]), keras.layers.Dense(5, "tanh"), keras.layers.Dense(3)]
    )
    variables = [weight.value for weight in model.trainable_weights]
    loss = SupervisedContrastive(0.5)
    with tf.GradientTape() as tape:
        wanted = loss(LABELS, model(ROWS))
    gradients = tape.gradient(wanted, variables)
    found, cached = cached_gradients(model, ROWS, LABELS, loss, chunk_size, variables)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    for one, other in zip(cached, gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("traced", [False, True])
def test_one_chunk_at_a_time_is_held(traced: bool) -> None:
    """All chunks forward; then each forward, and backward before the next one begins."""
    weights = tf.Variable(ROWS[:4, :3])
    events: list[str] = []

    def noting(event: str) -> Any:
        def note(values: np.ndarray) -> np.ndarray:
            events.append(event)
            return values

        # Stateless, or TensorFlow would keep their order whatever the code asks for.
        return lambda values: tf.ensure_shape(
            tf.numpy_function(note, [values], tf.float32, stateful=False), values.shape
        )

    @tf.custom_gradient
    def noted(values: tf.Tensor) -> Any:
        return noting("forward")(values), noting("backward")

    def step() -> Any:
        loss = SupervisedContrastive(0.5)
        return cached_gradients(
            lambda rows: tf.tanh(noted(rows @ weights)),
            tf.constant(ROWS),
            LABELS,
            loss,
            2,
            [weights],
        )

    (tf.function(step) if traced else step)()
    assert events == ["forward"] * 4 + ["forward", "backward"] * 4


@pytest.mark.parametrize("loss", [SupervisedContrastive(), MatryoshkaLoss(TripletLoss(), (2, 4))])
def test_weights_of_rows_multiply_their_losses(loss: LabeledLoss) -> None:
    weights = np.array([1, 2, 0, 3, 0.5, 1, 7, 1], np.float32)
    each = loss.losses(tf.constant(LABELS), ROWS).numpy()
    assert each[6] == 0.0  # Its label is unknown: the weight of 7 is of nothing.
    wanted = np.sum(weights * each) / 8
    np.testing.assert_allclose(loss(LABELS, ROWS, sample_weight=weights), wanted, rtol=1e-6)


def test_matryoshka_by_hand() -> None:
    # The first number alone: hard triplets of (0, 1, 2) are 0, 1 - 1 + 1 and none; both: the same.
    rows = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]], np.float32)
    inner = TripletLoss(1.0, "hard", unit_length=False)
    loss = MatryoshkaLoss(inner, (1, 2), (2.0, 3.0), reduction="none")
    np.testing.assert_allclose(loss(np.array([0, 0, 1]), rows), [0.0, 5.0, 0.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TripletLoss(-1.0), "margin must be a finite number of at least 0, got -1.0"),
        (lambda: TripletLoss(mining="easy"), "mining must be one of semi_hard, hard, all"),
        (lambda: SupervisedContrastive(0.0), "temperature must be a finite number above 0"),
        (lambda: LeaveOneOutNeighbors(0), "k must be at least 1"),
        (lambda: MatryoshkaLoss(TripletLoss(), (2,), (1.0, 2.0)), "for each of 1 sizes"),
        (lambda: MatryoshkaLoss(TripletLoss(), (2,), (np.nan,)), "at least 0 for each of 1 sizes"),
        (lambda: MatryoshkaLoss(TripletLoss(), ()), "sizes must be at least one number"),
        (lambda: TripletLoss()(LABELS, ROWS[:1]), "got 8 labels and 1 rows"),
        (lambda: MatryoshkaLoss(TripletLoss(), (5,))(LABELS, ROWS), "up to the embedding's 4"),
        (lambda: TripletLoss()(LABELS, ROWS[0]), "takes embeddings"),
        (lambda: cached_gradients(None, ROWS, LABELS, None, 0, []), "chunk_size must be at least"),
    ],
)
def test_arguments(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_types() -> None:
    with pytest.raises(TypeError, match="loss must be one of gnn.losses, got str"):
        MatryoshkaLoss("mse", (2,))
    with pytest.raises(TypeError, match="labels must be integers, got float64"):
        TripletLoss()(LABELS + 0.5, ROWS)
