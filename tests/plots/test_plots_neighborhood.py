"""A node and those around it: what is kept, where it stands, and how it is drawn."""

from __future__ import annotations

import dataclasses
from typing import Any

import networkx
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba
from matplotlib.patches import Circle, FancyArrowPatch

from gnn.graphs.graph import Graph
from gnn.plots import neighborhood
from gnn.plots.canvas import NEUTRAL, PALETTE
from gnn.plots.edge_drawing import _free_bend, _on_curve
from gnn.plots.radial_layout import radial_layout
from gnn.plots.surroundings import surroundings

# a -> b twice (2 and 1), b -> a (3), c -> a (0.5), d -> b (4), c -> c (2); e stands alone.
GRAPH = Graph.from_edges(
    [0, 0, 1, 2, 3, 2],
    [1, 1, 0, 0, 1, 2],
    weights=[2, 1, 3, 0.5, 4, 2],
    ids=["a", "b", "c", "d", "e"],
    labels=["x", "y", "x", "y", None],
    merge="keep",
)


def texts(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.texts]


def lines(ax: Any) -> list[FancyArrowPatch]:
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def is_arrow(line: FancyArrowPatch) -> bool:
    return type(line.get_arrowstyle()).__name__ != "Curve"


def places(ax: Any) -> list[list[float]]:
    points = np.concatenate([some.get_offsets() for some in ax.collections])
    return (points.round(6) + 0.0).tolist()


def test_one_hop() -> None:
    ax = neighborhood(GRAPH, "a")
    # The edges between a and b add up to 3 in both directions: one line. c sends only: an arrow.
    assert [is_arrow(line) for line in lines(ax)] == [False, True]
    assert len([patch for patch in ax.patches if isinstance(patch, Circle)]) == 1
    # Edges by the order of their nodes, which is a, b, c: a-b, c-a, c-c. Then the names.
    assert texts(ax) == ["3", "0.5", "2", "a", "b", "c"]
    assert ax.get_title() == "Node a and its 2 neighbors"
    # The heaviest neighbor, b, is at the top, c below. By class: x has a and c, y has b.
    assert places(ax) == [[0, 0], [0, -1], [0, 1]]
    colors = [to_hex(some.get_facecolor()[0]).upper() for some in ax.collections]
    assert colors == list(PALETTE[:2])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["x", "y"]


def test_widths_follow_the_weights() -> None:
    widths = [patch.get_linewidth() for patch in neighborhood(GRAPH, "a").patches]
    # 0.8 to 4.5 points: for 3, 0.5 and 2 of at most 3.
    np.testing.assert_allclose(widths, [4.5, 0.8 + 3.7 / 6, 0.8 + 3.7 * 2 / 3])


def test_two_hops_and_what_is_cut() -> None:
    assert (
        neighborhood(GRAPH, "a", hops=2).get_title() == "Node a and its 3 neighbors within 2 hops"
    )
    ax = neighborhood(GRAPH, "a", hops=2, max_nodes=2)
    assert ax.get_title().startswith("Node a and 1 of its 3 neighbors within 2 hops\n(heaviest")
    assert texts(ax) == ["a", "b"]  # One edge is left, so its number would say nothing.


@pytest.mark.parametrize("hops", [1, 2, 3, 4])
def test_walk_reaches_what_networkx_reaches(hops: int) -> None:
    source = networkx.gnm_random_graph(40, 50, seed=3, directed=True)
    graph = Graph.from_networkx(source)
    ball = networkx.ego_graph(source.to_undirected(), 0, radius=hops)
    around = surroundings(graph, 0, hops, 40, graph.weights)
    assert set(around.nodes) == set(ball)
    assert around.total == len(ball)
    found = {(around.nodes[a], around.nodes[b]) for a, b in around.edges}
    assert found == set(source.subgraph(ball).edges)
    distance = networkx.single_source_shortest_path_length(source.to_undirected(), 0)
    depths = [distance[node] for node in around.nodes]
    assert depths == sorted(depths)
    for node, parent in zip(around.nodes[1:], around.parents[1:], strict=True):
        assert distance[around.nodes[parent]] == distance[node] - 1


