"""How good embeddings are at finding what has the same label."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.configs.arguments import check_count
from gnn.edges.neighbors.metrics import as_vectors
from gnn.evaluation.neighbors import METRICS, as_labels
from gnn.evaluation.ranking import ranked_items


@dataclasses.dataclass(frozen=True)
class RetrievalFigures:
    """Means over queries; all numbers are from 0 to 1.

    Attributes:
        num_queries: the queries that count.
        left_out: those without an item of their label, which do not.
        precision_at_1: the share whose nearest item has their label.
        recall_at: by k, the share with an item of their label among the k nearest (hit at k).
        r_precision: with R items of the query's label, the share of that label among the R nearest.
        map_at_r: the mean over places 1 to R of the precision up to there, where the item has the
            label, and 0 where it has not.
        seen: the figures of queries whose label is among those seen in training, where these were
            named; None where there are none.
        unseen: of all other queries.

    Example:

    >>> items, labels = [[1.0], [2.0], [3.0]], [0, 1, 1]
    >>> retrieval_figures([[0.0]], [1], items, labels, k=1, metric="l2").map_at_r
    0.25
    """

    num_queries: int
    left_out: int
    precision_at_1: float
    recall_at: dict[int, float]
    r_precision: float
    map_at_r: float
    seen: RetrievalFigures | None = None
    unseen: RetrievalFigures | None = None


def retrieval_figures(
    queries: Any,
    query_labels: Any,
    items: Any = None,
    item_labels: Any = None,
    k: int | Sequence[int] = (1, 5, 10),
    metric: str = "cosine",
    seen: Any = None,
) -> RetrievalFigures:
    """Judges embeddings by the labels of what is nearest, exact, in bounded memory.

    R-precision and MAP@R are those of Musgrave et al., "A metric learning reality check", ECCV
    2020, section 2.2.3: `MAP@R = 1/R * sum_(i <= R) P(i) * rel(i)`. Of items that are equally far,
    the one with the lower index comes first.

    Args:
        queries: finite numbers `[num_queries, width]`.
        query_labels: `[num_queries]`, none below 0.
        items: `[num_items, width]`; None judges the queries against each other, each without
            itself.
        item_labels: `[num_items]`, where items are given.
        k: where hits are looked for: a number or several, each up to the number of items.
        metric: "cosine" or "l2".
        seen: the labels that training has seen: figures of those and of all others apart.

    Raises:
        TypeError: rows that are not real numbers, or `k` that is no integer.
        ValueError: shapes, numbers that are not finite, `k` or the metric are not as said; or no
            query has an item of its label.

    Example:

    >>> found = retrieval_figures([[1, 0], [2, 0], [0, 1], [0, 3]], [5, 5, 6, 7], k=1)
    >>> found.precision_at_1, found.num_queries, found.left_out  # 6 and 7 are alone.
    (1.0, 2, 2)
    """
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}; got {metric!r}")
    if (items is None) != (item_labels is None):
        raise ValueError("items and item_labels are given both, or neither; got one of them")
    vectors = as_vectors("queries", queries)
    labels = as_labels("query_labels", query_labels, len(vectors))
    gallery = vectors if items is None else as_vectors("items", items)
    if gallery.shape[1] != vectors.shape[1]:
        raise ValueError(
            f"queries and items must be equally wide; got widths {vectors.shape[1]} and "
            f"{gallery.shape[1]}"
        )
    theirs = labels if items is None else as_labels("item_labels", item_labels, len(gallery))
    num_items = len(gallery) - (items is None)
    places = sorted({check_count("k", each) for each in ([k] if isinstance(k, int) else k)})
    if places and places[-1] > num_items:
        raise ValueError(
            f"k must be at most {num_items}, the items that can be found; got {places[-1]}"
        )
    counts = _same_label(labels, theirs) - (items is None)
    rows = np.flatnonzero(counts > 0)
    if not rows.size:
        raise ValueError("no query has an item of its label")
    wanted = np.maximum(counts[rows], places[-1] if places else 1)
    own = rows if items is None else None
    found = np.zeros((rows.size, 3 + len(places)))
    for some, near in ranked_items(vectors[rows], gallery, wanted, metric, own):
        right = theirs[near] == labels[rows[some], np.newaxis]
        found[some] = _figures(right, counts[rows[some]], places)
    known = None if seen is None else np.isin(labels, np.asarray(seen))
    parts: list[RetrievalFigures | None] = [None, None]
    if known is not None:
        parts = [
            _summary(found[mask[rows]], places, int(np.sum(mask & (counts <= 0))))
            for mask in (known, ~known)
        ]
    whole = _summary(found, places, len(labels) - rows.size)
    assert whole is not None
    return dataclasses.replace(whole, seen=parts[0], unseen=parts[1])


def _same_label(labels: NDArray, theirs: NDArray) -> NDArray[np.int64]:
    """How many of the items have each query's label."""
    distinct, counts = np.unique(theirs, return_counts=True)
    place = np.minimum(np.searchsorted(distinct, labels), len(distinct) - 1)
    return np.where(distinct[place] == labels, counts[place], 0)


def _figures(right: NDArray, counts: NDArray, places: list[int]) -> NDArray:
    """Of each query: whether the first is right, R-precision, average precision at R, hits."""
    ranks = np.arange(1, right.shape[1] + 1)
    within = right & (ranks <= counts[:, np.newaxis])
    precision = np.cumsum(right, axis=1) / ranks
    hits = [right[:, :k].any(axis=1) for k in places]
    average = (precision * within).sum(axis=1) / counts
    return np.stack([right[:, 0], within.sum(axis=1) / counts, average, *hits], axis=1)


def _summary(found: NDArray, places: list[int], left_out: int) -> RetrievalFigures | None:
    if not len(found):
        return None
    first, r_precision, average, *hits = (float(mean) for mean in found.mean(axis=0))
    recall = dict(zip(places, hits, strict=True))
    return RetrievalFigures(len(found), left_out, first, recall, r_precision, average)
