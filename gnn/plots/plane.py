"""Vectors as points of the plane."""

from __future__ import annotations

import numpy as np

METHODS = ("pca", "tsne", None)


def in_plane(
    values: np.ndarray, method: str | None, seed: int
) -> tuple[np.ndarray, tuple[str, str]]:
    """Two columns, and what the two axes are.

    Args:
        values: float64 `[n, width]`, both at least 2.
        method: `"pca"`, `"tsne"`, or None for what is of width 2 already.
        seed: of t-SNE.

    Example:

    >>> points, axes = in_plane(np.array([[0.0, 1.0], [0.0, 3.0]]), "pca", 0)
    >>> points[:, 0].tolist(), axes[0]
    ([-1.0, 1.0], 'component 1 (100% of the variance)')
    """
    if method is None:
        return values, ("column 0", "column 1")
    if method == "tsne":
        from sklearn.manifold import TSNE

        if not np.ptp(values, axis=0).any():
            # Points that are all one have no neighbors to keep, and no variance to start from.
            return np.zeros([len(values), 2]), ("t-SNE 1 (no unit)", "t-SNE 2 (no unit)")
        # Scikit-learn's 30, and fewer where there are not as many neighbors.
        perplexity = min(30.0, (len(values) - 1) / 3)
        reducer = TSNE(2, perplexity=perplexity, init="pca", random_state=seed)
        return reducer.fit_transform(values), ("t-SNE 1 (no unit)", "t-SNE 2 (no unit)")
    centered = values - values.mean(axis=0)
    left, lengths, directions = np.linalg.svd(centered, full_matrices=False)
    # A direction is known up to its sign: its largest entry is made positive.
    largest = np.abs(directions[:2]).argmax(axis=1)
    signs = np.where(directions[np.arange(2), largest] < 0, -1.0, 1.0)
    variances = lengths**2
    shares = variances[:2] / max(variances.sum(), np.finfo(np.float64).tiny)
    first, second = (f"component {i + 1} ({shares[i]:.0%} of the variance)" for i in range(2))
    return left[:, :2] * lengths[:2] * signs, (first, second)
