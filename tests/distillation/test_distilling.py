"""Students: what they learn, that they are plain Keras models, and what is refused."""

from __future__ import annotations

import dataclasses
import gc
import weakref
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

import gnn
from gnn.distillation.learners import NoisyInputs, noise_of
from gnn.distillation.lessons import lesson_graph, seen_nodes
from gnn.graphs.image_files import ImageFiles

OPTIONS: dict[str, Any] = {"epochs": 60, "batch_size": 0}
RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(40, 3)).astype(np.float32)
FEATURES[:, 0] += np.sign(FEATURES[:, 0])  # No node is near the border.
# The sign of the first feature is the class, of which the teacher is sure.
TEACHER = 4 * FEATURES[:, :1] * [-1.0, 1.0]
CLASSES = TEACHER.argmax(axis=1)
GRAPH = gnn.Graph.from_edges(
    np.arange(39),
    np.arange(1, 40),
    FEATURES,
    labels=CLASSES,
    splits={"train": [0, 1, 2], "validation": np.arange(3, 10)},
)


def sequential() -> keras.Model:
    return keras.Sequential([keras.layers.Dense(2)])


def distilled(
    student_fn: Any = sequential, graph: gnn.Graph = GRAPH, teacher: Any = TEACHER, **options: Any
) -> keras.Model:
    given = {**OPTIONS, "optimizer": keras.optimizers.Adam(0.1), **options}
    return gnn.distill(teacher, student_fn, graph, **given)


def right(student: keras.Model, inputs: Any = FEATURES) -> float:
    return float(np.mean(student.predict(inputs, verbose=0).argmax(axis=1) == CLASSES))


def test_student_is_an_ordinary_model_that_knows_all_nodes(tmp_path: Path) -> None:
    student = distilled()
    assert right(student) == 1.0
    assert type(student) is keras.Sequential
    assert [type(layer) for layer in student.layers] == [keras.layers.Dense]
    student.save(tmp_path / "student.keras")
    loaded = keras.models.load_model(tmp_path / "student.keras")
    np.testing.assert_array_equal(loaded.predict(FEATURES, verbose=0), student(FEATURES))
    found = student.evaluate(FEATURES, CLASSES, verbose=0, return_dict=True)
    assert found["accuracy"] == 1.0
    assert set(student.history.history) == {"loss", "val_accuracy", "val_loss"}
    # The figures of validation are Keras' own, of the epoch that was kept.
    history = student.history.history
    best = int(np.lexsort((history["val_loss"], -np.array(history["val_accuracy"])))[0])
    own = student.evaluate(FEATURES[3:10], CLASSES[3:10], verbose=0, return_dict=True)
    assert own["accuracy"] == pytest.approx(history["val_accuracy"][best])
    assert own["loss"] == pytest.approx(history["val_loss"][best], rel=1e-5)


def test_labels_teach_where_the_teacher_is_wrong() -> None:
    """All labels are known and all contradict the teacher: the weight decides who is believed."""
    known = dataclasses.replace(GRAPH, splits={"train": np.arange(40)})
    assert right(distilled(graph=known, teacher=-TEACHER, weight=0.1)) == 1.0
    assert right(distilled(graph=known, teacher=-TEACHER, weight=1.0)) == 0.0


def test_only_seen_nodes_teach() -> None:
    """Beyond node 20 the teacher says the opposite; who does not see it is not misled."""
    teacher = np.concatenate([TEACHER[:20], -TEACHER[20:]])
    misled = distilled(teacher=teacher)
    assert right(misled) < 0.9
    assert right(distilled(teacher=teacher, nodes=np.arange(20))) > 0.9
    named = dataclasses.replace(GRAPH, splits={**GRAPH.splits, "last week": np.arange(20)})
    assert right(distilled(graph=named, teacher=teacher, nodes="last week")) > 0.9


