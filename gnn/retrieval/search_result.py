"""What a search found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# Of a missing row, so that nothing can be looked up by it.
NO_ROW = np.iinfo(np.int64).max


class SearchResult:
    """The items that a search found for each query, the nearest first; equal ones by their ids.

    Where there are fewer than were asked for, the rest is missing: `None` among `ids`, NaN among
    `scores`, masked in `rows`.

    Args:
        rows: int64 `[queries, k]`, `NO_ROW` where missing.
        scores: float32, alike.
        ids_of: makes ids of rows.

    Example:

    >>> result = SearchResult(np.array([[1, NO_ROW]]), np.array([[0.5, np.nan]]), lambda rows: rows)
    >>> result.ids.tolist(), result.scores.tolist(), result.hits(0)
    ([[1, None]], [[0.5, nan]], [(1, 0.5)])
    """

    __slots__ = ("_ids", "_ids_of", "_rows", "scores")

    def __init__(
        self, rows: np.ndarray, scores: np.ndarray, ids_of: Callable[[np.ndarray], np.ndarray]
    ):
        self._rows = rows
        self._ids_of = ids_of
        self._ids: np.ndarray | None = None
        self.scores = scores

    def __len__(self) -> int:
        """How many queries there were."""
        return len(self._rows)

    @property
    def ids(self) -> np.ndarray:
        """The ids, an array of objects `[queries, k]`: Python's integers and texts, or None."""
        if self._ids is None:
            if self._rows.size and self._rows[0, -1] != NO_ROW and (self._rows != NO_ROW).all():
                self._ids = self._ids_of(self._rows.ravel()).astype(object)
            else:
                self._ids = np.full(self._rows.size, None, object)
                there = self._rows.ravel() != NO_ROW
                self._ids[there] = self._ids_of(self._rows.ravel()[there]).astype(object)
            self._ids = self._ids.reshape(self._rows.shape)
        return self._ids

    @property
    def rows(self) -> Any:
        """The rows of the items in the order in which they were added, a masked int64 array."""
        return np.ma.masked_array(self._rows, self._rows == NO_ROW)

    def hits(self, query: int) -> list[tuple[Any, float]]:
        """The ids and scores of one query, without what is missing."""
        count = np.count_nonzero(self._rows[query] != NO_ROW)
        ids, scores = self.ids[query, :count], self.scores[query, :count]
        return list(zip(ids.tolist(), scores.tolist(), strict=True))

    def __repr__(self) -> str:
        """How many queries and hits."""
        return f"SearchResult(queries={len(self)}, k={self._rows.shape[1]})"
