"""A node and those around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.graphs.graph import Graph
from gnn.plots.canvas import (
    NEUTRAL,
    as_axes,
    check_count,
    class_name,
    class_style,
    legend_beside,
    shorten,
    text_color,
)
from gnn.plots.edge_drawing import draw_edges
from gnn.plots.radial_layout import radial_layout
from gnn.plots.surroundings import Surroundings, surroundings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST_NAME = 16
_IDS_SHOWN = 10
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


def neighborhood(
    graph: Graph,
    node: Any,
    *,
    hops: int = 1,
    max_nodes: int = 30,
    node_values: Any = None,
    edge_values: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draws a node, those around it, and the edges among them.

    The node stands in the middle, those a hop away on the first ring, and so on; a hop is an edge
    in either direction. A line is as wide as the edge's weight (parallel ones added up), and the
    weight stands at it, where weights differ and there are at most 40 lines. An edge whose reverse
    has the same weight is a line, any other an arrow; a self loop is a circle. Colors are the
    classes. The first neighbor stands at the top, and heavier ones come first, clockwise. The same
    arguments give the same picture.

    Args:
        graph: the graph.
        node: one of `graph.ids`; the node's index, where the graph has no ids.
        hops: how far to go.
        max_nodes: how many nodes to draw. Nearer hops come first, and within a hop the nodes joined
            by the heaviest edges; the title says how many there are. Beyond 60, or on
            an axes too small for them, no names are drawn.
        node_values: `[num_nodes]` numbers, such as scores, to color nodes by instead of classes.
        edge_values: `[num_edges]` numbers, such as attention, in place of the weights. The width is
            that of the absolute value; lines of negative sums are dashed.
        ax: where to draw; None makes a figure.

    Returns:
        The axes. Its first collections are the nodes.

    Raises:
        TypeError: `graph` is no `gnn.Graph`, a count is no integer, values are no numbers, or `ax`
            is no axes.
        KeyError: no node has the id; some that there are are named.
        ValueError: there is no node of that index, `hops` or `max_nodes` is less than 1, or values
            are not one a node or edge, or not finite.
        ImportError: Matplotlib is not installed.

    Example:

    >>> from matplotlib.figure import Figure
    >>> graph = Graph.from_edges([0, 2], [1, 0], weights=[1, 3], ids=["tea", "cup", "pot"])
    >>> ax = neighborhood(graph, "tea", ax=Figure().subplots())
    >>> ax.get_title(), [text.get_text() for text in ax.texts]
    ('Node tea and its 2 neighbors', ['1', '3', 'tea', 'pot', 'cup'])
    """
    if not isinstance(graph, Graph):
        raise TypeError(f"graph must be a gnn.Graph, got {type(graph).__name__}")
    center = _find(graph, node)
    hops = check_count("hops", hops, 1)
    max_nodes = check_count("max_nodes", max_nodes, 1)
    sizes = graph.weights
    if edge_values is not None:
        sizes = _as_values("edge_values", edge_values, graph.num_edges, "an edge")
    if node_values is not None:
        node_values = _as_values("node_values", node_values, graph.num_nodes, "a node")
    around = surroundings(graph, center, hops, max_nodes, sizes)
    places = radial_layout(around.parents)

    names = [_name(graph, i) for i in around.nodes] if len(places) <= _MOST_NAMED else []
    beside = max(map(len, names), default=0) > _LONGEST_INSIDE
    ways = _name_directions(places, around.parents)

    axes = as_axes(ax, (8.4 if beside else 6.8, 6.0))
    room = _room(names, ways)
    half = 0.45 * axes.bbox.size * 72 / axes.figure.dpi
    extent = np.abs(places).max() or 1.0
    scales = np.divide(
        half - room, np.abs(places), out=np.full_like(places, np.inf), where=np.abs(places) > 0.01
    )
    per_unit = float(np.clip(scales.min(), half.min() / 4 / extent, half.min() / extent))
    wide, high = np.maximum(np.abs(places) + room / per_unit, 0.1).max(axis=0)
    axes.set(xlim=(-wide, wide), ylim=(-high, high), aspect="equal")
    axes.set_axis_off()
    gap = _smallest_gap(places) * per_unit
    diameter = float(np.clip(0.62 * gap, _SMALLEST, _LARGEST))

    draw_edges(axes, around.edges, places, diameter, per_unit)
    colors = _draw_nodes(axes, graph, around, places, diameter, node_values)
    if gap >= _SMALLEST_NAMED_GAP:
        _write_names(axes, names, places, ways, diameter, colors)
    axes.set_title(_title(_name(graph, center), around, hops), fontsize="medium")
    return axes