def test_edges_to_nodes_that_are_not_seen_are_left_out() -> None:
    lesson = lesson_graph(
        GRAPH, TEACHER, temperature=1.0, weight=1.0, nodes=seen_nodes(GRAPH, [5, 3, 4, 9])
    )
    assert lesson.split("seen").tolist() == [3, 4, 5, 9]
    assert list(zip(lesson.senders.tolist(), lesson.receivers.tolist(), strict=True)) == [
        (3, 4),
        (4, 5),
    ]
    assert not lesson.labels[[0, 6, 39]].any()


def test_same_seed_same_student_and_the_callers_numbers_go_on() -> None:
    options = {"epochs": 2, "batch_size": 16, "seed": 3}
    np.random.seed(1)
    one = distilled(**options).get_weights()
    drawn = np.random.rand()
    np.random.seed(1)
    assert np.random.rand() == drawn
    for first, second in zip(one, distilled(**options).get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    other = distilled(**{**options, "seed": 4}).get_weights()
    assert (one[0] != other[0]).any()


def test_graph_loss_on_top_pulls_neighbors_together() -> None:
    config = gnn.GraphRegConfig(multiplier=100.0)
    plain, pulled = distilled(), distilled(config=config)

    def roughness(student: keras.Model) -> float:
        logits = student.predict(FEATURES, verbose=0)
        return float(np.mean((logits[1:] - logits[:-1]) ** 2))

    assert roughness(pulled) < 0.1 * roughness(plain)
    assert "graph_loss" in pulled.history.history
    assert type(pulled) is keras.Sequential


class TwoInputs(keras.Model):
    """A subclass of two features, one of them sparse."""

    def __init__(self) -> None:
        super().__init__()
        self.of_words, self.of_numbers = keras.layers.Dense(2), keras.layers.Dense(2)

    def call(self, inputs: dict[str, Any]) -> Any:
        return self.of_words(inputs["words"]) + self.of_numbers(inputs["numbers"])


def functional() -> keras.Model:
    words = keras.Input((2,), sparse=True, name="words")
    return keras.Model([words], keras.layers.Dense(2)(words))


@pytest.mark.parametrize("student_fn", [TwoInputs, functional])
@pytest.mark.parametrize("batch_size", [0, 16])
def test_several_features_and_sparse_ones(student_fn: Any, batch_size: int) -> None:
    positive = (FEATURES[:, 0] > 0).astype(np.float32)
    words = sparse.csr_array(np.stack([positive, 1 - positive], axis=1))
    features = {"words": words, "numbers": FEATURES[:, 1:]}
    graph = dataclasses.replace(GRAPH, features=features)
    student = distilled(student_fn, graph, batch_size=batch_size)
    inputs = next(iter(gnn.data.full_batch(dataclasses.replace(graph, labels=None))))
    chosen = {k: inputs[k] for k in ("words", "numbers")}
    answers = student(chosen if student_fn is TwoInputs else [chosen["words"]])
    assert np.mean(np.argmax(answers, axis=1) == CLASSES) == 1.0


def test_images_in_files_teach(tmp_path: Path) -> None:
    """Twelve images, white or black, in files; their teacher knows which."""
    names = []
    for node in range(12):
        names.append(tmp_path / f"{node}.png")
        keras.utils.save_img(names[-1], np.full((4, 4, 1), 255.0 * (node % 2)), scale=False)
    images = ImageFiles(names, size=(4, 4), channels=1)
    graph = gnn.Graph.from_edges([0], [1], {"image": images})
    teacher = 4.0 * (np.arange(12) % 2)[:, None] * [-1.0, 1.0]

    def student_fn() -> keras.Model:
        scaled = keras.layers.Rescaling(1 / 255)
        layers = [keras.Input((4, 4, 1), dtype="uint8"), scaled, keras.layers.Flatten()]
        return keras.Sequential([*layers, keras.layers.Dense(2)])

    student = distilled(student_fn, graph, teacher, batch_size=6, epochs=10)
    pixels = np.stack([np.full((4, 4, 1), 255 * (node % 2), np.uint8) for node in range(12)])
    answers = student.predict(pixels, verbose=0).argmax(axis=1)
    np.testing.assert_array_equal(answers[1::2], 1)


def test_noise_is_a_share_of_the_deviation_and_only_of_training() -> None:
    features = {"x": np.array([[0.0, 4.0]], np.float32), "n": np.array([[7]])}
    assert noise_of(gnn.Graph.from_edges([], [], features), 0.25) == {"x": 0.5}
    learner = NoisyInputs(keras.Sequential([keras.layers.Identity()]), {"x": 0.5})
    zeros = {"x": tf.zeros([20_000, 1])}
    assert float(tf.math.reduce_std(learner(zeros, training=True))) == pytest.approx(0.5, 0.03)
    assert not np.any(learner(zeros, training=False))
    assert right(distilled(noise=0.2)) == 1.0


def test_students_that_do_not_fit() -> None:
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: keras.layers.Dense(2), TypeError, "got the layer Dense: put it into"),
        (sequential(), TypeError, "student_fn must be a function"),
        (lambda: keras.Sequential([keras.layers.Dense(3)]), ValueError, "3 outputs.* 2 classes"),
        (
            lambda: keras.Sequential([keras.layers.Dense(2, "softmax")], name="soft"),
            ValueError,
            "the student 'soft' must give logits, and gives probabilities",
        ),
        (
            lambda: gnn.GraphConvolutionalNodeClassifier(num_classes=2),
            TypeError,
            "student_fn must return a model of features",
        ),
    ]
    for student_fn, error, message in cases:
        with pytest.raises(error, match=message):
            distilled(student_fn)