def test_heaviest_are_kept_and_equals_by_index() -> None:
    graph = Graph.from_edges([0, 0, 3, 0, 0], [1, 2, 0, 3, 4], weights=[1, 2, 1, 1.5, 2])
    # Node 3 has 1 + 1.5 over its two edges, then 2 and 4 are equal.
    assert surroundings(graph, 0, 1, 3, graph.weights).nodes == [0, 3, 2]
    assert surroundings(graph, 0, 1, 3, np.array([-9.0, 1, 1, 1, 1])).nodes == [0, 1, 3]


def test_edges_of_weight_zero_are_no_edges() -> None:
    graph = Graph({}, np.array([0, 2]), np.array([1, 1]), np.array([0.0, 1.0]))
    assert surroundings(graph, 1, 1, 5, graph.weights).nodes == [1, 2]
    assert surroundings(graph, 1, 1, 5, np.array([7.0, 0.0])).nodes == [1, 2]


def test_layout_gives_branches_their_share() -> None:
    # The root's child 1 has two leaves, its child 2 is one: two and one thirds of the circle.
    spots = radial_layout([-1, 0, 0, 1, 1])
    np.testing.assert_allclose(np.linalg.norm(spots, axis=1), [0, 1, 1, 2, 2])
    degrees = (90 - np.degrees(np.arctan2(spots[:, 1], spots[:, 0]))) % 360
    # Clockwise from the top, where the first child stands: its leaves 60 degrees to either side.
    np.testing.assert_allclose(degrees[1:], [0, 180, 300, 60], atol=1e-9)


def test_a_line_bends_around_a_node_in_its_way() -> None:
    start, end = np.array([-1.0, 0.0]), np.array([1.0, 0.0])
    free, blocked = np.array([[0.0, 0.5]]), np.array([[0.0, 0.0]])
    assert _free_bend(start, end, free, (0.0, 0.2), 0.3) == 0.0
    # A bend of 0.2 passes the middle at 0.2 * length / 2 = 0.2.
    assert _free_bend(start, end, blocked, (0.0, 0.2, 0.4), 0.15) == 0.2
    assert _free_bend(start, end, blocked, (0.0, 0.2, 0.4), 0.35) == 0.4
    assert _free_bend(start, end, blocked, (0.0, 0.2, 0.4), 3.0) == 0.4


@pytest.mark.parametrize("bend", [0.0, 0.3, -0.5])
def test_curve_is_the_one_that_matplotlib_draws(bend: float) -> None:
    start, end = np.array([0.0, 1.0]), np.array([2.0, 4.0])
    line = FancyArrowPatch(start, end, connectionstyle=f"arc3,rad={bend}", shrinkA=0, shrinkB=0)
    path = line.get_connectionstyle()(start, end, shrinkA=0, shrinkB=0)
    first, control, last = path.vertices
    middle = first / 4 + control / 2 + last / 4
    np.testing.assert_allclose(_on_curve(start, end, bend, np.array([0.5]))[0], middle)


def test_unequal_directions_are_two_arrows() -> None:
    ax = neighborhood(Graph.from_edges([0, 1], [1, 0], weights=[1, 2]), 0)
    assert [is_arrow(line) for line in lines(ax)] == [True, True]
    assert texts(ax) == ["1", "2", "0", "1"]


def test_equal_weights_have_no_numbers() -> None:
    ax = neighborhood(Graph.from_edges([0, 1], [1, 2], undirected=True), 1)
    assert texts(ax) == ["1", "0", "2"]
    assert {line.get_linewidth() for line in lines(ax)} == {1.2}
    assert not any(map(is_arrow, lines(ax)))


def test_values_of_nodes_color_them() -> None:
    ax = neighborhood(GRAPH, "a", node_values=[0.0, 10.0, 5.0, 7.0, 99.0])
    (nodes,) = ax.collections
    np.testing.assert_array_equal(nodes.get_array(), [0, 10, 5])
    assert ax.get_legend() is None
    assert ax.figure.axes[1].get_ylabel() == "value of the node"


