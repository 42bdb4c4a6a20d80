"""Counts of items and pairs of a part of a log, from and to batches of Arrow.

It is what a task of a cluster does, and knows nothing of the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.records.session_gaps import sessions_by_gap
from gnn.edges.sessions.pair_keys import both_halves, in_ranges
from gnn.edges.sessions.pair_weights import SESSION_FACTORS, WEIGH, PairCounts
from gnn.edges.sessions.pairs import Pairs
from gnn.edges.sessions.reach import every_pair_once, within
from gnn.edges.sessions.session_edges import has_short_sessions, meeting_factors
from gnn.edges.sessions.session_items import SessionItems, session_items
from gnn.edges.sessions.session_pairs import in_blocks

if TYPE_CHECKING:
    import pyarrow as pa

# How many records of whole sessions are counted at once, and how many of their pairs are sorted.
_RECORDS, _SORTED_PAIRS = 1 << 20, 1 << 24
# How many rows go back to Spark at a time.
_ROWS = 1 << 18


def count_items(
    batches: Iterator[pa.RecordBatch], config: SessionGraphConfig, last: float | None
) -> Iterator[pa.RecordBatch]:
    """Counts sessions, and those that hold each item.

    Args:
        batches: records, those of a session (or a user) side by side: `name`, `item` and, where the
            configuration wants it, `time` in seconds.
        config: which sessions count, and how much.
        last: the time from which age is counted back.

    Yields:
        `item`, `held` (how much the sessions count that hold it), `sessions`, `distinct`, `long`.
        The last three are of all items together, in a row whose item is null and whose `held` is
        how much all sessions count: their number, the number of their different items, and how many
        were too long.
    """
    import pyarrow as pa

    for held, names, long, *_ in task_sessions(batches, config, last):
        none = np.zeros(len(names), np.int64)
        yield _batch(item=names, held=held.held(), sessions=none, distinct=none, long=none)
        sums = held.num_sessions + (0 if config.cuts else long), int(held.distinct.sum()), long
        sessions, distinct, too_long = (np.array([number]) for number in sums)
        yield _batch(
            item=pa.nulls(1, names.type),
            held=np.array([held.total]),
            sessions=sessions,
            distinct=distinct,
            long=too_long,
        )


def count_pairs(
    batches: Iterator[pa.RecordBatch],
    config: SessionGraphConfig,
    last: float | None,
    mean: float,
) -> Iterator[pa.RecordBatch]:
    """Counts the pairs of items that sessions hold.

    Args:
        batches: as in `count_items`.
        config: which pairs count, and how much.
        last: as in `count_items`.
        mean: how many items a session has in the mean of the whole log.

    Yields:
        `receiver`, `sender`, `count` and, where sessions differ in what they count, `together`. A
        pair may come again in a later batch. It comes in one direction only where the configuration
        `comes_in_halves`: to the item that is first in order.
    """
    import pyarrow as pa

    for held, names, *_ in task_sessions(batches, config, last):
        for pairs in _pairs(held, config, mean):
            for start in range(0, pairs.senders.size, _ROWS):
                some = slice(start, start + _ROWS)
                columns = {
                    "receiver": names.take(pa.array(pairs.receivers[some])),
                    "sender": names.take(pa.array(pairs.senders[some])),
                    "count": pairs.counts[some].astype(np.int64),
                }
                if sessions_differ(config):
                    columns["together"] = pairs.together[some].astype(np.float64)
                yield _batch(**columns)


def _pairs(held: SessionItems, config: SessionGraphConfig, mean: float) -> Iterator[Pairs]:
    """The pairs of some sessions; in one direction where that is enough."""
    halves, factors = config.comes_in_halves, meeting_factors(held, config, mean)
    if factors is None and has_short_sessions(held, config, _SORTED_PAIRS):
        if halves:
            yield from in_ranges(held, lambda pairs: pairs, threads=1)
        else:
            yield from both_halves(held, threads=1)
        return
    reach = within(held, config.window, directed=config.directed)
    reach = every_pair_once(held) if halves else reach
    yield from in_blocks(held, reach, lambda pairs: pairs, factors=factors, threads=1)


def sessions_differ(config: SessionGraphConfig) -> bool:
    """Whether a session may count more than another one.

    >>> sessions_differ(SessionGraphConfig("bm25")), sessions_differ(SessionGraphConfig("npmi"))
    (True, False)
    """
    weighted = bool(config.session_power) or config.half_life is not None
    return weighted or config.weighting in SESSION_FACTORS


def weigh_pairs(
    batches: Iterator[pa.RecordBatch], config: SessionGraphConfig
) -> Iterator[pa.RecordBatch]:
    """Weighs pairs, and leaves out those that weigh too little, or nothing.

    Args:
        batches: `receiver`, `sender`, `together`, `receiver_held`, `sender_held` and `total`.
        config: the measure.

    Yields:
        `receiver`, `sender` and `weight` (float32), in both directions if the configuration
        `comes_in_halves`.
    """
    import pyarrow as pa

    for batch in batches:
        size = batch.num_rows
        if not size:
            continue
        held = [batch.column(f"{end}_held").to_numpy() for end in ("sender", "receiver")]
        counts = PairCounts(
            batch.column("together").to_numpy(),
            (np.arange(size), np.arange(size, 2 * size)),
            np.concatenate(held),
            float(batch.column("total")[0].as_py()),
        )
        weights = WEIGH[config.weighting](counts).astype(np.float32)
        heavy = pa.array((weights > 0) & (weights >= config.min_weight))
        ends = batch.column("receiver").filter(heavy), batch.column("sender").filter(heavy)
        weight = pa.array(weights).filter(heavy)
        yield _batch(receiver=ends[0], sender=ends[1], weight=weight)
        if config.comes_in_halves:
            yield _batch(receiver=ends[1], sender=ends[0], weight=weight)


def _batch(**columns: Any) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_pydict(columns)


class TaskSessions(NamedTuple):
    """Some whole sessions of a task.

    Attributes:
        held: the sessions.
        items: the names of their items, in order.
        long: how many sessions were too long.
        users: the distinct names of sessions, or users.
        user_of: int64, by the number of a session its place in these; with a gap the sessions of a
          user have numbers side by side, in the order of time.
    """

    held: SessionItems
    items: Any
    long: int
    users: Any
    user_of: np.ndarray


def task_sessions(
    batches: Iterator[pa.RecordBatch], config: SessionGraphConfig, last: float | None
) -> Iterator[TaskSessions]:
    """Some whole sessions of a task at a time.

    Args:
        batches: as in `count_items`.
        config: which sessions count, and how much.
        last: as in `count_items`.
    """
    for table in _whole_sessions(batches):
        items, names = _numbered(table["item"])
        coded = table["name"].combine_chunks().dictionary_encode()
        users = coded.indices.to_numpy().astype(np.int64)
        sessions = users
        times = table["time"].to_numpy() if "time" in table.column_names else None
        if config.gap is not None and times is not None:
            sessions = sessions_by_gap(sessions, times, config.gap).astype(np.int64)
        user_of = np.empty(int(sessions.max()) + 1, np.int64)
        user_of[sessions] = users
        held, long = session_items(sessions, items, len(names), config, times, last)
        yield TaskSessions(held, names, long, coded.dictionary, user_of)


def _numbered(column: Any) -> tuple[np.ndarray, Any]:
    """The number of each name, and the names in order: pairs come by it, and ties go by it."""
    from pyarrow import compute

    coded = column.combine_chunks().dictionary_encode()
    order = compute.sort_indices(coded.dictionary)
    place = np.empty(len(order), np.int64)
    place[order.to_numpy()] = np.arange(len(order))
    return place[coded.indices.to_numpy()], coded.dictionary.take(order)


def _whole_sessions(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The records of a task in tables that end where a session does."""
    import pyarrow as pa

    waiting: list[Any] = []
    size, wanted = 0, _RECORDS
    for batch in batches:
        if not batch.num_rows:
            continue
        waiting.append(batch)
        size += batch.num_rows
        if size < wanted:
            continue
        table = pa.Table.from_batches(waiting)
        names = table["name"].combine_chunks().dictionary_encode().indices.to_numpy()
        end = int(np.argmax(names == names[-1]))  # Where the last session begins.
        if end:
            yield table.slice(0, end)
            waiting = table.slice(end).to_batches()
        # A session of very many records is not looked through again with each batch.
        size = sum(len(some) for some in waiting)
        wanted = max(_RECORDS, 2 * size)
    if waiting:
        yield pa.Table.from_batches(waiting)
