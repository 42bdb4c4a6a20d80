"""Where to cut: how far edges from a weight on join nodes of one class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class FromWeight(NamedTuple):
    """The edges of at least a weight.

    Attributes:
        weight: the weight.
        edges: how many there are whose two ends are labeled.
        homophily: the share of them that join one class.
    """

    weight: float
    edges: int
    homophily: float


def table_by_weight(weights: np.ndarray, equal: np.ndarray, parts: int = 5) -> list[FromWeight]:
    """Of weights that leave about equal shares of the edges out: what is left.

    Args:
        weights: `[n]`, of edges whose two ends are labeled.
        equal: bool `[n]`, whether they are of one class.
        parts: how many weights to look at; fewer where many edges weigh the same.

    Returns:
        A row for each, from the smallest weight, which leaves out none.

    Example:

    >>> for row in table_by_weight(np.array([3.0, 1, 1, 2]), np.array([True, False, True, True])):
    ...     print(*row)
    1.0 4 0.75
    2.0 2 1.0
    3.0 1 1.0
    """
    if not weights.size:
        return []
    ascending = np.argsort(weights, kind="stable")
    sorted_weights, right = weights[ascending], np.cumsum(equal[ascending])
    cuts = np.unique(sorted_weights[(np.arange(parts) * weights.size) // parts])
    rows = []
    for start in np.searchsorted(sorted_weights, cuts).tolist():
        left = weights.size - start
        agree = int(right[-1]) - (int(right[start - 1]) if start else 0)
        rows.append(FromWeight(float(sorted_weights[start]), left, agree / left))
    return rows
