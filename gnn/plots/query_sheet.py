"""Queries beside the items nearest to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.configs.arguments import check_count
from gnn.plots.canvas import NEUTRAL, RIGHT, WRONG, as_axes, class_name, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# In widths of an image.
_GAP, _QUERY_GAP, _LINE = 0.14, 0.3, 0.19
_LONGEST_CAPTION = 14


def query_sheet(
    queries: Any,
    items: Any,
    neighbors: Any,
    *,
    query_labels: Any = None,
    item_labels: Any = None,
    scores: Any = None,
    score_name: str = "distance",
    class_names: Sequence[str] | None = None,
    image_shape: Sequence[int] | None = None,
    cmap: str = "gray",
    max_queries: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Draws a row for each query: its image, and the images of its nearest items.

    Given the labels, an item of the query's class has a solid green frame, any other a dashed red
    one with a cross, and the title says which share is right, over all queries given. What is
    unlabeled (-1) has a gray frame and does not count.

    Args:
        queries: `[q, h, w]` gray images, or `[q, h, w, c]` with 1, 3 or 4 channels, or `[q, width]`
            with `image_shape`. Gray ones are scaled together, from the smallest number to the
            largest; of colors, integers are from 0 to 255, floats and booleans from 0 to 1.
        items: the images of the items, likewise.
        neighbors: integers `[q, k]`, the rows of `items`, nearest first: the first of the two
            arrays that `gnn.evaluation.nearest_neighbors` returns.
        query_labels: `[q]` classes.
        item_labels: a class an item.
        scores: `[q, k]` numbers to write under the items, such as the second of those arrays.
        score_name: what they are, for the title.
        class_names: the name of each class, to write under the images; needs integer labels.
        image_shape: the shape of one image, where it is a vector.
        cmap: the colors of gray images: `"gray"` draws the largest number white, `"gray_r"` black.
        max_queries: beyond as many, the first ones are drawn and the title says so.
        ax: where to draw; None makes a figure.

    Returns:
        The axes. It holds one image a query and one a neighbor, row by row.

    Raises:
        TypeError: images or scores are no numbers, neighbors no integers, a count is no integer, or
            `ax` is no axes.
        ValueError: a shape or range is not as said, one kind of labels lacks the other, or
            class names the labels.
        ImportError: Matplotlib is not installed.

    Example:

    >>> from matplotlib.figure import Figure
    >>> images = np.eye(4).reshape(4, 2, 2)
    >>> ax = query_sheet(images[:1], images, [[0, 2]], query_labels=[5], item_labels=[5, 5, 6, 6],
    ...                  ax=Figure().subplots())
    >>> len(ax.images), ax.get_title()
    (3, '50% of the nearest 2 items are right')
    """
    queries = _as_images("queries", queries, image_shape)
    items = _as_images("items", items, image_shape)
    neighbors = _as_neighbors(neighbors, len(queries), len(items))
    max_queries = check_count("max_queries", max_queries, 1)
    right = _judge(query_labels, item_labels, class_names, neighbors, len(queries), len(items))
    if scores is not None:
        scores = np.asarray(scores)
        if scores.shape != neighbors.shape:
            raise ValueError(
                f"scores and neighbors must have the same shape, got {scores.shape} and "
                f"{neighbors.shape}"
            )
        if scores.dtype.kind not in "biuf":
            raise TypeError(f"scores must be numbers, got dtype {scores.dtype}")
    drawn, k = min(len(queries), max_queries), neighbors.shape[1]
    lines = (scores is not None) + (class_names is not None)
    row_height = 1 + _GAP + _LINE * lines
    width, height = 1 + _QUERY_GAP + k * (1 + _GAP), drawn * row_height

    axes = as_axes(ax, (max(3.4, 0.8 * width), 0.8 * (height + 1.0)))
    from matplotlib.patches import Rectangle

    # Points to a width of an image; text and frames shrink with the axes.
    unit = min(axes.bbox.width / width, axes.bbox.height / (height + 1)) * 72 / axes.figure.dpi
    font, thick = float(np.clip(0.175 * unit, 4, 9)), float(np.clip(0.05 * unit, 1, 2.4))

    shown = np.unique(neighbors[:drawn])
    limits = _limits(queries[:drawn], items[shown])

    def draw(image: np.ndarray, x: float, y: float, verdict: int, caption: str) -> None:
        style: dict[str, Any] = (
            {} if image.ndim == 3 else {"cmap": cmap, "vmin": limits[0], "vmax": limits[1]}
        )
        high, wide = image.shape[:2]
        # The longer side fills the cell.
        dx, dy = (1 - min(1, wide / high)) / 2, (1 - min(1, high / wide)) / 2
        extent = (x + dx, x + 1 - dx, y + 1 - dy, y + dy)
        axes.imshow(image, extent=extent, interpolation="nearest", **style)
        frames: dict[int, dict[str, Any]] = {
            1: {"edgecolor": RIGHT, "linewidth": thick},
            0: {"edgecolor": WRONG, "linewidth": thick, "linestyle": (0, (2.5, 1.2))},
            -1: {"edgecolor": NEUTRAL, "linewidth": 0.8},
        }
        axes.add_patch(Rectangle((x, y), 1, 1, fill=False, **frames[verdict]))
        if verdict == 0:
            box = {"boxstyle": "circle,pad=0.12", "facecolor": WRONG, "edgecolor": "white"}
            mark = {"ha": "center", "va": "center", "color": "white", "fontweight": "bold"}
            axes.text(x + 0.95, y + 0.05, "×", fontsize=0.8 * font, bbox=box, **mark)
        if caption:
            axes.text(x + 0.5, y + 1.07, caption, ha="center", va="top", fontsize=font)

    for row in range(drawn):
        y = row * row_height
        draw(queries[row], 0.0, y, -1, _caption(query_labels, row, class_names, None))
        for column, item in enumerate(neighbors[row]):
            score = None if scores is None else scores[row, column]
            caption = _caption(item_labels, item, class_names, score)
            x = 1 + _QUERY_GAP + column * (1 + _GAP)
            draw(items[item], x, y, int(right[row, column]), caption)
    axes.text(0.5, -0.12, "query", ha="center", va="bottom", fontsize=1.1 * font)
    axes.text(1 + _QUERY_GAP, -0.12, "nearest items", ha="left", va="bottom", fontsize=1.1 * font)
    axes.set(xlim=(-0.06, width - _GAP + 0.06), ylim=(height - _GAP + 0.08, -0.45), aspect="equal")
    axes.set_axis_off()
    axes.set_title(
        _title(right, drawn, k, None if scores is None else score_name), fontsize="medium"
    )
    return axes


