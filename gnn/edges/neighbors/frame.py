"""Where vectors stand when they are multiplied, and by how much a product can be wrong."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from gnn.edges.neighbors.metrics import Vectors
from gnn.memory_maps import blocks


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """Vectors near 0 and at most 1 long, so that single precision neither overflows nor is wasted.

    The cosine has them of length 1. The distance is between vectors, so that what they have in
    common is taken off.

    Attributes:
        metric: `"cosine"`, `"ip"` or `"l2"`.
        center: float64 `[width]`, which is taken off.
        scale: a power of 2, by which the rest is multiplied.
    """

    metric: str
    center: np.ndarray
    scale: float

    @classmethod
    def of(cls, *groups: Vectors) -> Frame:
        """The frame of vectors that are compared; the last group is in its middle.

        Example:

        >>> frame = Frame.of(Vectors.of(np.array([[1.0], [5.0]]), "l2"))
        >>> frame.center.tolist(), frame.scale
        ([3.0], 0.0625)
        """
        metric, middle = groups[-1].metric, groups[-1].given
        center = np.zeros(middle.shape[1])
        if metric == "cosine":
            return cls(metric, center, 1.0)
        if metric == "l2":
            sums = (part.sum(axis=0, dtype=np.float64) for _, part in blocks(middle))
            center = sum(sums, center) / max(1, len(middle))
        longest = max(vectors.lengths.max(initial=0) for vectors in groups)
        exponent = math.frexp(longest + math.sqrt(center @ center))[1]
        return cls(metric, center, math.ldexp(1.0, min(max(-exponent, -1000), 1000)))

    def rows(self, vectors: Vectors, at: slice | np.ndarray) -> np.ndarray:
        """Some vectors as they stand, float64 `[rows, width]`.

        Example:

        >>> vectors = Vectors.of(np.array([[1.0], [5.0]]), "l2")
        >>> Frame.of(vectors).rows(vectors, slice(2)).tolist()
        [[-0.125], [0.125]]
        """
        rows = vectors.exact(at)
        return rows if self.metric == "cosine" else (rows - self.center) * self.scale

    def asking(self, vectors: Vectors, at: slice) -> tuple[np.ndarray, np.ndarray]:
        """The left factors of products that are the larger the nearer, and the lengths of the rows.

        The product is `x.y`, and for `"l2"` it is `x.y - |y|^2 / 2`, by one more column.
        """
        rows = self.rows(vectors, at)
        lengths = np.sqrt((rows**2).sum(axis=1))
        return (np.column_stack([rows, np.ones(len(rows))]) if self._wider else rows), lengths

    def asked(self, vectors: Vectors, at: slice) -> tuple[np.ndarray, np.ndarray]:
        """The right factors of these products, and the lengths of the rows."""
        rows = self.rows(vectors, at)
        squares = (rows**2).sum(axis=1)
        return (np.column_stack([rows, -squares / 2]) if self._wider else rows), np.sqrt(squares)

    def least(self, within: float, lengths: np.ndarray) -> np.ndarray:
        """The least product of rows that are so long with a vector that is so near.

        Args:
            within: a distance, as `gnn.edges.neighbors.metrics.distances` measures it.
            lengths: as `asking` gives them.

        Returns:
            float64 `[rows]`.
        """
        if self.metric == "l2":
            return (lengths**2 - (within * self.scale) * (within * self.scale)) / 2
        least = 1 - within if self.metric == "cosine" else -within * self.scale * self.scale
        return np.full(len(lengths), least)

    @property
    def _wider(self) -> bool:
        return self.metric == "l2"


def error_of_products(
    width: int, lengths: np.ndarray, longest: float, dtype: type[np.floating]
) -> np.ndarray:
    """By how much the products of `Frame` can be wrong in a precision: a bound from above.

    A sum of n products in any order is wrong by n u times the sum of their sizes, with u half an
    eps (Higham, "Accuracy and stability of numerical algorithms", 2002, section 3.1). The factors
    are rounded beforehand, and what is taken off them is so in double precision.

    Args:
        width: the columns of the factors.
        lengths: float64 `[rows]`, those of the left ones.
        longest: the length of the longest of the right ones.
        dtype: the precision.

    Example:

    >>> bool(error_of_products(64, np.ones(1), 1.0, np.float32)[0] < 2e-5)
    True
    """
    relative = (width + 8) * np.finfo(dtype).eps * longest + 16 * np.finfo(np.float64).eps
    return relative * (lengths + longest) + width * np.finfo(np.float32).tiny
