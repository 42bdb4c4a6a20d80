"""Which classes the edges join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.configs.arguments import check_count
from gnn.graphs.graph import Graph
from gnn.graphs.homophily import counted_edges
from gnn.plots.canvas import as_axes, class_name, shorten, text_color

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NUMBERED = 12
_MOST_TICKS = 40
_LONGEST_NAME = 24


def homophily(graph: Graph, *, max_classes: int = 100, ax: Axes | None = None) -> Axes:
    """Draws which share of a class's edges goes to which class.

    The cell in row a, column b is the share, among the edges that nodes of class a send, of those
    that nodes of class b receive; a row adds up to 1. A class that sends nothing has an empty row.
    Up to 12 classes the shares are written into the cells. The title has the edge homophily as in
    `Graph.info`. Both are over the edges that are no self loop and whose ends are both labeled, and
    each edge counts once, whatever its weight.

    Args:
        graph: a graph with a class a node.
        max_classes: beyond as many, the classes with the most nodes are drawn and the title says
            so. The shares remain those of all edges, and rows then may add up to less.
        ax: where to draw; None makes a figure.

    Returns:
        The axes.

    Raises:
        TypeError: `graph` is no `gnn.Graph`, `max_classes` no integer, or `ax` no axes.
        ValueError: the graph has no labels, or they are no classes, or no edge joins two labeled
            nodes; or `max_classes` is less than 1.
        ImportError: Matplotlib is not installed.

    Example:

    >>> from matplotlib.figure import Figure
    >>> graph = Graph.from_edges([0, 0, 1, 2], [1, 2, 0, 0], labels=["cat", "cat", "dog"])
    >>> ax = homophily(graph, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['0.67', '0.33', '1.00', '0.00']
    """
    max_classes = check_count("max_classes", max_classes, 1)
    classes, shares, value, left_out = _shares(graph, max_classes)

    count = len(classes)
    side = min(max(3.6, 1.8 + 0.55 * count), 8.0)
    axes = as_axes(ax, (side + 0.8, side))
    from matplotlib import colormaps

    numbered = count <= _MOST_NUMBERED
    # Among many classes a share is small, and only the scale tells how small.
    most = 1.0 if numbered else max(float(np.nanmax(shares, initial=0.0)), 1e-9)
    image = axes.imshow(
        shares, cmap=colormaps["Blues"].with_extremes(bad="0.93"), vmin=0, vmax=most
    )
    names = [shorten(class_name(graph.class_names, k), _LONGEST_NAME) for k in classes]
    step = -(-count // _MOST_TICKS)
    ticks = range(0, count, step)
    sloped = max(map(len, names)) > 3
    slope: dict[str, Any] = (
        {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if sloped else {}
    )
    axes.set_xticks(ticks, names[::step], **slope)
    axes.set_yticks(ticks, names[::step])
    if numbered:
        cell = min(axes.bbox.size) * 72 / axes.figure.dpi / count  # points
        font = float(np.clip(0.34 * cell, 4, 9))
        for (row, column), share in np.ndenumerate(shares):
            color = text_color(image.cmap(image.norm(share)))
            text = "–" if np.isnan(share) else f"{share:.2f}"
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize=font)
    else:
        axes.figure.colorbar(
            image, ax=axes, label="share of the edges that the row's class sends", shrink=0.8
        )
    axes.set(xlabel="class of the receiver", ylabel="class of the sender")
    title = f"Edge homophily {value:.3f}\nshare of the edges that the row's class sends"
    if left_out:
        title += f"\nthe {count} largest of {count + left_out:,} classes"
    axes.set_title(title, fontsize="medium")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return axes


def _shares(graph: Graph, max_classes: int) -> tuple[list[int], np.ndarray, float, int]:
    """The classes, the shares `[sender, receiver]`, the homophily, and how many classes are cut."""
    labels, counts = counted_edges(graph)
    senders, receivers = labels[graph.senders[counts]], labels[graph.receivers[counts]]
    classes, sizes = np.unique(labels[labels >= 0], return_counts=True)
    kept = np.sort(classes[np.argsort(-sizes, kind="stable")[:max_classes]])
    place = np.full(int(classes[-1]) + 1, -1)
    place[kept] = np.arange(kept.size)
    rows, columns = place[senders], place[receivers]
    both = (rows >= 0) & (columns >= 0)
    matrix = np.zeros((kept.size, kept.size))
    np.add.at(matrix, (rows[both], columns[both]), 1)
    sent = np.bincount(rows[rows >= 0], minlength=kept.size)[:, None]
    shares = np.divide(matrix, sent, out=np.full_like(matrix, np.nan), where=sent > 0)
    return kept.tolist(), shares, float(np.mean(senders == receivers)), classes.size - kept.size
