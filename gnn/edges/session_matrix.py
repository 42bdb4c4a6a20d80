"""Which session holds which item, as a sparse matrix of ones."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import sparse

from gnn.edges.edges import counted


@dataclasses.dataclass(frozen=True, eq=False)
class SessionMatrix:
    """The matrix X with `X[s, i] = 1` where session s holds item i, and 0 elsewhere.

    Attributes:
      by_session: X in CSR form, `[num_sessions, num_items]`, int32, or int64 where a count of
        sessions might not fit; the items of a session ascend, and each is there once.
      by_item: the transpose of X in CSR form, alike.
    """

    by_session: sparse.csr_array
    by_item: sparse.csr_array

    @property
    def num_sessions(self) -> int:
        """How many sessions there are, empty ones with them."""
        return self.by_session.shape[0]

    @property
    def num_items(self) -> int:
        """How many items there are, those of no session with them."""
        return self.by_session.shape[1]


def session_matrix(
    sessions: np.ndarray, items: np.ndarray, num_sessions: int, num_items: int
) -> SessionMatrix:
    """The matrix of records, in time linear in their number: nothing is sorted by comparison.

    Args:
      sessions: integers `[n]` from 0 to `num_sessions - 1`, the session of each record.
      items: integers `[n]` from 0 to `num_items - 1`, its item; one that a session holds several
        times counts once.
      num_sessions: the number of sessions.
      num_items: the number of items.

    >>> matrix = session_matrix(np.array([1, 0, 1, 1]), np.array([2, 2, 0, 2]), 2, 3)
    >>> matrix.by_session.toarray().tolist()
    [[0, 0, 1], [1, 0, 1]]
    """
    ones = np.ones(sessions.size, np.int8)
    shape = num_sessions, num_items
    if np.all(sessions[1:] >= sessions[:-1]):  # As in a log that is sorted: no need to move them.
        starts = np.concatenate([[0], np.cumsum(np.bincount(sessions, minlength=num_sessions))])
        by_session = sparse.csr_array((ones, items, starts), shape=shape)
    else:
        records = sparse.coo_array((ones, (sessions, items)), shape=shape)
        records.has_canonical_format = True  # Else SciPy would sort each session.
        by_session = records.tocsr()
    # Turned to the other form, the sessions of an item ascend, and repeats of a record are side by
    # side.
    by_item = by_session.tocsc()
    found = by_item.indices
    again = np.zeros(found.size, bool)
    again[1:] = found[1:] == found[:-1]
    again[by_item.indptr[:-1][np.diff(by_item.indptr) > 0]] = False  # The first of an item.
    starts = by_item.indptr
    if again.any():
        starts = np.concatenate([[0], np.cumsum(~again)])[starts].astype(starts.dtype)
        found = found[~again]
    counted = np.int32 if num_sessions <= np.iinfo(np.int32).max else np.int64
    counting = np.ones(found.size, counted)
    transposed = sparse.csr_array((counting, found, starts), shape=shape[::-1])
    return SessionMatrix(transposed.T.tocsr(), transposed)


def short_sessions(matrix: SessionMatrix, most: int) -> tuple[SessionMatrix, list[str]]:
    """The sessions of at most so many items, and a remark where others were left out.

    A session that is left out stays as an empty one.

    >>> matrix = session_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2, 2)
    >>> short, remarks = short_sessions(matrix, 1)
    >>> short.by_session.toarray().tolist(), remarks
    ([[0, 0], [0, 1]], ['1 session of more than 1 item left out'])
    """
    lengths = np.diff(matrix.by_session.indptr)
    short = lengths <= most
    if short.all():
        return matrix, []
    items = matrix.by_session.indices[np.repeat(short, lengths)]
    sessions = np.repeat(np.flatnonzero(short), lengths[short])
    long = int(np.sum(~short))
    remark = f"{counted(long, 'session')} of more than {counted(most, 'item')} left out"
    return session_matrix(sessions, items, matrix.num_sessions, matrix.num_items), [remark]
