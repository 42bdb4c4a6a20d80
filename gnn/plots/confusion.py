"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from gnn.configs.arguments import check_count
from gnn.plots.canvas import as_axes, class_name, shorten, text_color

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NUMBERED = 12
_MOST_TICKS = 40
_LONGEST_NAME = 24


def confusion(
    matrix: Any,
    class_names: Sequence[str] | None = None,
    *,
    max_classes: int = 60,
    ax: Axes | None = None,
) -> Axes:
    """Draws which classes the nodes of each class were given.

    The cell in row a, column b stands for the nodes of class a that were given class b; its color
    is their share of the row. Right ones, on the diagonal, are blue, wrong ones orange, whose color
    grows with the root of the share, so that few show. Up to 12 classes the numbers of nodes are
    written into the cells; beyond, scales say what the colors mean. A class without nodes has an
    empty row.

    Args:
        matrix: `[num_classes, num_classes]`, as `gnn.evaluation.confusion_matrix` returns it.
        class_names: of the classes; None takes their numbers.
        max_classes: beyond as many, those with the most wrong nodes are drawn, as the true class or
            the one given, and the title says so. Shares remain those of all nodes.
        ax: where to draw; None makes a figure.

    Returns:
        The axes.

    Raises:
        TypeError: `max_classes` is no integer, or `ax` no axes.
        ValueError: the matrix is not square, counts no nodes, or has not as many classes as there
            are names; or `max_classes` is less than 1.
        ImportError: Matplotlib is not installed.

    Example:

    >>> from matplotlib.figure import Figure
    >>> ax = confusion([[3, 1], [0, 4]], ["cat", "dog"], ax=Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['3', '1', '0', '4']
    >>> ax.get_title().splitlines()[0]
    '7 of 8 nodes are right: 0.875'
    """
    max_classes = check_count("max_classes", max_classes, 1)
    counts = sparse.csr_array(matrix)
    if counts.shape[0] != counts.shape[1] or not counts.sum():
        raise ValueError(
            "matrix must be square and count at least one node; got shape "
            f"{list(counts.shape)} and {counts.sum()} nodes"
        )
    if class_names is not None and len(class_names) != counts.shape[0]:
        raise ValueError(
            f"class_names must name the {counts.shape[0]} classes of the matrix; got "
            f"{len(class_names)}"
        )
    support = np.asarray(counts.sum(axis=1))
    right = counts.diagonal()
    wrong = support + np.asarray(counts.sum(axis=0)) - 2 * right
    kept = np.sort(np.argsort(-wrong, kind="stable")[:max_classes])
    shown = counts[kept][:, kept].toarray()
    nodes = support[kept]
    shares = np.divide(
        shown, nodes[:, None], out=np.full(shown.shape, np.nan), where=nodes[:, None] > 0
    )

    count = len(kept)
    side = min(max(3.8, 2.2 + 0.5 * count), 8.5)
    axes = as_axes(ax, (side + (0.8 if count <= _MOST_NUMBERED else 2.2), side))
    numbered = count <= _MOST_NUMBERED
    colors = _colored(axes, shares, scaled=not numbered)
    axes.imshow(colors)
    if numbered:
        _number(axes, shown, colors, count)
    _name(axes, [class_name(class_names, k) for k in kept.tolist()], nodes)
    title = (
        f"{int(right.sum()):,} of {int(support.sum()):,} nodes are right: "
        f"{right.sum() / support.sum():.3f}\nblue: right, orange: wrong; the darker, the larger "
        "the share of the row"
    )
    if count < counts.shape[0]:
        title += f"\nthe {count} of {counts.shape[0]:,} classes with most wrong nodes"
    axes.set_title(title, fontsize="medium")
    return axes


def _colored(axes: Any, shares: np.ndarray, scaled: bool) -> np.ndarray:
    """The colors of the cells, and two scales of them where asked for."""
    from matplotlib import cm, colormaps
    from matplotlib.colors import Normalize, PowerNorm

    on_diagonal = np.eye(len(shares), dtype=bool)
    # Among many classes errors are scattered, and only a scale of their own shows them.
    most = float(np.nanmax(np.where(on_diagonal, np.nan, shares), initial=0.0)) if scaled else 1.0
    blue = cm.ScalarMappable(Normalize(0, 1), colormaps["Blues"].with_extremes(bad="0.93"))
    orange = cm.ScalarMappable(
        PowerNorm(0.5, 0, max(most, 1e-9)), colormaps["Oranges"].with_extremes(bad="0.93")
    )
    masked = np.ma.masked_invalid(shares)
    colors = np.where(on_diagonal[:, :, None], blue.to_rgba(masked), orange.to_rgba(masked))
    colors[~on_diagonal & (shares == 0)] = 1.0  # Nothing is white.
    if scaled:
        bar = {"ax": axes, "shrink": 0.7, "pad": 0.02}
        axes.figure.colorbar(orange, label="share of the row that was given a wrong class", **bar)
        axes.figure.colorbar(blue, label="share of the row that is right", **bar)
    return colors


def _number(axes: Any, shown: np.ndarray, colors: np.ndarray, count: int) -> None:
    cell = min(axes.bbox.size) * 72 / axes.figure.dpi / count  # points
    longest = max(len(f"{number:,}") for number in shown.ravel())
    font = float(np.clip(min(0.34, 1.3 / longest) * cell, 4, 10))
    for (row, column), number in np.ndenumerate(shown):
        axes.text(
            column,
            row,
            f"{number:,}",
            ha="center",
            va="center",
            color=text_color(colors[row, column, :3]) if number else "0.6",
            fontsize=font,
        )


def _name(axes: Any, names: Sequence[str], nodes: np.ndarray) -> None:
    """Names of the classes, and at the rows how many nodes they have."""
    short = [shorten(" ".join(name.split()), _LONGEST_NAME) for name in names]
    rows = [f"{name} ({number:,})" for name, number in zip(short, nodes.tolist(), strict=True)]
    step = -(-len(names) // _MOST_TICKS)
    ticks = range(0, len(names), step)
    sloped = max(map(len, short)) > 3
    slope: dict[str, Any] = (
        {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if sloped else {}
    )
    size = "medium" if len(ticks) <= _MOST_NUMBERED else "small" if len(ticks) <= 24 else "x-small"
    axes.set_xticks(ticks, short[::step], fontsize=size, **slope)
    axes.set_yticks(ticks, rows[::step], fontsize=size)
    axes.set(xlabel="class given", ylabel="true class (nodes)")
    edges = np.arange(len(names) + 1) - 0.5
    axes.set_xticks(edges, minor=True)
    axes.set_yticks(edges, minor=True)
    axes.grid(which="minor", color="0.85", linewidth=0.8 if len(names) <= 24 else 0.2)
    axes.spines[:].set_visible(False)
    axes.tick_params(which="both", length=0)
