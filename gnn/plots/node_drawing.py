"""Where the nodes of a neighborhood stand on an axes, how large they are, and their names."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from gnn.graphs.graph import Graph
from gnn.plots.canvas import shorten, text_color
from gnn.plots.radial_layout import radial_layout

LONGEST_NAME = 16
# Names as long stand in the node, longer ones beside it.
_LONGEST_INSIDE = 4
# Beyond as many, names would cover each other.
_MOST_NAMED = 60
_SMALLEST_NAMED_GAP = 10.0  # points between two nodes
_POINTS_A_CHARACTER = 5.5
# Up to as many nodes a ring has room for names between them.
_MOST_TURNED = 16
# From this cosine on a name stands left or right of its node, else above or below.
_SIDEWAYS = 0.35
_SMALLEST, _LARGEST = 8.0, 28.0  # points, the diameter of a node


@dataclasses.dataclass(frozen=True, eq=False)
class Layout:
    """The nodes of a neighborhood on an axes.

    Attributes:
        places: `[n, 2]`, in units of the axes; row 0, the node in the middle, is (0, 0).
        ways: `[n, 2]`, the direction in which a name stands beside its node.
        diameter: of a node, in points.
        per_unit: points to a unit.
        named: whether there is room for names.
    """

    places: np.ndarray
    ways: np.ndarray
    diameter: float
    per_unit: float
    named: bool


def node_name(graph: Graph, node: int) -> str:
    """What a node is called in a picture."""
    return shorten(str(node if graph.ids is None else graph.ids[node]), LONGEST_NAME)


def scatter_style(layout: Layout) -> dict[str, Any]:
    """What all nodes share; the one in the middle has a thick rim."""
    rims = np.where(np.arange(len(layout.places)) == 0, 2.2, 0.6)
    return {"s": layout.diameter**2, "edgecolors": "black", "zorder": 3, "linewidths": rims}


def beside_nodes(names: Sequence[str]) -> bool:
    """Whether the names are too long to stand in the nodes."""
    return len(names) <= _MOST_NAMED and max(map(len, names), default=0) > _LONGEST_INSIDE


def lay_out(ax: Any, parents: list[int], names: Sequence[str], right: float = 0.0) -> Layout:
    """Places a neighborhood's nodes, and sets the limits of the axes so that their names fit.

    Args:
        ax: a Matplotlib axes; its frame goes.
        parents: as `gnn.plots.radial_layout` takes them.
        names: what will be written at the nodes.
        right: the share of the axes' width that is kept free on the right.
    """
    places = radial_layout(parents)
    ways = _name_directions(places, parents)
    room = _room(names if len(names) <= _MOST_NAMED else [], ways)
    half = 0.45 * ax.bbox.size * 72 / ax.figure.dpi * [1 - right, 1]
    extent = np.abs(places).max() or 1.0
    scales = np.divide(
        half - room, np.abs(places), out=np.full_like(places, np.inf), where=np.abs(places) > 0.01
    )
    per_unit = float(np.clip(scales.min(), half.min() / 4 / extent, half.min() / extent))
    wide, high = np.maximum(np.abs(places) + room / per_unit, 0.1).max(axis=0)
    if right:  # Limits in the proportions of the axes, which then keeps its width.
        ratio = ax.bbox.width / ax.bbox.height * (1 - right)
        wide, high = max(wide, high * ratio), max(high, wide / ratio)
    ax.set(xlim=(-wide, wide * (1 + right) / (1 - right)), ylim=(-high, high), aspect="equal")
    ax.set_axis_off()
    gap = _smallest_gap(places) * per_unit
    diameter = float(np.clip(0.62 * gap, _SMALLEST, _LARGEST))
    named = len(places) <= _MOST_NAMED and gap >= _SMALLEST_NAMED_GAP
    return Layout(places, ways, diameter, per_unit, named)


def _name_directions(places: np.ndarray, parents: list[int]) -> np.ndarray:
    """Where a name stands beside its node: outward, or, where there is room, beside a branch."""
    lengths = np.linalg.norm(places, axis=1, keepdims=True)
    ways = places / np.where(lengths > 0, lengths, 1)
    inner = sorted(set(parents) - {-1, 0})
    if len(places) <= _MOST_TURNED:
        ways[inner] = ways[inner][:, ::-1] * [1, -1]
    ways[0] = 0, -1
    return ways


def _room(names: Sequence[str], ways: np.ndarray) -> np.ndarray:
    """`[n, 2]`: the points to leave free left and right of a node, and above and below it."""
    room = np.full(ways.shape, _LARGEST / 2 + 6)
    if max(map(len, names), default=0) > _LONGEST_INSIDE:
        widths = _POINTS_A_CHARACTER * np.asarray([len(name) for name in names])
        sideways = np.abs(ways[:, 0]) > _SIDEWAYS
        room[:, 0] = np.where(sideways, room[:, 0] + widths, np.maximum(room[:, 0], widths / 2))
        room[:, 1] += np.where(sideways, 0, 12)
    return room


def _smallest_gap(places: np.ndarray) -> float:
    """The distance between the two closest nodes."""
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2)
    return float(gaps[gaps > 0].min(initial=1.0))


def write_names(ax: Any, names: Sequence[str], layout: Layout, colors: Sequence[Any]) -> None:
    """Names, where there is room: in the nodes if all are short, else beside them.

    Args:
        ax: the axes that was laid out.
        names: one a node.
        layout: what `lay_out` returned.
        colors: of the nodes.
    """
    from matplotlib.patheffects import withStroke

    diameter = layout.diameter
    inside = not beside_nodes(names) and diameter >= 16
    for i, (name, place, color) in enumerate(zip(names, layout.places, colors, strict=True)):
        if not layout.named:
            return
        if inside:
            size = min(10.0, 1.45 * diameter / max(2, len(name)))
            style = {"ha": "center", "va": "center", "color": text_color(color), "fontsize": size}
            ax.text(*place, name, zorder=4, **style)
            continue
        away = layout.ways[i]
        sideways = abs(away[0]) > _SIDEWAYS
        ax.annotate(
            name,
            place,
            xytext=away * (diameter / 2 + 3),
            textcoords="offset points",
            ha=("left" if away[0] > 0 else "right") if sideways else "center",
            va="center" if sideways else ("bottom" if away[1] > 0 else "top"),
            fontsize="small",
            fontweight="bold" if i == 0 else "normal",
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            zorder=4,
        )
