"""Co-occurrence counts against counting by hand, and graphs from sessions."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gnn.edges.sessions.co_occurrence import co_occurrence
from gnn.graphs.graph import Graph

# Pairs: {a b} in sessions 0 and 2, {a c} in 2, {b c} in 1 and 2, nothing with d.
SESSIONS = [["a", "b", "a"], ["c", "b"], ["a", "b", "c"], ["d"], []]
SESSION_EDGES = {
    ("a", "b"): 2,
    ("b", "a"): 2,
    ("a", "c"): 1,
    ("c", "a"): 1,
    ("b", "c"): 2,
    ("c", "b"): 2,
}


def edges_by_id(graph: Graph) -> dict[tuple[Any, Any], float]:
    ids = list(range(graph.num_nodes)) if graph.ids is None else graph.ids.tolist()
    pairs = [(ids[s], ids[r]) for s, r in zip(graph.senders, graph.receivers, strict=True)]
    assert len(set(pairs)) == len(pairs)
    return dict(zip(pairs, graph.weights.tolist(), strict=True))


def count_pairs(sessions: Any, items: Any) -> dict[tuple[int, int], int]:
    """The slow way: all ordered pairs of every session's set of items."""
    held: dict[int, set[int]] = {}
    for s, i in zip(sessions, items, strict=True):
        held.setdefault(int(s), set()).add(int(i))
    return dict(Counter(p for h in held.values() for p in itertools.permutations(h, 2)))


