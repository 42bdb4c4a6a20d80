"""Vectors as points of the plane."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from scipy import sparse
from sklearn.decomposition import PCA

from gnn.plots import embedding
from gnn.plots.canvas import NEUTRAL, PALETTE


def points(ax: Any) -> list[list[list[float]]]:
    """The points of each collection."""
    return [some.get_offsets().round(9).tolist() for some in ax.collections]


def entries(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_components_by_hand() -> None:
    # Centered, the columns are (-3, 0, 3), (1, -2, 1) and 0: uncorrelated, of squares 18 and 6.
    ax = embedding([[0, 5, 1], [3, 2, 1], [6, 5, 1]])
    np.testing.assert_allclose(points(ax), [[[-3, 1], [0, -2], [3, 1]]], atol=1e-12)
    assert ax.get_xlabel() == "component 1 (75% of the variance)"
    assert ax.get_ylabel() == "component 2 (25% of the variance)"
    assert ax.get_title() == "principal components of 3 vectors"
    assert ax.get_legend() is None


def test_components_are_those_of_scikit_learn() -> None:
    values = np.random.default_rng(0).normal(size=(30, 5))
    ax = embedding(sparse.csr_array(values))
    found = ax.collections[0].get_offsets()
    expected = PCA(2).fit_transform(values)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-9)


def test_equal_vectors_are_one_point() -> None:
    ax = embedding(np.ones([3, 4]))
    assert points(ax) == [[[0, 0]] * 3]
    assert "(0% of the variance)" in ax.get_xlabel()


def test_vectors_of_width_two_as_they_are() -> None:
    ax = embedding([[5, 1], [7, 2]], method=None)
    assert points(ax) == [[[5, 1], [7, 2]]]


def test_classes_have_names_and_the_colors_of_their_numbers() -> None:
    values = np.arange(8.0).reshape(4, 2)
    ax = embedding(values, [2, -1, 2, 0], class_names=["cat", "cow", "dog"], method=None)
    assert points(ax) == [[[2, 3]], [[6, 7]], [[0, 1], [4, 5]]]
    assert entries(ax) == ["unlabeled", "cat", "dog"]
    pyplot.draw()
    shown = [tuple(some.get_facecolor()[0][:3]) for some in ax.collections]
    expected = [pyplot.matplotlib.colors.to_rgb(c) for c in (NEUTRAL, PALETTE[0], PALETTE[2])]
    np.testing.assert_allclose(shown, expected)


def test_strings_name_themselves() -> None:
    ax = embedding(np.eye(2), np.array(["b", "a"], object), method=None)
    assert entries(ax) == ["a", "b"]
    assert points(ax) == [[[0, 1]], [[1, 0]]]


def test_legend_holds_the_largest_of_many_classes() -> None:
    # Classes 0 to 24; of the last five there are two each.
    labels = [*range(25), *range(20, 25)]
    ax = embedding(np.random.default_rng(0).normal(size=(30, 2)), labels, method=None)
    assert entries(ax) == [str(k) for k in [*range(15), *range(20, 25)]]
    assert ax.get_legend().get_title().get_text() == "the 20 largest\nof 25 classes"
    assert len(ax.collections) == 25


def test_sample_is_said_seeded_and_keeps_labels_with_their_vectors() -> None:
    values = np.arange(200.0).reshape(100, 2)
    labels = np.arange(100) % 2
    axes = [embedding(values, labels, method=None, max_points=10, seed=s) for s in (0, 0, 1)]
    first, again, other = map(points, axes)
    assert first == again != other
    assert sum(map(len, first)) == 10
    # The vector of row i is (2i, 2i + 1), and its label is i % 2.
    assert all(x / 2 % 2 == k for k in (0, 1) for x, _ in first[k])
    assert axes[0].get_title() == "10 of 100 vectors"


@pytest.mark.parametrize("count", [2, 40])
def test_tsne_gives_a_place_to_every_vector(count: int) -> None:
    rng = np.random.default_rng(0)
    # Two groups far apart.
    values = rng.normal(size=(count, 4)) + 100.0 * (np.arange(count) % 2)[:, None]
    ax = embedding(values, np.arange(count) % 2, method="tsne", seed=1)
    assert points(ax) == points(embedding(values, np.arange(count) % 2, method="tsne", seed=1))
    zero, one = (np.asarray(some) for some in points(ax))
    assert len(zero) == len(one) == count // 2
    apart = np.linalg.norm(zero.mean(axis=0) - one.mean(axis=0))
    assert apart > 2 * max(np.ptp(zero, axis=0).max(), np.ptp(one, axis=0).max())
    assert len(ax.get_xticks()) == 0


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (([1.0, 2.0],), {}, ValueError, r"shape \[n, width\], both at least 2, got \(2,\)"),
        (([[1.0], [2.0]],), {}, ValueError, r"both at least 2, got \(2, 1\)"),
        (([["a", "b"]] * 2,), {}, TypeError, "vectors must hold real numbers, got dtype <U1"),
        (([[0, 1], [0, np.inf]],), {}, ValueError, "vectors must be finite; row 1 is not"),
        (
            (sparse.csr_array([[0, 1], [0, 0], [np.nan, 2]]),),
            {},
            ValueError,
            "vectors must be finite; row 2 is not",
        ),
        ((np.eye(3), [0, 1]), {}, ValueError, r"labels must have shape \[3\], one a vector, got"),
        ((np.eye(2), [0.5, 1]), {}, TypeError, "labels must be integers or strings, got dtype fl"),
        ((np.eye(2), [0, -2]), {}, ValueError, "a class from 0 or more, got -2 at position 1"),
        (
            (np.eye(2), [0, 1]),
            {"class_names": ["a"]},
            ValueError,
            "a class from 0 to 0, as class_names has, got 1 at position 1",
        ),
        ((np.eye(2), ["a", "b"]), {"class_names": ["a"]}, ValueError, "need integer labels"),
        ((np.eye(2),), {"method": "umap"}, ValueError, "one of 'pca', 'tsne', None; got 'umap'"),
        ((np.eye(3),), {"method": None}, ValueError, "width 2 for method=None, got 3"),
        ((np.eye(2),), {"max_points": 1}, ValueError, "max_points must be at least 2, got 1"),
        ((np.eye(2),), {"seed": "0"}, TypeError, "seed must be an integer, got '0'"),
    ],
)
def test_bad_arguments_are_refused_and_leave_no_figure(
    arguments: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        embedding(*arguments, **options)
    assert pyplot.get_fignums() == []
