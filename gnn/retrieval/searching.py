"""Which items of an index may be found, and the search for them."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np

from gnn.retrieval.contents import Contents
from gnn.retrieval.item_ids import ItemIds
from gnn.retrieval.members import Members
from gnn.retrieval.queries import Held, Left, search_held, search_plain
from gnn.retrieval.search_result import SearchResult
from gnn.retrieval.single_query import SingleQuery


class Searching:
    """Searches in what an index holds at a time; after a change there is another one.

    Args:
        contents: the vectors.
        ids: of the items.
        alive: which items are not removed, bool; None is all.
    """

    def __init__(self, contents: Contents, ids: ItemIds, alive: np.ndarray | None):
        self.contents, self.ids, self.alive = contents, ids, alive

    @functools.cached_property
    def single(self) -> SingleQuery | None:
        """The fast way of one query; None where something is special."""
        if not self.is_plain or not len(self.contents.engine):
            return None
        return SingleQuery(self.contents.engine, self.contents.standing)

    @functools.cached_property
    def is_plain(self) -> bool:
        """Whether each item has a vector of its own, and may be found."""
        return self.alive is None and self.contents.is_identity

    @functools.cached_property
    def members(self) -> Members:
        """The items of each vector that are not removed."""
        slots = self.contents.slots
        found = Members.of(slots, len(self.contents.engine), self.ids.ranks)
        return found if self.alive is None else found.only(self.alive, slots)

    def search(self, vectors: np.ndarray, k: int, filter: Any, left: Left | None) -> SearchResult:
        """The k nearest items of vectors.

        Args:
            vectors: `[n, width]`, finite.
            k: at least 1.
            filter: as in `RetrievalIndex.search`.
            left: what single queries must not find.
        """
        engine, standing = self.contents.engine, self.contents.standing
        kept = None if filter is None else self._mask(filter)
        is_rough = engine.hnsw is None and standing.by_distance and len(vectors) > 1
        if self.is_plain and kept is None and left is None and not is_rough and k < len(engine):
            rows, scores, doubtful = search_plain(engine, standing, vectors, k)
            if doubtful.size:
                held = self._held(None)
                rows[doubtful], scores[doubtful] = search_held(held, vectors[doubtful], k)
        else:
            rows, scores = search_held(self._held(kept), vectors, k, left)
        return SearchResult(rows, scores, self.ids.at)

    def left(self, exclude: Any, count: int) -> Left | None:
        """What queries must not find.

        Args:
            exclude: as in `RetrievalIndex.search`.
            count: how many queries there are.

        Raises:
            KeyError: there is no item with such an id.
            ValueError: there are not as many as queries.
        """
        if exclude is None:
            return None
        if isinstance(exclude, (str, int)) or len(exclude) != count:
            raise ValueError(
                f"exclude must have an id, a list of ids or None for each of {count} queries, got "
                f"{exclude!r}"
            )
        several = (list, tuple, set, frozenset, np.ndarray)
        lists = [
            [] if each is None else list(each) if isinstance(each, several) else [each]
            for each in exclude
        ]
        queries = np.repeat(np.arange(count), [len(each) for each in lists])
        return Left(queries, self.rows_of([one for each in lists for one in each]))

    def rows_of(self, ids: Iterable[Any]) -> np.ndarray:
        """The rows of items that are there.

        Raises:
            KeyError: there is no item with such an id.
        """
        return self.ids.rows_of(ids, self.alive)

    def _mask(self, filter: Any) -> np.ndarray:
        count = len(self.ids)
        if isinstance(filter, np.ndarray) and filter.dtype == bool:
            if filter.shape != (count,):
                raise ValueError(
                    f"filter must have shape [{count}], an entry for each row that was added, got "
                    f"{filter.shape}"
                )
            return filter
        if isinstance(filter, (str, int)):
            raise TypeError(f"filter must be a list of ids or a mask, got {filter!r}")
        mask = np.zeros(count, bool)
        mask[self.rows_of(filter)] = True
        return mask

    def _held(self, kept: np.ndarray | None) -> Held:
        contents, members = self.contents, self.members
        if kept is not None:
            members = members.only(kept, contents.slots)
        admitted = members.counts[:-1] > 0
        return Held(
            contents.engine,
            contents.standing,
            contents.slots,
            members,
            self.ids.ranks,
            None if admitted.all() else admitted,
        )
