"""Which neighbors and features moved a prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.configs.arguments import check_count
from gnn.explain.explanation import Explanation
from gnn.graphs.graph import Graph
from gnn.plots.canvas import PALETTE, as_axes, shorten
from gnn.plots.edge_drawing import FAINT, draw_edges
from gnn.plots.node_drawing import Layout, lay_out, node_name, scatter_style, write_names
from gnn.plots.surroundings import Surroundings, surroundings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FOR, _AGAINST, _PLAIN = PALETTE[0], PALETTE[5], "0.92"
# Edges below this share of the largest are drawn as having none.
_SMALL = 0.02
_KEPT = 0.5  # Masks from here on.
_MOST_NUMBERS = 8
_LONGEST_FEATURE = 22
# The part of the axes at the right that holds the features, and where in it the bars begin.
_RIGHT, _BARS_FROM = 0.36, 0.78


def plot_explanation(
    explanation: Explanation,
    *,
    hops: int = 2,
    max_nodes: int = 20,
    max_features: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Draws a node's neighborhood by what its edges and features did to the prediction.

    The node stands in the middle, as in `gnn.plots.neighborhood`. Of integrated gradients, blue is
    for the class and vermilion, dashed, against it: a line is as wide as its edge's attribution,
    an arrow where the two directions differ; a node is as deeply colored as its features'
    attributions add up to; bars are the columns of features, summed over all nodes. Of
    GNNExplainer, a line is as wide as its edge's mask, blue from 0.5 on, and bars are the masks of
    features. The largest edges have their numbers. Parallel edges are added up.

    Args:
        explanation: what `gnn.explain.integrated_gradients` or `gnn.explain.gnn_explainer`
            returned.
        hops: how far from the node to draw, over edges in either direction.
        max_nodes: how many nodes to draw. Nearer hops come first, and within a hop the nodes joined
            by the edges of the largest attributions.
        max_features: how many columns of features to draw.
        ax: where to draw; None makes a figure.

    Returns:
        The axes. Its first collection is the nodes; the bars are in an axes within it
        (`child_axes`).

    Raises:
        TypeError: `explanation` is none, a count is no integer, or `ax` is no axes.
        ValueError: a count is less than 1.
        ImportError: Matplotlib is not installed.

    Example:

    >>> import gnn.explain
    >>> from matplotlib.figure import Figure
    >>> import tensorflow as tf
    >>> graph = Graph.from_edges([1, 2], [0, 0], {"x": np.eye(3)})
    >>> def model(inputs, training):
    ...     sent = inputs["edges"] * tf.gather(inputs["x"], inputs["senders"])
    ...     received = tf.math.unsorted_segment_sum(sent, inputs["receivers"], 3)
    ...     return tf.gather(inputs["x"] + [0, 1, 2] * received, inputs["readout"])
    >>> why = gnn.explain.integrated_gradients(model, graph, 0, of="logit")
    >>> print(plot_explanation(why, ax=Figure().subplots()).get_title())
    Node 0: class 2, probability 0.58
    integrated gradients of the logit: edges +2.00, features +2.00
    """
    if not isinstance(explanation, Explanation):
        raise TypeError(
            f"explanation must be a gnn.explain.Explanation, got {type(explanation).__name__}"
        )
    hops = check_count("hops", hops, 1)
    max_nodes = check_count("max_nodes", max_nodes, 1)
    max_features = check_count("max_features", max_features, 1)
    around = _around(explanation, hops, max_nodes)
    names = [node_name(explanation.graph, explanation.nodes[i]) for i in around.nodes]
    largest = max(map(abs, around.edges.values()), default=0.0)

    def color_of(size: float) -> str | None:
        if not explanation.per_node:
            return _FOR if size >= _KEPT else None
        if abs(size) <= _SMALL * largest:
            return None
        return _FOR if size > 0 else _AGAINST

    axes = as_axes(ax, (10.5, 6.0))
    layout = lay_out(axes, around.parents, names, right=_RIGHT)
    draw_edges(
        axes,
        around.edges,
        layout.places,
        layout.diameter,
        layout.per_unit,
        color_of=color_of,
        most_numbers=_MOST_NUMBERS,
    )
    colors = _draw_nodes(axes, explanation, around, layout)
    write_names(axes, names, layout, colors)
    _draw_features(axes, explanation, max_features)
    _explain_lines(axes, explanation)
    axes.set_title(_title(explanation, names[0]), fontsize="medium")
    return axes


def _around(explanation: Explanation, hops: int, max_nodes: int) -> Surroundings:
    """What to draw, as positions in `explanation.nodes`."""
    part = Graph(  # It holds every edge it is given: each has its attribution.
        features={},
        senders=np.searchsorted(explanation.nodes, explanation.senders),
        receivers=np.searchsorted(explanation.nodes, explanation.receivers),
        num_nodes=explanation.nodes.size,
    )
    center = int(np.searchsorted(explanation.nodes, explanation.node))
    return surroundings(part, center, hops, max_nodes, explanation.edge_attributions)


