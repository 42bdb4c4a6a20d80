"""Every weighting equal to a brute force, on many random logs and a real one, and from disk."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from gnn.configs.sessions import WEIGHTINGS, SessionGraphConfig
from gnn.datasets import groceries_sessions
from gnn.edges.edges import Edges
from gnn.edges.sessions import (
    session_buckets,
    session_edges,
    session_pairs,
    spilled_edges,
    spilled_swing,
)
from gnn.edges.sessions.spilled_edges import SpilledSessions
from tests.edges.brute_force import Record, brute_force
from tests.edges.test_session_edges import PRUNED

NUM_ITEMS = 7


def small_log(seed: int) -> list[Record]:
    """About 10 sessions of about 4 records, popular items and rare ones."""
    rng = np.random.default_rng(seed)
    sessions = rng.integers(0, 10, 40)
    items = np.minimum(rng.geometric(rng.uniform(0.15, 0.5), 40) - 1, NUM_ITEMS - 1)
    times = rng.integers(0, 40, 40).astype(float) + rng.permutation(40) / 40
    return list(zip(sessions.tolist(), items.tolist(), times.tolist(), strict=True))


def both_ways(
    log: list[Record],
    num_items: int,
    config: SessionGraphConfig,
    folder: Path,
    *,
    memory: int,
    threads: int,
) -> list[Edges]:
    """The edges in memory, and from disk, and in memory."""
    sessions, items, times = (np.array(column) for column in zip(*log, strict=True))
    with SpilledSessions(config, memory=memory, folder=folder, threads=threads) as spilled:
        half = len(log) // 2
        spilled.add(sessions[:half], items[:half], times[:half])
        spilled.add(sessions[half:], items[half:], times[half:])
        found = [spilled.edges(num_items)]
    found.append(
        session_edges.session_edges(
            sessions, items, num_items, config, times=times, threads=threads
        )
    )
    return found


def assert_equal(found: Edges, expected: dict[tuple[int, int], float]) -> None:
    ends = list(zip(found.senders.tolist(), found.receivers.tolist(), strict=True))
    assert ends == sorted(expected, key=lambda pair: pair[::-1])
    np.testing.assert_allclose(found.weights, [expected[pair] for pair in ends], rtol=1e-6)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_two_hundred_logs(weighting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_buckets, "_BUCKETS", 2)
    monkeypatch.setattr(session_buckets, "_LEAST_RECORDS", 25)
    monkeypatch.setattr(spilled_edges, "_LEAST_BYTES", 4000)
    monkeypatch.setattr(spilled_swing, "_LEAST_SESSIONS", 20)
    for seed, fields in zip(range(200), itertools.cycle(PRUNED)):
        # Pairs are counted as sorted numbers in two ways, or by products of matrices.
        monkeypatch.setattr(session_edges, "_SHORT", (0, 16, 0)[seed % 3])
        monkeypatch.setattr(session_pairs, "_MOST_KEYS", (0, 10**9, 10**9)[seed % 3])
        config = SessionGraphConfig(weighting, **{"swing_sessions": 5, **fields})
        log = small_log(seed)
        expected = brute_force(log, config)
        for found in both_ways(log, NUM_ITEMS, config, tmp_path, memory=1, threads=1):
            assert_equal(found, expected)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_groceries(
    weighting: str, tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (data_dir / "groceries.csv").is_file():
        pytest.skip("GNN_DATA_DIR has no groceries.csv")
    monkeypatch.setattr(session_buckets, "_BUCKETS", 16)
    monkeypatch.setattr(session_buckets, "_LEAST_RECORDS", 1)
    baskets = groceries_sessions(data_dir)
    numbers = {item: at for at, item in enumerate(sorted(set(itertools.chain(*baskets))))}
    log = [
        (session, numbers[item], float(session))
        for session, basket in enumerate(baskets)
        for item in basket
    ]
    config = SessionGraphConfig(
        weighting, min_count=3, max_neighbors=10, max_session_items=12, swing_sessions=100
    )
    memory = 2_000_000  # Some runs, and ranges of receivers.
    expected = brute_force(log, config)
    assert len(expected) > 1000
    for found in both_ways(log, len(numbers), config, tmp_path, memory=memory, threads=2):
        assert_equal(found, expected)
