"""One query of an index with nothing special: a way of its own, since FAISS takes microseconds.

The general way checks, sorts and joins arrays, which is nothing beside a batch, and more than half
of the time of one query.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gnn.retrieval.engine import Engine, import_faiss
from gnn.retrieval.standing import Standing


class SingleQuery:
    """Searches for one query, where no vector is there twice or zeros, and none is left out.

    Args:
        engine: whose rows are the items.
        standing: how vectors stand in it.
    """

    def __init__(self, engine: Engine, standing: Standing):
        self._search = engine.index.search_c
        # What `search_c` is of; the method alone would not keep it.
        self._index = engine.index
        self._pointer = import_faiss().swig_ptr
        self._count, self._width = len(engine), standing.width
        self._shape = (len(standing.center),)
        self._by_distance = standing.by_distance
        self._cosine = standing.metric == "cosine"
        self._lifted = standing.lifted
        self._center = standing.center.astype(np.float64)
        self._scale = standing.scale

    def search(self, query: Any, k: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Rows int64 `[1, k]` and scores float32 `[1, k]`.

        None where the general way has to answer: the query is no vector of this width, not finite,
        zeros, items are equally near, or there are not enough.

        Args:
            query: `[width]` or `[1, width]`, float32 or float64; anything else is left alone.
            k: how many.
        """
        if type(query) is not np.ndarray or query.dtype.char not in "fd" or type(k) is not int:
            return None
        shape = query.shape
        if shape[-1:] != self._shape or not (len(shape) == 1 or shape[:-1] == (1,)):
            return None
        if not 0 < k < self._count:
            return None
        query = query.reshape(-1)
        if self._by_distance:
            asked = ((query - self._center) * self._scale).astype(np.float32)
            if not math.isfinite(asked.dot(asked)):
                return None
        else:
            square = float(query.dot(query))
            # Beyond, float32 has too few digits for it.
            if not 1e-30 < square < 1e30:
                return None
            length = math.sqrt(square)
            if self._lifted:
                asked = np.zeros(self._width, np.float32)
                np.divide(query, length, out=asked[:-1], casting="same_kind")
            else:
                asked = np.divide(query, length, dtype=np.float32, casting="same_kind")
        found: np.ndarray = np.empty((1, k + 1), np.float32)
        rows = np.empty((1, k + 1), np.int64)
        pointer = self._pointer
        self._search(1, pointer(asked), k + 1, pointer(found), pointer(rows))
        if self._by_distance:
            found = np.sqrt(found) / np.float32(self._scale)
        elif not self._cosine:
            found *= np.float32(length / self._scale)
        elif found[0, 0] > 1:
            np.minimum(found, 1, out=found)
        if rows[0, k] < 0 or len(set(found[0].tolist())) <= k:
            return None
        return rows[:, :k], found[:, :k]
