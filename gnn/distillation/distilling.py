"""Distillation by one call: a teacher, a function that makes a student, and the graph."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from gnn.configs.arguments import check_count
from gnn.configs.fields import not_negative
from gnn.data.row_batches import row_batches
from gnn.distillation.distillation_loss import DistillationLoss
from gnn.distillation.learners import learner_of, noise_of
from gnn.distillation.lessons import lesson_batches, lesson_graph, seen_nodes, with_edges_within
from gnn.distillation.soft_labels import check_logits, teacher_logits
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import labeled_nodes
from gnn.models.base.harm import GraphLossWarning, harm_to_model
from gnn.models.inference.exact import needs_graph
from gnn.models.node_models import build_node_model
from gnn.training.best_epoch import BestEpoch
from gnn.training.seeding import as_in_new_process

_ROWS_LOOKED_AT = 64


def distill(
    teacher: Any,
    student_fn: Callable[[], keras.Model],
    graph: Graph,
    *,
    temperature: float = 1.0,
    weight: float = 1.0,
    noise: float = 0.0,
    config: Any = None,
    regularize: str = "logits",
    fanout: Any = 5,
    nodes: Any = None,
    epochs: int = 200,
    batch_size: int = 256,
    optimizer: Any = "adam",
    patience: int | None = 50,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = 0,
) -> keras.Model:
    """Trains a model of features on what a model of the graph says of every node.

    The teacher has seen each node's neighbors, and its answers for nodes without a label teach what
    no label says; the student learns to give them from a node's own features, and is served on
    these alone (Zhang et al., "Graph-less neural networks", ICLR 2022, section 4). Its loss is that
    of `DistillationLoss`, the mean over the nodes that are seen, and what its layers add; with a
    `config`, `multiplier * graph loss` too.

    Args:
        teacher: a trained model of the graph's nodes that returns logits, or an array of them
            `[n_nodes, num_classes]`; see `gnn.distillation.teacher_logits`. It is not changed.
        student_fn: a function that returns the student, a Keras model (`Sequential`, functional or
            a subclass) from the features to logits. It is called once.
        graph: features, edges, labels and splits. A split `"validation"` chooses the best epoch, by
            its accuracy; the loss does where there is none, and of epochs of equal accuracy.
        temperature: softens the teacher's probabilities, and the student's beside them.
        weight: of the soft labels, 0 to 1; labels of the split `"train"` weigh the rest.
        noise: what is added to dense features in training, so that the student does not hang on
            single numbers: draws of a normal distribution, of this share of the deviation of all
            numbers of a feature (Tian et al., "Learning MLPs on graphs", ICLR 2023, section 3, has
            such noise chosen by an adversary). Sparse features and images get none.
        config: a `gnn.GraphRegConfig` of a graph loss on top; None has none.
        regularize: what that compares; see `gnn.GraphRegularizationModel`.
        fanout: the most neighbors that it looks at.
        nodes: which nodes have soft labels: integers, or the name of a split; None is all. Where
            some are new, as nodes of next week are, name the others: edges to the rest are not
            looked at, by a model as teacher neither.
        epochs: at most so many passes over the nodes.
        batch_size: nodes of a batch; 0 is all at once.
        optimizer: as `compile` takes it.
        patience: epochs without a better one that end the training; None never does.
        seed: of the initial weights, dropout and batches. The caller's own random numbers go on as
            they were.
        callbacks: of `fit`; they see a model that wraps the student.
        verbose: as in `fit`.

    Returns:
        The student with the weights of its best epoch, compiled with crossentropy of logits and
        accuracy: a Keras model with no part of this package in it, unless its layers are. Its
        `history` is that of the training.

    Raises:
        KeyError: `nodes` names no split.
        TypeError: an argument is of another type, or `student_fn` returns no Keras model.
        ValueError: teacher, student and graph do not fit each other, a number is out of range, or
            labels count and there are none.

    Warns:
        GraphLossWarning: the graph loss of `config` seems to do harm.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> graph = Graph.from_edges([0], [1], rng.normal(size=(40, 3)))
    >>> teacher = graph.features["features"] @ [[2.0, -2.0], [0.0, 0.0], [0.0, 0.0]]
    >>> student = distill(
    ...     teacher, lambda: keras.Sequential([keras.layers.Dense(2)]), graph,
    ...     optimizer=keras.optimizers.Adam(0.1), epochs=30, batch_size=0)
    >>> answers = student.predict(graph.features["features"], verbose=0).argmax(axis=1)
    >>> float(np.mean(answers == teacher.argmax(axis=1)))
    1.0
    """
    loss = DistillationLoss(temperature, weight)
    temperature, weight = loss.temperature, loss.weight
    check_count("epochs", epochs)
    check_count("batch_size", batch_size, 0)
    check_count("seed", seed, 0)
    not_negative("noise", noise)
    if patience is not None:
        check_count("patience", patience)
    seen = seen_nodes(graph, nodes)
    logits = teacher_logits(teacher, with_edges_within(graph, seen))
    lesson = lesson_graph(graph, logits, temperature=temperature, weight=weight, nodes=seen)
    with as_in_new_process(seed):
        student = _student(student_fn)
        learner = learner_of(student, noise_of(graph, noise, seen), config, regularize)
        _check_student(learner, student, graph, logits.shape[1])
        optimizer = keras.optimizers.get(optimizer)
        learner.compile(optimizer, loss)
        validation = _validation(learner, graph)
        best = BestEpoch(
            patience or epochs,
            "loss" if validation is None else "val_accuracy",
            ties=validation is not None,
        )
        with warnings.catch_warnings():
            # It is told below, of the caller's line.
            warnings.simplefilter("ignore", GraphLossWarning)
            learner.fit(
                lesson_batches(
                    lesson,
                    batch_size=batch_size,
                    fanout=fanout,
                    with_graph=config is not None,
                    seed=seed,
                ),
                epochs=epochs,
                callbacks=[*([] if validation is None else [validation]), best, *callbacks],
                shuffle=False,
                verbose=verbose,
            )
        harm = harm_to_model(learner, learner.history.history)
        student.compile(
            optimizer,
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
    student.history = learner.history
    # Which holds the learner otherwise, and with it the graph.
    student.history.set_model(student)
    if harm is not None:
        warnings.warn(harm, GraphLossWarning, stacklevel=2)
    return student


class _Validation(keras.callbacks.Callback):
    """Puts the crossentropy and the accuracy on validation nodes into the logs of an epoch."""

    def __init__(self, learner: keras.Model, graph: Graph, nodes: np.ndarray, labels: np.ndarray):
        super().__init__()
        self._learner, self._labels = learner, labels
        self._rows = row_batches(graph, nodes)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measures; it comes before what reads the logs."""
        if logs is None:
            return
        logits = self._learner.predict(self._rows, verbose=0).astype(np.float64)
        top = logits.max(axis=1, keepdims=True)
        shifted = logits - top
        own = shifted[np.arange(len(logits)), self._labels]
        logs["val_accuracy"] = float(np.mean(logits.argmax(axis=1) == self._labels))
        logs["val_loss"] = float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - own))


