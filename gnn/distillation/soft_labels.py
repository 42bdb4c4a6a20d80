"""What a teacher says of the nodes of a graph, as logits and as softened probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.graphs.graph import Graph
from gnn.models.inference.exact import predict_nodes

# Rows of float16 probabilities add up to 1 as closely as this.
_SUMS_TO_ONE = 2e-3


def teacher_logits(teacher: Any, graph: Graph) -> np.ndarray:
    """The logits of all nodes by a teacher; nothing is sampled (see `gnn.models.predict_nodes`).

    Args:
        teacher: a trained Keras model of the graph's nodes that returns logits, or a dict with
            `"logits"`: a graph network, a `gnn.GraphRegularizationModel`, what `gnn.CoTrainer` has
            trained (its `classifier`), or a plain Keras model of their features; or an array of
            logits `[n_nodes, num_classes]`.
        graph: the graph, with the features that the teacher takes.

    Returns:
        float32 `[n_nodes, num_classes]`.

    Raises:
        TypeError: the teacher is neither.
        ValueError: it cannot be called on these features; its rows are not the graph's nodes; its
            classes are fewer than the labels have; or it returns probabilities, or numbers that are
            not finite.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2))
    >>> teacher_logits(np.array([[1.0, -1.0], [0.0, 3.0]]), graph).tolist()
    [[1.0, -1.0], [0.0, 3.0]]
    """
    found: Any = teacher
    if isinstance(teacher, keras.Model):
        name = f"the teacher {teacher.name!r}"
        try:
            found = predict_nodes(teacher, graph, verbose=False)
        except (KeyError, TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
            shapes = {key: list(value.shape[1:]) for key, value in graph.features.items()}
            raise ValueError(
                f"{name} cannot be called on the graph, whose features have a row a node of "
                f"{shapes}: {error}"
            ) from error
        if isinstance(found, Mapping):
            if "logits" not in found:
                raise ValueError(
                    f"{name} returns a dict of {sorted(found)}; one of its outputs must be 'logits'"
                )
            found = found["logits"]
    elif isinstance(teacher, np.ndarray | tf.Tensor | list | tuple):
        name = "the teacher's array"
    else:
        raise TypeError(
            "teacher must be a Keras model of nodes, or an array of logits [n_nodes, num_classes]; "
            f"got {type(teacher).__name__}"
        )
    logits = np.asarray(found, dtype=np.float32)
    check_logits(logits, name)
    if len(logits) != graph.num_nodes:
        raise ValueError(
            f"{name} must have a row a node: the graph has {graph.num_nodes} nodes, and it has "
            f"{len(logits)} rows"
        )
    _check_classes(logits.shape[1], graph, name)
    return logits


def soft_labels(teacher: Any, graph: Graph, temperature: float = 1.0) -> np.ndarray:
    """What a teacher believes of all nodes: `q_ic = exp(z_ic / T) / sum_c' exp(z_ic' / T)`.

    The higher the temperature T, the more is told of classes that are not the likeliest (Hinton et
    al., "Distilling the knowledge in a neural network", 2015, section 2).

    Args:
        teacher: as in `teacher_logits`, which gives z.
        graph: likewise.
        temperature: T, a finite number above 0.

    Returns:
        float32 `[n_nodes, num_classes]`; a row adds up to 1.

    Raises:
        TypeError: as `teacher_logits`.
        ValueError: as `teacher_logits`, or the temperature is out of range.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2))
    >>> odds = np.log([[9.0, 1.0], [1.0, 1.0]])  # 9 to 1.
    >>> soft_labels(odds, graph, temperature=2.0).tolist()  # The root of 9 to 1.
    [[0.75, 0.25], [0.5, 0.5]]
    """
    temperature = check_temperature(temperature)
    return softened(teacher_logits(teacher, graph), temperature)


def softened(logits: np.ndarray, temperature: float) -> np.ndarray:
    """The softmax of logits over a temperature, float32.

    Example:

    >>> softened(np.zeros((1, 2)), 3.0).tolist()
    [[0.5, 0.5]]
    """
    scaled = logits.astype(np.float64) / temperature
    exponents = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return (exponents / exponents.sum(axis=1, keepdims=True)).astype(np.float32)


def check_temperature(temperature: float) -> float:
    """The temperature as a float.

    Raises:
        TypeError: it is no number.
        ValueError: it is not finite, or not above 0.

    Example:

    >>> check_temperature(2)
    2.0
    """
    if isinstance(temperature, bool) or not isinstance(temperature, int | float | np.number):
        raise TypeError(f"temperature must be a number, got {temperature!r}")
    if not 0 < temperature < float("inf"):
        raise ValueError(f"temperature must be a finite number above 0, got {temperature!r}")
    return float(temperature)


def check_logits(logits: np.ndarray, name: str) -> None:
    """Raises unless an array can be logits of two or more classes.

    Rows of which no entry is negative and that all add up to 1 are probabilities: of logits, which
    may be anything, that does not happen.

    Args:
        logits: the array.
        name: what errors call its source.

    Raises:
        ValueError: as said.

    Example:

    >>> check_logits(np.array([[0.5, -0.5]]), "the teacher")
    """
    if logits.ndim != 2 or logits.shape[1] < 2:
        raise ValueError(
            f"{name} must give logits [n_nodes, num_classes] of two or more classes; got shape "
            f"{list(logits.shape)}"
        )
    if not np.isfinite(logits).all():
        row = int(np.flatnonzero(~np.isfinite(logits).all(axis=1))[0])
        raise ValueError(f"{name} must give finite logits; those of row {row} are {logits[row]}")
    if len(logits) and (logits >= 0).all() and np.allclose(logits.sum(axis=1), 1, 0, _SUMS_TO_ONE):
        raise ValueError(
            f"{name} must give logits, and gives probabilities: no entry is negative, and every "
            "row adds up to 1. Leave out the softmax at its end, or give their logarithms"
        )


def _check_classes(count: int, graph: Graph, name: str) -> None:
    if graph.class_names is not None and len(graph.class_names) != count:
        raise ValueError(
            f"{name} has {count} classes, and the graph {len(graph.class_names)}: "
            f"{list(graph.class_names)[:10]}"
        )
    labels = graph.labels
    if labels is None or labels.ndim != 1 or labels.dtype.kind != "i" or not len(labels):
        return
    if labels.max() >= count:
        raise ValueError(
            f"{name} has {count} classes, numbered from 0, and the graph has the label "
            f"{int(labels.max())}"
        )
