"""How vectors stand in an index, so that FAISS' products and distances are what a metric means."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from gnn.edges.neighbors.frame import Frame
from gnn.edges.neighbors.metrics import Vectors
from gnn.memory_maps import blocks

# Public names of metrics, and what `gnn.edges.neighbors` calls them.
METRICS = {"cosine": "cosine", "inner_product": "ip", "l2": "l2"}


class Asked(NamedTuple):
    """Queries as FAISS is asked about them.

    Attributes:
        rows: float32 `[n, width]`.
        factors: float64 `[n]`: what their products are multiplied by.
    """

    rows: np.ndarray
    factors: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Standing:
    """Where vectors stand: of length 1 for the cosine, around their center for the distance.

    Inner products have no triangle inequality, on which the links of an approximate index rest. So
    there each item gets one more number, `sqrt(1 - |x|^2)` with the longest at most 1 long, and a
    query a 0: the largest product is then the smallest angle (Bachrach et al., "Speeding up the
    Xbox recommender system using a Euclidean transformation for inner-product spaces", RecSys 2014,
    section 3).

    Attributes:
        metric: `"cosine"`, `"inner_product"` or `"l2"`.
        center: float64 `[width]`, which is taken off.
        scale: a power of 2, by which the rest is multiplied.
        lifted: whether items have that further number.
    """

    metric: str
    center: np.ndarray
    scale: float
    lifted: bool

    @classmethod
    def of(cls, vectors: np.ndarray, metric: str, *, lifted: bool) -> Standing:
        """Where these vectors stand best.

        Example:

        >>> Standing.of(np.array([[1.0], [5.0]]), "l2", lifted=False).center.tolist()
        [3.0]
        """
        frame = Frame.of(Vectors.of(vectors, METRICS[metric]))
        return cls(metric, frame.center, frame.scale, lifted and metric == "inner_product")

    @property
    def by_distance(self) -> bool:
        """Whether FAISS compares by distance; else by products."""
        return self.metric == "l2"

    @property
    def width(self) -> int:
        """How many numbers an item has in FAISS."""
        return len(self.center) + self.lifted

    def items(self, vectors: np.ndarray) -> np.ndarray:
        """Items as they are held, float32 `[n, self.width]`.

        Example:

        >>> items = np.array([[0.0, 4.0]])
        >>> Standing.of(items, "cosine", lifted=False).items(items).tolist()
        [[0.0, 1.0]]
        """
        held = np.empty((len(vectors), self.width), np.float32)
        frame = Frame(METRICS[self.metric], self.center, self.scale)
        for start, part in blocks(vectors):
            rows = frame.rows(Vectors.of(part, frame.metric), slice(None))
            if self.lifted:
                rest = np.maximum(0, 1 - (rows**2).sum(axis=1))
                rows = np.column_stack([rows, np.sqrt(rest)])
            held[start : start + len(part)] = rows
        return held

    def queries(self, vectors: np.ndarray) -> Asked:
        """Queries as they are asked: for products of length 1, which changes no order."""
        rows = vectors.astype(np.float64)
        if self.by_distance:
            return Asked(((rows - self.center) * self.scale).astype(np.float32), np.ones(len(rows)))
        lengths = Vectors.of(rows, "ip").lengths
        asked = np.zeros((len(rows), self.width), np.float32)
        asked[:, : rows.shape[1]] = rows / np.where(lengths > 0, lengths, 1.0)[:, None]
        is_cosine = self.metric == "cosine"
        return Asked(asked, np.ones(len(rows)) if is_cosine else lengths / self.scale)

    def scores(self, apart: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """What users are told, float32: of how far apart FAISS said that things are.

        Args:
            apart: squared distances, or products with the sign changed.
            factors: those of the queries.
        """
        if self.by_distance:
            return (np.sqrt(np.maximum(apart, 0)) / self.scale).astype(np.float32)
        told = (-apart * factors).astype(np.float32)
        return np.minimum(told, 1, out=told) if self.metric == "cosine" else told

    def given(self, held: np.ndarray) -> np.ndarray:
        """Items as they were given, of items as they are held; for the cosine of length 1."""
        return held[:, : len(self.center)].astype(np.float64) / self.scale + self.center

    def fits(self, vectors: np.ndarray) -> bool:
        """Whether further items can stand with those that are there.

        Longer ones than the longest have no further number, and those far from the center lose
        digits.
        """
        if self.metric == "cosine" or not len(vectors):
            return True
        rows = (vectors.astype(np.float64) - self.center) * self.scale
        longest = float(np.sqrt((rows**2).sum(axis=1)).max())
        return longest <= (1.0 if self.lifted else 64.0)
