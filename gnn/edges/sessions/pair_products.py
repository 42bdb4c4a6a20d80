"""Pairs of items that meet often, by products of sparse matrices."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from gnn.edges.sessions.pairs import Pairs
from gnn.edges.sessions.reach import ReachRows


class PairProducts:
    """Counts pairs by a product of sparse matrices, `A B`.

    `A[i, r] = 1` where record r is of item i, and `B[r, j]` counts the records of item j within the
    reach of r. Its time is that of its multiplications, however seldom pairs are new.

    Args:
      rows: the matrices.
      factors: float64 `[num_sessions]`, not 0, what a session counts; None: 1.
    """

    def __init__(self, rows: ReachRows, factors: np.ndarray | None):
        held, size = rows.held, rows.held.items.size
        self._keeps_all = not (rows.reach.itself or held.has_repeats)
        ones = np.ones(size, np.int32)
        self._ones = rows.of_items(ones), rows.reached(ones)
        self._weighted = None
        if factors is not None:
            of_records = np.repeat(factors, held.lengths)[rows.records]
            self._weighted = rows.of_items(of_records), rows.reached(np.ones(size))

    def of(self, start: int, stop: int) -> Pairs:
        """The pairs of the receivers from `start` up to `stop`."""
        counts = sorted_product(self._ones[0][start:stop], self._ones[1])
        receivers = np.repeat(np.arange(start, stop, dtype=np.int32), np.diff(counts.indptr))
        together = counts.data
        if self._weighted is not None:
            together = sorted_product(self._weighted[0][start:stop], self._weighted[1]).data
        pairs = Pairs(counts.indices.astype(np.int32, copy=False), receivers, counts.data, together)
        if self._keeps_all:
            return pairs
        other = pairs.senders != receivers
        return Pairs(*(field[other] for field in pairs))


def sorted_product(left: sparse.csr_array, right: sparse.csr_array) -> sparse.csr_array:
    """The product of two sparse matrices, its columns ascending in each row.

    >>> sorted_product(sparse.eye_array(2).tocsr(), sparse.eye_array(2).tocsr()).indices.tolist()
    [0, 1]
    """
    product = left @ right
    if product.nnz < product.shape[1]:
        product.sort_indices()
        return product
    return product.tocsc().tocsr()  # To turn it over twice sorts it in linear time.
