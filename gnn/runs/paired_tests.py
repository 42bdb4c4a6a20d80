"""Whether two settings differ by more than chance, on the same nodes and the same seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats


def over_nodes(
    one: Mapping[str, float], other: Mapping[str, float]
) -> tuple[int, int, float | None]:
    """The exact McNemar test of two settings on the same nodes (McNemar, 1947).

    Of the nodes on which they differ, each is as likely to be right as the other where there is no
    difference: a binomial test with p = 1/2, two-sided. Of several seeds, a node counts for the
    setting that more of its runs get right, so that each node counts once, and the test is the sign
    test over nodes.

    Args:
        one: the id of a node to how many runs are right.
        other: of the same nodes.

    Returns:
        On how many nodes the first is better, on how many the other, and the probability of a
        difference as large by chance; None where they differ nowhere.

    Example:

    >>> over_nodes({"a": 1, "b": 1, "c": 1, "d": 0}, {"a": 0, "b": 0, "c": 0, "d": 0})
    (3, 0, 0.25)
    """
    wins = sum(one[node] > other[node] for node in one)
    losses = sum(one[node] < other[node] for node in one)
    if not wins + losses:
        return 0, 0, None
    found = stats.binomtest(wins, wins + losses, 0.5)
    return wins, losses, float(found.pvalue)


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
