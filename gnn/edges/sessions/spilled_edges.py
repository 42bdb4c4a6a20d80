"""Edges from logs that memory does not hold: runs of pairs on disk, merged by receivers."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
from scipy import sparse
from tqdm import tqdm

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.edges import Edges
from gnn.edges.memory import give_back_memory
from gnn.edges.sessions.edge_choice import DTYPES, Chosen, choose, gathered, joined, weigher
from gnn.edges.sessions.pair_keys import both_halves
from gnn.edges.sessions.pair_products import sorted_product
from gnn.edges.sessions.pair_weights import SESSION_FACTORS
from gnn.edges.sessions.pairs import Pairs
from gnn.edges.sessions.reach import within
from gnn.edges.sessions.session_buckets import SessionBuckets, SessionGroup
from gnn.edges.sessions.session_edges import has_short_sessions, meeting_factors
from gnn.edges.sessions.session_items import SessionItems
from gnn.edges.sessions.session_pairs import bounds_of, in_blocks
from gnn.edges.sessions.sorted_runs import SortedRun
from gnn.edges.sessions.spilled_arrays import SpilledArrays
from gnn.edges.sessions.spilled_swing import SpilledSwing
from gnn.threads import in_threads, processors

# What a pair takes at most while it is worked on, and an item of a session that Swing compares.
_BYTES_OF_A_PAIR, _BYTES_OF_AN_ITEM = 120, 60
_BYTES_OF_A_SORTED_PAIR = 16
_LEAST_BYTES = 1 << 23
# So many groups of sessions are counted at once at most: more would make too many small runs.
_GROUPS = 4

_Made = TypeVar("_Made")


class _Counted(NamedTuple):
    """What is known of some sessions once their pairs are in runs."""

    runs: list[SortedRun]
    held: np.ndarray
    total: float
    num_sessions: int
    long: int


class SpilledSessions:
    """Makes of a log, chunk by chunk, what `session_edges` makes of it whole.

    1. Records go to files by a hash of their session, so that each file has whole sessions.
    2. As many files as memory holds are counted together; their pairs are written sorted: a run.
    3. The runs are merged by ranges of receivers, and each range is weighed and pruned.

    Memory holds the records of step 2 or the pairs of step 3, and a few numbers for each item; disk
    12 bytes a record (20 with times), and 8 for each pair of each run (16 where sessions weigh
    differently); with Swing, more (`gnn.edges.sessions.spilled_swing`). The edges are read from
    disk as they are used; the files go when they do.

    Args:
        config: what is an edge, and what it weighs.
        memory: how many bytes to keep to, beside what the process has already.
        folder: where the files go, in a folder of their own that is removed; None takes the
            system's place for temporary files.
        threads: as in `session_edges`.
        verbose: whether to show progress.

    Attributes:
        num_sessions: how many sessions there were, once there are edges.

    Example:

    >>> with SpilledSessions(SessionGraphConfig("count"), memory=1 << 28) as log:
    ...     log.add(np.array([0, 0]), np.array([0, 2]))
    ...     log.add(np.array([1, 1]), np.array([2, 0]))
    ...     edges = log.edges(num_items=3)
    >>> edges.senders.tolist(), edges.receivers.tolist(), edges.weights.tolist()
    ([2, 0], [0, 2], [2.0, 2.0])
    """

    def __init__(
        self,
        config: SessionGraphConfig,
        *,
        memory: int,
        folder: Any = None,
        threads: int | None = None,
        verbose: bool = False,
    ):
        self._config, self._memory = config, memory
        self._threads, self._quiet = threads or processors(), not verbose
        self._at_once = min(self._threads, _GROUPS)
        self._folder = tempfile.TemporaryDirectory(prefix="gnn_edges_", dir=folder)
        self._path = Path(self._folder.name)
        self._buckets = SessionBuckets(self._path, config)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._buckets.close()
        finally:
            self._folder.cleanup()

    def add(self, sessions: np.ndarray, items: np.ndarray, times: np.ndarray | None = None) -> None:
        """Adds records, as `session_edges` takes them; a session may go on in later ones.

        Where the configuration has a gap, users take the place of sessions. The arrays must not
        change before there are edges: they are written while others are read.

        Raises:
            ValueError: times are given now and were not before, or the other way around; or the
                configuration wants times, and there are none.
        """
        self._buckets.add(sessions, items, times)

    def edges(self, num_items: int) -> Edges:
        """The edges of all records: what `session_edges` returns, its arrays in files."""
        self._buckets.close()
        give_back_memory()  # What reading them has left.
        config, mean = self._config, 1.0
        if config.weighting in SESSION_FACTORS:
            distinct = list(
                self._of_groups("read", num_items, lambda _, group: group.held.distinct)
            )
            count = sum(some.size for some in distinct)
            mean = sum(int(some.sum()) for some in distinct) / max(count, 1)
        swing = None
        if config.weighting == "swing":
            swing = SpilledSwing(self._path, num_items, config, self._memory)
        held, total, long = np.zeros(num_items), 0.0, 0
        self.num_sessions = 0
        runs: list[SortedRun] = []

        def counted(number: int, group: SessionGroup) -> _Counted:
            some = group.held
            if swing is not None:
                swing.see(number, group)
            runs = self._runs(number, some, mean)
            return _Counted(runs, some.held(), some.total, some.num_sessions, group.long)

        for group in self._of_groups("count", num_items, counted):
            runs += group.runs
            held += group.held
            total, long = total + group.total, long + group.long
            self.num_sessions += group.num_sessions + (0 if config.cuts else group.long)
        sizes = sum((run.sizes() for run in runs), np.zeros(num_items, np.int64))
        most = max(self._memory // (2 * self._threads), _LEAST_BYTES)
        if swing is None:
            bounds = bounds_of(sizes * _BYTES_OF_A_PAIR, most)
            weigh = weigher(config, held, total)
            kept = self._merged(runs, bounds, lambda _: weigh)
        else:
            swing.find_first()
            bounds = bounds_of(sizes * _BYTES_OF_A_PAIR + swing.lengths * _BYTES_OF_AN_ITEM, most)
            divide = functools.partial(swing.divide, bounds)
            list(self._of_groups("divide", num_items, divide))
            kept = self._merged(runs, bounds, lambda place: swing.of(place).weigh)
        return joined(kept, num_items, config, long=long)

    def _of_groups(
        self, what: str, num_items: int, make: Callable[[int, SessionGroup], _Made]
    ) -> Iterator[_Made]:
        """What is made of the number of a group and its sessions, of some groups at once."""
        groups = self._buckets.groups(self._memory // self._at_once)

        def made(number: int) -> _Made:
            return make(number, self._buckets.read(groups[number], num_items))

        all_made = in_threads(made, range(len(groups)), self._at_once)
        return iter(tqdm(all_made, what, len(groups), disable=self._quiet))

    def _runs(self, number: int, held: SessionItems, mean: float) -> list[SortedRun]:
        """Counts the pairs of some sessions, and writes them."""
        config, path = self._config, self._path / f"run_{number}"
        factors = meeting_factors(held, config, mean)
        most = self._memory // (2 * _BYTES_OF_A_SORTED_PAIR * self._at_once)
        threads = self._threads // self._at_once
        if factors is None and has_short_sessions(held, config, most):
            halves = both_halves(held, threads=threads)
            return [
                _run(path.with_name(f"{path.name}_{at}"), held, [half])
                for at, half in enumerate(halves)
            ]
        reach = within(held, config.window, directed=config.directed)
        blocks = in_blocks(held, reach, lambda pairs: pairs, factors=factors, threads=threads)
        return [_run(path, held, blocks, weighted=factors is not None)]

    def _merged(
        self,
        runs: list[SortedRun],
        bounds: list[int],
        weigh_of: Callable[[int], Callable[[Pairs], np.ndarray]],
    ) -> Chosen:
        """All pairs of each receiver, of which some are kept, in files.

        Args:
            runs: the pairs of some sessions each.
            bounds: where the ranges of receivers begin that are merged at a time.
            weigh_of: by the number of a range, what weighs its pairs.
        """
        most = max(self._memory // (2 * self._threads), _LEAST_BYTES) // _BYTES_OF_A_PAIR

        def kept(place: int) -> Chosen:
            ends = bounds[place], bounds[place + 1]
            rows = (run.rows(*ends) for run in runs)
            pairs = _merged_pairs(rows, *ends, bounds[-1], most)
            return choose(pairs, self._config, weigh_of(place))

        blocks = in_threads(kept, range(len(bounds) - 1), self._threads)
        shown = tqdm(blocks, "merge", len(bounds) - 1, disable=self._quiet)
        return gathered(shown, SpilledArrays(self._path / "edges", DTYPES))


def _run(
    path: Path, held: SessionItems, blocks: Iterable[Pairs], *, weighted: bool = False
) -> SortedRun:
    """Pairs in files: the senders of each receiver, counts, and weighted counts."""
    dtypes = (np.int32, np.int32, np.float64) if weighted else (np.int32, np.int32)
    run = SortedRun(path, held.num_items, dtypes)
    for pairs in blocks:
        columns = pairs.senders, pairs.counts, pairs.together
        run.write(pairs.receivers, *columns[: len(dtypes)])
    run.finish()
    return run


def _merged_pairs(
    runs: Iterable[tuple[np.ndarray, ...]], start: int, stop: int, num_items: int, most: int
) -> Pairs:
    """The pairs of the receivers from `start` up to `stop`, over all runs.

    Args:
        runs: what `SortedRun.rows` gives of each.
        start: the first receiver.
        stop: the one after the last.
        num_items: the number of items.
        most: of more entries than that, those of some runs are summed before others are read: a
            popular item meets most others in every run.
    """
    waiting: list[tuple[np.ndarray, ...]] = []
    for run in runs:
        waiting.append(run)
        if len(waiting) > 1 and sum(some[1].size for some in waiting) > most:
            waiting = [_summed(waiting, num_items)]
    starts, senders, counts, *together = _summed(waiting, num_items)
    receivers = np.repeat(np.arange(start, stop, dtype=np.int32), np.diff(starts))
    return Pairs(senders, receivers, counts, together[0] if together else counts)


def _summed(runs: list[tuple[np.ndarray, ...]], num_items: int) -> tuple[np.ndarray, ...]:
    """Some runs as one, the senders of each receiver ascending."""
    size = runs[0][0].size - 1
    offsets = np.concatenate([[0], np.cumsum([run[0][-1] for run in runs])])
    starts = np.concatenate(
        [run[0][:-1] + offset for run, offset in zip(runs, offsets[:-1], strict=True)]
    )
    starts = np.append(starts, offsets[-1])
    senders = np.concatenate([run[1] for run in runs])
    # Row i of the sum is row i of each run, and these are below each other.
    rows = (np.arange(size)[:, None] + size * np.arange(len(runs))).ravel()
    row_starts = len(runs) * np.arange(size + 1)

    def summed(field: int, dtype: Any) -> sparse.csr_array:
        values = np.concatenate([run[field] for run in runs]).astype(dtype)
        of_runs = sparse.csr_array((values, senders, starts), shape=(rows.size, num_items))
        ones = np.ones(rows.size, dtype)
        chosen = sparse.csr_array((ones, rows, row_starts), shape=(size, rows.size))
        return sorted_product(chosen, of_runs)

    counts = summed(2, np.int64)
    together = [summed(3, np.float64).data] if len(runs[0]) > 3 else []
    return counts.indptr, counts.indices.astype(np.int32, copy=False), counts.data, *together
