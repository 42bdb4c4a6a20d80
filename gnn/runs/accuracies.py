"""Accuracies of several runs: mean, standard error, and how sure few nodes can be."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from gnn.runs.figure_texts import accuracy_interval, nodes_text


@dataclasses.dataclass(frozen=True)
class OverRuns:
    """A figure of several runs of one setting.

    Attributes:
        each: a number a run.

    Example:

    >>> found = OverRuns((0.1, 0.3))
    >>> round(found.mean, 3), round(found.standard_error, 3)
    (0.2, 0.1)
    """

    each: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Of all runs."""
        return math.fsum(self.each) / len(self.each)

    @property
    def standard_error(self) -> float | None:
        """Of the mean, over the runs; None for a single one."""
        if len(self.each) == 1:
            return None
        return float(np.std(self.each, ddof=1) / math.sqrt(len(self.each)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "mean": self.mean,
            "standard_error": self.standard_error,
            "each": list(self.each),
        }


@dataclasses.dataclass(frozen=True)
class Accuracies(OverRuns):
    """The accuracies of runs of one setting on one split.

    Attributes:
        nodes: how many different nodes they rest on.

    Example:

    >>> found = Accuracies((0.8, 0.9), 20)
    >>> round(found.mean, 3), round(found.standard_error, 3)
    (0.85, 0.05)
    >>> str(found)
    '0.8500 ± 0.0500 (0.640 to 0.948 of 20 nodes)'
    """

    nodes: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of a share that was counted on so many nodes."""
        return accuracy_interval(self.mean, self.nodes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**super().to_dict(), "nodes": self.nodes, "interval": list(self.interval)}

    def __str__(self) -> str:
        """As a person reads it."""
        error = "" if self.standard_error is None else f" ± {self.standard_error:.4f}"
        return f"{self.mean:.4f}{error} {nodes_text(self.mean, self.nodes)}"
