"""Measures of association: numbers by hand, their limits, and what they have in common."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gnn.configs.sessions import WEIGHTINGS
from gnn.edges.sessions.pair_weights import WEIGH, PairCounts

# Pairs of items of 2 and 4 of 8 sessions that meet in 2; of 4 and 4 that meet in 2, as by chance;
# of 8 and 8, always together.
PAIRS = PairCounts(
    np.array([2.0, 2.0, 8.0]),
    (np.array([0, 1, 2]), np.array([1, 1, 2])),
    np.array([2.0, 4.0, 8.0]),
    8.0,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("count", [2, 2, 8]),
        ("cosine", [2 / math.sqrt(8), 0.5, 1]),
        ("jaccard", [2 / 4, 2 / 6, 1]),
        ("lift", [2, 1, 1]),
        ("ppmi", [math.log(2), 0, 0]),
        ("npmi", [math.log(2) / math.log(4), 0, 1]),
        ("rate", [0.5, 0.5, 1]),
        # 2 ln(1 + 6.5 / 2.5) ln(1 + 4.5 / 4.5), 2 ln(2) ln(2) and 8 ln(1 + 0.5 / 8.5) squared.
        (
            "bm25",
            [2 * math.log(3.6) * math.log(2), 2 * math.log(2) ** 2, 8 * math.log(9 / 8.5) ** 2],
        ),
    ],
)
def test_by_hand(name: str, expected: list[float]) -> None:
    np.testing.assert_allclose(WEIGH[name](PAIRS), expected, rtol=1e-12, atol=1e-15)


def test_every_weighting_of_the_configuration_is_there() -> None:
    assert (*WEIGH, "swing") == WEIGHTINGS  # Which knows more than counts.


@pytest.mark.parametrize("name", sorted(WEIGH))
def test_finite_symmetric_and_growing_with_the_count(name: str) -> None:
    rng = np.random.default_rng(0)
    senders, receivers = rng.integers(1, 50, (2, 500)).astype(float)
    together = np.ceil(rng.uniform(size=500) * np.minimum(senders, receivers))
    held = np.concatenate([senders, receivers])
    ends = np.arange(500), np.arange(500, 1000)
    weigh = WEIGH[name]
    weights = weigh(PairCounts(together, ends, held, 100.0))
    assert np.isfinite(weights).all() and (weights >= 0).all()
    back = weigh(PairCounts(together, ends[::-1], held, 100.0))
    if name != "rate":
        np.testing.assert_allclose(back, weights, rtol=1e-12)
    more = np.minimum(together + 1, np.minimum(senders, receivers))
    assert (weigh(PairCounts(more, ends, held, 100.0)) >= weights - 1e-12).all()
    if name in ("cosine", "jaccard", "npmi", "rate"):
        assert weights.max() <= 1 + 1e-12
