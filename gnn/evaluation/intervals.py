"""How far a share that was counted may be off, and how far the difference of two."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_Z95 = 1.96


def share_interval(share: float, count: int) -> tuple[float, float]:
    """The 95% interval of a share that was counted, such as an accuracy (Wilson 1927).

    With z = 1.96, n the count and p the share: (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2))
    / (1 + z^2 / n). It stays within 0 and 1, and has a width where all are right.

    Args:
        share: 0 to 1.
        count: of how many, at least 1.

    Raises:
        ValueError: the share is none, or the count is less than 1.

    Example:

    >>> low, high = share_interval(0.5, 4)
    >>> round(low, 3), round(high, 3)
    (0.15, 0.85)
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must be from 0 to 1, got {share}")
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    square = _Z95**2 / count
    middle = share + square / 2
    half = _Z95 * math.sqrt(share * (1 - share) / count + square / (4 * count))
    low, high = (middle - half) / (1 + square), (middle + half) / (1 + square)
    # Of none and of all, an end is the share itself, which rounding may miss.
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def paired_difference(one: Any, other: Any) -> tuple[float, float, float]:
    """The difference of two accuracies on the same nodes, with its 95% interval.

    Both are right or wrong about the same nodes, so it counts how often they differ; two intervals
    beside each other would not say it. The interval is that of Newcombe 1998, "Improved confidence
    intervals for the difference between binomial proportions based on paired data", method 10: of
    the two Wilson intervals, less what the answers have in common (their correlation phi, corrected
    for continuity). It needs no draws, holds for few nodes, and stays within -1 and 1.

    Args:
        one: bool `[n]`, which nodes one model is right about.
        other: the same of the other model.

    Returns:
        The accuracy of `one` less that of `other`, and the ends of the interval.

    Raises:
        ValueError: they are no truth a node, of the same nodes, or there are no nodes.

    Example:

    >>> one, other = np.arange(50) < 45, np.arange(50) < 35
    >>> [round(value, 3) for value in paired_difference(one, other)]
    [0.2, 0.082, 0.324]
    """
    one, other = np.asarray(one), np.asarray(other)
    for name, value in (("one", one), ("other", other)):
        if value.dtype != bool or value.ndim != 1:
            raise ValueError(
                f"{name} must be a truth a node, bool [n]; got {value.dtype}{list(value.shape)}"
            )
    if one.shape != other.shape or not one.size:
        raise ValueError(
            f"both must be of the same nodes, at least one; got {one.size} and {other.size}"
        )
    n = one.size
    both, neither = int(np.sum(one & other)), int(np.sum(~one & ~other))
    only_one, only_other = int(np.sum(one & ~other)), int(np.sum(~one & other))
    first, second = float(np.mean(one)), float(np.mean(other))
    difference = (only_one - only_other) / n
    low_1, high_1 = share_interval(first, n)
    low_2, high_2 = share_interval(second, n)
    phi = _correlation(both, only_one, only_other, neither)

    def off(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))

    low = difference - off(first - low_1, high_2 - second)
    high = difference + off(high_1 - first, second - low_2)
    return difference, max(-1.0, low), min(1.0, high)


def _correlation(both: int, only_one: int, only_other: int, neither: int) -> float:
    """The phi of a table of two by two, as Newcombe takes it: nearer 0 where it is above."""
    product: float = both * neither - only_one * only_other
    margins = (
        (both + only_one) * (only_other + neither) * (both + only_other) * (only_one + neither)
    )
    if not margins:
        return 0.0
    if product > 0:
        total = both + only_one + only_other + neither
        product = max(product - total / 2, 0.0)
    return product / math.sqrt(margins)
