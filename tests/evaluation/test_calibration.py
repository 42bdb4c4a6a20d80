"""Whether probabilities hold, and the temperature that makes them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax

from gnn.evaluation import calibration, fit_temperature
from gnn.evaluation import softmax as our_softmax


def test_by_hand() -> None:
    # Four bins: two answers of 0.75 (on the edge, so in the third), one of 0.9, one of 0.5.
    shares = [[0.75, 0.25], [0.25, 0.75], [0.1, 0.9], [0.5, 0.5]]
    found = calibration([0, 0, 1, 1], shares, bins=4)
    np.testing.assert_allclose(found.edges, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_array_equal(found.counts, [0, 1, 2, 1])
    np.testing.assert_allclose(found.confidence, [np.nan, 0.5, 0.75, 0.9])
    np.testing.assert_allclose(found.accuracy, [np.nan, 0, 0.5, 1])
    # 1/4 * 0.5 + 2/4 * 0.25 + 1/4 * 0.1
    assert found.error == pytest.approx(0.275)
    likelihoods = [0.75, 0.25, 0.9, 0.5]
    assert found.negative_log_likelihood == pytest.approx(-np.mean(np.log(likelihoods)))
    # Of two classes each is 2 (1 - p)^2: (0.125 + 1.125 + 0.02 + 0.5) / 4
    assert found.brier == pytest.approx(0.4425)


def test_as_scikit_learn() -> None:
    from sklearn.metrics import brier_score_loss, log_loss

    rng = np.random.default_rng(0)
    shares, labels = softmax(rng.normal(size=[300, 5]), axis=1), rng.integers(0, 5, 300)
    found = calibration(labels, shares)
    assert found.negative_log_likelihood == pytest.approx(log_loss(labels, shares, labels=range(5)))
    theirs = brier_score_loss(labels, shares, labels=range(5), scale_by_half=False)
    assert found.brier == pytest.approx(theirs)


def test_reliability_is_that_of_scikit_learn() -> None:
    """Of two classes where the second always has more: its probability is the confidence."""
    from sklearn.calibration import calibration_curve

    rng = np.random.default_rng(1)
    sure = rng.uniform(0.5, 1, 400)
    labels = (rng.uniform(size=400) < 0.7).astype(int)
    found = calibration(labels, np.stack([1 - sure, sure], 1), bins=10)
    truth, predicted = calibration_curve(labels, sure, n_bins=10)
    filled = found.counts > 0
    np.testing.assert_allclose(found.accuracy[filled], truth)
    np.testing.assert_allclose(found.confidence[filled], predicted)


def test_a_probability_of_nothing_is_a_finite_likelihood() -> None:
    found = calibration([1], [[1.0, 0.0]])
    assert found.negative_log_likelihood == pytest.approx(-math.log(np.finfo(float).tiny))
    assert (found.error, found.brier) == (1.0, 2.0)


def test_half_precision_adds_up() -> None:
    shares = our_softmax(np.random.default_rng(0).normal(size=[9, 50]).astype(np.float16))
    assert shares.dtype == np.float16
    assert calibration(np.zeros(9, int), shares).counts.sum() == 9


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="add up to 1; row 1 has 0.5 at least and adds up to 1.1"):
        calibration([0, 0], [[0.5, 0.5], [0.5, 0.6]])
    with pytest.raises(ValueError, match="add up to 1; row 0 has -0.5 at least"):
        calibration([0], [[-0.5, 1.5]])
    with pytest.raises(ValueError, match="probabilities must be finite; row 0 is not"):
        calibration([0], [[np.nan, 1.0]])
    with pytest.raises(ValueError, match=r"at least one node and two classes; got \[1, 1\]"):
        calibration([0], [[1.0]])


def objective(b: float, logits: np.ndarray, labels: np.ndarray) -> float:
    likelihood = logsumexp(b * logits, axis=1) - b * logits[np.arange(len(labels)), labels]
    return float(likelihood.sum() + b - np.log(b))


@pytest.mark.parametrize("scale", [1e-3, 0.3, 1.0, 8.0, 1e4])
def test_temperature_is_where_the_sum_is_least(scale: float) -> None:
    rng = np.random.default_rng(0)
    logits = scale * rng.normal(size=[200, 4])
    labels = np.where(rng.uniform(size=200) < 0.6, logits.argmax(1), rng.integers(0, 4, 200))
    found = fit_temperature(logits, labels)
    near = minimize_scalar(
        lambda exponent: objective(np.exp(exponent), logits, labels),
        bounds=(-np.log(found) - 1, -np.log(found) + 1),
        method="bounded",
    )
    assert found == pytest.approx(np.exp(-near.x), rel=1e-3)
    for other in (0.1, 10):  # It is convex: nowhere else is less.
        assert objective(other / found, logits, labels) > near.fun


def test_many_nodes_outvote_the_prior() -> None:
    """Probabilities that hold at T = 2.5 are found again."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=[20_000, 3]) * 4
    shares = softmax(logits / 2.5, axis=1)
    labels = (rng.uniform(size=[20_000, 1]) > shares.cumsum(1)).sum(1)
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(2.5, rel=0.03)
    before, after = (calibration(labels, our_softmax(logits, t)) for t in (1.0, found))
    assert after.error < 0.2 * before.error
    assert after.negative_log_likelihood < before.negative_log_likelihood


def test_temperature_is_finite_where_all_are_right_or_wrong() -> None:
    logits = np.tile([3.0, 0.0], (20, 1))
    right = fit_temperature(logits, np.zeros(20, int))
    # 20 * 3 / (1 + e^3b) = 1 - 1/b
    b = 1 / right
    assert 60 / (1 + math.exp(3 * b)) == pytest.approx(1 - 1 / b)
    assert 0.4 < right < 1
    wrong = fit_temperature(logits, np.ones(20, int))
    assert 1 < wrong < np.inf
    assert fit_temperature([[0.0, 0.0]], [1]) == 1.0  # Nothing to scale.
    assert 0 < fit_temperature(logits * 1e200, np.ones(20, int)) < np.inf
    assert 0 < fit_temperature(logits * 1e-200, np.zeros(20, int)) < np.inf


def test_a_temperature_changes_no_answer() -> None:
    logits = np.random.default_rng(0).normal(size=[50, 6])
    for temperature in (0.1, 1.0, 30.0):
        shares = our_softmax(logits, temperature)
        np.testing.assert_array_equal(shares.argmax(1), logits.argmax(1))
        np.testing.assert_allclose(shares, softmax(logits / temperature, axis=1))
