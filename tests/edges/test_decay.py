"""Weights by age: numbers by hand, and what is no time."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

from gnn.edges.decay import as_text, decayed_weights

DAY = 86400


@pytest.mark.parametrize(
    "times",
    [
        ["2026-01-01", "2026-01-02", "2026-01-03"],
        np.array(["2026-01-01", "2026-01-02", "2026-01-03"], "datetime64[D]"),
        [datetime.date(2026, 1, day) for day in (1, 2, 3)],
        np.array([0, 1, 2]) * DAY,
    ],
)
def test_a_weight_halves_with_each_half_life(times: Any) -> None:
    assert decayed_weights([4, 4, 4], times, "1d").tolist() == [1, 2, 4]
    assert decayed_weights(None, times, 2 * DAY)[0] == 0.5


def test_now_is_the_latest_time_or_a_later_one() -> None:
    times = ["2026-01-01", "2026-01-02"]
    assert decayed_weights([8, 8], times, "1d", now="2026-01-04").tolist() == [1, 2]
    with pytest.raises(ValueError, match="after now, 2026-01-01; got 2026-01-02, and 1 of 2"):
        decayed_weights([8, 8], times, "1d", now="2026-01-01")


def test_what_is_too_old_weighs_nothing_but_something_has_to_be_left() -> None:
    assert decayed_weights([1, 1], [0, 200], 1).tolist() == [0, 1]
    with pytest.raises(ValueError, match="half_life of 1 seconds leaves no edge a weight"):
        decayed_weights([1, 1], [0, 1], 1, now=DAY)
    assert decayed_weights([], [], 1).tolist() == []


@pytest.mark.parametrize(
    ("times", "half_life", "message"),
    [
        (["2026-01-01", "soon"], "1d", r"times\[1\]: time 'soon' is neither seconds nor ISO 8601"),
        ([0.0, np.nan], "1d", r"times\[1\]: no time"),
        ([0, 1], 0, "half_life must be above 0"),
        ([0, 1], "1 month", "half_life must be a number and one of s, sec, min"),
        ([0, 1, 2], "1d", "times and weights must have equal lengths|weights"),
    ],
)
def test_what_is_no_age_is_named(times: Any, half_life: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decayed_weights([1, 1], times, half_life)


def test_times_are_shown_as_dates() -> None:
    assert as_text(DAY / 2) == "1970-01-01T12:00:00"
