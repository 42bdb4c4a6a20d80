"""Pairs of short sessions: each pair of one as a number, sorted and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
from scipy import sparse

from gnn.edges.sessions.pairs import Pairs
from gnn.edges.sessions.session_items import SessionItems
from gnn.edges.top_neighbors import in_both_directions
from gnn.threads import in_threads, processors

# Pairs that are sorted at once: about what fits in a cache.
_PAIRS = 1 << 20
# Of every so many sorted pairs one says where the ranges of receivers are cut.
_SAMPLED = 1 << 9

_Made = TypeVar("_Made")
# Sessions of equal lengths: their number of items, and where they begin.
_Part = tuple[int, np.ndarray]


def in_ranges(
    held: SessionItems, make: Callable[[Pairs], _Made], *, threads: int | None = None
) -> Iterator[_Made]:
    """Counts each pair of different items in one direction: to the smaller number.

    Sessions of equal lengths make a table, of which two columns side by side are a pair of each.
    Chunks of pairs are sorted, cut at the same receivers, and the pieces of each range sorted
    together. All pairs are in memory at once, 8 bytes each: for logs of some ten million pairs.
    Nothing is looked up where it lies far away, which is what takes the time of short sessions.

    Args:
        held: the items of the sessions, each once and ascending.
        make: what is made of a range of receivers, in the thread that counted it.
        threads: as in `in_threads`.

    Example:

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> records = np.array([0, 0, 1, 1, 1]), np.array([0, 2, 0, 1, 2])
    >>> held, _ = session_items(*records, 3, SessionGraphConfig("count"))
    >>> [[field.tolist() for field in pairs[:3]] for pairs in in_ranges(held, lambda pairs: pairs)]
    [[[1, 2, 2], [0, 0, 1], [1, 2, 1]]]
    """
    chunks = list(in_threads(lambda parts: _sorted_keys(held, parts), _chunks(held), threads))
    if not chunks:
        none = np.zeros(0, np.int32)
        return iter([make(Pairs(none, none, none, none))])
    most = max(1, -(-sum(chunk.size for chunk in chunks) // _PAIRS))
    if len(chunks) > 1:
        most = max(most, threads or processors())
    sample = np.sort(np.concatenate([chunk[::_SAMPLED] for chunk in chunks]))
    # A range begins with a receiver, so that all of its pairs are in one.
    bounds = np.unique(sample[(np.arange(1, most) * sample.size) // most] >> 32) << 32
    cuts = [np.searchsorted(chunk, bounds) for chunk in chunks]

    def counted(number: int) -> _Made:
        pieces = []
        for chunk, ends in zip(chunks, cuts, strict=True):
            start = ends[number - 1] if number else 0
            stop = ends[number] if number < ends.size else chunk.size
            pieces.append(chunk[start:stop])
        return make(_counted(pieces))

    return in_threads(counted, range(bounds.size + 1), threads)


def pairs_of(held: SessionItems, *, threads: int | None = None) -> Pairs:
    """Counts each pair of different items, in both directions.

    Args:
        held: as in `in_ranges`.
        threads: as in `in_threads`.

    Returns:
        The pairs, sorted by receiver and then sender.

    Example:

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> held, _ = session_items(np.zeros(2, int), np.arange(2), 2, SessionGraphConfig("count"))
    >>> [field.tolist() for field in pairs_of(held)[:3]]
    [[1, 0], [0, 1], [1, 1]]
    """
    both = in_both_directions(*_halves(held, threads), held.num_items, mutual=False)
    return Pairs(*both, both[2])


def both_halves(held: SessionItems, *, threads: int | None = None) -> tuple[Pairs, Pairs]:
    """Counts each pair of different items in one direction and, apart, in the other.

    Args:
        held: as in `in_ranges`.
        threads: as in `in_threads`.

    Returns:
        The pairs to the smaller number, and those to the larger one; sorted by receiver and then
        sender.

    Example:

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> held, _ = session_items(np.zeros(2, int), np.arange(2), 2, SessionGraphConfig("count"))
    >>> [[field.tolist() for field in half[:3]] for half in both_halves(held)]
    [[[1], [0], [1]], [[0], [1], [1]]]
    """
    senders, receivers, counts = _halves(held, threads)
    numbers = np.arange(held.num_items, dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(receivers, minlength=held.num_items))])
    shape = held.num_items, held.num_items
    back = sparse.csr_array((counts, senders, starts), shape=shape).tocsc()
    turned = back.indices.astype(np.int32, copy=False), np.repeat(numbers, np.diff(back.indptr))
    return Pairs(senders, receivers, counts, counts), Pairs(*turned, back.data, back.data)


def _halves(held: SessionItems, threads: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The senders, receivers and counts of `in_ranges`, of all ranges."""
    parts = list(in_ranges(held, lambda pairs: pairs, threads=threads))
    senders, receivers, counts = (
        np.concatenate([pairs[field] for pairs in parts]) for field in range(3)
    )
    return senders, receivers, counts


def num_pairs(held: SessionItems) -> int:
    """How many pairs `in_ranges` would sort.

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> from gnn.edges.sessions.session_items import session_items
    >>> held, _ = session_items(np.zeros(3, int), np.arange(3), 3, SessionGraphConfig("count"))
    >>> num_pairs(held)
    3
    """
    return int((held.lengths * (held.lengths - 1) // 2).sum())


def _chunks(held: SessionItems) -> Iterator[list[_Part]]:
    """The sessions by their lengths, about as many pairs at a time."""
    lengths = held.lengths
    order = np.argsort(lengths.astype(np.min_scalar_type(lengths.max(initial=0))), kind="stable")
    ascending = lengths[order]
    ends = np.append(np.flatnonzero(np.diff(ascending)) + 1, ascending.size)
    parts: list[_Part] = []
    left, start = _PAIRS, 0
    for end in ends.tolist():
        length = int(ascending[start]) if start < ascending.size else 0
        pairs = length * (length - 1) // 2
        while pairs and start < end:
            stop = min(end, start + max(1, left // pairs))
            parts.append((length, held.starts[order[start:stop]]))
            left -= pairs * (stop - start)
            start = stop
            if left < pairs:
                yield parts
                parts, left = [], _PAIRS
        start = end
    if parts:
        yield parts


def _sorted_keys(held: SessionItems, parts: list[_Part]) -> np.ndarray:
    """The pairs of some sessions, each `receiver << 32 | sender`, sorted."""
    sizes = [length * (length - 1) // 2 * starts.size for length, starts in parts]
    keys, place = np.empty(sum(sizes), np.int64), 0
    for length, starts in parts:
        table = held.items[starts + np.arange(length)[:, None]].astype(np.int64)
        receivers = table << 32
        for first in range(length - 1):
            others = length - 1 - first
            into = keys[place : place + others * starts.size].reshape(others, starts.size)
            np.bitwise_or(table[first + 1 :], receivers[first], out=into)
            place += into.size
    keys.sort()
    return keys


def _counted(pieces: list[np.ndarray]) -> Pairs:
    """The different pairs of some sorted pieces, and how often each is there."""
    keys = pieces[0]
    if len(pieces) > 1:
        keys = np.concatenate(pieces)
        keys.sort()
    new = np.ones(keys.size, bool)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    if new.all():
        counts = np.ones(keys.size, np.int32)
    else:
        begins = np.flatnonzero(new)
        counts = np.diff(begins, append=keys.size).astype(np.int32)
        keys = keys[begins]
    return Pairs(keys.astype(np.int32), (keys >> 32).astype(np.int32), counts, counts)