def _validation(learner: keras.Model, graph: Graph) -> _Validation | None:
    if graph.labels is None or "validation" not in graph.splits:
        return None
    nodes, labels = labeled_nodes(graph, "validation")
    if not len(nodes):
        return None
    return _Validation(learner, dataclasses.replace(graph, labels=None), nodes, labels)


def _student(student_fn: Callable[[], keras.Model]) -> keras.Model:
    student = build_node_model(student_fn, "student_fn")
    if not isinstance(student, keras.Model):
        raise TypeError(
            "student_fn must return a Keras model, which is compiled and served; got the layer "
            f"{type(student).__name__}: put it into keras.Sequential([...])"
        )
    if needs_graph(student):
        raise TypeError(
            "student_fn must return a model of features; "
            f"{type(student).__name__} predicts a node from its neighbors"
        )
    return student


def _check_student(
    learner: keras.Model, student: keras.Model, graph: Graph, num_classes: int
) -> None:
    """Calls the student on a few nodes, which builds it too."""
    few = np.arange(min(_ROWS_LOOKED_AT, graph.num_nodes))
    found = learner.predict(row_batches(dataclasses.replace(graph, labels=None), few), verbose=0)
    name = f"the student {student.name!r}"
    if not isinstance(found, np.ndarray):
        raise ValueError(
            f"{name} must return one tensor, the logits; got "
            f"{sorted(found) if isinstance(found, dict) else type(found).__name__}"
        )
    check_logits(found, name)
    if found.shape[1] != num_classes:
        raise ValueError(
            f"{name} has {found.shape[1]} outputs, and the teacher {num_classes} classes"
        )
