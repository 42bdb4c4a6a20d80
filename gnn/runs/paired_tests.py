"""Whether two settings differ by more than chance, on the same nodes and the same seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import signal, stats


def over_nodes(one: Mapping[str, int], other: Mapping[str, int]) -> tuple[int, int, float | None]:
    """The exact test of two settings on the same nodes: whether other nodes would say the same.

    With d_i in how many more runs the first is right about the node i, each sign of d_i is as
    likely as the other where there is no difference. The sum of all d_i, on which the difference of
    the mean accuracies rests, is compared with the sums of all choices of signs (Fisher, 1935),
    two-sided. Of one run each, that is the exact McNemar test (1947). A node counts once, however
    many seeds there are.

    Args:
        one: the id of a node to how many runs are right.
        other: of the same nodes.

    Returns:
        On how many nodes the first is better, on how many the other, and the probability of a sum
        as far from 0 by chance; None where they differ nowhere.

    Example:

    >>> over_nodes({"a": 1, "b": 1, "c": 1, "d": 0}, {"a": 0, "b": 0, "c": 0, "d": 0})
    (3, 0, 0.25)
    """
    differences = np.array([one[node] - other[node] for node in one], np.int64)
    differences = differences[differences != 0]
    wins = int((differences > 0).sum())
    if not len(differences):
        return 0, 0, None
    sums, chances = _sums_of_signs(np.abs(differences))
    chance = chances[np.abs(sums) >= abs(int(differences.sum()))].sum()
    return wins, len(differences) - wins, float(min(chance, 1.0))


def _sums_of_signs(sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sums of numbers with fair random signs, and the probability of each.

    Those of one size m have the sum m (2 b - n), where b of n are positive: a binomial. Sums of
    independent numbers have the convolution of their probabilities.
    """
    chances = np.ones(1)
    for size, count in zip(*np.unique(sizes, return_counts=True), strict=True):
        spread = np.zeros(int(size) * int(count) + 1)
        spread[:: int(size)] = stats.binom.pmf(np.arange(count + 1), count, 0.5)
        chances = np.maximum(signal.convolve(chances, spread), 0.0)
    total = int(sizes.sum())
    return np.arange(-total, total + 1, 2), chances


def over_seeds(one: Sequence[float], other: Sequence[float]) -> float | None:
    """The paired t test of the accuracies of the same seeds (Student, 1908), two-sided.

    With d the differences, t = mean(d) / (std(d) / sqrt(n)) has n - 1 degrees of freedom. It tells
    whether other seeds would say the same of these nodes; of other nodes it knows nothing.

    Returns:
        The probability of a difference as large by chance; None of fewer than two seeds, or where
        all differences are equal.

    Example:

    >>> round(over_seeds([0.8, 0.9, 0.85], [0.7, 0.7, 0.7]), 3)
    0.035
    """
    differences = np.asarray(one, float) - np.asarray(other, float)
    count = len(differences)
    # Differences of accuracies that are equal differ by rounding alone.
    if count < 2 or np.ptp(differences) < 1e-12:
        return None
    statistic = differences.mean() / (differences.std(ddof=1) / math.sqrt(count))
    return float(2 * stats.t.sf(abs(statistic), count - 1))


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Probabilities of several tests, made larger for being several (Holm, 1979).

    The smallest of n is multiplied by n, the next by n - 1, and none is below one before it.

    Example:

    >>> holm([0.04, None, 0.01])
    [0.04, None, 0.02]
    """
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    found: list[float | None] = [None] * len(values)
    least = 0.0
    for rank, (value, place) in enumerate(known):
        least = max(least, min(1.0, value * (len(known) - rank)))
        found[place] = least
    return found
