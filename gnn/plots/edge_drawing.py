"""Lines, arrows and circles between the nodes of a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

# Beyond as many lines, numbers would cover each other, and wide lines everything.
_MOST_NUMBERED = 40
_WIDTHS, _CROWDED_WIDTHS, _EQUAL_WIDTH = (0.8, 4.5), (0.3, 2.0), 1.2  # points
# Edges of the node in the middle, and those among the others.
_OWN_COLOR, _OTHER_COLOR = "0.4", "0.72"
FAINT = "0.82"
# How far a line may bend, as a share of its length, to go around nodes.
_BENDS = (0.0, 0.2, -0.2, 0.35, -0.35, 0.5, -0.5)
_BENDS_WITH_REVERSE = (0.18, 0.32, 0.5)
# Where on a line its number may stand, the first free place, and what makes a place free.
_NUMBER_SPOTS = (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72, 0.2, 0.8)
_NUMBER_GAP = 17.0  # points from nodes
_NUMBER_SIZE = np.array([36.0, 14.0])  # points that another number keeps free


def draw_edges(
    ax: Any,
    edges: Mapping[tuple[int, int], float],
    places: np.ndarray,
    diameter: float,
    per_unit: float,
    color_of: Callable[[float], str | None] | None = None,
    most_numbers: int = _MOST_NUMBERED,
) -> None:
    """Draws edges as wide as they are large, with their numbers where numbers differ.

    An edge whose reverse is as large is one line, any other an arrow. A line bends where it would
    run through a node.

    Args:
        ax: a Matplotlib axes whose limits are set.
        edges: (sender, receiver), as rows of `places`, to a size; negative ones are dashed.
        places: `[n, 2]`, where the nodes are; row 0 is the one in the middle.
        diameter: of a node, in points.
        per_unit: points to a unit of `places`.
        color_of: from a size to a color, or to None for a faint edge without a number. Where it is
            None, edges of the node in the middle are darker than others.
        most_numbers: as many of the largest edges have numbers.
    """
    shown = {
        (a, b): size
        for (a, b), size in sorted(edges.items())
        if a <= b or edges.get((b, a)) != size  # One line for both directions.
    }
    sizes = [abs(size) for size in shown.values()]
    thinnest, widest = _WIDTHS if len(shown) <= _MOST_NUMBERED else _CROWDED_WIDTHS
    numbered: list[tuple[int, int]] = []
    if len(set(shown.values())) > 1 and (len(shown) <= _MOST_NUMBERED or color_of is not None):
        told = [edge for edge, size in shown.items() if color_of is None or color_of(size)]
        numbered = sorted(told, key=lambda edge: -abs(shown[edge]))[:most_numbers]
    radius = diameter / per_unit / 2
    numbers = np.zeros([0, 2])  # Where they stand.
    for (a, b), size in shown.items():
        width = min(_EQUAL_WIDTH, widest)
        if len(set(sizes)) > 1:
            width = thinnest + (widest - thinnest) * abs(size) / max(sizes)
        color = _OTHER_COLOR if a and b else _OWN_COLOR
        if color_of is not None:
            color = color_of(size) or FAINT
        style: dict[str, Any] = {
            "linewidth": width,
            "linestyle": "-" if size >= 0 else "--",
            "edgecolor": color,
            "zorder": 1.0 if a and b else 1.5,
        }
        if a == b:
            spots = _draw_loop(ax, places[a], radius, style)[None]
        else:
            reverse = edges.get((b, a))
            others = np.delete(places, [a, b], axis=0)
            bends = _BENDS if reverse in (None, size) else _BENDS_WITH_REVERSE
            bend = _free_bend(places[a], places[b], others, bends, 1.3 * radius)
            _draw_line(ax, places[a], places[b], bend, reverse != size, diameter, style)
            spots = _on_curve(places[a], places[b], bend, np.asarray(_NUMBER_SPOTS))
        if (a, b) in numbered:
            at = _free_spot(spots, places, numbers, per_unit)
            numbers = np.concatenate([numbers, at[None]])
            box: dict[str, Any] = {
                "boxstyle": "round,pad=0.1",
                "facecolor": "white",
                "edgecolor": "none",
            }
            text: dict[str, Any] = {
                "ha": "center",
                "va": "center",
                "fontsize": "small",
                "bbox": box,
            }
            ax.text(*at, f"{size:.3g}", zorder=2, **text)


def _draw_loop(ax: Any, place: np.ndarray, radius: float, style: dict[str, Any]) -> np.ndarray:
    """A circle that starts in the node, to the side of where its name stands."""
    from matplotlib.patches import Circle

    angle = (np.arctan2(place[1], place[0]) if place.any() else -np.pi / 2) - np.pi / 3
    away = np.array([np.cos(angle), np.sin(angle)])
    ax.add_patch(Circle(tuple(place + 1.3 * radius * away), 0.8 * radius, fill=False, **style))
    return place + 2.1 * radius * away


def _draw_line(
    ax: Any,
    start: np.ndarray,
    end: np.ndarray,
    bend: float,
    arrow: bool,
    diameter: float,
    style: dict[str, Any],
) -> None:
    from matplotlib.patches import FancyArrowPatch

    ax.add_patch(
        FancyArrowPatch(
            tuple(start),
            tuple(end),
            arrowstyle="-|>" if arrow else "-",
            connectionstyle=f"arc3,rad={bend}",
            facecolor=style["edgecolor"],
            mutation_scale=6 + 2 * style["linewidth"],
            shrinkA=diameter / 2,
            shrinkB=diameter / 2 + 1,
            **style,
        )
    )


def _on_curve(start: np.ndarray, end: np.ndarray, bend: float, at: np.ndarray) -> np.ndarray:
    """Points of the curve that Matplotlib's `arc3` draws, a quadratic Bezier, at 0 to 1."""
    across = np.array([end[1] - start[1], start[0] - end[0]])
    control = (start + end) / 2 + bend * across
    t = at[:, None]
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end


def _free_spot(
    spots: np.ndarray, nodes: np.ndarray, numbers: np.ndarray, per_unit: float
) -> np.ndarray:
    """The first spot where a number covers no node and no number, else the one nearest to that."""
    gaps = np.linalg.norm(spots[:, None] - nodes[None], axis=2).min(axis=1) * per_unit
    freedom = gaps / _NUMBER_GAP
    if len(numbers):
        apart = np.abs(spots[:, None] - numbers[None]) * per_unit / _NUMBER_SIZE
        freedom = np.minimum(freedom, apart.max(axis=2).min(axis=1))
    free = freedom > 1
    return spots[np.argmax(free) if free.any() else freedom.argmax()]


def _free_bend(
    start: np.ndarray,
    end: np.ndarray,
    others: np.ndarray,
    bends: tuple[float, ...],
    distance: float,
) -> float:
    """The first bend that keeps the distance from all other nodes, else that with the largest."""
    clearances = []
    for bend in bends if len(others) else bends[:1]:
        curve = _on_curve(start, end, bend, np.linspace(0.1, 0.9, 25))
        gaps = np.linalg.norm(curve[:, None] - others[None], axis=2)
        clearances.append(gaps.min() if len(others) else np.inf)
        if clearances[-1] >= distance:
            return bend
    return bends[int(np.argmax(clearances))]
