"""The Graph itself: what it holds, what it refuses, and what it says about itself."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from gnn.graphs.batch.keys import RESERVED_KEYS
from gnn.graphs.graph import Graph


def full_graph(**changes: Any) -> Graph:
    """Four nodes, 0-1, 1-2 and 0-0, node 3 alone, with everything that a graph can hold."""
    fields: dict[str, Any] = {
        "senders": [0, 1, 0],
        "receivers": [1, 2, 0],
        "features": {
            "dense": np.arange(8.0).reshape(4, 2),
            "sparse": sparse.csr_matrix(np.eye(4)),
            "word": np.array([5, 6, 7, 8]),
        },
        "weights": [1.0, 2.0, 0.5],
        "labels": [0, 1, -1, 1],
        "splits": {"train": [2, 0], "test": [3]},
        "ids": ["a", "b", "c", "d"],
        "class_names": ["cat", "dog"],
        **changes,
    }
    return Graph.from_edges(**fields)


def arrays_of(graph: Graph) -> dict[str, np.ndarray]:
    arrays = {k: getattr(graph, k) for k in ("senders", "receivers", "weights", "labels", "ids")}
    for name, value in graph.features.items():
        if sparse.issparse(value):
            arrays |= {f"{name}.{k}": getattr(value, k) for k in ("data", "indices", "indptr")}
        else:
            arrays[name] = value
    return arrays | {f"split {k}": v for k, v in graph.splits.items()}


class TestHolds:
    def test_dtypes(self) -> None:
        graph = full_graph()
        assert graph.senders.dtype == graph.receivers.dtype == np.int32
        assert graph.weights.dtype == np.float32
        assert graph.labels is not None and graph.labels.dtype == np.int32
        assert {v.dtype for v in graph.splits.values()} == {np.dtype(np.int32)}
        assert (graph.num_nodes, graph.num_edges) == (4, 3)
        assert type(graph.num_nodes) is int and type(graph.num_edges) is int
        assert graph.class_names == ("cat", "dog")

    def test_edges_keep_their_order(self) -> None:
        graph = Graph.from_edges([2, 0, 1, 0], [0, 2, 1, 1], weights=[4, 3, 2, 1])
        assert graph.senders.tolist() == [2, 0, 1, 0]
        assert graph.receivers.tolist() == [0, 2, 1, 1]
        assert graph.weights.tolist() == [4, 3, 2, 1]

    def test_weights_are_ones_by_default(self) -> None:
        assert Graph.from_edges([0, 1], [1, 0]).weights.tolist() == [1, 1]

    @pytest.mark.parametrize(
        ("given", "held"),
        [
            (np.float64, np.float32),
            (np.float32, np.float32),
            (np.float16, np.float16),
            (">f4", "=f4"),
            (np.int64, np.int64),
            (np.uint8, np.uint8),
            (bool, bool),
            ("U3", "U3"),
        ],
    )
    def test_dtype_of_a_dense_feature(self, given: Any, held: Any) -> None:
        graph = Graph.from_edges([], [], np.ones((2, 3), given))
        assert graph.features["features"].dtype == np.dtype(held)
        assert graph.features["features"].dtype.isnative

    def test_sparse_feature_becomes_canonical_and_the_callers_stays(self) -> None:
        # Row 0 lists column 1, then 0, then 1 again: 3 + 4 = 7 in column 1, and 5 in column 0.
        given = sparse.csr_matrix(
            (np.array([3.0, 5.0, 4.0]), np.array([1, 0, 1]), np.array([0, 3, 3])), shape=(2, 2)
        )
        held: Any = Graph.from_edges([], [], given).features["features"]
        assert isinstance(held, sparse.csr_array)
        assert (held.data.tolist(), held.indices.tolist()) == ([5, 7], [0, 1])
        assert held.dtype == np.float32
        assert (given.data.tolist(), given.indices.tolist()) == ([3, 5, 4], [1, 0, 1])

    def test_noncanonical_float32_csr_is_not_changed_either(self) -> None:
        data = np.array([3, 4], np.float32)
        given = sparse.csr_array((data, np.array([1, 0]), np.array([0, 2])), shape=(1, 2))
        held: Any = Graph.from_edges([], [], given).features["features"]
        assert held.indices.tolist() == [0, 1] and held.data.tolist() == [4, 3]
        assert given.indices.tolist() == [1, 0] and given.data.tolist() == [3, 4]

    @pytest.mark.parametrize("layout", ["csr", "csc", "coo", "lil"])
    def test_any_sparse_layout_is_taken(self, layout: str) -> None:
        values = np.array([[0, 2, 0], [1, 0, 3]])
        held: Any = Graph.from_edges([], [], sparse.csr_array(values).asformat(layout)).features
        np.testing.assert_array_equal(held["features"].toarray(), values)

    def test_what_is_right_already_is_not_copied(self) -> None:
        x, s = np.ones((2, 2), np.float32), np.array([0], np.int32)
        csr = sparse.csr_array(np.eye(2, dtype=np.float32))
        graph = Graph.from_edges(s, [1], {"x": x, "s": csr})
        assert np.shares_memory(graph.features["x"], x)
        assert np.shares_memory(graph.features["s"].data, csr.data)
        assert np.shares_memory(graph.senders, s)

    def test_arrays_are_read_only_and_the_callers_are_not(self) -> None:
        x = np.ones((2, 2), np.float32)
        graph = Graph.from_edges([0], [1], x)
        with pytest.raises(ValueError, match="read-only"):
            graph.features["features"][0] = 0
        x[0] = 0
        with pytest.raises(dataclasses.FrozenInstanceError):
            graph.weights = x  # type: ignore[misc]

    def test_dicts_are_its_own(self) -> None:
        features = {"x": np.ones((2, 1))}
        graph = Graph.from_edges([], [], features)
        features["y"] = np.ones((2, 1))
        assert list(graph.features) == ["x"]

    def test_validating_twice_changes_nothing(self) -> None:
        once = full_graph()
        twice = dataclasses.replace(once)
        before, after = arrays_of(once), arrays_of(twice)
        assert before.keys() == after.keys()
        for name, array in before.items():
            assert array.dtype == after[name].dtype and np.array_equal(array, after[name]), name
            assert np.shares_memory(array, after[name]), name
        assert (once.num_nodes, once.class_names) == (twice.num_nodes, twice.class_names)

    def test_replace_gives_another_split(self) -> None:
        graph = full_graph()
        other = dataclasses.replace(graph, splits={"train": np.array([1])})
        assert other.split("train").tolist() == [1] and graph.split("train").tolist() == [2, 0]

    @pytest.mark.parametrize(
        "copied", [copy.copy, copy.deepcopy, lambda graph: pickle.loads(pickle.dumps(graph))]
    )
    def test_copies(self, copied: Any) -> None:
        graph = full_graph()
        before, after = arrays_of(graph), arrays_of(copied(graph))
        assert all(np.array_equal(before[name], after[name]) for name in before)


class TestNumNodes:
    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"features": np.ones((5, 1))}, 5),
            ({"features": {"s": sparse.csr_array((5, 2))}}, 5),
            ({"labels": [0, 1, 2, 0]}, 4),
            ({"ids": ["a", "b", "c"]}, 3),
            ({"num_nodes": 9}, 9),
            ({"num_nodes": np.int64(4), "labels": [0, 1, 2, 0]}, 4),
            ({}, 3),  # The largest index is 2.
        ],
    )
    def test_where_it_comes_from(self, fields: dict[str, Any], expected: int) -> None:
        assert Graph.from_edges([0, 2], [1, 0], **fields).num_nodes == expected

    def test_no_edges_and_lone_nodes_are_fine(self) -> None:
        graph = Graph.from_edges([], [], np.ones((2, 1)))
        assert (graph.num_nodes, graph.num_edges) == (2, 0)
        assert graph.senders.dtype == np.int32 and graph.weights.dtype == np.float32

    @pytest.mark.parametrize(
        "fields", [{}, {"features": np.ones((0, 3))}, {"labels": []}, {"ids": []}, {"num_nodes": 0}]
    )
    def test_an_empty_graph_is_refused(self, fields: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="a graph must have from 1 .* nodes, got 0"):
            Graph.from_edges([], [], **fields)

    def test_more_nodes_than_int32_holds(self) -> None:
        with pytest.raises(ValueError, match="got 10000000000"):
            Graph.from_edges([0], [9_999_999_999])


class TestLabels:
    @pytest.mark.parametrize(
        ("given", "held", "dtype"),
        [
            ([1, 0, -1], [1, 0, -1], np.int32),
            (np.array([1, 0, 2], np.uint8), [1, 0, 2], np.int32),
            ([True, False, True], [1, 0, 1], np.int32),
            ([2, None, 0], [2, -1, 0], np.int32),
            ([0.5, -2.0, 3.0], [0.5, -2.0, 3.0], np.float32),
            ([0.5, None, 3], [0.5, np.nan, 3.0], np.float32),
            ([[1, 0], [0, 0], [1, 1]], [[1, 0], [0, 0], [1, 1]], np.int32),
            ([[0.5], [1.5], [2.5]], [[0.5], [1.5], [2.5]], np.float32),
            ([None, None, None], [-1, -1, -1], np.int32),
        ],
    )
    def test_numbers(self, given: Any, held: Any, dtype: Any) -> None:
        labels = Graph.from_edges([], [], labels=given).labels
        assert labels is not None and labels.dtype == dtype
        np.testing.assert_array_equal(labels, held)

    @pytest.mark.parametrize(
        "given",
        [
            ["dog", None, "cat", "dog"],
            ["dog", float("nan"), "cat", "dog"],
            np.array(["dog", None, "cat", "dog"], object),
        ],
    )
    def test_strings_become_sorted_classes(self, given: Any) -> None:
        graph = Graph.from_edges([], [], labels=given)
        assert graph.labels is not None and graph.labels.tolist() == [1, -1, 0, 1]
        assert graph.class_names == ("cat", "dog")

    def test_strings_take_the_order_of_class_names(self) -> None:
        graph = Graph.from_edges([], [], labels=["cat", "dog"], class_names=["dog", "cat", "cow"])
        assert graph.labels is not None and graph.labels.tolist() == [1, 0]
        assert graph.class_names == ("dog", "cat", "cow")

    @pytest.mark.parametrize(
        ("fields", "error", "message"),
        [
            ({"labels": [0, -2, 1]}, ValueError, "labels must .* got -2 at position 1"),
            ({"labels": [0, 2**31, 1]}, ValueError, "got 2147483648 at position 1"),
            (
                {"labels": [0, 1, 2], "class_names": ["a", "b"]},
                ValueError,
                "from 0 to 1, got 2 at position 2",
            ),
            ({"labels": ["a", "b"], "class_names": ["a"]}, ValueError, "got 'b'"),
            ({"labels": ["a", 3]}, TypeError, "all strings or all numbers, got 3"),
            ({"labels": [1j, 2j]}, TypeError, "labels must be .* got dtype complex128"),
            ({"labels": 3}, ValueError, r"labels must have rank 1 or 2, got shape \(\)"),
            ({"labels": np.zeros((2, 2, 2))}, ValueError, r"got shape \(2, 2, 2\)"),
            (
                {"labels": [0], "class_names": ["a", "a"]},
                ValueError,
                "class_names must be distinct",
            ),
            ({"labels": [0], "class_names": [7]}, ValueError, r"strings, got \(7,\)"),
        ],
    )
    def test_refused(self, fields: dict[str, Any], error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            Graph.from_edges([], [], **fields)


class TestSplitsAndIds:
    def test_split(self) -> None:
        assert full_graph().split("train").tolist() == [2, 0]

    def test_unknown_split_lists_those_there_are(self) -> None:
        with pytest.raises(KeyError, match=r"unknown split 'dev'.*\['train', 'test'\]"):
            full_graph().split("dev")

    def test_masks_and_empty_splits(self) -> None:
        graph = full_graph(splits={"mask": np.array([True, False, False, True]), "none": []})
        assert graph.split("mask").tolist() == [0, 3]
        assert graph.split("none").size == 0 and graph.split("none").dtype == np.int32

    @pytest.mark.parametrize(
        ("given", "kind"),
        [
            (["a", "b", "c", "d"], "U"),
            ([10, 20, 30, 40], "i"),
            ([("a", 1), ("a", 2), ("b", 1), ("b", 2)], "O"),
            ([1, "a", (), 2.5], "O"),
        ],
    )
    def test_ids_keep_their_values(self, given: list[Any], kind: str) -> None:
        ids = full_graph(ids=given).ids
        assert ids is not None and ids.tolist() == given and ids.dtype.kind == kind

    @pytest.mark.parametrize(
        ("changes", "error", "message"),
        [
            ({"splits": {"a": [0, 4]}}, ValueError, r"splits\['a'\] .* got 4 at position 1"),
            ({"splits": {"a": [-1]}}, ValueError, r"splits\['a'\] .* got -1 at position 0"),
            ({"splits": {"a": [3, 1, 3]}}, ValueError, r"splits\['a'\] .* node 3 2 times"),
            ({"splits": {"a": [0.5]}}, TypeError, r"splits\['a'\] .* dtype float64"),
            ({"splits": {"a": [[0]]}}, ValueError, r"splits\['a'\] .* shape \(1, 1\)"),
            ({"splits": {"a": [True, False]}}, ValueError, r"shape \(4,\) .* got \(2,\)"),
            ({"splits": {3: [0]}}, TypeError, "the name 3"),
            ({"ids": ["a", "b", "a", "d"]}, ValueError, "ids must be distinct, got 'a'"),
            ({"ids": [1, "a", None, 2.5]}, ValueError, "ids must be given .* None at position 2"),
            ({"ids": [1.0, np.nan, 2.0, 3.0]}, ValueError, "ids .* nan at position 1"),
            ({"ids": np.ones((4, 1))}, ValueError, r"ids must have rank 1, got shape \(4, 1\)"),
        ],
    )
    def test_refused(self, changes: dict[str, Any], error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            full_graph(**changes)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"senders": [0, 4, 0]}, ValueError, "senders .*num_nodes is 4.* got 4 at position 1"),
        ({"receivers": [1, 2, -1]}, ValueError, "receivers .* got -1 at position 2"),
        ({"senders": [0.0, 1.0, 0.0]}, TypeError, "senders must be integers, got dtype float64"),
        ({"receivers": [True] * 3}, TypeError, "receivers must be integers, got dtype bool"),
        ({"senders": [[0, 1, 0]]}, ValueError, r"senders must have rank 1, got shape \(1, 3\)"),
        ({"senders": [0, 1]}, ValueError, "senders and receivers .* got 2 and 3"),
        ({"weights": [1, 2]}, ValueError, "senders and weights .* got 3 and 2"),
        ({"weights": [1, -2, 1]}, ValueError, "weights .* got -2 at position 1"),
        ({"weights": [1, 2, np.nan]}, ValueError, "weights .* got nan at position 2"),
        ({"weights": [np.inf, 2, 1]}, ValueError, "weights .* got inf at position 0"),
        ({"weights": [1, 1e39, 1]}, ValueError, r"weights .* got 1e\+39 at position 1"),
        ({"weights": ["1", "2", "3"]}, TypeError, "weights must be numbers, got dtype <U1"),
        ({"weights": [[1], [2], [3]]}, ValueError, r"weights .* shape \(3, 1\)"),
        ({"labels": [0, 1]}, ValueError, r"features\['dense'\] and labels .* got 4 and 2"),
        ({"ids": ["a"]}, ValueError, r"features\['dense'\] and ids .* got 4 and 1"),
        ({"num_nodes": 5}, ValueError, r"num_nodes and features\['dense'\] .* got 5 and 4"),
        ({"num_nodes": 4.0}, TypeError, "num_nodes must be an integer, got 4.0"),
        (
            {"features": {"x": np.ones((4, 1)), "y": sparse.eye_array(3)}},
            ValueError,
            r"features\['x'\] and features\['y'\] .* got 4 and 3",
        ),
        ({"features": {"x": np.array([1, "a"], object)}}, TypeError, r"\['x'\] .* dtype object"),
        ({"features": {"x": np.ones(4, "M8[s]")}}, TypeError, r"\['x'\] .* dtype datetime64"),
        ({"features": {"x": 3.0}}, ValueError, r"features\['x'\] must have a row a node"),
        ({"features": {"x": sparse.coo_array([1, 0])}}, ValueError, r"rank 2 .* shape \(2,\)"),
        ({"features": {5: np.ones(4)}}, TypeError, "features must be named .* the name 5"),
        ({"features": {"": np.ones(4)}}, TypeError, "features must be named .* the name ''"),
        *(
            ({"features": {key: np.ones(4)}}, ValueError, f"not be named {key!r}")
            for key in sorted(RESERVED_KEYS)
        ),
    ],
)
def test_refused(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        full_graph(**changes)


def test_features_of_the_class_itself_must_be_a_dict() -> None:
    with pytest.raises(TypeError, match="features must be a dict .* got ndarray"):
        Graph(np.ones((2, 1)), np.array([0]), np.array([1]))  # type: ignore[arg-type]


class TestText:
    def test_repr_is_one_line(self) -> None:
        assert repr(full_graph()) == (
            "Graph(num_nodes=4, num_edges=3, features={'dense': float32[4, 2], "
            "'sparse': sparse float32[4, 4], 'word': int64[4]}, labels=int32[4], "
            "splits={'train': 2, 'test': 1})"
        )

    def test_info(self) -> None:
        # Node 3 has no edge; 3 edges over 4 nodes are 0.75 a node. "dense" holds 0 to 7, so 7 of
        # 8 are not zero, in 8 * 4 bytes; "sparse" 4 of 16, in (4 + 4 + 5) * 4; "word" takes 4 * 8.
        # The one edge with both ends labeled that is no self loop, 0 -> 1, joins two classes.
        assert full_graph().info().splitlines() == [
            "Graph",
            "  nodes           4, of which 1 without edges",
            "  edges           3, directed, mean degree 0.75, weights 0.5 to 2, 1 loop",
            "  feature         'dense': float32[4, 2], density 87.5%, 32 B",
            "  feature         'sparse': sparse float32[4, 4], density 25.0%, 52 B",
            "  feature         'word': int64[4], density 100.0%, 32 B",
            "  labels          int32[4], 2 classes, 1 unlabeled",
            "    class cat     1",
            "    class dog     2",
            "  edge homophily  0.000",
            "  split           'train': 2",
            "  split           'test': 1",
        ]

    def test_edge_homophily(self) -> None:
        # 0-1 agree, 1-2 and 2-3 do not, 3-4 has an unlabeled end: 1 of 3.
        graph = Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 4], labels=[0, 0, 1, 0, -1])
        assert "edge homophily  0.333" in graph.info()

    @pytest.mark.parametrize(
        ("senders", "receivers", "weights", "word"),
        [
            ([0, 1], [1, 0], [2, 2], "undirected"),
            ([0, 1], [1, 0], [2, 3], "directed"),  # The reverse weighs something else.
            ([0, 1, 1], [1, 0, 1], [2, 2, 5], "undirected"),  # A self loop is its own reverse.
            ([0, 1], [1, 2], [1, 1], "directed"),
            ([0, 1, 2], [1, 0, 1], [3, 3, 0], "undirected"),  # An edge of weight 0 is no edge.
        ],
    )
    def test_directed_or_not(self, senders: Any, receivers: Any, weights: Any, word: str) -> None:
        info = Graph.from_edges(senders, receivers, weights=weights).info()
        assert f", {word}, mean" in info

    def test_edges_of_weight_zero_count_for_nothing(self) -> None:
        # 0 -> 1 agrees; 1 -> 2, which would not, has weight 0, and leaves node 2 without edges.
        ends = np.array([0, 1]), np.array([1, 2])
        graph = Graph({}, *ends, np.array([2.0, 0.0]), labels=np.array([5, 5, 6]))
        assert graph.info().splitlines()[1:] == [
            "  nodes           3, of which 1 without edges",
            "  edges           1, directed, mean degree 0.333, weights 2 to 2; 1 more of weight 0 "
            "count for nothing",
            "  labels          int32[3], 2 classes, 0 unlabeled",
            "    class 5       2",
            "    class 6       1",
            "  edge homophily  1.000",
        ]

    def test_overlapping_splits_are_named(self) -> None:
        splits = {"train": [0, 1, 2], "validation": [3], "test": [2, 1]}
        lines = full_graph(splits=splits).info().splitlines()
        assert lines[-1] == "    overlap       'train' and 'test' share 2"
        assert "overlap" not in full_graph().info()

    def test_info_tells_what_was_done_to_the_edges(self) -> None:
        graph = Graph.from_edges([0, 0, 1, 2], [1, 1, 0, 1], weights=[1, 1, 5, 0], undirected=True)
        made = (
            "  made of       4 edges: 1 of weight 0 dropped, 1 repeat merged (sum), 1 pair raised"
        )
        assert made in graph.info()
        assert made in dataclasses.replace(graph, splits={"a": [0]}).info()

    def test_many_classes_are_cut(self) -> None:
        info = Graph.from_edges([], [], labels=np.arange(1000)).info()
        assert "980 more classes" in info and len(info.splitlines()) < 30

    @pytest.mark.parametrize("labels", [[0.5, 1.5], [[1, 0], [1, 1]]])
    def test_targets_have_no_classes(self, labels: Any) -> None:
        info = Graph.from_edges([0], [1], labels=labels).info()
        assert "classes" not in info and re.search(r"labels +(float32\[2\]|int32\[2, 2\])", info)

    @pytest.mark.parametrize(
        ("shape", "text"), [((1, 0), "0 B"), ((256, 1), "1 KiB"), ((1024, 768), "3 MiB")]
    )
    def test_memory(self, shape: tuple[int, int], text: str) -> None:
        assert text in Graph.from_edges([], [], np.zeros(shape, np.float32)).info()
