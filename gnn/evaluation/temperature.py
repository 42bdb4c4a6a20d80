"""The temperature that makes probabilities as sure as they are right."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq

from gnn.evaluation.answers import as_classes, as_scores, softmax


def fit_temperature(logits: Any, labels: Any) -> float:
    """Finds the temperature T of `softmax(logits / T)` on nodes that were not trained on.

    Temperature scaling (Guo et al. 2017, "On calibration of modern neural networks", ICML, section
    4.2) changes no answer, for T is one number: only how sure it is. With b = 1 / T and n nodes,
    b minimizes

        sum_i (log sum_c exp(b z_ic) - b z_iy) + b - log b,

    the negative log-likelihood and a prior `b exp(-b)`, whose mode is to change nothing. The prior
    weighs as much as one node: hundreds of nodes outvote it, and where all of a few are right, the
    likelihood alone would ask for T = 0. The sum is convex in b, and goes to infinity at both ends;
    so there is one minimum, which is where the derivative changes its sign.

    Args:
        logits: `[n, num_classes]`, finite.
        labels: integers `[n]`, the true classes.

    Returns:
        T, above 0 and finite. More than 1 says that the logits are too sure.

    Raises:
        TypeError: the labels are no integers.
        ValueError: there are no nodes, or shapes and numbers are not as said.

    Example:

    >>> logits = np.tile([0.0, 4.0], (1000, 1))  # Sure to 98%, and right in 73 of 100.
    >>> round(fit_temperature(logits, (np.arange(1000) % 100 < 73).astype(int)), 2)
    4.01
    """
    scores = as_scores("logits", logits)
    labels = as_classes("labels", labels, scores.shape[1], len(scores))
    # The softmax and its derivative do not change, and nothing overflows.
    scores = scores - scores.max(axis=1, keepdims=True)
    of_truth = scores[np.arange(len(labels)), labels].sum()

    def slope(exponent: float) -> float:
        """By `log b`, in which numbers of any size are near."""
        b = np.exp(exponent)
        expected = np.einsum("ij,ij->", softmax(b * scores), scores)
        return float(b * (expected - of_truth + 1) - 1)

    low = high = 0.0
    while slope(low) > 0:
        low, high = low - 1, low
    while slope(high) < 0:
        low, high = high, high + 1
    return float(np.exp(-brentq(slope, low, high, xtol=1e-10)))
