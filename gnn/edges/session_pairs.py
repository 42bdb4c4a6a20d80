"""How many sessions hold both of two items, in blocks that threads share."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from scipy import sparse

from gnn.edges.processors import processors
from gnn.edges.session_matrix import SessionMatrix

# Multiplications a block: a thread holds some tens of megabytes at a time.
_PRODUCTS = 1 << 22

_Made = TypeVar("_Made")


class Pairs(NamedTuple):
    """Ordered pairs of two different items, sorted by receiver and then sender.

    Attributes:
      senders: int32 `[n]`.
      receivers: int32 `[n]`.
      counts: integers `[n]`, the sessions that hold both.
    """

    senders: np.ndarray
    receivers: np.ndarray
    counts: np.ndarray


def in_blocks(
    matrix: SessionMatrix, make: Callable[[Pairs], _Made], *, threads: int | None = None
) -> list[_Made]:
    """Counts all pairs of different items that some session holds, in both directions.

    The counts are the entries of `X^T X` off its diagonal. Its rows are computed in blocks of about
    as many multiplications each: a session of m items takes m^2. All pairs of a receiver are in one
    block, and the blocks are in the order of the receivers.

    Args:
      matrix: the sessions and their items.
      make: what is made of a block, in the thread that computed it.
      threads: how many threads share the blocks; None takes one for each processor at hand. SciPy
        multiplies without Python's lock.

    >>> from gnn.edges.session_matrix import session_matrix
    >>> matrix = session_matrix(np.array([0, 0, 1]), np.array([0, 2, 2]), 2, 3)
    >>> [[field.tolist() for field in pairs] for pairs in in_blocks(matrix, lambda pairs: pairs)]
    [[[2, 0], [0, 2], [1, 1]]]
    """

    def block(ends: tuple[int, int]) -> _Made:
        return make(_pairs(matrix, *ends))

    with ThreadPoolExecutor(threads or processors()) as pool:
        return list(pool.map(block, pairwise(_bounds(matrix))))


def _bounds(matrix: SessionMatrix) -> list[int]:
    """Where the blocks of rows begin, and the number of rows."""
    lengths = np.diff(matrix.by_session.indptr).astype(np.int64)
    products = matrix.by_item @ lengths
    block = (np.cumsum(products) - products) // _PRODUCTS
    return [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), matrix.num_items]


def _pairs(matrix: SessionMatrix, start: int, stop: int) -> Pairs:
    counts = matrix.by_item[start:stop] @ matrix.by_session
    # The rows of a product are unsorted; to turn it over twice sorts them in linear time.
    counts = counts.tocsc().tocsr()
    counts.data[counts.indices == _rows(counts, start)] = 0
    counts.eliminate_zeros()
    return Pairs(counts.indices.astype(np.int32, copy=False), _rows(counts, start), counts.data)


def _rows(matrix: sparse.csr_array, start: int) -> np.ndarray:
    """The row of each entry, the first being `start`."""
    rows = np.arange(start, start + matrix.shape[0], dtype=np.int32)
    return np.repeat(rows, np.diff(matrix.indptr))
