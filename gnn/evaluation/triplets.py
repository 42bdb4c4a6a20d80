"""How often an example is nearer to its like than to another."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.edges.neighbors.metrics import as_vectors
from gnn.evaluation.neighbors import METRICS


def triplet_accuracy(anchors: Any, positives: Any, negatives: Any, metric: str = "cosine") -> float:
    """The share of triplets with `d(anchor, positive) < d(anchor, negative)`; a tie is wrong.

    It is the triplet accuracy of Juan et al., "Ultra fine-grained image semantic embedding", WSDM
    2020.

    Args:
        anchors: finite numbers `[n, width]`.
        positives: likewise, one for each anchor.
        negatives: likewise.
        metric: "cosine" or "l2". By cosine, a row of zeros is at distance 1 from everything.

    Raises:
        TypeError: rows that are not real numbers.
        ValueError: shapes differ, there is no triplet, or the metric is another.

    Example:

    >>> triplet_accuracy([[1, 0], [1, 0]], [[1, 1], [0, 1]], [[0, 1], [1, 1]])
    0.5
    """
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}; got {metric!r}")
    named = {"anchors": anchors, "positives": positives, "negatives": negatives}
    rows = {name: as_vectors(name, each).astype(np.float64) for name, each in named.items()}
    shapes = {name: each.shape for name, each in rows.items()}
    if len(set(shapes.values())) != 1 or not len(rows["anchors"]):
        raise ValueError(f"anchors, positives and negatives must be of one shape; got {shapes}")
    if metric == "cosine":
        rows = {name: _unit(each) for name, each in rows.items()}
        near, far = (-np.einsum("nw,nw->n", rows["anchors"], rows[name]) for name in list(rows)[1:])
    else:
        near, far = (
            np.linalg.norm(rows["anchors"] - rows[name], axis=1) for name in list(rows)[1:]
        )
    return float(np.mean(near < far))


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
