"""Graphs of several sources made one."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from gnn.graphs.graph import Graph


def by_id(graph: Graph) -> dict[tuple[Any, Any], float]:
    names = np.arange(graph.num_nodes) if graph.ids is None else graph.ids
    ends = zip(names[graph.senders].tolist(), names[graph.receivers].tolist(), strict=True)
    return dict(zip(ends, graph.weights.tolist(), strict=True))


CLICKS = Graph.from_sessions([["cup", "mug"], ["mug", "cup"], ["mug", "pot"]])
# "jar" is in no session.
IMAGES = Graph.from_edges(
    [0, 2],
    [1, 3],
    np.eye(4),
    weights=[0.5, 0.25],
    ids=["pot", "mug", "jar", "cup"],
    labels=["b", "a", "a", None],
    splits={"train": [0, 1], "test": [2]},
    undirected=True,
)


def test_worked_by_hand() -> None:
    graph = Graph.combine({"clicks": CLICKS, "images": IMAGES}, {"clicks": 1, "images": 4})
    # Clicks: cup and mug 2, mug and pot 1. Images: pot and mug 0.5, jar and cup 0.25, four times.
    assert graph.ids.tolist() == ["cup", "mug", "pot", "jar"]
    expected = {("cup", "mug"): 2, ("mug", "pot"): 3, ("jar", "cup"): 1}
    assert by_id(graph) == {**expected, **{pair[::-1]: w for pair, w in expected.items()}}
    assert graph.notes["edges"] == (
        "8 edges: 2 repeats merged (sum), 4 of graph 'clicks' by 1, 4 of graph 'images' by 4"
    )
    # Rows and labels are where their ids are: pot is node 2, mug 1, jar 3, cup 0.
    assert graph.features["features"].argmax(axis=1).tolist() == [3, 1, 0, 2]
    assert (graph.labels.tolist(), graph.class_names) == ([-1, 0, 1, 0], ("a", "b"))
    assert graph.split("train").tolist() == [2, 1] and graph.split("test").tolist() == [3]


def test_a_pair_takes_the_sum_the_maximum_or_the_first() -> None:
    one = Graph.from_edges([0], [1], weights=[2], num_nodes=3)
    other = Graph.from_edges([0, 1], [1, 2], weights=[5, 1], num_nodes=3)
    assert by_id(Graph.combine([one, other])) == {(0, 1): 7, (1, 2): 1}
    assert by_id(Graph.combine([one, other], merge="max")) == {(0, 1): 5, (1, 2): 1}
    assert by_id(Graph.combine([one, other], merge="first")) == {(0, 1): 2, (1, 2): 1}
    assert by_id(Graph.combine([one, other], [0.5, 0])) == {(0, 1): 1}
    assert by_id(Graph.combine([one])) == {(0, 1): 2}


def test_by_number_where_one_has_no_ids() -> None:
    named = Graph.from_edges([0], [1], ids=["a", "b"])
    graph = Graph.combine([Graph.from_edges([1], [0]), named])
    assert by_id(graph) == {("a", "b"): 1, ("b", "a"): 1}


def test_what_one_leaves_open_another_tells() -> None:
    one = Graph.from_edges([0], [1], {"x": np.eye(3)}, labels=[0, -1, -1], splits={"a": [0]})
    other = Graph.from_edges(
        [1], [2], {"x": np.eye(3), "y": sparse.eye_array(3)}, labels=[-1, 1, 0],
        splits={"a": [0], "b": [1]},
    )  # fmt: skip
    graph = Graph.combine([one, other])
    assert graph.labels.tolist() == [0, 1, 0]
    assert sorted(graph.features) == ["x", "y"] and sparse.issparse(graph.features["y"])
    assert sorted(graph.splits) == ["a", "b"]
    targets = [
        Graph.from_edges([0], [1], labels=np.array(values, np.float32))
        for values in ([0.5, np.nan, np.nan], [np.nan, 1.5, np.nan])
    ]
    np.testing.assert_array_equal(Graph.combine(targets).labels, np.float32([0.5, 1.5, np.nan]))


def test_graphs_are_left_alone() -> None:
    before = IMAGES.labels.copy(), IMAGES.weights.copy()
    Graph.combine([CLICKS, IMAGES], [1, 2])
    np.testing.assert_array_equal(IMAGES.labels, before[0])
    np.testing.assert_array_equal(IMAGES.weights, before[1])


THREE = Graph.from_edges([0], [1], {"x": np.eye(3)}, labels=[0, 1, 0], splits={"train": [0]})


@pytest.mark.parametrize(
    ("graphs", "weights", "error", "message"),
    [
        ([], None, ValueError, "graphs must be at least one, got none"),
        ([THREE, 3], None, TypeError, "graphs must hold graphs, got int at 1"),
        ([THREE], [1, 2], ValueError, r"one for each of \[0\], got them for \[0, 1\]"),
        ({"a": THREE}, {"b": 1}, ValueError, r"one for each of \['a'\], got them for \['b'\]"),
        ({"a": THREE}, [1], TypeError, "weights must be a dict by the names of the graphs"),
        ([THREE], {0: 1}, TypeError, "weights must be a sequence, one a graph"),
        ([THREE], [-1], ValueError, r"weights\[0\] must be finite and at least 0, got -1.0"),
        ([THREE], ["1"], TypeError, r"weights\[0\] must be a number, got '1'"),
        (
            [THREE, Graph.from_edges([0], [1], num_nodes=2)],
            None,
            ValueError,
            "equally many nodes unless all have ids, got 3 in graph 0 and 2 in graph 1",
        ),
        (
            [
                Graph.from_edges([0], [1]),
                Graph.from_edges([0], [1], ids=["a", "b"]),
                Graph.from_edges([0], [1], ids=["a", "c"]),
            ],
            None,
            ValueError,
            "got 'b' in graph 1 and 'c' in graph 2 at node 1",
        ),
        (
            [Graph.from_edges([0], [1], ids=ids) for ids in ([1, 2], ["1", "2"])],
            None,
            ValueError,
            "ids of one type, got integers in graph 0 and strings in graph 1",
        ),
        (
            {
                "clicks": dataclasses.replace(CLICKS, features={"x": np.eye(3)}),
                "images": IMAGES,
            },
            None,
            ValueError,
            "for each node, got none in graph 'clicks' for 1 node such as 'jar'",
        ),
        (
            [THREE, dataclasses.replace(THREE, features={"x": np.ones((3, 3))})],
            None,
            ValueError,
            r"features\['x'\] must be the same in each graph, got others in graph 0 and graph 1",
        ),
        (
            [THREE, dataclasses.replace(THREE, labels=[0, 0, 0])],
            None,
            ValueError,
            "labels must not contradict each other, got 0 in graph 1 and 1 before it at node 1",
        ),
        (
            [THREE, dataclasses.replace(THREE, labels=["b", "c", "b"])],
            None,
            ValueError,
            "labels must be of one kind and have one set of class names",
        ),
        (
            [THREE, dataclasses.replace(THREE, splits={"train": [1]})],
            None,
            ValueError,
            r"splits\['train'\] must hold the same nodes in each graph, got others in graph 0",
        ),
    ],
)
def test_what_clashes_is_named(graphs: Any, weights: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        Graph.combine(graphs, weights)
