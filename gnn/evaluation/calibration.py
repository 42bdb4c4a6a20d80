"""Whether a classifier is right as often as its probabilities say."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gnn.configs.arguments import check_count
from gnn.evaluation.answers import as_classes, as_scores

# Guo et al. 2017 have as many.
BINS = 15


@dataclasses.dataclass(frozen=True, eq=False)
class Calibration:
    """How far probabilities are from shares of right answers.

    The confidence of an answer is the probability of the class it gives, the largest.

    Attributes:
        error: the expected calibration error, `sum_b n_b / n |accuracy_b - confidence_b|`; 0 is
            best.
        negative_log_likelihood: the mean of `-log p`, p of the true class.
        brier: the mean of `sum_c (p_c - y_c)^2`, from 0 to 2.
        edges: float64 `[bins + 1]`: bin b has the confidences above `edges[b]` and up to
            `edges[b + 1]`, all equally wide.
        counts: int64 `[bins]`, the nodes of each.
        confidence: float64 `[bins]`, their mean confidence; NaN of an empty bin.
        accuracy: float64 `[bins]`, the share of them that is right; NaN of an empty bin.
    """

    error: float
    negative_log_likelihood: float
    brier: float
    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray


def calibration(labels: Any, probabilities: Any, bins: int = BINS) -> Calibration:
    """Compares probabilities with how often they are right.

    The expected calibration error is that of Naeini, Cooper and Hauskrecht 2015, "Obtaining well
    calibrated probabilities using Bayesian binning", with the bins of Guo et al. 2017, "On
    calibration of modern neural networks". It is biased upward for few nodes: of n nodes in a
    bin, chance alone makes accuracy and confidence differ by some `sqrt(p (1 - p) / n)`.

    Args:
        labels: integers `[n]`, the true classes.
        probabilities: `[n, num_classes]`, each row adds up to 1. A true class of probability 0
            counts with the smallest normal number in the likelihood, which stays finite.
        bins: how many bins the confidences have.

    Raises:
        TypeError: the labels or `bins` are no integers.
        ValueError: rows are no probabilities, there are no nodes, or a label is out of range.

    Example:

    >>> found = calibration([0, 1, 1, 0], [[0.8, 0.2], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]], bins=2)
    >>> found.counts.tolist(), found.accuracy.tolist(), round(found.error, 3)
    ([0, 4], [nan, 0.5], 0.225)
    """
    shares = as_scores("probabilities", probabilities)
    # float16 adds up to 1 within a thousandth, of very many classes within a few.
    if shares.min() < 0 or abs(shares.sum(axis=1) - 1).max() > 0.01:
        wrong = int(np.argmax((shares < 0).any(axis=1) | (abs(shares.sum(axis=1) - 1) > 0.01)))
        raise ValueError(
            f"each row of probabilities must be shares that add up to 1; row {wrong} has "
            f"{shares[wrong].min():.3g} at least and adds up to {shares[wrong].sum():.3g}"
        )
    labels = as_classes("labels", labels, shares.shape[1], len(shares))
    check_count("bins", bins, 1)
    rows = np.arange(len(labels))
    confidence = np.minimum(shares.max(axis=1), 1.0)
    right = shares.argmax(axis=1) == labels
    of_truth = shares[rows, labels]
    likelihood = np.log(np.maximum(of_truth, np.finfo(np.float64).tiny))
    edges = np.arange(bins + 1) / bins
    # A confidence on an edge belongs to the bin below it.
    places = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    filled = counts > 0

    def mean(values: np.ndarray) -> np.ndarray:
        total = np.bincount(places, weights=values, minlength=bins)
        return np.divide(total, counts, out=np.full(bins, np.nan), where=filled)

    confidences, accuracies = mean(confidence), mean(right.astype(np.float64))
    gaps = abs(accuracies - confidences)[filled]
    return Calibration(
        error=float(gaps @ counts[filled] / len(labels)),
        negative_log_likelihood=float(-likelihood.mean()),
        # sum_c (p_c - y_c)^2 = sum_c p_c^2 - 2 p_y + 1
        brier=float(np.mean(np.einsum("ij,ij->i", shares, shares) - 2 * of_truth + 1)),
        edges=edges,
        counts=counts.astype(np.int64),
        confidence=confidences,
        accuracy=accuracies,
    )
