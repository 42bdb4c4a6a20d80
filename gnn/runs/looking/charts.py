"""Curves, spread, confusion and calibration, as figures of Plotly in plain values."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from gnn.plots.canvas import PALETTE

MOST_IN_CONFUSION = 40
_NUMBERED = 12
# This run and the one that it is held against; dashes tell validation from training.
COLORS = PALETTE[0], PALETTE[5]
_SPREAD = ("neighbor_distance", "random_distance", "spread")
_DASHES = ("solid", "dash", "dot")


def chart(
    title: str, traces: Sequence[Mapping[str, Any]], x: str, y: str, **layout: Any
) -> dict[str, Any]:
    """A figure with the titles of its axes.

    Example:

    >>> sorted(chart("loss", [], "epoch", "loss"))
    ['layout', 'title', 'traces']
    """
    axes = {
        "xaxis": {"title": {"text": x}, **layout.pop("xaxis", {})},
        "yaxis": {"title": {"text": y}, **layout.pop("yaxis", {})},
    }
    return {"title": title, "traces": list(traces), "layout": {**axes, **layout}}


def curves(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> list[dict[str, Any]]:
    """The loss and the accuracy by epoch.

    Args:
        histories: run -> key -> a number an epoch; one run or two.

    Example:

    >>> found = curves({"mlp": {"loss": [2.0, 1.0], "val_loss": [2.0, 1.5]}})
    >>> [(one["title"], [line["name"] for line in one["traces"]]) for one in found]
    [('Loss', ['mlp: training', 'mlp: validation'])]
    """
    figures = []
    for key, title in (("loss", "Loss"), ("accuracy", "Accuracy")):
        lines = [
            _line(history[name], f"{run}: {where}", color, dash)
            for (run, history), color in zip(histories.items(), COLORS, strict=False)
            for name, where, dash in (
                (key, "training", "dot"),
                (f"val_{key}", "validation", "solid"),
            )
            if name in history
        ]
        if lines:
            figures.append(chart(title, lines, "epoch", key))
    return figures


def spread(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, Any] | None:
    """How far neighbors and random nodes are apart by epoch; None where no run has measured it.

    Example:

    >>> found = spread({"a": {"neighbor_distance": [0.3], "random_distance": [0.4]}})
    >>> [line["name"] for line in found["traces"]], spread({"a": {"loss": [1.0]}}) is None
    (['a: neighbor distance', 'a: random distance'], True)
    """
    lines = [
        _line(history[key], f"{run}: {key.replace('_', ' ')}", color, dash)
        for (run, history), color in zip(histories.items(), COLORS, strict=False)
        for key, dash in zip(_SPREAD, _DASHES, strict=True)
        if key in history
    ]
    return chart("Spread of the outputs", lines, "epoch", "distance") if lines else None


def confusion(matrix: Sequence[Sequence[int]], names: Sequence[str]) -> dict[str, Any]:
    """A cell a pair of classes: its color is the share of the row.

    Args:
        matrix: a row a true class, a column a class given; up to 40 classes with nodes are drawn,
            those with the most wrong nodes.
        names: of the classes.

    Example:

    >>> confusion([[3, 1], [0, 4]], ["cat", "dog"])["traces"][0]["z"]
    [[0.75, 0.25], [0.0, 1.0]]
    """
    totals = [sum(row) for row in matrix]
    columns = [sum(column) for column in zip(*matrix, strict=True)]
    there = [k for k in range(len(names)) if totals[k] + columns[k]]
    there.sort(key=lambda k: 2 * matrix[k][k] - totals[k] - columns[k])
    kept = sorted(there[:MOST_IN_CONFUSION])
    titles = [html.escape(names[k]) for k in kept]
    counts = [[matrix[a][b] for b in kept] for a in kept]
    trace = {
        "type": "heatmap",
        "z": [
            [count / (totals[a] or 1) for count in row] for a, row in zip(kept, counts, strict=True)
        ],
        # Places, so that classes of equal names stay apart.
        "x": list(range(len(kept))),
        "y": list(range(len(kept))),
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "#ffffff"], [1, PALETTE[0]]],
        "colorbar": {"title": {"text": "share"}, "thickness": 12},
        "customdata": counts,
        "hovertemplate": "%{customdata} nodes, %{z:.0%} of the row<extra></extra>",
        "xgap": 1,
        "ygap": 1,
    }
    if len(kept) <= _NUMBERED:
        trace |= {
            "text": [[str(c or "") for c in row] for row in counts],
            "texttemplate": "%{text}",
        }
    ticks = {"tickvals": trace["x"], "ticktext": titles, "automargin": True, "showgrid": False}
    title = "Confusion" if len(kept) == len(names) else f"Confusion of {len(kept)} classes"
    return chart(
        title,
        [trace],
        "class given",
        "true class",
        xaxis=ticks,
        yaxis={**ticks, "autorange": "reversed"},
    )


def calibration(found: Mapping[str, Any]) -> dict[str, Any]:
    """How often answers are right, by how sure they are.

    Args:
        found: `before` and `after`, as `gnn.runs.figures.as_figures` has them.

    Example:

    >>> bins = [{"nodes": 4, "confidence": 0.9, "accuracy": 0.75, "interval": [0.3, 0.95]}]
    >>> found = calibration({"before": {"error": 0.15, "bins": bins}, "after": None})
    >>> [trace["name"] for trace in found["traces"]]
    ['right as often as sure', 'as they are: error 0.150']
    """
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, 1],
            "y": [0, 1],
            "name": "right as often as sure",
            "line": {"dash": "dash", "color": "soft", "width": 1},
            "hoverinfo": "skip",
        }
    ]
    kinds = (
        ("before", "as they are", PALETTE[5], "circle"),
        ("after", "calibrated", PALETTE[0], "square"),
    )
    for key, name, color, symbol in kinds:
        part = found.get(key)
        if part is None:
            continue
        bins = [each for each in part["bins"] if each["nodes"]]
        up = [each["interval"][1] - each["accuracy"] for each in bins]
        down = [each["accuracy"] - each["interval"][0] for each in bins]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [each["confidence"] for each in bins],
                "y": [each["accuracy"] for each in bins],
                "error_y": {"array": up, "arrayminus": down, "thickness": 1, "width": 3},
                "text": [f"{each['nodes']} nodes" for each in bins],
                "name": f"{name}: error {part['error']:.3f}",
                "marker": {"color": color, "symbol": symbol, "size": 9},
            }
        )
    return chart(
        "Calibration",
        traces,
        "how sure: probability of the class given",
        "how right: share",
        xaxis={"range": [0, 1.02]},
        yaxis={"range": [0, 1.05]},
    )


def _line(values: Sequence[float], name: str, color: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines" if len(values) > 1 else "markers",
        "x": list(range(1, len(values) + 1)),
        # JSON has no NaN.
        "y": [float(f"{value:.5g}") if abs(value) < float("inf") else None for value in values],
        "name": html.escape(name),
        "line": {"color": color, "dash": dash, "width": 2},
    }
