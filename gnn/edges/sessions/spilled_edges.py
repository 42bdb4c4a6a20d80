"""Edges from logs that memory does not hold: runs of pairs on disk, merged by receivers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
from scipy import sparse
from tqdm import tqdm

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.edges import Edges
from gnn.edges.records.session_gaps import sessions_by_gap
from gnn.edges.sessions.edge_choice import Chosen, choose, joined, weigher
from gnn.edges.sessions.pair_keys import pairs_of
from gnn.edges.sessions.pair_weights import SESSION_FACTORS
from gnn.edges.sessions.session_edges import can_sort_pairs, meeting_factors
from gnn.edges.sessions.session_items import SessionItems, session_items
from gnn.edges.sessions.session_pairs import Pairs, in_blocks, reach_of, sorted_product
from gnn.edges.sessions.spilled_arrays import SpilledArrays
from gnn.edges.threads import in_threads, processors

# Sessions are spread over so many files, of which as many are taken at a time as memory holds.
_BUCKETS = 128
# What a record and a pair take at most while they are worked on.
_BYTES_OF_A_RECORD, _BYTES_OF_A_PAIR = 160, 120
_BYTES_OF_A_SORTED_PAIR = 16
_LEAST_RECORDS, _LEAST_PAIRS = 1 << 16, 1 << 16


class SpilledSessions:
    """Makes of a log, chunk by chunk, what `session_edges` makes of it whole.

    1. Records go to files by a hash of their session, so that each file has whole sessions.
    2. As many files as memory holds are counted together; their pairs are written sorted: a run.
    3. The runs are merged by ranges of receivers, and each range is weighed and pruned.

    Memory holds the records of step 2 or the pairs of step 3, and a few numbers for each item; disk
    12 bytes a record (20 with times), and 8 for each pair of each run (16 where sessions weigh
    differently). The edges are read from disk as they are used; the files go when they do.

    Args:
        config: what is an edge, and what it weighs; any weighting but `"swing"`, which compares
            sessions with each other.
        memory: how many bytes to keep to, beside what the process has already.
        folder: where the files go, in a folder of their own that is removed; None takes the
            system's place for temporary files.
        threads: as in `session_edges`.
        verbose: whether to show progress.

    Attributes:
        num_sessions: how many sessions there were, once there are edges.

    Raises:
        ValueError: the weighting is `"swing"`.

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
        if config.weighting == "swing":
            raise ValueError(
                "weighting 'swing' compares all sessions of an item with each other, and must have "
                "them in memory: leave `memory` out"
            )
        self._config, self._memory = config, memory
        self._threads, self._quiet = threads or processors(), not verbose
        fields: list[Any] = [("session", np.int64), ("item", np.int32)]
        if config.needs_order or config.half_life is not None or config.gap is not None:
            fields.append(("time", np.float64))
        self._dtype = np.dtype(fields)
        self._has_times = len(fields) > 2
        self._timed: bool | None = None
        self._last: float | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="gnn_edges_", dir=folder)
        self._path = Path(self._folder.name)
        self._files = [self._bucket(number).open("wb") for number in range(_BUCKETS)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._files:
            file.close()
        self._folder.cleanup()

    def _bucket(self, number: int) -> Path:
        return self._path / f"sessions_{number}"

    def add(self, sessions: np.ndarray, items: np.ndarray, times: np.ndarray | None = None) -> None:
        """Adds records, as `session_edges` takes them; a session may go on in later ones.

        Where the configuration has a gap, users take the place of sessions.

        Raises:
            ValueError: times are given now and were not before, or the other way around; or the
                configuration wants times, and there are none.
        """
        if self._config.half_life is not None and times is None:
            raise ValueError("half_life needs the times of records, and there are none")
        if self._timed not in (None, times is not None):
            raise ValueError("times must be given with all records, or with none")
        self._timed = times is not None
        # The high bits of a product with an odd number: as good as random, and the same each time.
        hashed = sessions.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        bucket = (hashed >> np.uint64(64 - (_BUCKETS - 1).bit_length())).astype(np.uint8)
        order = np.argsort(bucket, kind="stable")
        records = np.empty(order.size, self._dtype)
        records["session"], records["item"] = sessions[order], items[order]
        if self._has_times:
            records["time"] = 0.0 if times is None else times[order]
        if times is not None and times.size:
            self._last = max(times.max(), -np.inf if self._last is None else self._last)
        ends = np.cumsum(np.bincount(bucket, minlength=_BUCKETS))
        for file, start, stop in zip(self._files, [0, *ends], ends, strict=False):
            file.write(records[start:stop].tobytes())

    def edges(self, num_items: int) -> Edges:
        """The edges of all records: what `session_edges` returns, its arrays in files."""
        for file in self._files:
            file.close()
        config, mean = self._config, 1.0
        if config.weighting in SESSION_FACTORS:
            distinct = [held.distinct for held, _ in self._groups(num_items, "read")]
            count = sum(some.size for some in distinct)
            mean = sum(int(some.sum()) for some in distinct) / max(count, 1)
        held, total, long = np.zeros(num_items), 0.0, 0
        self.num_sessions = 0
        runs: list[_Run] = []
        for some, some_long in self._groups(num_items, "count"):
            held += some.held()
            total, long = total + some.total, long + some_long
            self.num_sessions += some.num_sessions + (0 if config.cuts else some_long)
            runs.append(self._run(len(runs), some, mean))
        kept = self._merged(runs, num_items, weigher(config, held, total))
        return joined([kept], num_items, config, long=long)

    def _groups(self, num_items: int, what: str) -> Iterator[tuple[SessionItems, int]]:
        """The sessions of some files at a time."""
        sizes = [path.stat().st_size for path in map(self._bucket, range(_BUCKETS))]
        most = max(self._memory // _BYTES_OF_A_RECORD, _LEAST_RECORDS) * self._dtype.itemsize
        group = np.cumsum(sizes) // most
        groups = [np.flatnonzero(group == number) for number in np.unique(group)]
        for buckets in tqdm(groups, desc=what, disable=self._quiet):
            parts = [np.fromfile(self._bucket(number), self._dtype) for number in buckets]
            records = np.concatenate(parts)
            del parts
            times = records["time"].copy() if self._has_times else None
            sessions, items = records["session"].copy(), records["item"].copy()
            del records
            if self._config.gap is not None and times is not None:
                sessions = sessions_by_gap(sessions, times, self._config.gap)
            yield session_items(sessions, items, num_items, self._config, times, self._last)

    def _run(self, number: int, held: SessionItems, mean: float) -> _Run:
        """Counts the pairs of some sessions, and writes them."""
        factors = meeting_factors(held, self._config, mean)
        run = _Run(self._path / f"run_{number}", held.num_items, weighted=factors is not None)
        most = self._memory // (4 * _BYTES_OF_A_SORTED_PAIR)
        if factors is None and can_sort_pairs(held, self._config, most):
            run.write(pairs_of(held, threads=self._threads))
            run.finish()
            return run
        reach = reach_of(held, self._config, halves=False)
        for pairs in in_blocks(
            held, reach, lambda pairs: pairs, factors=factors, threads=self._threads
        ):
            run.write(pairs)
        run.finish()
        return run

    def _merged(self, runs: list[_Run], num_items: int, weigh: Any) -> Chosen:
        """All pairs of each receiver, of which some are kept, in files."""
        sizes = sum((run.sizes() for run in runs), np.zeros(num_items, np.int64))
        most = max(self._memory // (_BYTES_OF_A_PAIR * 2 * self._threads), _LEAST_PAIRS)
        part = (np.cumsum(sizes) - sizes) // most
        bounds = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), num_items]
        ranges = list(pairwise(bounds))

        def kept(ends: tuple[int, int]) -> Chosen:
            pairs = _merged_pairs([run.rows(*ends) for run in runs], *ends, num_items)
            return choose(pairs, self._config, weigh)

        edges = SpilledArrays(self._path / "edges", (np.int32, np.int32, np.float32))
        counts = np.zeros(3, np.int64)
        blocks = in_threads(kept, ranges, self._threads)
        for block in tqdm(blocks, "merge", len(ranges), disable=self._quiet):
            edges.append(*block.edges)
            counts += block[1:]
        senders, receivers, weights = edges.finished()
        given, rare, light = counts.tolist()
        return Chosen((senders, receivers, weights), given, rare, light)


class _Run:
    """Sorted pairs in files: each receiver's senders, counts, and weighted counts."""

    def __init__(self, path: Path, num_items: int, *, weighted: bool):
        dtypes = (np.int32, np.int32, np.float64) if weighted else (np.int32, np.int32)
        self._arrays = SpilledArrays(path, dtypes)
        self._sizes, self._weighted = np.zeros(num_items, np.int64), weighted
        self._ends = path.with_suffix(".ends.npy")

    def write(self, pairs: Pairs) -> None:
        """Adds pairs of receivers that come after those there are."""
        columns = pairs.senders, pairs.counts, pairs.together
        self._arrays.append(*columns[: 3 if self._weighted else 2])
        if pairs.receivers.size:
            first = int(pairs.receivers[0])
            sizes = np.bincount(pairs.receivers - first)
            self._sizes[first : first + sizes.size] += sizes

    def finish(self) -> None:
        """Lets go of what memory need not hold."""
        self._columns = self._arrays.finished()
        np.save(self._ends, np.cumsum(self._sizes))
        del self._sizes

    def sizes(self) -> np.ndarray:
        """How many pairs each receiver has."""
        return np.diff(np.load(self._ends), prepend=0)

    def rows(self, start: int, stop: int) -> tuple[np.ndarray, ...]:
        """Where each receiver begins, and the end; then senders, counts, weighted counts."""
        ends = np.load(self._ends, mmap_mode="r")
        first = int(ends[start - 1]) if start else 0
        starts = np.concatenate([[0], ends[start:stop] - first])
        columns = [np.array(column[first : first + starts[-1]]) for column in self._columns]
        return starts, *columns


def _merged_pairs(
    runs: list[tuple[np.ndarray, ...]], start: int, stop: int, num_items: int
) -> Pairs:
    """The pairs of the receivers from `start` up to `stop`, over all runs."""
    size = stop - start
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
    together = summed(3, np.float64).data if runs and len(runs[0]) > 3 else counts.data
    receivers = np.repeat(np.arange(start, stop, dtype=np.int32), np.diff(counts.indptr))
    return Pairs(counts.indices.astype(np.int32, copy=False), receivers, counts.data, together)
