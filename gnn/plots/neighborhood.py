"""A node and those around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.configs.arguments import check_count
from gnn.graphs.find_node import find_node
from gnn.graphs.graph import Graph
from gnn.plots.canvas import NEUTRAL, as_axes, class_name, class_style, legend_beside, shorten
from gnn.plots.edge_drawing import draw_edges
from gnn.plots.node_drawing import (
    LONGEST_NAME,
    Layout,
    beside_nodes,
    lay_out,
    node_name,
    scatter_style,
    write_names,
)
from gnn.plots.surroundings import Surroundings, surroundings

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    center = find_node(graph, node)
    hops = check_count("hops", hops, 1)
    max_nodes = check_count("max_nodes", max_nodes, 1)
    sizes = graph.weights
    if edge_values is not None:
        sizes = _as_values("edge_values", edge_values, graph.num_edges, "an edge")
    if node_values is not None:
        node_values = _as_values("node_values", node_values, graph.num_nodes, "a node")
    around = surroundings(graph, center, hops, max_nodes, sizes)
    names = [node_name(graph, i) for i in around.nodes]

    axes = as_axes(ax, (8.4 if beside_nodes(names) else 6.8, 6.0))
    layout = lay_out(axes, around.parents, names)
    draw_edges(axes, around.edges, layout.places, layout.diameter, layout.per_unit)
    colors = _draw_nodes(axes, graph, around, layout, node_values)
    write_names(axes, names, layout, colors)
    axes.set_title(_title(names[0], around, hops), fontsize="medium")
    return axes


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
    layout: Layout,
    values: np.ndarray | None,
) -> list[Any]:
    """The nodes, with a legend of their classes or a scale of their values; gives their colors."""
    places, common = layout.places, scatter_style(layout)
    rims = common.pop("linewidths")
    colors: list[Any] = [NEUTRAL] * len(places)
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
        name = shorten(class_name(graph.class_names, k), LONGEST_NAME + 12)
        handles.append(
            ax.scatter(*places[some].T, linewidths=rims[some], label=name, **style, **common)
        )
        for i in some:
            colors[i] = style["color"]
    legend_beside(ax, handles, "class")
    for handle in ax.get_legend().legend_handles:
        handle.set(sizes=[60], linewidths=[0.6])
    return colors