def test_values_of_edges_replace_the_weights() -> None:
    ax = neighborhood(GRAPH, "a", edge_values=[1, 1, 2, -5, 0, 0])
    # c's edge is the largest by its absolute value, so c comes before b.
    assert texts(ax)[-3:] == ["a", "c", "b"]
    assert texts(ax)[:-3] == ["2", "-5", "0"]
    between, from_c = lines(ax)
    assert (between.get_linestyle(), from_c.get_linestyle()) == ("-", "--")
    widths = [between.get_linewidth(), from_c.get_linewidth()]
    np.testing.assert_allclose(widths, [0.8 + 3.7 * 2 / 5, 4.5])


@pytest.mark.parametrize("labels", [None, [0.5, 1.0, 2.0, 3.0, 4.0], np.zeros([5, 2], int)])
def test_nodes_without_classes_are_gray(labels: Any) -> None:
    ax = neighborhood(dataclasses.replace(GRAPH, labels=labels, class_names=None), "a")
    assert ax.collections[0].get_facecolor()[0].tolist() == list(to_rgba(NEUTRAL))
    assert ax.get_legend() is None


def test_node_that_stands_alone() -> None:
    ax = neighborhood(GRAPH, "e")
    assert ax.get_title() == "Node e has no neighbors"
    assert texts(ax) == ["e"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["unlabeled"]


def test_same_picture_twice() -> None:
    first, second = (neighborhood(GRAPH, "b", hops=3) for _ in range(2))
    assert places(first) == places(second)
    assert texts(first) == texts(second)


def test_many_nodes_have_no_names() -> None:
    leaves = np.arange(1, 80)
    ax = neighborhood(Graph.from_edges(leaves, np.zeros(79, int)), 0, max_nodes=80)
    assert texts(ax) == []
    assert len(places(ax)) == 80


def test_long_names_are_cut_and_stay_in_the_picture() -> None:
    names = ["a" * 40, "b" * 16, "c" * 16]
    ax = neighborhood(Graph.from_edges([0, 0], [1, 2], ids=names), names[0])
    assert texts(ax) == ["a" * 15 + "…", "b" * 16, "c" * 16]
    ax.figure.canvas.draw()
    whole = ax.figure.bbox
    for text in ax.texts:
        box = text.get_window_extent()
        assert whole.x0 <= box.x0 and box.x1 <= whole.x1
        assert whole.y0 <= box.y0 and box.y1 <= whole.y1


PLAIN = Graph.from_edges([0], [1], num_nodes=3)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((3, 0), {}, TypeError, "graph must be a gnn.Graph, got int"),
        ((GRAPH, "z"), {}, KeyError, "node: no node has the id 'z'; the ids are 'a', 'b', 'c'"),
        ((GRAPH, 0), {}, KeyError, "node: no node has the id 0"),
        ((PLAIN, 3), {}, ValueError, "node must be an index from 0 to 2, got 3"),
        ((PLAIN, -1), {}, ValueError, "node must be at least 0, got -1"),
        ((PLAIN, "a"), {}, TypeError, "node must be an integer, got 'a'"),
        ((PLAIN, 0), {"hops": 0}, ValueError, "hops must be at least 1, got 0"),
        ((PLAIN, 0), {"max_nodes": 2.5}, TypeError, "max_nodes must be an integer, got 2.5"),
        ((PLAIN, 0), {"node_values": [1]}, ValueError, r"node_values must have shape \[3\], one a"),
        ((PLAIN, 0), {"edge_values": [1, 2]}, ValueError, r"edge_values must have shape \[1\], on"),
        ((PLAIN, 0), {"edge_values": ["a"]}, TypeError, "edge_values must be numbers, got dtype"),
        (
            (PLAIN, 0),
            {"node_values": [1, np.nan, 2]},
            ValueError,
            "node_values must be finite, got nan at position 1",
        ),
    ],
)
def test_bad_arguments_are_refused(
    arguments: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        neighborhood(*arguments, **options)


def test_only_some_of_many_ids_are_named() -> None:
    graph = Graph.from_edges([0], [1], ids=[f"n{i}" for i in range(1500)])
    with pytest.raises(KeyError, match="'n9' and 1,490 more"):
        neighborhood(graph, "m")
