"""The picture of an explanation: what is drawn, and that its colors say what the legend says."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from gnn.explain import Explanation
from gnn.graphs.graph import Graph
from gnn.plots import plot_explanation
from gnn.plots.edge_drawing import _NUMBER_SIZE, FAINT, _free_spot
from gnn.plots.explanation import _AGAINST, _FOR, _PLAIN

# Into tea: from cup (0.5), from pot (-0.25), from jug (0.005: under 2% of 0.5). tea -> cup (0.125).
GRAPH = Graph.from_edges(
    [1, 2, 3, 0, 4],
    [0, 0, 0, 1, 2],
    {"x": np.zeros([5, 3])},
    ids=["tea", "cup", "pot", "jug", "far"],
    labels=["hot", "cold", "hot", "hot", "cold"],
)
FEATURES = np.array([[0.0, 0.5, 0.0], [0.25, 0.0, 0.0], [0.0, -0.125, 0], [0, 0, 0], [0, 0, -0.25]])
WHY = Explanation(
    method="integrated gradients",
    graph=GRAPH,
    node=0,
    target=1,
    probabilities=np.array([0.25, 0.75]),
    nodes=np.arange(5),
    edges=np.arange(5),
    edge_attributions=np.array([0.5, -0.25, 0.005, 0.125, 0.0]),
    feature_attributions={"x": FEATURES},
    score_name="probability",
    score=0.75,
    baselines={"features": 0.375, "edges": 0.375},
)
MASKS = dataclasses.replace(
    WHY,
    method="GNNExplainer",
    edge_attributions=np.array([0.9, 0.49, 0.5, 0.0, 0.0]),
    feature_attributions={"x": np.array([0.0, 0.75, 0.25])},
    score=0.625,
    baselines={},
)


def lines(ax: Any) -> dict[tuple[int, int], FancyArrowPatch]:
    """By (sender, receiver), in the order of places: tea in the middle, then cup, pot, jug."""
    spots = [tuple(spot) for spot in ax.collections[0].get_offsets()]
    found = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    return {tuple(spots.index(tuple(end)) for end in line._posA_posB): line for line in found}


def bars(ax: Any) -> Any:
    return next(child for child in ax.child_axes if child.patches)


def test_lines_have_the_color_and_width_of_their_attribution() -> None:
    found = lines(plot_explanation(WHY, hops=1))
    # cup, pot and jug are 1, 2 and 3, by the size of their edges: 0.5 + 0.125, 0.25, 0.005.
    colors = {ends: to_hex(line.get_edgecolor()).upper() for ends, line in found.items()}
    assert colors == {
        (1, 0): _FOR,
        (0, 1): _FOR,
        (2, 0): _AGAINST,
        (3, 0): to_hex(FAINT).upper(),
    }
    widths = {ends: line.get_linewidth() for ends, line in found.items()}
    assert widths[1, 0] > widths[2, 0] > widths[0, 1] > widths[3, 0]
    assert [found[2, 0].get_linestyle(), found[1, 0].get_linestyle()] == ["--", "-"]


def test_numbers_and_names() -> None:
    ax = plot_explanation(WHY, hops=1)
    texts = [text.get_text() for text in ax.texts]
    # The faint edge has no number.
    assert texts == ["0.125", "0.5", "-0.25", "tea", "cup", "pot", "jug"]


def test_nodes_have_the_color_of_their_features_together() -> None:
    ax = plot_explanation(WHY, hops=1)
    (nodes,) = ax.collections
    np.testing.assert_array_equal(nodes.get_array(), [0.5, 0.25, -0.125, 0])
    assert nodes.get_clim() == (-0.5, 0.5)
    colors = nodes.to_rgba(nodes.get_array())
    np.testing.assert_allclose(colors[0], to_rgba(_FOR), atol=0.01)
    np.testing.assert_allclose(colors[3], to_rgba("white"), atol=0.01)
    # A quarter of the way from white to the color against.
    expected = 0.75 * np.ones(4) + 0.25 * np.array(to_rgba(_AGAINST))
    np.testing.assert_allclose(colors[2], expected, atol=0.01)
    (scale,) = [child for child in ax.child_axes if child.get_xlabel()]
    assert scale.get_xlabel() == "node: all its features"
    assert [text.get_text() for text in scale.get_xticklabels()] == ["-0.5", "0", "+0.5"]


def test_bars_are_the_columns_over_all_nodes() -> None:
    shown = bars(plot_explanation(WHY))
    # Column 1 is 0.5 - 0.125.
    assert [bar.get_width() for bar in shown.patches] == [0.375, 0.25, -0.25]
    assert [text.get_text() for text in shown.get_yticklabels()] == ["x[1]", "x[0]", "x[2]"]
    assert [text.get_text() for text in shown.texts] == ["+0.375", "+0.25", "-0.25"]
    colors = [to_hex(bar.get_facecolor()).upper() for bar in shown.patches]
    assert colors == [_FOR, _FOR, _AGAINST]
    # The largest is at the top.
    assert shown.get_ylim()[0] > shown.get_ylim()[1]
    assert len(bars(plot_explanation(WHY, max_features=2)).patches) == 2


def test_legend_has_the_colors_that_are_drawn() -> None:
    def legend(ax: Any) -> dict[str, tuple[str, str]]:
        shown = ax.get_legend()
        texts = [text.get_text() for text in shown.get_texts()]
        styles = [
            (to_hex(line.get_color()).upper(), line.get_linestyle()) for line in shown.get_lines()
        ]
        return dict(zip(texts, styles, strict=True))

    faint = to_hex(FAINT).upper()
    assert legend(plot_explanation(WHY)) == {
        "for the class": (_FOR, "-"),
        "against it": (_AGAINST, "--"),
        "under 2% of the widest": (faint, "-"),
    }
    assert legend(plot_explanation(MASKS)) == {
        "mask of 0.5 or more": (_FOR, "-"),
        "less": (faint, "-"),
    }


def test_masks() -> None:
    ax = plot_explanation(MASKS, hops=1)
    found = {ends: to_hex(line.get_edgecolor()).upper() for ends, line in lines(ax).items()}
    # By the size of their masks: cup, jug, pot.
    faint = to_hex(FAINT).upper()
    assert found == {(1, 0): _FOR, (2, 0): _FOR, (3, 0): faint, (0, 1): faint}
    assert to_hex(ax.collections[0].get_facecolor()[0]) == to_hex(_PLAIN)
    assert [bar.get_width() for bar in bars(ax).patches] == [0.75, 0.25]
    assert bars(ax).get_title() == "features, masks"


@pytest.mark.parametrize(
    ("why", "title"),
    [
        (
            WHY,
            "Node tea: class hot, probability 0.75\n"
            "integrated gradients of the probability: edges +0.38, features +0.38",
        ),
        (
            dataclasses.replace(WHY, target=0, score_name="logit"),
            "Node tea: class cold, probability 0.25 (predicted: hot)\n"
            "integrated gradients of the logit: edges +0.38, features +0.38",
        ),
        (
            MASKS,
            "Node tea: class hot, probability 0.75\n"
            "GNNExplainer: probability 0.62 with all masks applied",
        ),
    ],
)
def test_title_says_node_class_and_probability(why: Explanation, title: str) -> None:
    assert plot_explanation(why).get_title() == title


def test_a_part_of_a_larger_graph() -> None:
    larger = Graph.from_edges(GRAPH.senders + 7, GRAPH.receivers + 7, num_nodes=20)
    why = dataclasses.replace(WHY, graph=larger, nodes=np.arange(7, 12), node=7)
    texts = [text.get_text() for text in plot_explanation(why, hops=2).texts]
    assert texts[-5:] == ["7", "8", "9", "10", "11"]


def test_hops_and_nodes_are_limited() -> None:
    def names(**options: int) -> list[str]:
        texts = [text.get_text() for text in plot_explanation(WHY, **options).texts]
        return [text for text in texts if text in GRAPH.ids]

    assert names() == ["tea", "cup", "pot", "jug", "far"]
    assert names(hops=1) == ["tea", "cup", "pot", "jug"]
    assert names(max_nodes=3) == ["tea", "cup", "pot"]


def test_nothing_to_show() -> None:
    why = dataclasses.replace(
        WHY, edge_attributions=np.zeros(5), feature_attributions={"x": np.zeros([5, 3])}
    )
    ax = plot_explanation(why)
    assert [child.get_title() for child in ax.child_axes][-1] == "features, over all nodes: none"
    colors = {to_hex(line.get_edgecolor()) for line in lines(ax).values()}
    assert colors == {to_hex(FAINT)}


@pytest.mark.parametrize("number", [5, 25])
def test_nothing_covers_anything(number: int) -> None:
    rng = np.random.default_rng(0)
    leaves = np.arange(1, number)
    graph = Graph.from_edges(
        np.concatenate([leaves, 0 * leaves]), np.concatenate([0 * leaves, leaves]), num_nodes=number
    )
    why = dataclasses.replace(
        WHY,
        graph=graph,
        nodes=np.arange(number),
        edges=np.arange(graph.num_edges),
        edge_attributions=rng.normal(size=graph.num_edges),
        feature_attributions={"a_feature_with_a_long_name": rng.normal(size=(number, 40))},
    )
    ax = plot_explanation(why, max_nodes=25)
    ax.figure.canvas.draw()
    # Nodes, bars, scale and legend lie apart, and within the figure.
    scale, shown = ax.child_axes[0], bars(ax)
    spots = ax.transData.transform(ax.collections[0].get_offsets())
    assert spots[:, 0].max() < shown.get_tightbbox().x0
    boxes = [shown.get_tightbbox(), ax.get_legend().get_window_extent(), scale.get_tightbbox()]
    for upper, lower in zip(boxes, boxes[1:], strict=False):
        assert upper.y0 > lower.y1
    whole = ax.figure.bbox
    for box in [*boxes, *(text.get_window_extent() for text in ax.texts)]:
        assert whole.x0 <= box.x0 and box.x1 <= whole.x1
        assert whole.y0 <= box.y0 and box.y1 <= whole.y1
    # No label of a bar runs into another one, or into a name.
    labels = [*shown.texts, *shown.get_yticklabels()]
    extents = [label.get_window_extent() for label in labels]
    for i, first in enumerate(extents):
        assert not any(first.overlaps(second) for second in extents[i + 1 :])


def test_numbers_keep_their_distance() -> None:
    spots = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]])
    far = np.array([[9.0, 9.0]])
    per_unit = _NUMBER_SIZE[0]
    none = np.zeros([0, 2])
    np.testing.assert_array_equal(_free_spot(spots, far, none, per_unit), spots[0])
    # A number beside the first spot: one and a half widths further is free.
    taken = np.array([[-0.25, 0.0]])
    np.testing.assert_array_equal(_free_spot(spots, far, taken, per_unit), spots[2])
    # One line higher is enough as well.
    taken = np.array([[0.0, 1.1 * _NUMBER_SIZE[1] / per_unit]])
    np.testing.assert_array_equal(_free_spot(spots, far, taken, per_unit), spots[0])


@pytest.mark.parametrize(
    ("why", "options", "error", "message"),
    [
        ({}, {}, TypeError, "explanation must be a gnn.explain.Explanation, got dict"),
        (WHY, {"hops": 0}, ValueError, "hops must be at least 1, got 0"),
        (WHY, {"max_nodes": 0}, ValueError, "max_nodes must be at least 1, got 0"),
        (WHY, {"max_features": 1.5}, TypeError, "max_features must be an integer, got 1.5"),
    ],
)
def test_bad_arguments_are_refused_and_leave_no_figure(
    why: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        plot_explanation(why, **options)
    assert pyplot.get_fignums() == []


def test_two_on_one_figure() -> None:
    figure = Figure(figsize=(18, 5), layout="constrained")
    for ax, why in zip(figure.subplots(1, 2), (WHY, MASKS), strict=True):
        assert plot_explanation(why, ax=ax) is ax
    figure.canvas.draw()
