"""What all plots share: the axes, the figure, and what they leave alone."""

from __future__ import annotations

import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from gnn import plots
from gnn.evaluation import judge_answers
from gnn.explain import Explanation
from gnn.graphs.graph import Graph
from gnn.plots.canvas import PALETTE, class_style, text_color

GRAPH = Graph.from_edges([0, 1, 2], [1, 2, 0], labels=[0, 1, 1])
IMAGES = np.eye(4).reshape(4, 2, 2)
WHY = Explanation(
    method="integrated gradients",
    graph=GRAPH,
    node=1,
    target=0,
    probabilities=np.array([0.75, 0.25]),
    nodes=np.arange(3),
    edges=np.arange(3),
    edge_attributions=np.array([0.5, -0.25, 0.0]),
    feature_attributions={},
    score_name="probability",
    score=0.75,
    baselines={"edges": 0.5, "features": 0.5},
)
JUDGED = judge_answers(np.eye(3), [0, 1, 1], degrees=[0, 1, 2])
CALLS = {
    "calibration": lambda ax: plots.calibration(JUDGED.calibration, ax=ax),
    "confusion": lambda ax: plots.confusion(JUDGED.confusion, ax=ax),
    "degree_distribution": lambda ax: plots.degree_distribution(GRAPH, ax=ax),
    "embedding": lambda ax: plots.embedding(np.eye(3), [0, 1, 1], ax=ax),
    "history": lambda ax: plots.history({"loss": [2.0, 1.0]}, ax=ax),
    "homophily": lambda ax: plots.homophily(GRAPH, ax=ax),
    "neighborhood": lambda ax: plots.neighborhood(GRAPH, 0, ax=ax),
    "plot_explanation": lambda ax: plots.plot_explanation(WHY, ax=ax),
    "query_sheet": lambda ax: plots.query_sheet(IMAGES[:1], IMAGES, [[1, 2]], ax=ax),
    "slices": lambda ax: plots.slices(JUDGED.by_degree or (), ax=ax),
}


def test_every_plot_is_here() -> None:
    assert sorted(CALLS) == sorted(plots.__all__)


@pytest.mark.parametrize("name", CALLS)
def test_draws_on_the_axes_given_and_makes_no_figure(name: str) -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert CALLS[name](right) is right
    assert right.has_data()
    assert not left.has_data()
    assert pyplot.get_fignums() == []
    figure.canvas.draw()


@pytest.mark.parametrize("name", CALLS)
def test_makes_one_figure_that_pyplot_knows_and_changes_no_settings(name: str) -> None:
    before = matplotlib.rcParams.copy()
    ax = CALLS[name](None)
    # Notebooks show the figures of pyplot.
    (number,) = pyplot.get_fignums()
    assert ax.figure is pyplot.figure(number)
    assert ax.has_data()
    assert dict(matplotlib.rcParams) == dict(before)


@pytest.mark.parametrize("name", CALLS)
def test_refuses_what_is_no_axes_and_leaves_no_figure(name: str) -> None:
    with pytest.raises(TypeError, match="ax must be a Matplotlib Axes or None, got list"):
        CALLS[name]([])
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("name", CALLS)
def test_names_the_extra_where_matplotlib_is_missing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    with pytest.raises(ImportError, match=r"pip install 'gnn\[plots\]'"):
        CALLS[name](None)


def test_classes_differ_by_color_and_then_by_marker() -> None:
    styles = {tuple(class_style(k).values()) for k in range(-1, 64)}
    assert len(styles) == 65
    assert class_style(1) == {"color": PALETTE[1], "marker": "o"}
    assert class_style(9) == {"color": PALETTE[1], "marker": "s"}


@pytest.mark.parametrize(
    ("background", "expected"),
    # 0.587 is the weight of green, 0.299 that of red.
    [("#00FF00", "black"), ("#FF0000", "white"), ("white", "black"), ("black", "white")],
)
def test_text_stands_out(background: str, expected: str) -> None:
    assert text_color(background) == expected
