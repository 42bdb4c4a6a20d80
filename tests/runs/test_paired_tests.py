"""The paired tests against figures worked by hand, and against SciPy."""

from __future__ import annotations

import itertools

import numpy as np
from scipy import stats

from gnn.runs.paired_tests import holm, over_nodes, over_seeds


def test_mcnemar_counts_only_nodes_that_differ() -> None:
    one = dict(zip("abcdefgh", [1, 1, 1, 1, 1, 0, 1, 0], strict=True))
    other = dict(zip("abcdefgh", [0, 0, 0, 0, 0, 1, 1, 0], strict=True))
    wins, losses, p = over_nodes(one, other)
    assert (wins, losses) == (5, 1)
    # Of six fair coins, five or six heads, or one or none: 2 (6 + 1) / 64.
    np.testing.assert_allclose(p, 14 / 64)
    assert over_nodes({"a": 1}, {"a": 1}) == (0, 0, None)


def test_of_several_seeds_all_signs_are_counted() -> None:
    # Five nodes better by one run, and two worse by five: the mean speaks for the other.
    one = dict(zip("abcdefg", [1, 1, 1, 1, 1, 0, 0], strict=True))
    other = dict(zip("abcdefg", [0, 0, 0, 0, 0, 5, 5], strict=True))
    wins, losses, p = over_nodes(one, other)
    assert (wins, losses) == (5, 2)
    sizes = np.array([1, 1, 1, 1, 1, 5, 5])
    sums = np.array(list(itertools.product([-1, 1], repeat=7))) @ sizes
    np.testing.assert_allclose(p, np.mean(np.abs(sums) >= 5))
    # Many more nodes than can be counted out, of one run each: the binomial of the signs.
    nodes = range(400)
    ones, zeros = {n: int(n < 230) for n in nodes}, {n: int(n >= 230) for n in nodes}
    np.testing.assert_allclose(over_nodes(ones, zeros)[2], stats.binomtest(230, 400).pvalue)


def test_t_of_pairs_is_scipys() -> None:
    one, other = [0.81, 0.8, 0.85, 0.79], [0.78, 0.79, 0.8, 0.8]
    np.testing.assert_allclose(over_seeds(one, other), stats.ttest_rel(one, other).pvalue)
    assert over_seeds([0.8], [0.7]) is None
    assert over_seeds([0.8, 0.9], [0.7, 0.8]) is None  # All differences are equal.


def test_holm_by_hand() -> None:
    # 0.01 * 3, 0.02 * 2, and 0.03 * 1, which may not be below the one before it.
    np.testing.assert_allclose(holm([0.02, 0.03, 0.01]), [0.04, 0.04, 0.03])
    assert holm([None, 0.9, 0.8]) == [None, 1.0, 1.0]
