"""Pictures of how good a classifier is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn.evaluation import accuracy_by_degree, accuracy_by_homophily, confusion_matrix
from gnn.evaluation import calibration as measure
from gnn.evaluation.slices import Slice
from gnn.plots import calibration, confusion, slices


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


# Two owls are cats, one dog is an owl; there is no fox, and one cat is given it.
MATRIX = [[3, 0, 0, 1], [0, 3, 1, 0], [2, 0, 0, 0], [0, 0, 0, 0]]
NAMES = ["cat", "dog", "owl", "fox"]


def test_cells_have_their_nodes_and_colors() -> None:
    ax = confusion(MATRIX, NAMES)
    assert texts(ax) == [str(number) for row in MATRIX for number in row]
    assert ax.get_title().startswith("6 of 10 nodes are right: 0.600\n")
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "cat (4)",
        "dog (4)",
        "owl (2)",
        "fox (0)",
    ]
    assert [label.get_text() for label in ax.get_xticklabels()] == NAMES
    colors = np.asarray(ax.images[0].get_array())[:, :, :3]
    blue, orange = colors[0, 0], colors[2, 0]
    assert blue[2] > blue[0] and orange[0] > orange[2]
    np.testing.assert_array_equal(colors[0, 1], [1, 1, 1])  # Nothing is white,
    np.testing.assert_allclose(colors[3, 0], [0.93] * 3)  # and what is no share is gray.
    # All owls are wrong, one dog in four is: darker.
    assert orange.sum() < colors[1, 2].sum()


def test_the_classes_with_most_wrong_nodes_are_kept() -> None:
    # Wrong as the true class or the one given: cat 3, dog 1, owl 3, fox 1.
    ax = confusion(MATRIX, NAMES, max_classes=2)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["cat", "owl"]
    assert texts(ax) == ["3", "0", "2", "0"]
    assert ax.get_title().endswith("\nthe 2 of 4 classes with most wrong nodes")
    assert ax.get_title().startswith("6 of 10 nodes")


def test_many_classes_have_scales_and_no_numbers() -> None:
    labels = np.arange(300) % 100
    given = np.where(np.arange(300) < 30, (labels + 1) % 100, labels)
    names = [f"a class with a name that is long, number {k}" for k in range(100)]
    ax = confusion(confusion_matrix(labels, given, 100), names, max_classes=50)
    assert texts(ax) == []
    _, wrong, right = ax.figure.axes
    assert wrong.get_ylabel() == "share of the row that was given a wrong class"
    assert right.get_ylabel() == "share of the row that is right"
    assert len(ax.get_xticklabels()) == 25
    assert all(len(label.get_text()) <= 24 for label in ax.get_xticklabels())


def test_what_is_no_confusion_is_refused() -> None:
    with pytest.raises(ValueError, match="square and count at least one node; got shape"):
        confusion(np.zeros([2, 3]))
    with pytest.raises(ValueError, match="class_names must name the 4 classes of the matrix; got"):
        confusion(MATRIX, NAMES[:3])
    with pytest.raises(ValueError, match="max_classes must be at least 1, got 0"):
        confusion(MATRIX, max_classes=0)


def test_reliability_has_points_intervals_and_counts() -> None:
    shares = np.array([[0.75, 0.25], [0.25, 0.75], [0.1, 0.9], [0.5, 0.5]])
    found = measure([0, 0, 1, 1], shares, bins=4)
    ax = calibration(found)
    points = [line for line in ax.lines if line.get_marker() == "o"]
    found_at = np.concatenate([line.get_xydata() for line in points])
    np.testing.assert_allclose(found_at, [[0.5, 0], [0.75, 0.5], [0.9, 1]])
    # The intervals of one answer, and of two, are wide: paler.
    one, two, _ = (line.get_alpha() for line in points)
    assert one == pytest.approx(1 - 0.7935, abs=1e-4)
    assert two == pytest.approx(1 - (0.9055 - 0.0945), abs=1e-3)
    assert texts(ax) == ["1", "2", "1"]  # An empty bin has no bar.
    heights = [bar.get_height() for bar in ax.patches]
    assert heights == pytest.approx([0.11, 0.22, 0.11])
    ends = [part.get_segments()[0] for part in ax.collections]
    np.testing.assert_allclose(ends[1][:, 1], [0.0945, 0.9055], atol=1e-4)  # One of two.
    assert "4 answers in 4 bins" in ax.get_title()


def test_reliability_before_and_after() -> None:
    shares = np.array([[0.9, 0.1], [0.8, 0.2]])
    softer = np.array([[0.7, 0.3], [0.6, 0.4]])
    ax = calibration(measure([0, 1], shares), measure([0, 1], softer), temperature=2.5)
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == ["right as often as sure", "as they are: error 0.450", *named[2:]]
    assert named[2] == "at temperature 2.5: error 0.450"
    assert texts(ax) == ["1"] * 4
    with pytest.raises(ValueError, match="both must have the same bins; got 15 and 3"):
        calibration(measure([0, 1], shares), measure([0, 1], softer, bins=3))
    with pytest.raises(TypeError, match=r"found must be a gnn.evaluation.Calibration, got float"):
        calibration(0.5)  # type: ignore[arg-type]


def test_slices_have_intervals_and_empty_ones_a_dash() -> None:
    found = accuracy_by_degree([True, False, True, True], [0, 1, 1, 4])
    ax = slices(found, xlabel="edges received", title="By degree")
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "none\nn=1",
        "1\nn=2",
        "2 to 3\nn=0",
        "4 to 7\nn=1",
    ]
    points = ax.lines[1]
    np.testing.assert_allclose(points.get_xydata(), [[0, 1], [1, 0.5], [3, 1]])
    assert [(text.get_text(), text.get_position()[0]) for text in ax.texts] == [("–", 2)]
    assert ax.get_title() == "By degree\nall 4 nodes: 0.750 (dashed)"
    assert ax.get_xlabel() == "edges received"


def test_slices_by_homophily() -> None:
    ax = slices(accuracy_by_homophily([True, False], [np.nan, 1.0]))
    first, *_, last = [label.get_text() for label in ax.get_xticklabels()]
    assert (first, last) == ("no labeled\nneighbor\nn=1", "80% to 100%\nn=1")
    with pytest.raises(ValueError, match="the slices must have at least one node; they have none"):
        slices([Slice("none", 0, 0, 0, 0)])
