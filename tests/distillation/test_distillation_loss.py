"""Soft labels and the loss of a student, by numbers worked out by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import gnn
from gnn.distillation import DistillationLoss, distillation_targets, soft_labels, teacher_logits

LN = np.log
PAIR = gnn.Graph.from_edges([0], [1], np.eye(2, dtype=np.float32), labels=[0, 1])


def test_temperature_takes_the_root_of_the_odds() -> None:
    """Odds of 16 to 1: at temperature 2 they are 4 to 1, at 4 they are 2 to 1."""
    logits = LN([[16.0, 1.0], [1.0, 16.0]])
    np.testing.assert_allclose(soft_labels(logits, PAIR, 2.0), [[0.8, 0.2], [0.2, 0.8]], 1e-6)
    np.testing.assert_allclose(
        soft_labels(logits, PAIR, 4.0), [[2 / 3, 1 / 3], [1 / 3, 2 / 3]], 1e-6
    )


def test_known_labels_count_as_their_mean() -> None:
    """Of four nodes two have a label, so each counts twice in the mean over four."""
    soft = np.full((4, 2), 0.5)
    targets = distillation_targets(soft, np.array([1, -1, -1, 0]))
    np.testing.assert_array_equal(targets[:, 2:], [[0, 2], [0, 0], [0, 0], [2, 0]])


def test_loss_by_hand() -> None:
    """Soft labels 3 to 1, a student that says 9 to 1; at temperature 2 it says 3 to 1 as well.

    At temperature 1 the divergence is 3/4 ln((3/4)/(9/10)) + 1/4 ln((1/4)/(1/10)).
    """
    soft, logits = np.array([[0.75, 0.25]]), tf.constant(LN([[9.0, 1.0]]), tf.float32)
    targets = distillation_targets(soft, np.array([1]))
    agreeing = DistillationLoss(temperature=2.0, weight=1.0)(targets, logits)
    assert float(agreeing) == pytest.approx(0.0, abs=1e-6)
    apart = 0.75 * LN(0.75 / 0.9) + 0.25 * LN(0.25 / 0.1)
    assert float(DistillationLoss()(targets, logits)) == pytest.approx(apart, rel=1e-5)
    # With the label of the second class, to which the student gives a tenth: ln 10.
    both = DistillationLoss(temperature=1.0, weight=0.75)(targets, logits)
    assert float(both) == pytest.approx(0.75 * apart + 0.25 * LN(10), rel=1e-5)
    warm = DistillationLoss(temperature=3.0, weight=0.5)(targets, logits)
    third = 9 ** (1 / 3) / (9 ** (1 / 3) + 1)
    apart = 0.75 * LN(0.75 / third) + 0.25 * LN(0.25 / (1 - third))
    assert float(warm) == pytest.approx(0.5 * 9 * apart + 0.5 * LN(10), rel=1e-5)


def test_certain_teacher_gives_a_crossentropy() -> None:
    """A probability of 0 adds nothing: the divergence from (1, 0) is -ln p of the first."""
    targets = distillation_targets(np.array([[1.0, 0.0]]))
    loss = DistillationLoss()(targets, tf.constant(LN([[1.0, 3.0]]), tf.float32))
    assert float(loss) == pytest.approx(LN(4), rel=1e-6)


def test_gradient_of_soft_labels_keeps_its_size() -> None:
    """d/dz of T^2 KL is T (p - q): near evenness p - q shrinks as 1/T, so the product stays."""
    logits = np.array([[1e-3, -1e-3]])
    found = []
    for temperature in (1.0, 4.0):
        student = tf.zeros([1, 2])
        targets = distillation_targets(soft_labels(logits, ONE, temperature))
        with tf.GradientTape() as tape:
            tape.watch(student)
            loss = DistillationLoss(temperature)(targets, student)
        found.append(tape.gradient(loss, student).numpy())
    np.testing.assert_allclose(found[0], [[-5e-4, 5e-4]], rtol=1e-3)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-3)


ONE = gnn.Graph.from_edges([], [], np.ones((1, 1), np.float32))


def test_loss_is_saved_with_a_model() -> None:
    loss = DistillationLoss(temperature=2.0, weight=0.25)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert (again.temperature, again.weight) == (2.0, 0.25)


def test_teacher_is_anything_that_gives_logits() -> None:
    weights = keras.initializers.Constant([[2.0, 0.0], [0.0, 2.0]])
    dense = keras.layers.Dense(2, use_bias=False, kernel_initializer=weights)
    expected = [[2.0, 0.0], [0.0, 2.0]]
    model = keras.Sequential([keras.Input((2,)), dense])
    inputs = keras.Input((2,))
    named = keras.Model(inputs, {"logits": dense(inputs), "other": inputs})
    for teacher in (model, named, np.array(expected), tf.constant(expected), expected):
        np.testing.assert_array_equal(teacher_logits(teacher, PAIR), expected)


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        (np.zeros((3, 2)), "the graph has 2 nodes, and it has 3 rows"),
        (np.zeros((2, 1)), "two or more classes"),
        (np.array([[0.0, np.inf], [0.0, 1.0]]), "those of row 0 are"),
        (np.array([[0.5, 0.5], [1.0, 0.0]]), "gives probabilities.*Leave out the softmax"),
        (
            keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)], name="five"),
            "the teacher 'five' cannot be called on the graph.*'features': \\[2\\]",
        ),
    ],
)
def test_teachers_that_do_not_fit(teacher: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        teacher_logits(teacher, PAIR)


def test_teacher_with_too_few_classes() -> None:
    three = gnn.Graph.from_edges([], [], np.eye(2), labels=[0, 2])
    with pytest.raises(ValueError, match="has 2 classes, numbered from 0, and the graph has.* 2"):
        teacher_logits(np.array([[3.0, 0.0], [0.0, 3.0]]), three)
    named = gnn.Graph.from_edges([], [], np.eye(2), labels=["a", "b"])
    with pytest.raises(ValueError, match="3 classes, and the graph 2: \\['a', 'b'\\]"):
        teacher_logits(np.eye(2, 3) * 3, named)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(TypeError, match="teacher must be a Keras model.*got dict"):
        teacher_logits({}, PAIR)
    for temperature in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="temperature must be a finite number above 0"):
            DistillationLoss(temperature)
    with pytest.raises(ValueError, match="weight must be from 0 to 1, got 1.5"):
        DistillationLoss(weight=1.5)
    with pytest.raises(ValueError, match="labels must be below 2"):
        distillation_targets(np.zeros((1, 2)), np.array([2]))
    with pytest.raises(ValueError, match="an integer a row of soft, 1 of them"):
        distillation_targets(np.zeros((1, 2)), np.array([0, 1]))
    with pytest.raises(ValueError, match="the student has 3 outputs, and its targets 4 columns"):
        DistillationLoss()(np.zeros((1, 4)), tf.zeros([1, 3]))
