"""Edges from sessions under every configuration, against a brute force that knows no matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn.configs.sessions import WEIGHTINGS, SessionGraphConfig
from gnn.edges.edges import Edges
from gnn.edges.from_sessions import edges_from_sessions
from gnn.edges.sessions import session_edges as module
from gnn.edges.sessions import session_pairs
from gnn.edges.sessions.session_edges import session_edges
from gnn.graphs.graph import Graph
from tests.edges.brute_force import Record, brute_force

NUM_ITEMS = 10


def random_log(seed: int) -> list[Record]:
    """25 sessions of up to 6 records of items 0 to 8, in order of no time."""
    rng = np.random.default_rng(seed)
    sessions = np.repeat(np.arange(25), rng.integers(0, 7, 25))
    items, times = rng.integers(0, 9, sessions.size), rng.uniform(0, 50, sessions.size)
    return list(zip(sessions.tolist(), items.tolist(), times.tolist(), strict=True))


def edges_of(log: list[Record], config: SessionGraphConfig) -> Edges:
    sessions, items, times = np.array(log).reshape(-1, 3).T
    return session_edges(sessions.astype(int), items.astype(int), NUM_ITEMS, config, times=times)


def assert_as_by_brute_force(log: list[Record], config: SessionGraphConfig) -> None:
    edges, expected = edges_of(log, config), brute_force(log, config)
    ends = list(zip(edges.senders.tolist(), edges.receivers.tolist(), strict=True))
    assert ends == sorted(expected, key=lambda pair: pair[::-1])
    np.testing.assert_allclose(edges.weights, [expected[pair] for pair in ends], rtol=3e-7)


PRUNED: list[dict[str, Any]] = [
    {},
    {"max_session_items": 4},
    {"max_session_items": 3, "long_sessions": "cut"},
    {"min_count": 2},
    {"min_weight": 0.3},
    {"max_neighbors": 2},
    {"max_neighbors": 3, "mutual": True},
    {"max_session_items": 5, "min_count": 2, "min_weight": 0.1, "max_neighbors": 1},
    {"min_count": 3, "join_isolated": True},
    {"min_count": 2, "max_neighbors": 1, "join_isolated": True},
    {"session_power": 1, "session_shift": -1},
    {"session_power": 0.5, "half_life": 20.0, "min_count": 2, "max_neighbors": 2},
]
ORDERED: list[dict[str, Any]] = [
    {"window": 1},
    {"window": 2, "max_neighbors": 2, "half_life": 30.0},
    {"directed": True},
    {"directed": True, "window": 2, "max_neighbors": 2},
    {"directed": True, "max_neighbors": 2, "mutual": True},
    {"window": 1, "directed": True, "max_session_items": 3, "long_sessions": "cut"},
]


@pytest.mark.parametrize("fields", [*PRUNED, *ORDERED], ids=str)
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_as_by_brute_force(
    weighting: str, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if weighting == "swing" and fields in ORDERED:
        pytest.skip("swing knows no order")
    config = SessionGraphConfig(weighting, swing_sessions=4, **fields)
    monkeypatch.setattr(session_pairs, "_PRODUCTS_AN_ITEM", 0)
    for seed in range(4):
        for name in ("_PRODUCTS", "_KEYS"):
            monkeypatch.setattr(session_pairs, name, 1 + 50 * seed)
        # Sorted numbers, of short sessions or of what receivers meet, or products of matrices.
        monkeypatch.setattr(module, "_SHORT", (0, 16, 0, 16)[seed])
        monkeypatch.setattr(session_pairs, "_MOST_KEYS", 10**9 * (seed // 2))
        assert_as_by_brute_force(random_log(seed), config)


@pytest.mark.parametrize("fields", [*PRUNED, *ORDERED], ids=str)
@pytest.mark.parametrize("weighting", ["count", "cosine", "jaccard"])
def test_repeats_that_count(weighting: str, fields: dict[str, Any]) -> None:
    config = SessionGraphConfig(weighting, repeats="counted", **fields)
    for seed in range(3):
        assert_as_by_brute_force(random_log(seed), config)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        # b then a then b again, in this order.
        ({}, {("a", "b"): 1, ("b", "a"): 1}),
        ({"repeats": "counted"}, {("a", "b"): 2, ("b", "a"): 2}),
        ({"directed": True}, {("b", "a"): 1}),
        ({"directed": True, "repeats": "counted"}, {("a", "b"): 1, ("b", "a"): 1}),
    ],
    ids=str,
)
def test_one_session_by_hand(
    config: dict[str, Any], expected: dict[tuple[str, str], float]
) -> None:
    edges = edges_from_sessions([["b", "a", "b"]], {"weighting": "count", **config})
    names = np.array(edges.ids)
    ends = zip(names[edges.senders].tolist(), names[edges.receivers].tolist(), strict=True)
    assert dict(zip(ends, edges.weights.tolist(), strict=True)) == expected


def test_long_sessions_count_less_or_are_cut() -> None:
    sessions = [[0, 1], [0, 1, 2, 3]]
    shares = edges_from_sessions(
        sessions, {"weighting": "count", "session_power": 1, "session_shift": -1}, num_nodes=4
    )
    # Of the longer one, three pairs at each item share a weight of 1.
    ends = zip(shares.senders.tolist(), shares.receivers.tolist(), strict=True)
    weights = dict(zip(ends, shares.weights.tolist(), strict=True))
    np.testing.assert_allclose([weights[0, 1], weights[2, 3]], [4 / 3, 1 / 3], rtol=1e-6)
    cut = edges_from_sessions(
        sessions,
        {"weighting": "count", "max_session_items": 3, "long_sessions": "cut"},
        num_nodes=4,
    )
    assert 3 not in cut.senders and 2 in cut.senders
    assert cut.report.remarks == ("1 session of more than 3 items cut to its first ones",)


def test_an_item_without_frequent_pairs_is_joined() -> None:
    sessions = [[0, 1], [0, 1], [1, 2], [1, 3], [3, 1]]
    fields = {"weighting": "count", "min_count": 2, "join_isolated": True}
    edges = edges_from_sessions(sessions, fields, num_nodes=4)
    # Item 2 meets item 1 once, and no other; the edge is there in both directions.
    ends = zip(edges.senders.tolist(), edges.receivers.tolist(), edges.weights, strict=True)
    assert list(ends) == [(1, 0, 2), (0, 1, 2), (2, 1, 1), (3, 1, 2), (1, 2, 1), (1, 3, 2)]


def test_what_is_old_counts_half() -> None:
    sessions, items = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2])
    times = np.array([0.0, 40.0, 90.0, 100.0])  # They end at 40 and at 100.
    config = SessionGraphConfig("count", half_life="1min")
    edges = session_edges(sessions, items, 3, config, times=times)
    assert edges.senders.tolist() == [1, 0, 2, 1]
    np.testing.assert_allclose(edges.weights, [0.5, 0.5, 1, 1])
    with pytest.raises(ValueError, match="half_life needs the times"):
        session_edges(sessions, items, 3, config)


def test_swing_by_hand() -> None:
    # Items 0 and 1 meet in three sessions. Each two of them share just these two items, but for
    # the last two, which share item 2 as well: 1/(1+2) + 1/(1+2) + 1/(1+3).
    sessions = [[0, 1], [0, 1, 2], [0, 1, 2]]
    edges = edges_from_sessions(sessions, {"weighting": "swing"}, num_nodes=3)
    assert edges.senders.tolist() == [1, 2, 0, 2, 0, 1]
    np.testing.assert_allclose(edges.weights, [11 / 12, 1 / 4, 11 / 12, 1 / 4, 1 / 4, 1 / 4])


def test_the_report_counts_what_went() -> None:
    # Pairs: (0, 1) in two sessions, (0, 2), (1, 2) and (3, 4) in one; a robot's session of six.
    sessions = [[0, 1], [0, 1, 2], [3, 4], [0, 1, 2, 3, 4, 5]]
    graph = Graph.from_sessions(
        sessions,
        np.eye(6),
        config={"weighting": "jaccard", "max_session_items": 5, "min_weight": 0.6},
    )
    assert graph.senders.tolist() == [1, 0, 4, 3]
    assert (
        "13 records: weights by jaccard, 1 session of more than 5 items left out, "
        "2 pairs below weight 0.6 left out" in graph.info()
    )
    edges = edges_from_sessions(
        sessions, {"weighting": "count", "min_count": 2, "max_neighbors": 1}, num_nodes=6
    )
    # (0, 1) in three; (0, 2), (1, 2) and (3, 4) in two: 2 chooses 0, the smaller number.
    assert sorted(zip(edges.senders.tolist(), edges.receivers.tolist(), strict=True)) == [
        (0, 1), (0, 2), (1, 0), (2, 0), (3, 4), (4, 3),
    ]  # fmt: skip
    assert edges.report.remarks == (
        "11 of 15 pairs in fewer than 2 sessions left out",
        "1 pair beyond the 1 heaviest neighbor of either end left out",
    )


def test_auto_says_what_it_takes() -> None:
    auto = SessionGraphConfig(max_neighbors=3)
    assert auto == SessionGraphConfig(
        "cosine", max_session_items=50, min_count=2, max_neighbors=3, join_isolated=True
    )
    assert SessionGraphConfig(**auto.to_dict()) == auto
    assert SessionGraphConfig("npmi").min_count == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"weighting": "npmi", "repeats": "counted"}, "repeats='counted' goes with"),
        ({"weighting": "swing", "window": 2}, "'swing' is of whole sessions.*window=2"),
        ({"weighting": "swing", "directed": True}, "'swing' is of whole sessions.*directed=True"),
        ({"half_life": "3 moons"}, "half_life must be a number and one of.*'3 moons'"),
        ({"half_life": 0}, "half_life must be above 0.*0"),
        ({"session_shift": float("nan")}, "session_shift must be finite.*nan"),
    ],
)
def test_fields_that_do_not_go(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SessionGraphConfig(**fields)