def test_wrong_arguments() -> None:
    bare = dataclasses.replace(GRAPH, labels=None, splits={})
    with pytest.raises(ValueError, match="no labels, and with weight=0.5"):
        distilled(graph=bare, weight=0.5)
    assert right(distilled(graph=bare)) == 1.0  # Only the teacher is needed.
    with pytest.raises(ValueError, match="none of the nodes that are seen has a label"):
        distilled(weight=0.5, nodes=[20, 21])
    with pytest.raises(ValueError, match="nodes must be from 0 to 39, got 40"):
        distilled(nodes=[1, 40])
    with pytest.raises(TypeError, match="nodes must be integers"):
        distilled(nodes=[0.5])
    with pytest.raises(KeyError, match="nowhere"):
        distilled(nodes="nowhere")
    with pytest.raises(ValueError, match="epochs must be at least 1, got 0"):
        distilled(epochs=0)


def test_collapse_is_told_of_on_the_callers_line() -> None:
    config = gnn.GraphRegConfig(multiplier=1e4)
    with pytest.warns(gnn.GraphLossWarning, match="outputs have collapsed") as told:
        distilled(config=config, epochs=120, patience=None)
    assert [each.filename for each in told] == [__file__]


def test_new_nodes_tell_a_model_nothing() -> None:
    """Features of nodes that are not seen are other ones: the student is the same to the bit."""
    shifted = FEATURES.copy()
    shifted[20:] += 100.0
    keras.utils.set_random_seed(0)
    teacher = gnn.GraphConvolutionalNodeClassifier(hidden_units=(4,), num_classes=2)
    options = {"teacher": teacher, "nodes": np.arange(20), "epochs": 2, "noise": 0.5}
    one = distilled(graph=dataclasses.replace(GRAPH, splits={}), **options)
    other = dataclasses.replace(GRAPH, splits={}, features={"features": shifted})
    for mine, theirs in zip(
        one.get_weights(), distilled(graph=other, **options).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_the_students_history_holds_no_learner() -> None:
    kept: list[Any] = []
    look = keras.callbacks.LambdaCallback()
    look.on_train_begin = lambda logs=None: kept.append(weakref.ref(look.model))
    student = distilled(epochs=1, config=gnn.GraphRegConfig(), callbacks=[look])
    assert student.history.model is student
    look.set_model(None)
    gc.collect()
    assert kept[0]() is None
