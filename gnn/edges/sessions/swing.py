"""Swing: pairs of items that many sessions hold which have little else in common."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import sparse

from gnn.edges.sessions.session_items import SessionItems
from gnn.edges.sessions.session_pairs import Pairs


class Swing:
    """What pairs of items weigh by Swing.

    `w_ij = sum over pairs {s, t} of sessions that hold both of w_s w_t / (alpha + |s & t|)`, where
    `|s & t|` is the number of items that the two sessions share. One session that holds both says
    nothing, and two that share everything say little.

    Yang et al., "Large Scale Product Graph Construction for Recommendation in E-commerce",
    arXiv 2010.05525, 2020, section 3.1, where `w_s = 1 / sqrt(n)` (`session_power=0.5`). Of an item
    of very many sessions, only some are compared, which the paper leaves open.

    Args:
      held: the items of the sessions, each once, ascending.
      smoothing: alpha, 0 or more.
      most: of an item of more sessions, the last so many are taken; of a pair, those that are taken
        of both. Time and memory of an item grow with its square.

    Items 0 and 1 share both sessions, which have them and nothing else in common: `1 / (1 + 2)`.

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> held, _ = session_items(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), 2,
    ...                         SessionGraphConfig())
    >>> ends = np.array([1]), np.array([0])
    >>> Swing(held, 1.0, 500).weigh(Pairs(*ends, np.array([2]), np.array([2]))).round(6).tolist()
    [0.333333]
    """

    def __init__(self, held: SessionItems, smoothing: float, most: int):
        size = held.items.size
        self._held, self._smoothing = held, smoothing
        weights = held.weights
        self._weights = np.ones(held.num_sessions) if weights is None else weights
        by_item = sparse.csr_array(
            (np.arange(size), held.items, held.starts), shape=(held.num_sessions, held.num_items)
        ).tocsc()
        ends = np.repeat(by_item.indptr[1:], np.diff(by_item.indptr))
        self._taken = np.zeros(size, bool)  # Records among the last of their item.
        self._taken[by_item.data] = ends - np.arange(size) <= most
        taken = sparse.csr_array(
            (
                np.ones(int(self._taken.sum()), np.int8),
                held.items[self._taken],
                np.concatenate([[0], np.cumsum(self._taken)])[held.starts],
            ),
            shape=(held.num_sessions, held.num_items),
        ).tocsc()
        self._sessions, self._starts = taken.indices, taken.indptr

    def weigh(self, pairs: Pairs) -> np.ndarray:
        """The weights of pairs that are sorted by receiver and then sender, float64 `[n]`."""
        weights = np.zeros(pairs.senders.size)
        begins = np.flatnonzero(np.diff(pairs.receivers, prepend=-1)).tolist()
        for start, stop in pairwise([*begins, pairs.senders.size]):
            items, found = self._of(int(pairs.receivers[start]))
            places = np.searchsorted(items, pairs.senders[start:stop])
            places = np.minimum(places, items.size - 1)
            right = items[places] == pairs.senders[start:stop]
            weights[start:stop] = np.where(right, found[places], 0.0)
        return weights

    def _of(self, item: int) -> tuple[np.ndarray, np.ndarray]:
        """The items of an item's sessions, ascending, and what each weighs with it."""
        sessions = self._sessions[self._starts[item] : self._starts[item + 1]]
        starts, lengths = self._held.starts[sessions], self._held.lengths[sessions]
        ends = np.cumsum(lengths)
        records = np.repeat(starts - (ends - lengths), lengths) + np.arange(lengths.sum())
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
