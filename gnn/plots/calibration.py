"""Whether a classifier is right as often as its probabilities say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.evaluation.calibration import Calibration
from gnn.evaluation.intervals import share_interval
from gnn.plots.canvas import NEUTRAL, PALETTE, as_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The bars of counts take the lower part of the axes.
_BARS = 0.22


def calibration(
    found: Calibration,
    calibrated: Calibration | None = None,
    *,
    temperature: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draws a reliability diagram: how often answers are right, by how sure they are.

    A point is a bin of answers: their mean confidence to the right, the share of them that is right
    upward, with its 95% interval: the wider that is, the paler the point. On the dashed line both
    are equal; points below it are too sure. The bars at the bottom are the numbers of answers of
    each bin, written above them. Bins without answers have neither.

    Args:
        found: as `gnn.evaluation.calibration` returns it.
        calibrated: the same after a temperature, drawn beside it.
        temperature: that one, for the legend.
        ax: where to draw; None makes a figure.

    Returns:
        The axes.

    Raises:
        TypeError: `found` or `calibrated` is no `Calibration`, or `ax` is no axes.
        ValueError: both have not the same bins.
        ImportError: Matplotlib is not installed.

    Example:

    >>> from matplotlib.figure import Figure
    >>> from gnn.evaluation.calibration import calibration as measure
    >>> found = measure([0, 1, 1, 0], [[0.8, 0.2], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]], bins=2)
    >>> ax = calibration(found, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['right as often as sure', 'as they are: error 0.225']
    """
    series = [("as they are", found, PALETTE[5], "o")]
    if calibrated is not None:
        at = "with a temperature" if temperature is None else f"at temperature {temperature:.3g}"
        series.append((at, calibrated, PALETTE[0], "s"))
    for name, part in (("found", found), ("calibrated", calibrated)):
        if part is not None and not isinstance(part, Calibration):
            raise TypeError(
                f"{name} must be a gnn.evaluation.Calibration, got {type(part).__name__}"
            )
    if calibrated is not None and not np.array_equal(found.edges, calibrated.edges):
        raise ValueError(
            f"both must have the same bins; got {len(found.counts)} and {len(calibrated.counts)}"
        )
    axes = as_axes(ax, (6.0, 5.6))
    (equal,) = axes.plot(
        [0, 1], [0, 1], linestyle="--", color=NEUTRAL, linewidth=1, label="right as often as sure"
    )
    most = max(int(part.counts.max()) for _, part, _, _ in series)
    handles = [equal]
    for place, (name, part, color, marker) in enumerate(series):
        handles.append(_draw_points(axes, name, part, color, marker))
        _draw_counts(axes, part, color, place, len(series), most)
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel="how sure: probability of the class given",
        ylabel="how right: share of these answers that is right",
    )
    axes.set_aspect("equal")
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.11),
        ncols=len(handles),
        fontsize="small",
        frameon=False,
        columnspacing=1.2,
    )
    axes.set_title(
        f"{int(found.counts.sum()):,} answers in {len(found.counts)} bins of confidence\n"
        "below the dashed line: too sure; bars: answers of each bin",
        fontsize="medium",
    )
    return axes


def _draw_points(axes: Any, name: str, part: Calibration, color: str, marker: str) -> Any:
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"color": color, "marker": marker, "linestyle": "none"}
    for k in np.flatnonzero(part.counts).tolist():
        share = float(part.accuracy[k])
        low, high = share_interval(share, int(part.counts[k]))
        axes.errorbar(
            part.confidence[k],
            share,
            yerr=[[share - low], [high - share]],
            **style,
            markersize=5,
            elinewidth=0.9,
            capsize=2,
            alpha=max(0.15, 1 - (high - low)),
            clip_on=False,
            zorder=3,
        )
    return Line2D([], [], **style, label=f"{name}: error {part.error:.3f}")


def _draw_counts(
    axes: Any, part: Calibration, color: str, place: int, number: int, most: int
) -> None:
    filled = np.flatnonzero(part.counts)
    width = (part.edges[1] - part.edges[0]) * 0.9 / number
    centers = (part.edges[filled] + part.edges[filled + 1]) / 2
    centers += (place - (number - 1) / 2) * width
    heights = part.counts[filled] / most * _BARS
    axes.bar(centers, heights, width, color=color, alpha=0.25, linewidth=0, zorder=1)
    for x, y, count in zip(centers, heights, part.counts[filled].tolist(), strict=True):
        axes.annotate(
            f"{count:,}",
            (x, y),
            (0, 1.5),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=6,
            color=color,
            rotation=90 if number > 1 or count >= 1000 else 0,
        )
