"""How far a share may be off, and how far two of them differ on the same nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn.evaluation import paired_difference, share_interval


@pytest.mark.parametrize(
    ("share", "count", "low", "high"),
    # By Wilson's formula: none of four, z^2 / (n + z^2) = 3.8416 / 7.8416; half of four as in the
    # docstring; all of one, 1 / (1 + z^2).
    [(0.0, 4, 0.0, 0.4899), (0.5, 4, 0.1500, 0.8500), (1.0, 1, 0.2065, 1.0)],
)
def test_interval_of_a_share(share: float, count: int, low: float, high: float) -> None:
    assert share_interval(share, count) == pytest.approx((low, high), abs=1e-4)


def test_interval_is_that_of_scipy() -> None:
    from scipy.stats import binomtest

    found = binomtest(37, 120).proportion_ci(method="wilson")
    assert share_interval(37 / 120, 120) == pytest.approx((found.low, found.high), abs=1e-4)


def test_an_interval_holds_its_share() -> None:
    for count in range(1, 400):
        assert share_interval(0.0, count)[0] == 0 and share_interval(1.0, count)[1] == 1


@pytest.mark.parametrize(("share", "count"), [(1.5, 4), (-0.1, 4), (float("nan"), 4), (0.5, 0)])
def test_no_share(share: float, count: int) -> None:
    with pytest.raises(ValueError, match="^(share must be from 0 to 1|count must be at least 1), "):
        share_interval(share, count)


def paired(both: int, only_one: int, only_other: int, neither: int) -> Any:
    one = [True] * (both + only_one) + [False] * (only_other + neither)
    other = [True] * both + [False] * only_one + [True] * only_other + [False] * neither
    return paired_difference(np.array(one), np.array(other))


def test_difference_by_hand() -> None:
    """Ten nodes: one is right about 8, the other about 5, and both about 5.

    Wilson: 8 of 10 is 0.4902 to 0.9433, 5 of 10 is 0.2366 to 0.7634. phi = (5 * 2 - 3 * 0 - 10 / 2)
    / sqrt(8 * 2 * 5 * 5) = 5 / 20. So below the difference of 0.3 lie sqrt(0.3098^2 - 2 phi 0.3098
    * 0.2634 + 0.2634^2) = 0.3529, above it sqrt(0.1433^2 - 2 phi 0.1433 * 0.2634 + 0.2634^2) =
    0.2665.
    """
    assert paired(5, 3, 0, 2) == pytest.approx((0.3, 0.3 - 0.3529, 0.3 + 0.2665), abs=2e-4)


def test_answers_that_agree_differ_by_less_than_two_intervals_say() -> None:
    _, low, high = paired(80, 10, 0, 10)
    _, apart_low, apart_high = paired(72, 18, 8, 2)  # The same shares, all but independent.
    assert 0 < low < high and high - low < apart_high - apart_low


def test_differences_have_a_sign_and_keep_within_bounds() -> None:
    difference, low, high = paired(3, 5, 1, 4)
    assert paired(3, 1, 5, 4) == pytest.approx((-difference, -high, -low))
    assert paired(0, 1, 0, 0) == (1.0, pytest.approx(1 - np.hypot(0.7935, 0.7935), abs=1e-4), 1.0)
    difference, low, high = paired(7, 0, 0, 0)
    assert difference == 0 and low == -high and 0 < high < 0.5


def test_difference_wants_truths_of_the_same_nodes() -> None:
    with pytest.raises(
        ValueError, match=r"^one must be a truth a node, bool \[n\]; got int64\[2\]"
    ):
        paired_difference([1, 0], [True, False])
    with pytest.raises(ValueError, match="of the same nodes, at least one; got 1 and 2"):
        paired_difference([True], [True, False])
    with pytest.raises(ValueError, match="of the same nodes, at least one; got 0 and 0"):
        paired_difference(np.zeros(0, bool), np.zeros(0, bool))
