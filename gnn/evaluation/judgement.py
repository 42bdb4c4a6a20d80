"""All that is said of a classifier's answers on some nodes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from scipy import sparse

from gnn.evaluation.answers import as_classes, as_scores, softmax
from gnn.evaluation.calibration import Calibration, calibration
from gnn.evaluation.class_figures import ClassFigures, class_figures
from gnn.evaluation.confusion import confusion_matrix
from gnn.evaluation.intervals import share_interval
from gnn.evaluation.slices import Slice, accuracy_by_degree, accuracy_by_homophily


@dataclasses.dataclass(frozen=True, eq=False)
class Judgement:
    """What is said of a classifier's answers on some nodes.

    Attributes:
        right: bool `[n]`, which nodes it is right about.
        confusion: `[num_classes, num_classes]`, as `gnn.evaluation.confusion_matrix` returns it.
        classes: precision, recall and F1.
        calibration: of `softmax(logits)`.
        calibrated: of `softmax(logits / temperature)`; None where no temperature is known.
        temperature: that one, or None.
        by_degree: accuracy by the number of neighbors; None where it was not given.
        by_homophily: accuracy by the homophily of the neighborhood; likewise.
    """

    right: np.ndarray
    confusion: sparse.csr_array
    classes: ClassFigures
    calibration: Calibration
    calibrated: Calibration | None = None
    temperature: float | None = None
    by_degree: tuple[Slice, ...] | None = None
    by_homophily: tuple[Slice, ...] | None = None

    @property
    def accuracy(self) -> float:
        """The share of the nodes that it is right about."""
        return float(np.mean(self.right))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the accuracy, by `gnn.evaluation.share_interval`."""
        return share_interval(self.accuracy, len(self.right))


def judge_answers(
    logits: Any,
    labels: Any,
    *,
    temperature: float | None = None,
    degrees: Any = None,
    homophily: Any = None,
) -> Judgement:
    """Judges a classifier's answers on some nodes.

    Args:
        logits: `[n, num_classes]`, finite. The class of the largest is the answer; of several
            largest, the first.
        labels: integers `[n]`, the true classes.
        temperature: as `gnn.evaluation.fit_temperature` finds it on other nodes.
        degrees: integers `[n]`, as `gnn.evaluation.neighbor_counts` counts them.
        homophily: float `[n]`, as `gnn.evaluation.neighbor_homophily` returns it.

    Raises:
        TypeError: the labels are no integers.
        ValueError: shapes and numbers are not as said, or there are no nodes.

    Example:

    >>> found = judge_answers([[2.0, 0.0], [2.0, 0.0], [0.0, 1.0]], [0, 1, 1], degrees=[1, 1, 0])
    >>> found.right.tolist(), found.confusion.toarray().tolist()
    ([True, False, True], [[1, 0], [1, 1]])
    >>> [part.accuracy for part in found.by_degree]
    [1.0, 0.5]
    """
    scores = as_scores("logits", logits)
    labels = as_classes("labels", labels, scores.shape[1], len(scores))
    answers = scores.argmax(axis=1)
    right = answers == labels
    confusion = confusion_matrix(labels, answers, scores.shape[1])
    calibrated = None
    if temperature is not None:
        calibrated = calibration(labels, softmax(scores, temperature))
    return Judgement(
        right=right,
        confusion=confusion,
        classes=class_figures(confusion),
        calibration=calibration(labels, softmax(scores)),
        calibrated=calibrated,
        temperature=temperature,
        by_degree=None if degrees is None else accuracy_by_degree(right, degrees),
        by_homophily=None if homophily is None else accuracy_by_homophily(right, homophily),
    )
