"""How many edges nodes receive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gnn.graphs.graph import Graph
from gnn.graphs.weighing_edges import weighing_edges
from gnn.plots.canvas import PALETTE, as_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Two decades, past which small degrees would all share the first millimeter of a linear axis.
_LINEAR_SPAN = 100
_MOST_BARS = 100


def degree_distribution(graph: Graph, *, ax: Axes | None = None) -> Axes:
    """Draws how many nodes have which in-degree, the number of edges that a node receives.

    Parallel edges and self loops count as edges, those of weight 0 do not. If the largest degree is
    more than 100 times the smallest that is not 0, both axes are logarithmic and the bins double in
    width: 1, 2 to 3, 4 to 7, and so on; a bar is the number of nodes in its bin. (A power law
    `k**-a` then falls with slope `1 - a`.) Otherwise a bar is the number of nodes of one degree; of
    several, where degrees span more than 100. The title counts the nodes that receive nothing,
    which a logarithmic axis cannot show, and those that have no edge at all.

    Args:
        graph: the graph.
        ax: where to draw; None makes a figure.

    Returns:
        The axes.

    Raises:
        TypeError: `graph` is no `gnn.Graph`, or `ax` is no axes.
        ImportError: Matplotlib is not installed.

    Example:

    >>> from matplotlib.figure import Figure
    >>> graph = Graph.from_edges([0, 1, 2], [2, 2, 1], num_nodes=4)
    >>> ax = degree_distribution(graph, ax=Figure().subplots())
    >>> [(float(bar.get_center()[0]), int(bar.get_height())) for bar in ax.patches]
    [(0.0, 2), (1.0, 1), (2.0, 1)]
    """
    if not isinstance(graph, Graph):
        raise TypeError(f"graph must be a gnn.Graph, got {type(graph).__name__}")
    real = weighing_edges(graph.weights)
    degrees = np.bincount(graph.receivers[real], minlength=graph.num_nodes)
    ends = degrees + np.bincount(graph.senders[real], minlength=graph.num_nodes)
    positive = degrees[degrees > 0]
    logarithmic = positive.size > 0 and positive.max() > _LINEAR_SPAN * positive.min()
    counted = positive if logarithmic else degrees
    least, most = int(counted.min()), int(counted.max())
    width = 1
    if logarithmic:
        borders = 2 ** np.arange(least.bit_length() - 1, most.bit_length() + 1)
    else:
        width = -(-(most - least + 1) // _MOST_BARS)
        borders = np.arange(least, most + width + 1, width)
    heights, _ = np.histogram(counted, borders)

    axes = as_axes(ax, (6.4, 4.0))
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    # A linear bar stands over its degrees, from half below the first to half above the last.
    left = borders[:-1] - (0.0 if logarithmic else 0.5)
    axes.bar(
        left,
        heights.tolist(),
        width=np.diff(borders),
        align="edge",
        color=PALETTE[0],
        edgecolor="white",
        linewidth=0.8 if len(heights) <= 40 else 0.3,
    )
    comma = StrMethodFormatter("{x:,.0f}")
    if logarithmic:
        axes.set(xscale="log", yscale="log", ylabel="nodes in the bin")
        axes.set_ylim(bottom=0.7)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("nodes" if width == 1 else f"nodes in a bin of {width} degrees")
    axes.xaxis.set_major_formatter(comma)
    axes.yaxis.set_major_formatter(comma)
    axes.set_xlabel("in-degree (edges received)")
    nothing, isolated = int(np.sum(degrees == 0)), int(np.sum(ends == 0))
    axes.set_title(
        f"{graph.num_nodes:,} nodes, mean in-degree {degrees.mean():.3g}\n"
        f"{nothing:,} receive no edge, {isolated:,} are isolated",
        fontsize="medium",
    )
    axes.grid(axis="y", color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return axes
