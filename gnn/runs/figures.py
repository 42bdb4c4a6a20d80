"""The figures of a classifier on some nodes, as plain values under stable keys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gnn.evaluation.calibration import Calibration
from gnn.evaluation.confusion import most_confused
from gnn.evaluation.intervals import share_interval
from gnn.evaluation.judgement import Judgement, judge_answers
from gnn.evaluation.neighborhoods import neighbor_counts, neighbor_homophily
from gnn.evaluation.slices import Slice
from gnn.graphs.graph import Graph

# A matrix of more classes is long, and all but empty.
MOST_IN_MATRIX = 100


class Surroundings:
    """How many neighbors the nodes of a graph have, and of which class; found once.

    Args:
        graph: with labels, the true classes.
    """

    def __init__(self, graph: Graph):
        assert graph.labels is not None
        self._has_edges = graph.num_edges > 0
        if self._has_edges:
            edges = graph.senders, graph.receivers, graph.weights
            self._degrees = neighbor_counts(*edges, graph.num_nodes)
            self._homophily = neighbor_homophily(*edges, graph.labels)

    def of(self, nodes: np.ndarray) -> dict[str, Any]:
        """What `judge_answers` takes of some nodes; nothing where the graph has no edges."""
        if not self._has_edges:
            return {}
        return {"degrees": self._degrees[nodes], "homophily": self._homophily[nodes]}


def judged(
    logits: np.ndarray,
    graph: Graph,
    nodes: np.ndarray,
    surroundings: Surroundings,
    temperature: float | None,
) -> Judgement | None:
    """Judges the answers on some labeled nodes; None where logits are not finite.

    Args:
        logits: `[n, num_classes]`, of these nodes.
        graph: with labels.
        nodes: `[n]`.
        surroundings: of the graph.
        temperature: as `gnn.evaluation.judge_answers` takes it.
    """
    assert graph.labels is not None
    if not np.isfinite(logits).all():
        return None
    found = surroundings.of(nodes)
    return judge_answers(logits, graph.labels[nodes], temperature=temperature, **found)


def as_figures(found: Judgement, class_names: Sequence[str]) -> dict[str, Any]:
    """A judgement as JSON has it: what is undefined is None, and never NaN.

    Args:
        found: on some nodes.
        class_names: by number.

    Returns:
        - `nodes`, and `interval`: of the accuracy;
        - `macro` and `weighted`: means of `precision`, `recall` and `f1`;
        - `classes`: a dict each, of `class`, `nodes`, `predicted`, `precision`, `recall`, `f1`;
        - `confusion`: a row a true class, a column a class given; None of more than 100 classes;
        - `most_confused`: `class`, `given` and `nodes` of up to ten pairs;
        - `calibration`: `before` and, with the `temperature`, `after`: a dict each, of `error`,
          `negative_log_likelihood`, `brier` and `bins`;
        - `by_degree` and `by_homophily`: a dict a slice, of `name`, `low`, `high`, `nodes`,
          `accuracy`, `interval`; None where there are no edges.

    Example:

    >>> found = as_figures(judge_answers([[2.0, 0.0], [1.0, 0.0]], [0, 1]), ["cat", "dog"])
    >>> found["nodes"], found["confusion"], found["most_confused"]
    (2, [[1, 0], [1, 0]], [{'class': 'dog', 'given': 'cat', 'nodes': 1}])
    >>> found["classes"][1]["precision"] is None, found["by_degree"] is None
    (True, True)
    """
    of_classes = found.classes
    each = zip(
        class_names,
        of_classes.support.tolist(),
        of_classes.predicted.tolist(),
        *(map(_number, part) for part in (of_classes.precision, of_classes.recall, of_classes.f1)),
        strict=True,
    )
    keys = ("class", "nodes", "predicted", "precision", "recall", "f1")
    is_small = len(class_names) <= MOST_IN_MATRIX
    return {
        "nodes": len(found.right),
        "interval": list(found.interval),
        "macro": of_classes.macro,
        "weighted": of_classes.weighted,
        "classes": [dict(zip(keys, row, strict=True)) for row in each],
        "confusion": found.confusion.toarray().tolist() if is_small else None,
        "most_confused": [
            {"class": class_names[a], "given": class_names[b], "nodes": nodes}
            for a, b, nodes in most_confused(found.confusion)
        ],
        "calibration": {
            "temperature": found.temperature,
            "before": _calibration(found.calibration),
            "after": None if found.calibrated is None else _calibration(found.calibrated),
        },
        "by_degree": _slices(found.by_degree),
        "by_homophily": _slices(found.by_homophily),
    }


def _calibration(found: Calibration) -> dict[str, Any]:
    bins = []
    for k, nodes in enumerate(found.counts.tolist()):
        accuracy = _number(found.accuracy[k])
        bins.append(
            {
                "low": float(found.edges[k]),
                "high": float(found.edges[k + 1]),
                "nodes": nodes,
                "confidence": _number(found.confidence[k]),
                "accuracy": accuracy,
                "interval": None if accuracy is None else list(share_interval(accuracy, nodes)),
            }
        )
    return {
        "error": found.error,
        "negative_log_likelihood": found.negative_log_likelihood,
        "brier": found.brier,
        "bins": bins,
    }


def _slices(found: Sequence[Slice] | None) -> list[dict[str, Any]] | None:
    if found is None:
        return None
    return [
        {
            "name": part.name,
            "low": part.low,
            "high": part.high,
            "nodes": part.nodes,
            "accuracy": part.accuracy,
            "interval": None if part.interval is None else list(part.interval),
        }
        for part in found
    ]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
