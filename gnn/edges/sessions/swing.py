"""Swing: pairs of items that many sessions hold which have little else in common."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import sparse

from gnn.edges.sessions.pairs import Pairs
from gnn.edges.sessions.session_items import SessionItems


class Swing:
    """What pairs of items weigh by Swing.

    `w_ij = sum over pairs {s, t} of sessions that hold both of w_s w_t / (alpha + |s & t|)`, where
    `|s & t|` is the number of items that the two sessions share. One session that holds both says
    nothing, and two that share everything say little.

    Yang et al., "Large Scale Product Graph Construction for Recommendation in E-commerce",
    arXiv 2010.05525, 2020, section 3.1, where `w_s = 1 / sqrt(n)` (`session_power=0.5`). Of an item
    of very many sessions, only some are compared, which the paper leaves open.

    Args:
      held: the items of the sessions, each once.
      taken: bool `[n]`, which records count: a session counts for a pair if both of its items' do,
        while it shares with another session whatever both hold. Time and memory of an item grow
        with the square of its records that are taken.
      smoothing: alpha, 0 or more.

    Items 0 and 1 share both sessions, which have them and nothing else in common: `1 / (1 + 2)`.

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> held, _ = session_items(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), 2,
    ...                         SessionGraphConfig())
    >>> ends = np.array([1]), np.array([0])
    >>> swing = Swing(held, last_sessions(held, 500), 1.0)
    >>> swing.weigh(Pairs(*ends, np.array([2]), np.array([2]))).round(6).tolist()
    [0.333333]
    """

    def __init__(self, held: SessionItems, taken: np.ndarray, smoothing: float):
        self._held, self._taken, self._smoothing = held, taken, smoothing
        weights = held.weights
        self._weights = np.ones(held.num_sessions) if weights is None else weights
        by_item = sparse.csr_array(
            (
                np.ones(int(taken.sum()), np.int8),
                held.items[taken],
                np.concatenate([[0], np.cumsum(taken)])[held.starts],
            ),
            shape=(held.num_sessions, held.num_items),
        ).tocsc()
        self._sessions, self._starts = by_item.indices, by_item.indptr

    def weigh(self, pairs: Pairs) -> np.ndarray:
        """The weights of pairs that are sorted by receiver and then sender, float64 `[n]`."""
        weights = np.zeros(pairs.senders.size)
        begins = np.flatnonzero(np.diff(pairs.receivers, prepend=-1)).tolist()
        for start, stop in pairwise([*begins, pairs.senders.size]):
            items, found = self.weights_of(int(pairs.receivers[start]))
            places = np.searchsorted(items, pairs.senders[start:stop])
            places = np.minimum(places, items.size - 1)
            right = items[places] == pairs.senders[start:stop]
            weights[start:stop] = np.where(right, found[places], 0.0)
        return weights

    def weights_of(self, item: int) -> tuple[np.ndarray, np.ndarray]:
        """The items of an item's sessions, ascending, and what each weighs with it."""
        sessions = self._sessions[self._starts[item] : self._starts[item + 1]]
        records, lengths = records_of(self._held, sessions)
        row = np.repeat(np.arange(sessions.size), lengths)
        items, column = np.unique(self._held.items[records], return_inverse=True)
        shape = sessions.size, items.size
        holds = sparse.csr_array((np.ones(records.size), (row, column)), shape=shape)
        weights = self._weights[sessions]
        between = np.outer(weights, weights) / (self._smoothing + (holds @ holds.T).toarray())
        np.fill_diagonal(between, 0.0)
        taken = self._taken[records]
        row, column = row[taken], column[taken]
        some = sparse.csr_array((np.ones(row.size), (row, column)), shape=shape)
        # Half, because each pair of sessions is there twice.
        return items, 0.5 * np.bincount(column, (some.T @ between)[column, row], items.size)


def last_sessions(held: SessionItems, most: int) -> np.ndarray:
    """Which records are among the last so many of their item, bool `[n]`.

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> held, _ = session_items(np.array([0, 1, 1, 2]), np.array([5, 5, 6, 5]), 7,
    ...                         SessionGraphConfig())
    >>> last_sessions(held, 2).tolist()
    [False, True, True, True]
    """
    by_item = records_by_item(held)
    ends = np.repeat(by_item.indptr[1:], np.diff(by_item.indptr))
    last = np.zeros(held.items.size, bool)
    last[by_item.data] = ends - np.arange(held.items.size) <= most
    return last


def records_by_item(held: SessionItems) -> sparse.csc_array:
    """The matrix of sessions and items, of which an entry is the place of its record."""
    return sparse.csr_array(
        (np.arange(held.items.size), held.items, held.starts),
        shape=(held.num_sessions, held.num_items),
    ).tocsc()


def records_of(held: SessionItems, sessions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The records of some sessions one after another, and how many each has.

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> held, _ = session_items(np.array([0, 0, 1]), np.array([5, 6, 5]), 7, SessionGraphConfig())
    >>> [array.tolist() for array in records_of(held, np.array([1, 0]))]
    [[2, 0, 1], [1, 2]]
    """
    starts, lengths = held.starts[sessions], held.lengths[sessions]
    ends = np.cumsum(lengths)
    return np.repeat(starts - (ends - lengths), lengths) + np.arange(lengths.sum()), lengths