def _as_images(name: str, images: Any, image_shape: Sequence[int] | None) -> np.ndarray:
    """`[n, h, w]` or, with colors, `[n, h, w, 3 or 4]`."""
    array = np.asarray(images)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be images of numbers, got dtype {array.dtype}")
    if image_shape is not None:
        shape = tuple(image_shape)
        if array.ndim < 2 or np.prod(array.shape[1:]) != np.prod(shape):
            raise ValueError(
                f"{name} must have shape [n, {np.prod(shape)}] for images of shape {shape}, "
                f"got {array.shape}"
            )
        array = array.reshape(len(array), *shape)
    elif array.ndim == 2:
        raise ValueError(f"{name} must have an image_shape to be vectors, got shape {array.shape}")
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in (3, 4)):
        raise ValueError(
            f"{name} must have shape [n, h, w] or [n, h, w, channels] with 1, 3 or 4 channels, "
            f"got {array.shape}"
        )
    if not array.size:
        raise ValueError(f"{name} must hold at least one image, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")
    if array.ndim == 4:
        most = 255 if array.dtype.kind in "iu" else 1
        if array.min() < 0 or array.max() > most:
            raise ValueError(
                f"{name} of dtype {array.dtype} must have colors from 0 to {most}, "
                f"got {array.min():g} to {array.max():g}"
            )
        # Matplotlib takes no booleans, and floats of 32 bits and more.
        array = array.astype(np.uint8 if most == 255 else np.float32)
    return array