class TestCoOccurrence:
    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("gap", [1, 10**12])
    def test_counts_are_those_of_brute_force(self, seed: int, gap: int) -> None:
        rng = np.random.default_rng(seed)
        sessions, items = rng.integers(0, 30, 200) * gap, rng.integers(0, 12, 200)
        senders, receivers, weights = co_occurrence(sessions, items, 15)
        found = zip(senders.tolist(), receivers.tolist(), strict=True)
        expected = count_pairs(sessions, items)
        assert dict(zip(found, weights.tolist(), strict=True)) == expected
        assert senders.size == len(expected)

    def test_sorted_by_receiver_then_sender(self) -> None:
        rng = np.random.default_rng(0)
        senders, receivers, _ = co_occurrence(rng.integers(0, 30, 200), rng.integers(0, 9, 200), 9)
        order = np.lexsort((senders, receivers))
        assert order.tolist() == list(range(senders.size))

    def test_dtypes(self) -> None:
        found = co_occurrence([0, 0], [0, 1], 2)
        assert [array.dtype.name for array in found] == ["int32", "int32", "float32"]

    @pytest.mark.parametrize(
        ("sessions", "items"),
        [([], []), ([0, 1, 2], [0, 1, 2]), ([0, 0], [1, 1])],  # No pair in one session.
    )
    def test_no_edges(self, sessions: Any, items: Any) -> None:
        assert [a.size for a in co_occurrence(sessions, items, 3)] == [0, 0, 0]

    def test_counts_past_small_integer_types(self) -> None:
        # 70,000 sessions of the same two items: more than 16 bits count.
        sessions = np.repeat(np.arange(70_000), 2)
        _, _, weights = co_occurrence(sessions, np.tile([0, 1], 70_000), 2)
        assert weights.tolist() == [70_000, 70_000]

    @pytest.mark.parametrize(
        ("sessions", "items", "error", "message"),
        [
            ([0, 0], [0, 3], ValueError, "item_index must be from 0 to 2, got 3 at position 1"),
            ([0, 0], [-1, 0], ValueError, "item_index .* got -1 at position 0"),
            ([0, -5], [0, 1], ValueError, "session_index must not be negative, got -5"),
            ([0, 0], [0], ValueError, "session_index and item_index .* got 2 and 1"),
            ([0.0, 0.0], [0, 1], TypeError, "session_index must be integers, got dtype float64"),
            ([[0, 0]], [0, 1], ValueError, r"session_index must have rank 1, got shape \(1, 2\)"),
        ],
    )
    def test_refused(self, sessions: Any, items: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            co_occurrence(sessions, items, 3)


class TestFromSessions:
    def test_items_become_ids_in_order_of_appearance(self) -> None:
        graph = Graph.from_sessions([["b", "a"], ["a", "c", "b"]])
        assert graph.ids is not None and graph.ids.tolist() == ["b", "a", "c"]
        assert edges_by_id(graph)[("a", "b")] == 2

    @pytest.mark.parametrize(
        "sessions",
        [
            SESSIONS,
            [tuple(session) for session in SESSIONS],
            (iter(session) for session in SESSIONS),
            [np.array(session) for session in SESSIONS],
        ],
        ids=["lists", "tuples", "iterators", "arrays"],
    )
    def test_lists(self, sessions: Any) -> None:
        graph = Graph.from_sessions(sessions)
        assert graph.ids is not None and graph.ids.tolist() == ["a", "b", "c", "d"]
        assert edges_by_id(graph) == SESSION_EDGES

    @pytest.mark.parametrize("make", [pd.DataFrame, dict])
    @pytest.mark.parametrize("names", [[7, 9, 8], ["x", "y", "z"], [(1, 1), (1, 2), (2, 1)]])
    def test_tables(self, make: Any, names: list[Any]) -> None:
        x, y, z = names
        records = [(x, "a"), (y, "c"), (x, "b"), (z, "a"), (x, "a"), (z, "b"), (y, "b"), (z, "c")]
        table = make({"session": [s for s, _ in records], "item": [i for _, i in records]})
        assert edges_by_id(Graph.from_sessions(table)) == SESSION_EDGES

    def test_items_are_looked_up_in_ids(self) -> None:
        graph = Graph.from_sessions(SESSIONS, np.eye(5), ids=["e", "d", "c", "b", "a"])
        assert graph.num_nodes == 5 and edges_by_id(graph) == SESSION_EDGES
        assert graph.ids is not None and graph.ids.tolist() == ["e", "d", "c", "b", "a"]

    def test_ids_alone_are_nodes_too(self) -> None:
        graph = Graph.from_sessions([[30, 10]], ids=[10, 20, 30])
        assert (graph.senders.tolist(), graph.receivers.tolist()) == ([2, 0], [0, 2])

    @pytest.mark.parametrize("rows", [{"features": np.eye(4)}, {"labels": [0, 1, 0, 1]}])
    def test_items_are_node_indices_without_ids(self, rows: dict[str, Any]) -> None:
        graph = Graph.from_sessions([[3, 1], [np.int64(1), 3]], **rows)
        assert graph.ids is None and graph.num_nodes == 4
        assert edges_by_id(graph) == {(1, 3): 2, (3, 1): 2}

    def test_integer_items_without_rows_become_ids(self) -> None:
        graph = Graph.from_sessions([[30, 10]], {})
        assert graph.ids is not None and graph.ids.tolist() == [30, 10] and graph.num_nodes == 2

    def test_labels_splits_and_class_names_are_kept(self) -> None:
        graph = Graph.from_sessions(
            [[0, 1]], labels=[0, 1, -1], splits={"train": [1]}, class_names=["x", "y"]
        )
        assert graph.labels is not None and graph.labels.tolist() == [0, 1, -1]
        assert graph.split("train").tolist() == [1] and graph.class_names == ("x", "y")

    def test_a_long_session_is_not_cut(self) -> None:
        assert Graph.from_sessions([range(300)]).num_edges == 300 * 299

    @pytest.mark.parametrize(
        ("sessions", "fields", "error", "message"),
        [
            ([["a", "z"]], {"ids": ["a", "b"]}, ValueError, "in ids, got 'z'"),
            ([[0, 1, 2]], {"labels": [0, 0]}, ValueError, "from 0 to 1, got 2 at position 2"),
            ([[0, -1]], {"labels": [0, 0]}, ValueError, "got -1 at position 1"),
            ([[0, "a"]], {"features": np.eye(2)}, TypeError, "node indices .* got 'a'"),
            ([[0, 1.0]], {"features": np.eye(2)}, TypeError, "node indices .* got 1.0"),
            ([[True]], {"features": np.eye(2)}, TypeError, "node indices .* got True"),
            ([["a"], "bc"], {}, TypeError, "lists of items, got 'bc' at 1"),
            ([1, 2], {}, TypeError, "lists of items, got 1 at 0"),
            ([], {}, ValueError, "a graph must have from 1 .* nodes, got 0"),
            ([["a", None]], {}, ValueError, "its item, got None at 1"),
            ([["a", float("nan")]], {}, ValueError, "its item, got nan at 1"),
            ({"session": [1, None], "item": [1, 2]}, {}, ValueError, "its session, got None at 1"),
            ({"session": [1]}, {}, KeyError, "no column 'item'; it has .'session'"),
            ({"session": [1, 1], "item": [1]}, {}, ValueError, "equal lengths, got 2 and 1"),
            (pd.DataFrame({"item": [1]}), {}, KeyError, "no column 'session'"),
            ([["a"]], {"ids": ["a", "a"]}, ValueError, "ids must be distinct, got 'a'"),
        ],
    )
    def test_refused(
        self, sessions: Any, fields: dict[str, Any], error: type[Exception], message: str
    ) -> None:
        with pytest.raises(error, match=message):
            Graph.from_sessions(sessions, **fields)

    def test_unknown_and_missing_are_dropped_and_counted(self) -> None:
        # Session 1 holds a and b; z is no node, two records have no session, one has no item.
        records = [(1, "a"), (1, "z"), (1, "b"), (None, "c"), ("NA", "a"), (2, ""), (2, "c")]
        table = {"session": [s for s, _ in records], "item": [i for _, i in records]}
        graph = Graph.from_sessions(table, ids=["a", "b", "c"], unknown="drop", missing="drop")
        assert edges_by_id(graph) == {("a", "b"): 1, ("b", "a"): 1}
        made = (
            "made of       7 records: 3 without a session or an item left out, 1 of unknown items"
        )
        assert made in graph.info()

    def test_an_item_without_a_session_is_a_node(self) -> None:
        table = {"session": ["NA", "NA", "7", "NA", "7"], "item": ["a", "b", "c", "d", "e"]}
        graph = Graph.from_sessions(table, missing="drop")
        assert graph.ids is not None and graph.ids.tolist() == ["a", "b", "c", "d", "e"]
        assert edges_by_id(graph) == {("c", "e"): 1, ("e", "c"): 1}
        as_names = Graph.from_sessions(table, na_values=())
        assert as_names.num_edges == 3 * 2 + 2

    def test_a_name_among_the_ids_is_not_missing(self) -> None:
        sessions = [["NA", "CH"], ["NA", "None"]]
        graph = Graph.from_sessions(sessions, ids=["CH", "NA"], missing="drop")
        assert edges_by_id(graph) == {("CH", "NA"): 1, ("NA", "CH"): 1}

    def test_indices_out_of_range_are_unknown_items(self) -> None:
        graph = Graph.from_sessions(
            [[0, 1, 7], [None, 1]], labels=[0, 1], unknown="drop", missing="drop"
        )
        assert edges_by_id(graph) == {(0, 1): 1, (1, 0): 1}

    @pytest.mark.parametrize("argument", ["unknown", "missing"])
    def test_ways(self, argument: str) -> None:
        with pytest.raises(ValueError, match=f"{argument} must be one of .* got 'skip'"):
            Graph.from_sessions([["a"]], **{argument: "skip"})

    def test_missing_values_of_pandas(self) -> None:
        table = pd.DataFrame({"session": [1, 1], "item": pd.array([1, None], "Int64")})
        with pytest.raises(ValueError, match="its item, got <NA> at 1"):
            Graph.from_sessions(table)
