"""Queries beside their neighbors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from gnn.evaluation import nearest_neighbors
from gnn.plots import query_sheet
from gnn.plots.canvas import NEUTRAL, RIGHT, WRONG

# Item i is an image of one number, i.
ITEMS = np.broadcast_to(np.arange(5.0)[:, None, None], (5, 2, 3))
QUERIES = ITEMS[:2] + 10
NEIGHBORS = [[4, 0, 1], [2, 3, 4]]


def shown(ax: Any) -> list[float]:
    """The first number of every image."""
    return [image.get_array().flat[0] for image in ax.images]


def frames(ax: Any) -> list[str]:
    return [to_hex(patch.get_edgecolor()).upper() for patch in ax.patches]


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_images_row_by_row() -> None:
    ax = query_sheet(QUERIES, ITEMS, NEIGHBORS)
    assert shown(ax) == [10, 4, 0, 1, 11, 2, 3, 4]
    assert frames(ax) == [NEUTRAL] * 8
    assert texts(ax) == ["query", "nearest items"]
    assert ax.get_title() == ""
    # One scale for all gray images: from item 0 to query 1.
    assert {image.get_clim() for image in ax.images} == {(0, 11)}


def test_places_of_the_images() -> None:
    ax = query_sheet(QUERIES, ITEMS, NEIGHBORS)
    lefts, rights, bottoms, tops = np.transpose([image.get_extent() for image in ax.images])
    # Images of 2 by 3 fill the width of a cell and two thirds of its height.
    np.testing.assert_allclose(rights - lefts, 1)
    np.testing.assert_allclose(bottoms - tops, 2 / 3)
    assert lefts[0] == lefts[4] == 0
    assert (np.diff(lefts[:4]) > 1).all() and (tops[:4] == tops[0]).all()
    assert tops[4] > bottoms[0]
    (x0, x1), (y0, y1) = ax.get_xlim(), sorted(ax.get_ylim())
    assert x0 < lefts.min() and x1 > rights.max() and y0 < tops.min() and y1 > bottoms.max()


def test_right_and_wrong_differ_by_more_than_color() -> None:
    ax = query_sheet(
        QUERIES,
        ITEMS,
        NEIGHBORS,
        query_labels=[1, -1],
        item_labels=[1, 0, 1, 1, -1],
        scores=[[0.125, 0.25, 0.5], [1, 2, 3]],
        score_name="cosine distance",
        class_names=["cat", "dog"],
    )
    # Query 0 is a dog: item 4 is unlabeled, 0 a dog, 1 a cat. Query 1 is unlabeled.
    assert frames(ax) == [NEUTRAL, NEUTRAL, RIGHT, WRONG, *[NEUTRAL] * 4]
    solid, dashed = ax.patches[2].get_linestyle(), ax.patches[3].get_linestyle()
    assert solid != dashed
    assert texts(ax).count("×") == 1
    captions = ["dog", "unlabeled\n0.12", "dog\n0.25", "×", "cat\n0.50"]
    captions += ["unlabeled", "dog\n1.00", "dog\n2.00", "unlabeled\n3.00"]
    assert texts(ax)[:-2] == captions
    # One of the two that can be judged.
    assert ax.get_title() == (
        "50% of the nearest 3 items are right\nunder each item its cosine distance"
    )


def test_rows_beyond_the_most_are_counted_and_not_drawn() -> None:
    ax = query_sheet(
        QUERIES,
        ITEMS,
        [[0], [1]],
        query_labels=["a", "b"],
        item_labels=["a", "b", "c", "d", "e"],
        max_queries=1,
    )
    assert shown(ax) == [10, 0]
    assert ax.get_title() == (
        "100% of the nearest item is right, over all 2 queries\nthe first 1 of 2 queries"
    )


def test_takes_what_nearest_neighbors_gives_and_flat_images() -> None:
    flat = np.eye(4)
    found, distances = nearest_neighbors(flat, flat, k=1)
    ax = query_sheet(
        flat, flat, found, scores=distances, image_shape=(2, 2), query_labels=range(4),
        item_labels=range(4),
    )  # fmt: skip
    np.testing.assert_array_equal(ax.images[0].get_array(), [[1, 0], [0, 0]])
    np.testing.assert_array_equal(ax.images[3].get_array(), [[0, 1], [0, 0]])
    assert ax.get_title().startswith("100% of the nearest item is right")
    assert texts(ax)[0] == "0.00"


@pytest.mark.parametrize(
    ("images", "pixel"),
    [
        (np.full([2, 1, 1, 3], 200, np.int64), [200, 200, 200]),
        (np.full([2, 1, 1, 4], 0.5), [0.5] * 4),
        (np.full([2, 1, 1, 3], True), [1, 1, 1]),
        (np.full([2, 1, 1, 3], 0.25, np.float16), [0.25] * 3),
        (np.full([2, 1, 1, 1], 7), 7),
        (np.full([2, 1, 1], False), 0),
    ],
)
def test_kinds_of_images(images: np.ndarray, pixel: Any) -> None:
    ax = query_sheet(images, images, [[1], [0]])
    np.testing.assert_array_equal(ax.images[0].get_array()[0, 0], pixel)
    ax.figure.canvas.draw()


LABELS = {"query_labels": [0, 1], "item_labels": [0, 1, 1, 1, 1]}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"queries": [["a"]]}, TypeError, "queries must be images of numbers, got dtype <U1"),
        ({"queries": np.ones([2, 4])}, ValueError, r"must have an image_shape to be vectors, got"),
        ({"items": np.ones([5, 2, 2, 2])}, ValueError, "items must have shape .* 1, 3 or 4 chan"),
        ({"items": np.ones([0, 2, 2])}, ValueError, "items must hold at least one image, got"),
        ({"items": np.full([5, 2, 2], np.nan)}, ValueError, "items must be finite"),
        ({"items": np.full([5, 1, 1, 3], 9.0)}, ValueError, "colors from 0 to 1, got 9 to 9"),
        ({"items": np.full([5, 1, 1, 3], -1)}, ValueError, "colors from 0 to 255, got -1 to -1"),
        ({"image_shape": (4, 4)}, ValueError, r"shape \[n, 16\] for images of shape \(4, 4\), got"),
        ({"neighbors": [[0, 1]]}, ValueError, r"shape \[2, k\], a row a query, got \(1, 2\)"),
        ({"neighbors": [[], []]}, ValueError, r"shape \[2, k\], a row a query, got \(2, 0\)"),
        ({"neighbors": [[0.0], [1.0]]}, TypeError, "neighbors must be integers, got dtype float"),
        ({"neighbors": [[0], [5]]}, ValueError, "rows of items, from 0 to 4, got 5 in row 1"),
        ({"query_labels": [0, 1]}, ValueError, "query_labels needs item_labels, to tell right"),
        ({"item_labels": [0] * 5}, ValueError, "item_labels needs query_labels, to tell right"),
        ({**LABELS, "query_labels": [0]}, ValueError, r"query_labels must have shape \[2\], got"),
        ({"class_names": ["a"]}, ValueError, "class_names needs query_labels and item_labels"),
        ({**LABELS, "class_names": ["a"]}, ValueError, "integers below 1, the number of class_na"),
        ({"scores": [[1.0], [2.0]]}, ValueError, r"same shape, got \(2, 1\) and \(2, 3\)"),
        ({"scores": np.full([2, 3], "a")}, TypeError, "scores must be numbers, got dtype <U1"),
        ({"max_queries": 0}, ValueError, "max_queries must be at least 1, got 0"),
    ],
)
def test_bad_arguments_are_refused_and_leave_no_figure(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    given = {"queries": QUERIES, "items": ITEMS, "neighbors": NEIGHBORS, **changes}
    with pytest.raises(error, match=message):
        query_sheet(**given)
    assert pyplot.get_fignums() == []
