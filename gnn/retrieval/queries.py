"""Searching an index for many queries: fast where nothing is special, and right where it is."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from gnn.edges.neighbors.pairs import Near, nearest_of_each, only, rank_in_run, together
from gnn.retrieval.engine import Engine
from gnn.retrieval.members import Members
from gnn.retrieval.search_result import NO_ROW
from gnn.retrieval.standing import Asked, Standing

# Queries at a time.
_BLOCK = 4096


@dataclasses.dataclass(frozen=True, eq=False)
class Held:
    """What is searched.

    Attributes:
        engine: of the different vectors.
        standing: how they stand in it.
        slots: int64 `[items]`: which vector of the engine each item has, or `ZERO`.
        members: the items of each vector that may be found.
        ranks: the place of each item in the order of ids.
        admitted: which vectors may be found; None is all.
    """

    engine: Engine
    standing: Standing
    slots: np.ndarray
    members: Members
    ranks: np.ndarray
    admitted: np.ndarray | None


class Left(NamedTuple):
    """Items that single queries must not find.

    Attributes:
        queries: int64, ascending.
        rows: int64, alike: of items.
    """

    queries: np.ndarray
    rows: np.ndarray


def search_plain(
    engine: Engine, standing: Standing, vectors: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Queries of an index of which each item has a vector of its own, that all may be found.

    Returns:
        Rows `[n, k]` and scores, and which queries `search_held` has to answer, since items are
        equally near, too few were found, or the query is zeros.
    """
    rows, scores, open_ = [], [], []
    for start in range(0, len(vectors), _BLOCK):
        asked = standing.queries(vectors[start : start + _BLOCK])
        apart, found = engine.plain(asked.rows, k + 1)
        told = standing.scores(apart, asked.factors[:, None])
        doubtful = (told[:, 1:] == told[:, :-1]).any(axis=1) | (found[:, -1] < 0)
        open_.append(np.flatnonzero(doubtful) + start)
        rows.append(found[:, :k])
        scores.append(told[:, :k])
    return np.concatenate(rows), np.concatenate(scores), np.concatenate(open_)


def search_held(
    held: Held, vectors: np.ndarray, k: int, left: Left | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Queries of any index.

    Args:
        held: what is searched.
        vectors: real numbers `[n, width]`, finite.
        k: how many items.
        left: what some queries must not find.

    Returns:
        Rows int64 `[n, k]`, `NO_ROW` where missing, and scores float32, NaN there.
    """
    rows = np.full((len(vectors), k), NO_ROW, np.int64)
    scores = np.full((len(vectors), k), np.nan, np.float32)
    for start in range(0, len(vectors), _BLOCK):
        asked = held.standing.queries(vectors[start : start + _BLOCK])
        some = None
        if left is not None:
            inside = (left.queries >= start) & (left.queries < start + _BLOCK)
            some = Left(left.queries[inside] - start, left.rows[inside])
        near = _block(held, asked, k, some)
        place = rank_in_run(near.rows)
        rows[near.rows + start, place] = near.columns
        told = near.distances if held.standing.by_distance else -near.distances
        scores[near.rows + start, place] = told
    return rows, scores


def _block(held: Held, asked: Asked, k: int, left: Left | None) -> Near:
    """Queries and items; distances are scores, or scores with the sign changed."""
    more = 0 if left is None or not left.queries.size else int(np.bincount(left.queries).max())
    # Products of zeros are all 0: whichever FAISS found, all items are equally near.
    nothing = np.zeros(len(asked.rows), bool)
    if not held.standing.by_distance:
        nothing = np.asarray(np.all(asked.rows == 0, axis=1))
    queries = np.flatnonzero(~nothing)
    near = held.engine.near(asked.rows[queries], k + more, held.admitted)
    # What is told decides what is equal: rounding may have made it so.
    rows = queries[near.rows]
    told = held.standing.scores(near.distances, asked.factors[rows])
    near = near._replace(rows=rows, distances=told if held.standing.by_distance else -told)
    if held.members.counts[-1]:
        count = len(queries)
        zeros = Near(queries, np.full(count, len(held.members.counts) - 1), np.zeros(count))
        near = together([near, zeros])
        near = only(near, nearest_of_each(near, None))
    items = held.members.items(near, k + more, held.ranks)
    if nothing.any():
        items = together([items, _first_ids(held, np.flatnonzero(nothing), k + more)])
        items = only(items, np.argsort(items.rows, kind="stable"))
    if left is not None and more:
        count = len(held.slots)
        gone = np.isin(items.rows * count + items.columns, left.queries * count + left.rows)
        items = only(items, ~gone)
    return only(items, rank_in_run(items.rows) < k)


def _first_ids(held: Held, queries: np.ndarray, k: int) -> Near:
    rows = held.members.rows
    first = rows[np.argsort(held.ranks[rows], kind="stable")[:k]]
    pairs = np.repeat(queries, len(first)), np.tile(first, len(queries))
    return Near(*pairs, np.zeros(len(pairs[0])))