def _draw_nodes(
    ax: Any, explanation: Explanation, around: Surroundings, layout: Layout
) -> list[Any]:
    """The nodes, with a scale of what their features did; gives their colors."""
    style = scatter_style(layout)
    if not explanation.per_node:
        ax.scatter(*layout.places.T, color=_PLAIN, **style)
        return [_PLAIN] * len(layout.places)
    from matplotlib.colors import LinearSegmentedColormap

    values = explanation.node_attributions[around.nodes]
    most = float(np.abs(values).max()) or 1.0
    colormap = LinearSegmentedColormap.from_list("against, for", [_AGAINST, "white", _FOR])
    drawn = ax.scatter(*layout.places.T, c=values, cmap=colormap, vmin=-most, vmax=most, **style)
    scale = ax.inset_axes((_BARS_FROM, 0.1, 0.99 - _BARS_FROM, 0.025))
    bar = ax.figure.colorbar(drawn, cax=scale, orientation="horizontal")
    bar.set_label("node: all its features", fontsize="small")
    scale.set_xticks([-most, 0, most], [f"{-most:+.2g}", "0", f"{most:+.2g}"], fontsize="small")
    return list(drawn.to_rgba(values))


def _draw_features(ax: Any, explanation: Explanation, count: int) -> None:
    """Bars at the right, the largest at the top."""
    rows = explanation.top_features(count)
    bars = ax.inset_axes((_BARS_FROM, 0.42, 0.99 - _BARS_FROM, 0.52))
    bars.spines[["top", "right", "bottom"]].set_visible(False)
    bars.set_xticks([])
    bars.tick_params(axis="y", length=0)
    what = "features, over all nodes" if explanation.per_node else "features, masks"
    if not rows:
        bars.spines["left"].set_visible(False)
        bars.set_yticks([])
        bars.set_title(f"{what}: none", fontsize="small")
        return
    bars.set_title(what, fontsize="small")
    values = [row.attribution for row in rows]
    colors = [_FOR if value > 0 else _AGAINST for value in values]
    drawn = bars.barh(np.arange(len(rows)), values, color=colors, height=0.7)
    signed = "{:+.3g}" if explanation.per_node else "{:.3g}"
    bars.bar_label(drawn, [signed.format(value) for value in values], padding=2, fontsize="small")
    names = [shorten(row.name, _LONGEST_FEATURE) for row in rows]
    bars.set_yticks(np.arange(len(rows)), names, fontsize="small")
    # As if there were room for ten: few bars are no thicker than many.
    bars.set_ylim(max(len(rows), 10) - 0.5, -0.6)
    bars.axvline(0.0, color="black", linewidth=0.8)
    bars.spines["left"].set_visible(False)
    low, high = min(0.0, *values), max(0.0, *values)
    room = (0.5 if low < 0 < high else 0.35) * (high - low)
    bars.set_xlim(low - (room if low < 0 else 0.0), high + (room if high > 0 else 0.0))


def _explain_lines(ax: Any, explanation: Explanation) -> None:
    from matplotlib.lines import Line2D

    if explanation.per_node:
        meanings: dict[str, dict[str, Any]] = {
            "for the class": {"color": _FOR},
            "against it": {"color": _AGAINST, "linestyle": "--"},
            f"under {_SMALL:.0%} of the widest": {"color": FAINT},
        }
    else:
        meanings = {
            f"mask of {_KEPT} or more": {"color": _FOR},
            "less": {"color": FAINT},
        }
    handles = [
        Line2D([], [], label=label, linewidth=2.2, **style) for label, style in meanings.items()
    ]
    ax.legend(
        handles=handles,
        title="edge",
        title_fontsize="small",
        fontsize="small",
        loc="upper left",
        bbox_to_anchor=(_BARS_FROM, 0.39),
        borderaxespad=0.0,
        frameon=False,
        alignment="left",
    )


def _title(explanation: Explanation, name: str) -> str:
    said = f"class {explanation.class_name(explanation.target)}"
    first = f"Node {name}: {said}, probability {explanation.probability:.2f}"
    likeliest = int(np.argmax(explanation.probabilities))
    if likeliest != explanation.target:
        first += f" (predicted: {explanation.class_name(likeliest)})"
    if not explanation.per_node:
        kept = f"probability {explanation.score:.2f} with all masks applied"
        return f"{first}\n{explanation.method}: {kept}"
    sums = explanation.sums
    account = f"edges {sums['edges']:+.2f}, features {sums['features']:+.2f}"
    return f"{first}\n{explanation.method} of the {explanation.score_name}: {account}"