def _as_neighbors(neighbors: Any, queries: int, items: int) -> np.ndarray:
    array = np.asarray(neighbors)
    if array.ndim != 2 or len(array) != queries or not array.size:
        raise ValueError(
            f"neighbors must have shape [{queries}, k], a row a query, got {array.shape}"
        )
    if array.dtype.kind not in "iu":
        raise TypeError(f"neighbors must be integers, got dtype {array.dtype}")
    bad = (array < 0) | (array >= items)
    if bad.any():
        row = np.argmax(bad.any(axis=1))
        raise ValueError(
            f"neighbors must be rows of items, from 0 to {items - 1}, got {array[bad][0]} in row "
            f"{row}"
        )
    return array


def _judge(
    query_labels: Any,
    item_labels: Any,
    class_names: Sequence[str] | None,
    neighbors: np.ndarray,
    queries: int,
    items: int,
) -> np.ndarray:
    """1 where a neighbor has the query's class, 0 where not, -1 where nobody knows."""
    if (query_labels is None) != (item_labels is None):
        given, lacking = ("item_labels", "query_labels")
        if item_labels is None:
            given, lacking = lacking, given
        raise ValueError(f"{given} needs {lacking}, to tell right from wrong")
    if query_labels is None:
        if class_names is not None:
            raise ValueError("class_names needs query_labels and item_labels")
        return np.full(neighbors.shape, -1)
    pairs = {"query_labels": (query_labels, queries), "item_labels": (item_labels, items)}
    known = []
    for name, (labels, count) in pairs.items():
        array = np.asarray(labels)
        if array.shape != (count,):
            raise ValueError(f"{name} must have shape [{count}], got {array.shape}")
        numbered = array.dtype.kind in "iu"
        if class_names is not None and not (numbered and array.max() < len(class_names)):
            got = array.max() if numbered else f"dtype {array.dtype}"
            raise ValueError(
                f"{name} must be integers below {len(class_names)}, the number of class_names, "
                f"got {got}"
            )
        known.append(array >= 0 if numbered else np.full(count, True))
    same = np.asarray(item_labels)[neighbors] == np.asarray(query_labels)[:, None]
    return np.where(known[1][neighbors] & known[0][:, None], same.astype(int), -1)


def _limits(*images: np.ndarray) -> tuple[float, float]:
    """The smallest and largest number of all gray images, apart even where they are equal."""
    gray = [array for array in images if array.ndim == 3]
    least = min((float(array.min()) for array in gray), default=0.0)
    most = max((float(array.max()) for array in gray), default=1.0)
    return least, most if most > least else least + 1


def _caption(labels: Any, row: int, class_names: Sequence[str] | None, score: Any) -> str:
    parts = []
    if class_names is not None:
        parts.append(shorten(class_name(class_names, int(labels[row])), _LONGEST_CAPTION))
    if score is not None:
        parts.append(f"{score:.2f}")
    return "\n".join(parts)


def _title(right: np.ndarray, drawn: int, k: int, score_name: str | None) -> str:
    known, total, notes = right >= 0, len(right), []
    if drawn < total:
        notes.append(f"the first {drawn:,} of {total:,} queries")
    if score_name is not None:
        notes.append(f"under each item its {score_name}")
    lines = ["; ".join(notes)] if notes else []
    if known.any():
        items = "item is" if k == 1 else f"{k} items are"
        share = f"{right[known].mean():.0%} of the nearest {items} right"
        lines.insert(0, share + (f", over all {total:,} queries" if drawn < total else ""))
    return "\n".join(lines)
