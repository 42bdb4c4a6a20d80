"""Where a classifier is right: its accuracy by what surrounds a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gnn.evaluation.slices import Slice
from gnn.plots.canvas import NEUTRAL, PALETTE, as_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def slices(
    found: Sequence[Slice], *, xlabel: str = "", title: str = "", ax: Axes | None = None
) -> Axes:
    r"""Draws the accuracy of each slice of the nodes with its 95% interval.

    The dashed line is the accuracy of all of them. Under the name of a slice stands n, how many
    nodes it has; one without nodes has a dash in place of a point. The first slice, of nodes that
    have no neighbors, is parted from the others.

    Args:
        found: as `gnn.evaluation.accuracy_by_degree` and `accuracy_by_homophily` return it.
        xlabel: what the slices are by.
        title: of the picture.
        ax: where to draw; None makes a figure.

    Returns:
        The axes.

    Raises:
        TypeError: `ax` is no axes.
        ValueError: the slices have no nodes.
        ImportError: Matplotlib is not installed.

    Example:

    >>> from matplotlib.figure import Figure
    >>> from gnn.evaluation import accuracy_by_degree
    >>> found = accuracy_by_degree([True, True, False, True], [0, 1, 2, 3])
    >>> ax = slices(found, ax=Figure().subplots())
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['none\nn=1', '1\nn=1', '2 to 3\nn=2']
    """
    nodes = np.array([part.nodes for part in found])
    if not nodes.sum():
        raise ValueError("the slices must have at least one node; they have none")
    right = sum(part.right for part in found)
    filled = np.flatnonzero(nodes).tolist()
    accuracy = np.array([found[k].right / found[k].nodes for k in filled])
    ends = np.array([found[k].interval for k in filled])
    off = np.abs(ends - accuracy[:, None]).T

    axes = as_axes(ax, (max(4.8, 1.6 + 0.95 * len(found)), 4.0))
    mean = right / nodes.sum()
    axes.axhline(mean, linestyle="--", color=NEUTRAL, linewidth=1, zorder=1)
    axes.errorbar(
        filled,
        accuracy,
        yerr=off,
        color=PALETTE[0],
        marker="o",
        linestyle="none",
        capsize=3,
        zorder=3,
    )
    if len(found) > 1:
        axes.axvline(0.5, color="0.85", linewidth=0.8, zorder=0)
    for k in np.flatnonzero(nodes == 0):
        axes.text(k, 0.02, "–", ha="center", va="bottom", color=NEUTRAL)
    labels = [f"{_in_lines(part.name)}\nn={part.nodes:,}" for part in found]
    size = "small" if len(found) <= 8 else "x-small"
    axes.set_xticks(range(len(found)), labels, fontsize=size)
    axes.set_xlim(-0.5, len(found) - 0.5)
    axes.set_ylim(0, 1.02)
    axes.set(xlabel=xlabel, ylabel="accuracy, with its 95% interval")
    mean_text = f"all {int(nodes.sum()):,} nodes: {mean:.3f} (dashed)"
    axes.set_title("\n".join(filter(None, [title, mean_text])), fontsize="medium")
    axes.grid(axis="y", color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _in_lines(name: str) -> str:
    """A longer name of words in two lines."""
    words = name.split()
    if len(name) <= 12:
        return name
    half = -(-len(words) // 2)
    return " ".join(words[:half]) + "\n" + " ".join(words[half:])
