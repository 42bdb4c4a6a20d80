"""How well each class is found."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from scipy import sparse


@dataclasses.dataclass(frozen=True, eq=False)
class ClassFigures:
    """Precision, recall and F1 of each class, and their means; NaN where there is no such figure.

    Attributes:
        precision: float64 `[num_classes]`, of the nodes that were given the class, the share that
            has it; NaN of a class that is never given.
        recall: of the nodes that have the class, the share that was given it; NaN of a class
            without nodes.
        f1: `2 TP / (2 TP + FP + FN)`, the harmonic mean of both; NaN of a class that no node has
            and none was given.
        support: int64 `[num_classes]`, the nodes that have the class.
        predicted: int64 `[num_classes]`, the nodes that were given it.
        macro: `"precision"`, `"recall"` and `"f1"`, the mean over the classes that have nodes. A
            class that is never given counts there with a precision of 0.
        weighted: the same, each class weighed by its nodes. The recall is the accuracy.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray
    predicted: np.ndarray
    macro: dict[str, float]
    weighted: dict[str, float]


def class_figures(matrix: Any) -> ClassFigures:
    """Precision, recall and F1 of each class.

    Args:
        matrix: `[num_classes, num_classes]`, as `gnn.evaluation.confusion_matrix` returns it.

    Raises:
        ValueError: it is no square matrix, or counts no nodes.

    Example:

    >>> from gnn.evaluation.confusion import confusion_matrix
    >>> found = class_figures(confusion_matrix([0, 0, 1, 2], [0, 1, 1, 1], num_classes=3))
    >>> found.precision.round(2).tolist(), found.recall.tolist()
    ([1.0, 0.33, nan], [0.5, 1.0, 0.0])
    >>> round(found.macro["precision"], 2), found.weighted["recall"]
    (0.44, 0.5)
    """
    counts = sparse.csr_array(matrix)
    if counts.shape[0] != counts.shape[1] or not counts.sum():
        raise ValueError(
            f"matrix must be square and count at least one node; got shape {list(counts.shape)} "
            f"and {counts.sum()} nodes"
        )
    right = counts.diagonal().astype(np.int64)
    support = np.asarray(counts.sum(axis=1)).astype(np.int64)
    predicted = np.asarray(counts.sum(axis=0)).astype(np.int64)
    each = {
        "precision": _share(right, predicted),
        "recall": _share(right, support),
        "f1": _share(2 * right, support + predicted),
    }
    there = support > 0
    kept = {name: np.nan_to_num(values[there], nan=0.0) for name, values in each.items()}
    weights = support[there] / support.sum()
    return ClassFigures(
        **each,
        support=support,
        predicted=predicted,
        macro={name: float(values.mean()) for name, values in kept.items()},
        weighted={name: float(values @ weights) for name, values in kept.items()},
    )


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
