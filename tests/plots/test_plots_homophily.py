"""The matrix of classes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn.datasets import planetoid
from gnn.graphs.graph import Graph
from gnn.plots import homophily

# Classes: 0, 1 are cats, 2 a dog, 3 an owl, 4 unlabeled. Edges that count: cat to cat twice, cat to
# dog, dog to cat. Those that do not: a loop, and two with the unlabeled node.
GRAPH = Graph.from_edges(
    [0, 1, 0, 2, 3, 0, 4],
    [1, 0, 2, 1, 3, 4, 0],
    labels=["cat", "cat", "dog", "owl", None],
    weights=[9, 1, 1, 1, 1, 1, 1],
)


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_shares_by_hand() -> None:
    ax = homophily(GRAPH)
    two_thirds, third = 2 / 3, 1 / 3
    expected = [[two_thirds, third, 0], [1, 0, 0], [np.nan] * 3]
    np.testing.assert_allclose(ax.images[0].get_array().filled(np.nan), expected)
    assert texts(ax) == ["0.67", "0.33", "0.00", "1.00", "0.00", "0.00", "–", "–", "–"]
    for axis in (ax.xaxis, ax.yaxis):
        assert [label.get_text() for label in axis.get_ticklabels()] == ["cat", "dog", "owl"]


@pytest.mark.parametrize("max_classes", [1, 2, 100])
def test_title_has_the_homophily_of_info(max_classes: int) -> None:
    assert "  edge homophily  0.500\n" in GRAPH.info()
    title = homophily(GRAPH, max_classes=max_classes).get_title()
    assert title.startswith("Edge homophily 0.500\n")


def test_largest_classes_keep_their_shares_of_all_edges() -> None:
    ax = homophily(GRAPH, max_classes=1)
    assert texts(ax) == ["0.67"]
    assert ax.get_title().endswith("\nthe 1 largest of 3 classes")


def test_many_classes_have_a_scale_and_no_numbers() -> None:
    ring = np.arange(13)
    ax = homophily(Graph.from_edges(ring, (ring + 1) % 13, labels=ring))
    assert texts(ax) == []
    np.testing.assert_array_equal(ax.images[0].get_array(), np.roll(np.eye(13), 1, axis=1))
    _, scale = ax.figure.axes
    assert scale.get_ylabel() == "share of the edges that the row's class sends"


def test_class_numbers_may_be_far_apart() -> None:
    ax = homophily(Graph.from_edges([0, 1], [1, 0], labels=[7, 900]))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["7", "900"]
    assert texts(ax) == ["0.00", "1.00", "1.00", "0.00"]


def test_cora(data_dir: Path) -> None:
    graph = planetoid("cora", data_dir=data_dir)
    ax = homophily(graph)
    shares = ax.images[0].get_array()
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert f"edge homophily  {ax.get_title().split()[2]}" in graph.info()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"labels": None, "class_names": None},
            "graph.labels must be one integer a node; the graph has none",
        ),
        (
            {"labels": np.ones(5), "class_names": None},
            r"graph.labels must be one integer a node; got float32\[5\]",
        ),
        (
            {"labels": np.ones([5, 2], int)},
            r"graph.labels must be one integer a node; got int32\[5, 2\]",
        ),
        (
            {"labels": [0, -1, -1, 1, -1]},
            "an edge must join two labeled nodes .* none of the 7 edges does",
        ),
    ],
)
def test_graphs_without_classes_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        homophily(dataclasses.replace(GRAPH, **changes))


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="graph must be a gnn.Graph, got int"):
        homophily(3)
    with pytest.raises(ValueError, match="max_classes must be at least 1, got 0"):
        homophily(GRAPH, max_classes=0)
