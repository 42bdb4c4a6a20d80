"""Embeddings in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from gnn.configs.arguments import check_count
from gnn.plots.canvas import as_axes, class_name, class_style, legend_beside, shorten
from gnn.plots.plane import METHODS, in_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ENTRIES = 20
_LONGEST_NAME = 28


def embedding(
    vectors: Any,
    labels: Any = None,
    *,
    class_names: Sequence[str] | None = None,
    method: str | None = "pca",
    seed: int = 0,
    max_points: int = 5000,
    ax: Axes | None = None,
) -> Axes:
    """Draws vectors as points of the plane, colored by class.

    `"pca"` turns and projects them onto the two directions in which they vary most, and the axes
    say how much of the variance each has; it is a shadow of how the vectors truly lie. `"tsne"`
    (scikit-learn's, van der Maaten and Hinton 2008) keeps neighbors close: groups can be seen, but
    their sizes and the distances between them mean nothing, and other seeds give other pictures.

    Args:
        vectors: `[n, width]` finite numbers, dense or SciPy sparse, with n and width at least 2.
        labels: `[n]` integers, -1 for unlabeled (gray), or strings. None draws one color.
        class_names: the name of each class; needs integer labels.
        method: `"pca"`, `"tsne"`, or None for vectors that have width 2 and are drawn as they are.
        seed: of the sample, and of t-SNE.
        max_points: beyond as many, a random sample of them is drawn and the title says so.
        ax: where to draw; None makes a figure.

    Returns:
        The axes. It holds one collection of points a class.

    Raises:
        TypeError: `vectors` hold no numbers, `labels` are neither integers nor strings, a count is
            no integer, or `ax` no axes.
        ValueError: a shape is not as said, a number is not finite, a label has no class name, or
            the method is another.
        ImportError: Matplotlib is not installed.

    Example:

    >>> from matplotlib.figure import Figure
    >>> ax = embedding([[0, 1], [0, 3], [0, 8]], ["a", "b", "a"], ax=Figure().subplots())
    >>> [points.get_offsets()[:, 0].round(3).tolist() for points in ax.collections]
    [[-3.0, 4.0], [-1.0]]
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}; got {method!r}")
    seed = check_count("seed", seed, 0)
    max_points = check_count("max_points", max_points, 2)
    rows = _check_shape(vectors, method)
    total = rows.shape[0]
    classes, names = _as_classes(labels, class_names, total)
    if total > max_points:
        kept = np.sort(np.random.default_rng(seed).choice(total, max_points, replace=False))
        rows, classes = rows[kept], classes[kept]
    values = rows.toarray() if sparse.issparse(rows) else rows
    points, axis_names = in_plane(values.astype(np.float64), method, seed)

    axes = as_axes(ax, (7.0, 5.0))
    size = float(np.clip(20000 / len(points), 6, 36))
    found, counts = np.unique(classes, return_counts=True)
    handles = {}
    for k in found:
        # A thin rim keeps points that touch apart, and pale ones from the white.
        style = class_style(int(k)) | {"linewidths": 0.25, "edgecolors": "0.3"}
        label = shorten(class_name(names, int(k)), _LONGEST_NAME)
        some = points[classes == k]
        handles[k] = axes.scatter(*some.T, s=size, label=label, zorder=1 + (k >= 0), **style)
    if labels is not None:
        shown = np.sort(found[np.argsort(-counts, kind="stable")[:_MOST_ENTRIES]])
        more = found.size - shown.size
        title = f"the {shown.size} largest\nof {found.size:,} classes" if more else "class"
        legend_beside(axes, [handles[k] for k in shown], title)
        for handle in axes.get_legend().legend_handles:
            handle.set_sizes([30])
    axes.set(xlabel=axis_names[0], ylabel=axis_names[1])
    if method == "tsne":
        axes.set(xticks=[], yticks=[])
    kind = {"pca": "principal components of ", "tsne": "t-SNE of ", None: ""}[method]
    drawn = f"{len(points):,} of " if len(points) < total else ""
    axes.set_title(f"{kind}{drawn}{total:,} vectors", fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _check_shape(vectors: Any, method: str | None) -> Any:
    """A matrix of real numbers, dense or with rows to index."""
    rows: Any = vectors.tocsr() if sparse.issparse(vectors) else np.asarray(vectors)
    if rows.ndim != 2 or min(rows.shape) < 2:
        raise ValueError(
            f"vectors must have shape [n, width], both at least 2, got {tuple(rows.shape)}"
        )
    if rows.dtype.kind not in "biuf":
        raise TypeError(f"vectors must hold real numbers, got dtype {rows.dtype}")
    finite = np.isfinite(rows.data if sparse.issparse(rows) else rows).reshape(-1)
    if not finite.all():
        at = np.argmin(finite)
        dense = not sparse.issparse(rows)
        row = at // rows.shape[1] if dense else np.sum(rows.indptr <= at) - 1
        raise ValueError(f"vectors must be finite; row {row} is not")
    if method is None and rows.shape[1] != 2:
        raise ValueError(f"vectors must have width 2 for method=None, got {rows.shape[1]}")
    return rows


def _as_classes(
    labels: Any, class_names: Sequence[str] | None, rows: int
) -> tuple[np.ndarray, Sequence[str] | None]:
    """A class a row, and the names of the classes."""
    if labels is None:
        return np.zeros(rows, np.int64), None
    array = np.asarray(labels)
    if array.shape != (rows,):
        raise ValueError(f"labels must have shape [{rows}], one a vector, got {array.shape}")
    if array.dtype.kind in "UO" and all(isinstance(label, str) for label in array.tolist()):
        if class_names is not None:
            raise ValueError("class_names need integer labels, got strings, which name themselves")
        names, classes = np.unique(array.astype(str), return_inverse=True)
        return classes, names.tolist()
    if array.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers or strings, got dtype {array.dtype}")
    limit = np.iinfo(np.int64).max if class_names is None else len(class_names)
    bad = (array < -1) | (array >= limit)
    if bad.any():
        rule = "or more" if class_names is None else f"to {limit - 1}, as class_names has"
        raise ValueError(
            f"labels must be -1 (unlabeled) or a class from 0 {rule}, got {array[bad][0]} at "
            f"position {np.argmax(bad)}"
        )
    return array.astype(np.int64), class_names
