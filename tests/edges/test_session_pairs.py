"""Pairs counted in blocks, whatever the blocks and threads; against counting by hand."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.sessions import pair_keys
from gnn.edges.sessions import session_pairs as module
from gnn.edges.sessions.pairs import Pairs
from gnn.edges.sessions.reach import Reach, ReachRows, every_pair_once, within
from gnn.edges.sessions.session_items import SessionItems, session_items
from gnn.edges.sessions.session_pairs import in_blocks


def all_pairs(held: SessionItems, reach: Reach, threads: int | None = None) -> Pairs:
    blocks = in_blocks(held, reach, lambda pairs: pairs, threads=threads)
    return Pairs(*(np.concatenate(field) for field in zip(*blocks, strict=True)))


def log_of(seed: int) -> tuple[SessionItems, Counter[tuple[int, int]]]:
    """40 sessions of random items, the last of 15 of which none holds; their pairs."""
    rng = np.random.default_rng(seed)
    sessions, items = rng.integers(0, 40, 200), rng.integers(0, 14, 200)
    sets: dict[int, set[int]] = {}
    for session, item in zip(sessions.tolist(), items.tolist(), strict=True):
        sets.setdefault(session, set()).add(item)
    pairs = Counter(pair for some in sets.values() for pair in itertools.permutations(some, 2))
    return session_items(sessions, items, 15, SessionGraphConfig("count"))[0], pairs


@pytest.mark.parametrize("halves", [True, False])
@pytest.mark.parametrize("most", [0, 10**9])
@pytest.mark.parametrize("products", [1, 100, 1 << 22])
def test_any_blocks_give_the_counts(
    products: int, most: int, halves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_KEYS", products)
    monkeypatch.setattr(module, "_MOST_KEYS", most)  # By products of matrices, or as numbers.
    for seed, threads in ((0, 1), (1, 2), (2, None)):
        held, expected = log_of(seed)
        if halves:  # From the larger number to the smaller one.
            found = all_pairs(held, every_pair_once(held), threads)
            expected = {pair: count for pair, count in expected.items() if pair[0] > pair[1]}
        else:
            found = all_pairs(held, within(held, None, directed=False), threads)
        ends = zip(found.senders.tolist(), found.receivers.tolist(), strict=True)
        assert dict(zip(ends, found.counts.tolist(), strict=True)) == expected
        order = np.lexsort((found.senders, found.receivers))
        assert order.tolist() == list(range(found.senders.size)) and order.size == len(expected)


@pytest.mark.parametrize("pairs", [1, 7, 1 << 20])
def test_sorted_numbers_give_the_counts(pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_keys, "_PAIRS", pairs)
    monkeypatch.setattr(pair_keys, "_SAMPLED", 2)
    for seed, threads in ((0, 1), (1, 2), (2, None)):
        held, expected = log_of(seed)
        ranges = list(pair_keys.in_ranges(held, lambda some: some, threads=threads))
        found = Pairs(*(np.concatenate(field) for field in zip(*ranges, strict=True)))
        ends = zip(found.senders.tolist(), found.receivers.tolist(), strict=True)
        counts = dict(zip(ends, found.counts.tolist(), strict=True))
        assert counts == {pair: count for pair, count in expected.items() if pair[0] > pair[1]}
        order = np.lexsort((found.senders, found.receivers))
        assert order.tolist() == list(range(found.senders.size)) and order.size == len(counts)
        both = pair_keys.pairs_of(held, threads=threads)
        ends = zip(both.senders.tolist(), both.receivers.tolist(), strict=True)
        assert dict(zip(ends, both.counts.tolist(), strict=True)) == expected
        halves = pair_keys.both_halves(held, threads=threads)
        ends = zip(both.receivers.tolist(), both.senders.tolist(), strict=True)
        assert sorted(ends) == sorted(
            pair
            for half in halves
            for pair in zip(half.receivers.tolist(), half.senders.tolist(), strict=True)
        )
        # All pairs of a receiver are in one range.
        receivers = [set(some.receivers.tolist()) for some in ranges]
        assert sum(map(len, receivers)) == len(set().union(*receivers))


def test_items_that_32_bits_cannot_pair() -> None:
    sessions, items = np.array([0, 0, 0, 1, 1]), np.array([7, 1 << 16, 1 << 20, 7, 1 << 20])
    held, _ = session_items(sessions, items, (1 << 20) + 1, SessionGraphConfig("count"))
    (found,) = in_blocks(held, within(held, None, directed=False), lambda pairs: pairs)
    assert found.senders.tolist() == [1 << 16, 1 << 20, 7, 1 << 20, 7, 1 << 16]
    assert found.receivers.tolist() == [7, 7, 1 << 16, 1 << 16, 1 << 20, 1 << 20]
    assert found.counts.tolist() == [1, 2, 1, 1, 2, 1]
    assert {field.dtype for field in found} == {np.dtype(np.int32)}


def test_what_each_item_meets() -> None:
    # Rows of 4, 4, 2 and 2 records: sessions {0, 1}, {0, 1}, {2, 3}.
    sessions, items = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 2, 3])
    held, _ = session_items(sessions, items, 4, SessionGraphConfig("count"))
    rows = ReachRows(held, within(held, None, directed=False))
    assert rows.met.tolist() == [4, 4, 2, 2]
    assert rows.records.tolist() == [0, 2, 1, 3, 4, 5] and rows.starts.tolist() == [0, 2, 4, 5, 6]


def test_sessions_have_their_items_once_and_in_order() -> None:
    records = np.array([1, 1, 3, 1, 1]), np.array([2, 0, 1, 2, 2])
    held, _ = session_items(*records, 3, SessionGraphConfig("count"))
    assert held.items.tolist() == [0, 2, 1] and held.starts.tolist() == [0, 2, 3]
    assert held.distinct.tolist() == [2, 1] and held.held().tolist() == [1, 1, 1]
    counted, _ = session_items(*records, 3, SessionGraphConfig("count", repeats="counted"))
    assert counted.items.tolist() == [0, 2, 2, 2, 1]
    assert counted.distinct.tolist() == [2, 1] and counted.held().tolist() == [1, 1, 9]


def test_sessions_of_any_number() -> None:
    far = np.array([2**62, 7, 2**62])
    held, _ = session_items(far, np.array([5, 5, 1]), 6, SessionGraphConfig("count"))
    assert held.items.tolist() == [5, 1, 5] and held.starts.tolist() == [0, 1, 3]


@pytest.mark.parametrize("num_items", [0, 3])
@pytest.mark.parametrize("directed", [True, False])
def test_no_record_at_all(num_items: int, directed: bool) -> None:
    none = np.zeros(0, np.int64)
    config = SessionGraphConfig("count", directed=directed, max_session_items=2, half_life=1)
    held, long = session_items(none, none, num_items, config, np.zeros(0))
    pairs = all_pairs(held, within(held, None, directed=directed))
    assert pairs.senders.size == pairs.receivers.size == pairs.counts.size == 0
    assert not long and held.total == 0
