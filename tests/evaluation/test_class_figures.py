"""Confusion, precision, recall and F1, by hand and as scikit-learn has them."""

from __future__ import annotations

import numpy as np
import pytest

from gnn.evaluation import class_figures, confusion_matrix, most_confused

# Class 0 is found twice of three times, class 1 always, 2 never, 3 has no nodes and is given once.
LABELS = [0, 0, 0, 1, 2, 2]
GIVEN = [0, 0, 1, 1, 1, 3]


def test_by_hand() -> None:
    matrix = confusion_matrix(LABELS, GIVEN, 5)
    expected = np.zeros([5, 5], int)
    expected[0, 0], expected[0, 1], expected[1, 1], expected[2, 1], expected[2, 3] = 2, 1, 1, 1, 1
    np.testing.assert_array_equal(matrix.toarray(), expected)
    found = class_figures(matrix)
    nan = np.nan
    np.testing.assert_allclose(found.precision, [1, 1 / 3, nan, 0, nan])
    np.testing.assert_allclose(found.recall, [2 / 3, 1, 0, nan, nan])
    np.testing.assert_allclose(found.f1, [4 / 5, 1 / 2, 0, 0, nan])
    np.testing.assert_array_equal(found.support, [3, 1, 2, 0, 0])
    np.testing.assert_array_equal(found.predicted, [2, 3, 0, 1, 0])
    # Over the classes that have nodes: (1 + 1/3 + 0) / 3, (2/3 + 1 + 0) / 3, (4/5 + 1/2 + 0) / 3.
    assert found.macro == pytest.approx({"precision": 4 / 9, "recall": 5 / 9, "f1": 1.3 / 3})
    # (3 * 1 + 1 * 1/3) / 6; the accuracy, 3 of 6; (3 * 4/5 + 1/2) / 6.
    assert found.weighted == pytest.approx({"precision": 5 / 9, "recall": 1 / 2, "f1": 2.9 / 6})


def test_as_scikit_learn() -> None:
    from sklearn.metrics import confusion_matrix as their_matrix
    from sklearn.metrics import precision_recall_fscore_support

    rng = np.random.default_rng(0)
    labels, given = rng.integers(0, 6, 200), rng.integers(0, 7, 200)
    ours = confusion_matrix(labels, given, 8)
    there = np.arange(6)
    np.testing.assert_array_equal(ours.toarray(), their_matrix(labels, given, labels=range(8)))
    found = class_figures(ours)
    theirs = precision_recall_fscore_support(labels, given, labels=there, zero_division=0)
    for name, values in zip(("precision", "recall", "f1"), theirs[:3], strict=True):
        np.testing.assert_allclose(getattr(found, name)[:6], values)
    for mean in ("macro", "weighted"):
        values = precision_recall_fscore_support(
            labels, given, labels=there, average=mean, zero_division=0
        )
        assert list(getattr(found, mean).values()) == pytest.approx(values[:3])


def test_most_confused_come_first_and_right_ones_never() -> None:
    matrix = [[9, 1, 2], [2, 0, 0], [0, 3, 1]]
    assert most_confused(matrix) == [(2, 1, 3), (0, 2, 2), (1, 0, 2), (0, 1, 1)]
    assert most_confused(matrix, 1) == [(2, 1, 3)]
    assert most_confused(np.eye(3)) == []


def test_very_many_classes_take_little() -> None:
    matrix = confusion_matrix([0, 999_999], [999_999, 0], 1_000_000)
    assert matrix.nnz == 2
    assert class_figures(matrix).macro["recall"] == 0


def test_what_is_no_class_is_refused() -> None:
    with pytest.raises(TypeError, match="labels must be integers, got float64"):
        confusion_matrix([0.5], [0], 2)
    with pytest.raises(ValueError, match=r"labels must be classes from 0 to 1 .*; got -1 at row 1"):
        confusion_matrix([0, -1], [0, 0], 2)
    with pytest.raises(ValueError, match=r"predictions must have shape \[2\], got \[1\]"):
        confusion_matrix([0, 1], [0], 2)
    with pytest.raises(ValueError, match=r"labels must have shape \[n\], got \[0\]"):
        confusion_matrix(np.zeros(0, int), [], 2)
    with pytest.raises(ValueError, match="square and count at least one node; got shape"):
        class_figures(np.zeros([2, 2]))
