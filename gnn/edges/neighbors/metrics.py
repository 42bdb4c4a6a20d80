"""Vectors, how far apart two of them are by each metric, and how similar that is."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gnn.memory_maps import as_array, blocks


def as_vectors(name: str, value: Any) -> np.ndarray:
    """Rows of finite real numbers.

    Args:
        name: What errors call them.
        value: `[rows, width]`, an array or what NumPy can make one of.

    Raises:
        TypeError: they are no real numbers.
        ValueError: they have another rank, or one is not finite.

    Example:

    >>> as_vectors("items", [[1, 2], [3, 4]]).shape
    (2, 2)
    """
    rows = as_array(value)
    if rows.ndim != 2:
        raise ValueError(f"{name} must have shape [rows, width]; got shape {rows.shape}")
    if rows.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers; got dtype {rows.dtype}")
    for start, part in blocks(rows):
        finite = np.isfinite(part).all(axis=1)
        if not finite.all():
            raise ValueError(f"{name} must be finite; row {start + np.argmin(finite)} is not")
    return rows


def lengths(vectors: np.ndarray) -> np.ndarray:
    """The Euclidean length of each row, float64 `[rows]`.

    Example:

    >>> lengths(np.array([[3.0, 4.0]])).tolist()
    [5.0]
    """
    found = np.empty(len(vectors))
    with np.errstate(over="ignore"):  # Then it is infinite.
        for start, part in blocks(vectors):
            squares = part.astype(np.float64) ** 2
            found[start : start + len(part)] = np.sqrt(squares.sum(axis=1))
    return found


@dataclasses.dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors as a metric compares them: made anew, some at a time, of those that were given.

    Attributes:
        given: real numbers `[rows, width]`.
        metric: `"cosine"`, `"ip"` or `"l2"`.
        lengths: float64 `[rows]`.
    """

    given: np.ndarray
    metric: str
    lengths: np.ndarray

    @classmethod
    def of(cls, given: np.ndarray, metric: str) -> Vectors:
        """Those that were given, with their lengths."""
        return cls(given, metric, lengths(given))

    def __len__(self) -> int:
        return len(self.given)

    def exact(self, at: Any) -> np.ndarray:
        """Some rows in float64; for the cosine of length 1, where they are not zeros.

        Args:
            at: a slice, or indices of rows.

        Example:

        >>> Vectors.of(np.array([[3, 4], [0, 0]]), "cosine").exact(slice(2)).tolist()
        [[0.6, 0.8], [0.0, 0.0]]
        """
        rows = self.given[at].astype(np.float64, order="C")
        if self.metric == "cosine":
            length = self.lengths[at, None]
            rows /= np.where(length > 0, length, 1.0)
        return rows


def distances(left: np.ndarray, right: np.ndarray, metric: str) -> np.ndarray:
    """How far apart vectors are, pair by pair; the nearest has the smallest number.

    `1 - x.y`, from 0 to 2, for `"cosine"`; `-x.y` for `"ip"`; `|x - y|` for `"l2"`.

    Args:
        left: float64 `[..., width]`, as `Vectors.exact` has them.
        right: float64, alike.
        metric: `"cosine"`, `"ip"` or `"l2"`.

    Example:

    >>> pair = np.array([0.6, 0.8]), np.array([1.0, 0.0])
    >>> [round(float(distances(*pair, metric)), 3) for metric in ("cosine", "ip", "l2")]
    [0.4, -0.6, 0.894]
    """
    if metric == "l2":
        return np.sqrt(((left - right) ** 2).sum(axis=-1))
    products = (left * right).sum(axis=-1)
    return -products if metric == "ip" else np.clip(1 - products, 0, 2)


def similarities(distances: np.ndarray, metric: str) -> np.ndarray:
    """How similar vectors are that are so far apart, by the formulas of `NeighborGraphConfig`.

    Example:

    >>> similarities(np.array([0.0, 2.0]), "l2").tolist()
    [1.0, 0.2]
    """
    if metric == "l2":
        return 1 / (1 + distances**2)
    return -distances if metric == "ip" else 1 - distances


def farthest(similarity: float, metric: str) -> float:
    """How far apart vectors can be that are at least so similar; above by a rounding error.

    Example:

    >>> round(farthest(0.2, "l2"), 6), farthest(0.0, "l2")
    (2.0, inf)
    """
    if metric == "l2":
        return float(np.sqrt(1 / similarity - 1)) * (1 + 1e-15) if similarity > 0 else np.inf
    apart = -similarity if metric == "ip" else 1 - similarity
    return apart + 4 * np.finfo(np.float64).eps * (1 + abs(similarity))
