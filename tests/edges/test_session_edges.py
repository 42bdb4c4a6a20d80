"""Edges from sessions under every configuration, against a brute force that knows no matrix."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from gnn.configs.sessions import WEIGHTINGS, SessionGraphConfig
from gnn.edges import session_pairs
from gnn.edges.from_sessions import edges_from_sessions
from gnn.graphs.graph import Graph


def weight_of(weighting: str, both: int, one: int, other: int, sessions: int) -> float:
    information = math.log(both * sessions / (one * other))
    return {
        "count": lambda: both,
        "cosine": lambda: both / math.sqrt(one * other),
        "jaccard": lambda: both / (one + other - both),
        "lift": lambda: both * sessions / (one * other),
        "ppmi": lambda: max(0.0, information),
        "npmi": lambda: (
            max(0.0, information) / -math.log(both / sessions) if both < sessions else 1
        ),
    }[weighting]()


def brute_force(
    sessions: list[list[int]], config: SessionGraphConfig
) -> dict[tuple[int, int], float]:
    """(sender, receiver) to weight."""
    sets = [set(session) for session in sessions]
    sets = [some for some in sets if some and len(some) <= (config.max_session_items or 99)]
    held = Counter(item for some in sets for item in some)
    counts = Counter(pair for some in sets for pair in itertools.permutations(some, 2))
    weights = {
        (i, j): np.float32(weight_of(config.weighting, count, held[i], held[j], len(sets)))
        for (i, j), count in counts.items()
        if count >= config.min_count
    }
    weights = {pair: w for pair, w in weights.items() if w > 0 and w >= config.min_weight}
    if config.max_neighbors is not None:
        chosen = set()
        for receiver in held:
            mine = sorted((-w, i) for (i, j), w in weights.items() if j == receiver)
            chosen |= {(i, receiver) for _, i in mine[: config.max_neighbors]}
        keep = all if config.mutual else any
        weights = {
            (i, j): w
            for (i, j), w in weights.items()
            if keep(p in chosen for p in ((i, j), (j, i)))
        }
    return weights


CONFIGS: list[dict[str, Any]] = [
    {},
    {"max_session_items": 4},
    {"min_count": 2},
    {"min_weight": 0.3},
    {"max_neighbors": 2},
    {"max_neighbors": 3, "mutual": True},
    {"max_session_items": 5, "min_count": 2, "min_weight": 0.1, "max_neighbors": 1},
]


@pytest.mark.parametrize("fields", CONFIGS, ids=str)
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_as_by_brute_force(
    weighting: str, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = SessionGraphConfig(weighting, **fields)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        monkeypatch.setattr(session_pairs, "_PRODUCTS", int(rng.integers(1, 200)))
        sessions = [rng.integers(0, 9, size).tolist() for size in rng.integers(0, 7, 25)]
        edges = edges_from_sessions(sessions, config, num_nodes=10)
        found = zip(edges.senders.tolist(), edges.receivers.tolist(), strict=True)
        found = dict(zip(found, edges.weights, strict=True))
        expected = brute_force(sessions, config)
        assert list(found) == sorted(expected, key=lambda pair: pair[::-1])
        np.testing.assert_allclose(
            list(found.values()), [expected[pair] for pair in found], rtol=2e-7
        )


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
    edges = edges_from_sessions(sessions, {"min_count": 2, "max_neighbors": 1}, num_nodes=6)
    # (0, 1) in three; (0, 2), (1, 2) and (3, 4) in two: 2 chooses 0, the smaller number.
    assert sorted(zip(edges.senders.tolist(), edges.receivers.tolist(), strict=True)) == [
        (0, 1), (0, 2), (1, 0), (2, 0), (3, 4), (4, 3),
    ]  # fmt: skip
    assert edges.report.remarks == (
        "11 of 15 pairs in fewer than 2 sessions left out",
        "1 pair beyond the 1 heaviest neighbor of either end left out",
    )
