"""What every picture shares: the axes it is drawn on, and the colors and markers of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito (2008), "Color Universal Design", told apart by the colorblind as well. Yellow comes
# last, for it is the palest on white.
PALETTE = (
    "#0072B2",  # blue
    "#E69F00",  # orange
    "#009E73",  # green
    "#CC79A7",  # pink
    "#56B4E9",  # sky
    "#D55E00",  # vermilion
    "#000000",  # black
    "#F0E442",  # yellow
)
RIGHT, WRONG, NEUTRAL = PALETTE[2], PALETTE[5], "#9A9A9A"

# After the last color the colors come again, with another marker.
_MARKERS = "os^DvPX*"


def as_axes(ax: Axes | None, size: tuple[float, float]) -> Any:
    """The axes given, or those of a new figure of pyplot, `size` inches wide and high."""
    try:
        from matplotlib.axes import Axes
    except ImportError as error:
        raise ImportError("gnn.plots needs Matplotlib: pip install 'gnn[plots]'") from error
    if ax is None:
        from matplotlib import pyplot

        _, ax = pyplot.subplots(figsize=size, layout="constrained")
    elif not isinstance(ax, Axes):
        raise TypeError(f"ax must be a Matplotlib Axes or None, got {type(ax).__name__}")
    return ax


def class_style(k: int) -> dict[str, Any]:
    """Color and marker of class `k`, the same in every picture; -1 is unlabeled."""
    if k < 0:
        return {"color": NEUTRAL, "marker": "o"}
    return {"color": PALETTE[k % len(PALETTE)], "marker": _MARKERS[k // len(PALETTE) % 8]}


def class_name(class_names: Sequence[str] | None, k: int) -> str:
    """What class `k` is called; -1 is unlabeled."""
    if k < 0:
        return "unlabeled"
    return str(k) if class_names is None else class_names[k]


def text_color(background: Any) -> str:
    """Black or white, whichever reads better on the background."""
    from matplotlib.colors import to_rgb

    # The luma of ITU-R BT.601.
    return "black" if np.dot(to_rgb(background), [0.299, 0.587, 0.114]) > 0.5 else "white"


def legend_beside(ax: Any, handles: Sequence[Any], title: str | None = None) -> None:
    """A legend to the right of the axes, where it hides nothing."""
    ax.legend(
        handles=handles,
        title=title,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        frameon=False,
    )


def shorten(text: str, longest: int) -> str:
    """The text, cut to `longest` characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
