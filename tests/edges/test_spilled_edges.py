"""Edges from runs on disk: the same as in memory, whatever memory there is; and no file left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn.configs.sessions import WEIGHTINGS, SessionGraphConfig
from gnn.edges.edges import Edges
from gnn.edges.records import read_sessions
from gnn.edges.sessions import session_buckets, session_pairs, spilled_edges, spilled_swing
from gnn.edges.sessions.session_edges import session_edges
from gnn.edges.sessions.spilled_edges import SpilledSessions
from gnn.graphs.graph import Graph
from gnn.tables import arrow_batches
from tests.edges.test_session_edges import NUM_ITEMS, ORDERED, PRUNED, random_log

CONFIGS = [
    *({"weighting": weighting, **PRUNED[9]} for weighting in WEIGHTINGS),
    *({"weighting": "swing", "swing_sessions": 4, **fields} for fields in PRUNED),
    *({"weighting": "npmi", **fields} for fields in PRUNED),
    *({"weighting": "cosine", "repeats": "counted", **fields} for fields in ORDERED),
    {"weighting": "rate", "mutual": True, "min_weight": 0.5},
]


def spilled(
    log: list[tuple[int, int, float]], config: SessionGraphConfig, folder: Path, memory: int
) -> Edges:
    sessions, items, times = (np.array(column) for column in zip(*log, strict=True))
    with SpilledSessions(config, memory=memory, folder=folder) as whole:
        for start in range(0, len(log), 7):
            part = slice(start, start + 7)
            whole.add(sessions[part], items[part], times[part])
        return whole.edges(NUM_ITEMS)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of a few sessions, and a range of a few receivers."""
    monkeypatch.setattr(session_buckets, "_BUCKETS", 16)
    monkeypatch.setattr(session_buckets, "_LEAST_RECORDS", 10)
    monkeypatch.setattr(spilled_edges, "_LEAST_BYTES", 3000)
    monkeypatch.setattr(spilled_swing, "_LEAST_SESSIONS", 20)


@pytest.mark.parametrize("fields", CONFIGS, ids=str)
@pytest.mark.usefixtures("small")
def test_as_in_memory(
    fields: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SessionGraphConfig(**fields)
    for seed in range(3):
        # Pairs are counted by products of matrices, or as sorted numbers in two ways.
        monkeypatch.setattr(session_pairs, "_MOST_KEYS", 10**9 * seed)
        log = random_log(seed)
        sessions, items, times = (np.array(column) for column in zip(*log, strict=True))
        expected = session_edges(sessions, items, NUM_ITEMS, config, times=times)
        found = spilled(log, config, tmp_path, memory=1 if seed < 2 else 1 << 14)
        assert found.senders.tolist() == expected.senders.tolist()
        assert found.receivers.tolist() == expected.receivers.tolist()
        np.testing.assert_allclose(found.weights, expected.weights, rtol=3e-7)
        assert found.report == expected.report
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"weighting": "count"},
        {"weighting": "npmi", "max_session_items": 2},
        {"user_column": "session", "session_gap": 5, "time_column": "at", "half_life": 20},
        {"directed": True, "time_column": "at", "long_sessions": "cut", "max_session_items": 2},
        {"weighting": "swing", "swing_sessions": 5, "user_column": "session", "session_gap": 30,
         "time_column": "at"},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.usefixtures("small")
def test_a_graph_within_a_budget(fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_sessions, "_RECORDS_TAKEN", 7)
    monkeypatch.setattr(arrow_batches, "CHUNK_ROWS", 5)
    sessions, items, times = zip(*random_log(3), strict=True)
    table = {"session": sessions, "item": [f"i{item}" for item in items], "at": times}
    graph = Graph.from_sessions(table, config=fields)
    same = Graph.from_sessions(table, config=fields, memory="1KB")
    assert np.array_equal(same.ids, graph.ids) and graph.num_edges > 4
    for name in ("senders", "receivers"):
        assert getattr(same, name).tolist() == getattr(graph, name).tolist()
    np.testing.assert_allclose(same.weights, graph.weights, rtol=3e-7)
    assert same.info() == graph.info()
    for value, message in (("2 buckets", "memory must be a number and one of"), (0, "at least 1")):
        with pytest.raises(ValueError, match=message):
            Graph.from_sessions(table, memory=value)


def test_nothing_is_left_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="half_life needs the times"):
        with SpilledSessions(SessionGraphConfig(half_life=1), memory=1, folder=tmp_path) as log:
            assert list(tmp_path.iterdir())
            log.add(np.array([0]), np.array([0]))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="times must be given with all records, or with none"):
        with SpilledSessions(SessionGraphConfig("count"), memory=1, folder=tmp_path) as log:
            log.add(np.array([0]), np.array([0]))
            log.add(np.array([0]), np.array([0]), np.array([0.0]))
    gap = SessionGraphConfig("swing", user_column="u", time_column="t", session_gap=5)
    with pytest.raises(ValueError, match=r"users must be below 2\*\*31.*got 2147483648"):
        with SpilledSessions(gap, memory=1, folder=tmp_path) as log:
            log.add(np.array([1 << 31]), np.array([0]), np.array([0.0]))
            log.edges(1)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(session_buckets.SessionBuckets, "_write", fail)
    with pytest.raises(OSError, match="No space left"):
        with SpilledSessions(SessionGraphConfig("count"), memory=1, folder=tmp_path) as log:
            log.add(np.array([0]), np.array([0]))
            log.edges(1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("weighting", ["bm25", "swing"])
def test_an_empty_log(weighting: str, tmp_path: Path) -> None:
    with SpilledSessions(SessionGraphConfig(weighting), memory=1, folder=tmp_path) as log:
        assert log.edges(3).senders.tolist() == []


def test_sessions_of_any_number(tmp_path: Path) -> None:
    # Of item 0, Swing takes the last two of three sessions, each with item 1.
    numbers = np.array([2**62, 7, 2**62, 9, 9])
    config = SessionGraphConfig("swing", swing_sessions=2)
    with SpilledSessions(config, memory=1, folder=tmp_path) as log:
        log.add(numbers, np.array([0, 0, 1, 0, 1]))
        edges = log.edges(2)
    assert edges.senders.tolist() == [1, 0]
    np.testing.assert_allclose(edges.weights, [1 / 3, 1 / 3])  # They share both items.