def _name_directions(places: np.ndarray, parents: list[int]) -> np.ndarray:
    """Where a name stands beside its node: outward, or, where there is room, beside a branch."""
    lengths = np.linalg.norm(places, axis=1, keepdims=True)
    ways = places / np.where(lengths > 0, lengths, 1)
    inner = sorted(set(parents) - {-1, 0})
    if len(places) <= _MOST_TURNED:
        ways[inner] = ways[inner][:, ::-1] * [1, -1]
    ways[0] = 0, -1
    return ways


def _room(names: list[str], ways: np.ndarray) -> np.ndarray:
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


def _find(graph: Graph, node: Any) -> int:
    """The index of the node that is called `node`."""
    if graph.ids is not None:
        ids = graph.ids.tolist()
        if node not in ids:
            shown = ", ".join(map(repr, ids[:_IDS_SHOWN]))
            more = f" and {len(ids) - _IDS_SHOWN:,} more" if len(ids) > _IDS_SHOWN else ""
            raise KeyError(f"node: no node has the id {node!r}; the ids are {shown}{more}")
        return ids.index(node)
    node = check_count("node", node, 0)
    if node >= graph.num_nodes:
        raise ValueError(f"node must be an index from 0 to {graph.num_nodes - 1}, got {node}")
    return node


def _as_values(name: str, values: Any, count: int, of: str) -> np.ndarray:
    array = np.asarray(values)
    if array.shape != (count,):
        raise ValueError(f"{name} must have shape [{count}], one {of}, got {array.shape}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be numbers, got dtype {array.dtype}")
    finite = np.isfinite(array)
    if not finite.all():
        at = np.argmin(finite)
        raise ValueError(f"{name} must be finite, got {array[at]} at position {at}")
    return array.astype(np.float64)


def _name(graph: Graph, node: int) -> str:
    return shorten(str(node if graph.ids is None else graph.ids[node]), _LONGEST_NAME)


def _title(name: str, around: Surroundings, hops: int) -> str:
    drawn, total = len(around.nodes) - 1, around.total - 1
    near = "neighbor" if total == 1 else "neighbors"
    far = "" if hops == 1 else f" within {hops} hops"
    if not total:
        return f"Node {name} has no neighbors"
    if drawn < total:
        choice = "(heaviest edges first, then by index)"
        return f"Node {name} and {drawn:,} of its {total:,} {near}{far}\n{choice}"
    return f"Node {name} and its {total:,} {near}{far}"


def _draw_nodes(
    ax: Any,
    graph: Graph,
    around: Surroundings,
    places: np.ndarray,
    diameter: float,
    values: np.ndarray | None,
) -> list[Any]:
    """The nodes, with a legend of their classes or a scale of their values; gives their colors."""
    rims = np.where(np.arange(len(places)) == 0, 2.2, 0.6)
    area = diameter**2
    colors: list[Any] = [NEUTRAL] * len(places)
    common = {"s": area, "edgecolors": "black", "zorder": 3}
    labels = graph.labels
    if values is not None:
        shown = values[around.nodes]
        drawn = ax.scatter(*places.T, c=shown, cmap="viridis", linewidths=rims, **common)
        ax.figure.colorbar(drawn, ax=ax, label="value of the node", shrink=0.7)
        return list(drawn.to_rgba(shown))
    if labels is None or labels.ndim > 1 or labels.dtype.kind == "f":
        ax.scatter(*places.T, color=NEUTRAL, linewidths=rims, **common)
        return colors
    classes, handles = labels[around.nodes], []
    # Classes by number, and the unlabeled last.
    for k in sorted(set(classes.tolist()), key=lambda k: (k < 0, k)):
        some = np.flatnonzero(classes == k)
        style = class_style(k)
        name = shorten(class_name(graph.class_names, k), _LONGEST_NAME + 12)
        handles.append(
            ax.scatter(*places[some].T, linewidths=rims[some], label=name, **style, **common)
        )
        for i in some:
            colors[i] = style["color"]
    legend_beside(ax, handles, "class")
    for handle in ax.get_legend().legend_handles:
        handle.set(sizes=[60], linewidths=[0.6])
    return colors


def _write_names(
    ax: Any,
    names: list[str],
    places: np.ndarray,
    ways: np.ndarray,
    diameter: float,
    colors: list[Any],
) -> None:
    """Names: in the nodes if all are short, else beside them."""
    from matplotlib.patheffects import withStroke

    inside = max(map(len, names), default=0) <= _LONGEST_INSIDE and diameter >= 16
    for i, (name, place, color) in enumerate(zip(names, places, colors, strict=False)):
        if inside:
            size = min(10.0, 1.45 * diameter / max(2, len(name)))
            style = {"ha": "center", "va": "center", "color": text_color(color), "fontsize": size}
            ax.text(*place, name, zorder=4, **style)
            continue
        away = ways[i]
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
