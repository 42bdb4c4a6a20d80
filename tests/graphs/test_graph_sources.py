"""Graphs from edge lists, SciPy, NetworkX and pandas, and to NetworkX."""

from __future__ import annotations

import sys
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from gnn.graphs.graph import Graph


def edges_of(graph: Graph) -> list[tuple[int, int, float]]:
    return list(
        zip(graph.senders.tolist(), graph.receivers.tolist(), graph.weights.tolist(), strict=True)
    )


class TestFromEdges:
    def test_one_array_is_named_features(self) -> None:
        assert list(Graph.from_edges([], [], np.eye(2)).features) == ["features"]
        assert list(Graph.from_edges([], [], sparse.eye_array(2)).features) == ["features"]

    def test_undirected_adds_reverses_at_the_end_and_no_second_self_loop(self) -> None:
        graph = Graph.from_edges([0, 1, 2], [1, 1, 0], weights=[1, 2, 3], undirected=True)
        assert edges_of(graph) == [(0, 1, 1), (1, 1, 2), (2, 0, 3), (1, 0, 1), (0, 2, 3)]

    def test_an_edge_given_both_ways_counts_once(self) -> None:
        graph = Graph.from_edges([0, 1], [1, 0], undirected=True)
        assert edges_of(graph) == [(0, 1, 1), (1, 0, 1)]


class TestFromEdgeIndex:
    def test_rows_are_senders_and_receivers(self) -> None:
        graph = Graph.from_edge_index(
            np.array([[0, 1], [1, 2]]), weights=[5, 6], undirected=True, ids=["a", "b", "c"]
        )
        assert edges_of(graph) == [(0, 1, 5), (1, 2, 6), (1, 0, 5), (2, 1, 6)]
        assert graph.num_nodes == 3

    def test_no_edges(self) -> None:
        assert Graph.from_edge_index(np.zeros((2, 0), int), np.eye(2)).num_edges == 0

    @pytest.mark.parametrize("shape", [(3, 2), (4,), (2, 2, 1)])
    def test_shape(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match=r"shape \[2, num_edges\], got \(" + str(shape[0])):
            Graph.from_edge_index(np.zeros(shape, int))


class TestFromScipy:
    @pytest.mark.parametrize("layout", ["csr", "csc", "coo", "lil", "dok"])
    @pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
    def test_entry_i_j_is_an_edge_from_i_to_j(self, layout: str, make: Any) -> None:
        matrix = make(np.array([[0, 2, 0], [0, 7, 3], [0, 0, 0]])).asformat(layout)
        assert edges_of(Graph.from_scipy(matrix)) == [(0, 1, 2), (1, 1, 7), (1, 2, 3)]

    def test_it_is_what_networkx_means(self) -> None:
        matrix = sparse.csr_array(np.array([[0, 2, 0], [0, 7, 3], [4, 0, 0]]))
        theirs = nx.from_scipy_sparse_array(matrix, create_using=nx.DiGraph)
        assert sorted(edges_of(Graph.from_scipy(matrix))) == sorted(theirs.edges(data="weight"))

    def test_nodes_without_edges_count(self) -> None:
        assert Graph.from_scipy(sparse.csr_array((5, 5))).num_nodes == 5

    def test_duplicates_add_up_and_the_callers_matrix_stays(self) -> None:
        pieces = (np.array([1.0, 2.0]), np.array([1, 1]), np.array([0, 2, 2]))
        matrix = sparse.csr_array(pieces, shape=(2, 2))
        assert edges_of(Graph.from_scipy(matrix)) == [(0, 1, 3)]
        assert matrix.data.tolist() == [1, 2]

    def test_stored_zeros_are_no_edges(self) -> None:
        matrix = sparse.coo_array((np.array([0.0, 2.0]), ([0, 1], [1, 1])), shape=(2, 2))
        graph = Graph.from_scipy(matrix)
        assert edges_of(graph) == [(1, 1, 2)]
        assert "  made of       2 edges: 1 of weight 0 dropped" in graph.info()

    def test_repeats_of_booleans_are_counted(self) -> None:
        # SciPy's own sum of two booleans is True, of 200 int8 ones -56.
        for dtype, times in ((bool, 2), (np.int8, 200)):
            ones = sparse.coo_array((np.ones(times, dtype), ([0] * times, [1] * times)), (2, 2))
            assert edges_of(Graph.from_scipy(ones)) == [(0, 1, times)]

    def test_a_triangle_and_options(self) -> None:
        matrix = np.array([[0, 1], [0, 0]], bool)
        graph = Graph.from_scipy(matrix, np.eye(2), labels=[0, 1], undirected=True)
        assert edges_of(graph) == [(0, 1, 1), (1, 0, 1)]
        assert graph.labels is not None and graph.labels.tolist() == [0, 1]

    @pytest.mark.parametrize(
        ("matrix", "fields", "error", "message"),
        [
            (sparse.csr_array((2, 3)), {}, ValueError, r"square, got shape \(2, 3\)"),
            (np.ones(3), {}, ValueError, r"square, got shape \(3,\)"),
            (np.eye(2) * -1, {}, ValueError, "weights .* got -1.0 at position 0"),
            (np.eye(2), {"features": np.eye(3)}, ValueError, "num_nodes and .* got 2 and 3"),
            (np.eye(2), {"weights": [1, 1]}, TypeError, "weights"),
        ],
    )
    def test_refused(
        self, matrix: Any, fields: dict[str, Any], error: type[Exception], message: str
    ) -> None:
        with pytest.raises(error, match=message):
            Graph.from_scipy(matrix, **fields)


class TestFromNetworkx:
    def test_undirected_gives_both_directions(self) -> None:
        source = nx.Graph()
        source.add_weighted_edges_from([("b", "a", 2), ("a", "a", 4)])
        source.add_edge("c", "a")
        graph = Graph.from_networkx(source)
        assert graph.ids is not None and graph.ids.tolist() == ["b", "a", "c"]
        # NetworkX gives b-a, a-a, a-c; then the reverses of the first and the last.
        assert sorted(edges_of(graph)) == [(0, 1, 2), (1, 0, 2), (1, 1, 4), (1, 2, 1), (2, 1, 1)]

    @pytest.mark.parametrize("kind", [nx.DiGraph, nx.MultiDiGraph])
    def test_directed_stays_directed(self, kind: Any) -> None:
        source = kind()
        source.add_edge(1, 0, cost=3)
        source.add_edge(0, 1)
        assert edges_of(Graph.from_networkx(source, weight="cost")) == [(0, 1, 3), (1, 0, 1)]

    def test_weight_none_gives_ones(self) -> None:
        source = nx.DiGraph([(0, 1, {"weight": 5})])
        assert edges_of(Graph.from_networkx(source, weight=None)) == [(0, 1, 1)]

    def test_parallel_edges_are_repeats(self) -> None:
        source = nx.MultiGraph([(0, 1), (0, 1)])
        assert edges_of(Graph.from_networkx(source)) == [(0, 1, 2), (1, 0, 2)]
        assert Graph.from_networkx(source, merge="keep").num_edges == 4

    def test_a_directed_graph_may_be_made_undirected(self) -> None:
        source = nx.DiGraph([(0, 1, {"weight": 2}), (1, 0, {"weight": 3}), (2, 0, {"weight": 1})])
        graph = Graph.from_networkx(source, undirected=True)
        assert sorted(edges_of(graph)) == [(0, 1, 3), (0, 2, 1), (1, 0, 3), (2, 0, 1)]

    def test_the_weight_that_no_edge_has(self) -> None:
        source = nx.DiGraph([("a", "b", {"value": 3, "kind": "x"}), ("b", "a", {"value": 2})])
        with pytest.raises(KeyError, match=r"no edge has the attribute 'wieght'.* \['value'\]"):
            Graph.from_networkx(source, weight="wieght")
        assert Graph.from_networkx(source, weight="value").weights.tolist() == [3, 2]
        graph = Graph.from_networkx(source)
        assert graph.weights.tolist() == [1, 1]
        assert "no edge has the attribute 'weight', so all weigh 1" in graph.info()

    def test_features_and_labels(self) -> None:
        source = nx.Graph()
        source.add_node("a", x=[1.0, 2.0], size=3, kind="dog")
        source.add_node("b", x=[3.0, 4.0], size=5)
        graph = Graph.from_networkx(source, ["x", "size"], label="kind")
        assert graph.features["x"].tolist() == [[1, 2], [3, 4]]
        assert graph.features["size"].tolist() == [3, 5]
        assert graph.labels is not None and graph.labels.tolist() == [0, -1]
        assert graph.class_names == ("dog",) and graph.num_edges == 0
        assert list(Graph.from_networkx(source, "size").features) == ["size"]

    def test_karate_club(self) -> None:
        # NetworkX' own sample: 34 members, 78 friendships, two clubs of 17 members each.
        source = nx.karate_club_graph()
        graph = Graph.from_networkx(source, label="club")
        assert (graph.num_nodes, graph.num_edges) == (34, 156)
        assert graph.class_names == ("Mr. Hi", "Officer")
        assert graph.labels is not None and np.bincount(graph.labels).tolist() == [17, 17]
        theirs = nx.to_scipy_sparse_array(source, weight="weight").toarray()
        ours = sparse.coo_array((graph.weights, (graph.senders, graph.receivers)), shape=(34, 34))
        np.testing.assert_array_equal(ours.toarray(), theirs)

    @pytest.mark.parametrize(
        ("fields", "error", "message"),
        [
            ({"features": ["y"]}, KeyError, "node 'b' has no attribute 'y'"),
            ({"features": ["z"]}, ValueError, r"features\['z'\] .* \(2,\) at node 0 .* \(1,\) at"),
            ({"label": "kind"}, KeyError, "no node has the attribute 'kind'"),
            ({"weight": "word"}, TypeError, "weights must be numbers"),
        ],
    )
    def test_refused(self, fields: Any, error: type[Exception], message: str) -> None:
        source = nx.Graph()
        source.add_node("a", y=1, z=[1, 2])
        source.add_node("b", z=[1])
        source.add_edge("a", "b", word="heavy")
        with pytest.raises(error, match=message):
            Graph.from_networkx(source, **fields)

    def test_an_empty_one_is_refused(self) -> None:
        with pytest.raises(ValueError, match="a graph must have .* got 0"):
            Graph.from_networkx(nx.Graph())


class TestToNetworkx:
    def graph(self, **changes: Any) -> Graph:
        fields: dict[str, Any] = {
            "senders": [0, 2, 1],
            "receivers": [1, 0, 1],
            "features": {"x": np.eye(3), "s": sparse.csr_array(np.diag([0, 5, 0]))},
            "weights": [1, 2, 3],
            "labels": ["dog", None, "cat"],
            "ids": ["a", "b", "c"],
            **changes,
        }
        return Graph.from_edges(**fields)

    def test_edges_nodes_and_attributes(self) -> None:
        result = self.graph().to_networkx()
        assert list(result.nodes) == ["a", "b", "c"]
        assert sorted(result.edges(data="weight")) == [("a", "b", 1), ("b", "b", 3), ("c", "a", 2)]
        assert dict(result.nodes(data="label")) == {"a": "dog", "b": None, "c": "cat"}
        assert result.nodes["b"]["x"].tolist() == [0, 1, 0]
        assert result.nodes["b"]["s"].tolist() == [0, 5, 0]

    def test_there_and_back(self) -> None:
        graph = self.graph()
        back = Graph.from_networkx(graph.to_networkx(), ["x", "s"], label="label")
        assert sorted(edges_of(back)) == sorted(edges_of(graph))
        assert graph.ids is not None and back.ids is not None and graph.labels is not None
        assert back.ids.tolist() == graph.ids.tolist() and back.class_names == graph.class_names
        np.testing.assert_array_equal(back.labels, graph.labels)
        np.testing.assert_array_equal(back.features["x"], graph.features["x"])
        np.testing.assert_array_equal(back.features["s"], np.diag([0, 5, 0]))

    def test_numbers_without_ids_and_names(self) -> None:
        result = self.graph(ids=None, labels=[1, -1, 0]).to_networkx(label="y", weight="w")
        assert list(result.nodes) == [0, 1, 2]
        assert dict(result.nodes(data="y")) == {0: 1, 1: None, 2: 0}
        assert result.edges[2, 0]["w"] == 2

    def test_targets(self) -> None:
        result = self.graph(labels=[0.5, np.nan, -1.0]).to_networkx()
        assert dict(result.nodes(data="label")) == {"a": 0.5, "b": None, "c": -1.0}

    def test_parallel_edges_add_up(self) -> None:
        result = Graph.from_edges([0, 0], [1, 1], weights=[1, 2]).to_networkx()
        assert list(result.edges(data="weight")) == [(0, 1, 3)]

    def test_a_feature_named_as_the_label(self) -> None:
        with pytest.raises(ValueError, match="label must differ .* got 'x'"):
            self.graph().to_networkx(label="x")

    def test_without_networkx(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "networkx", None)
        with pytest.raises(ImportError, match=r"pip install gnn\[dev\]"):
            self.graph().to_networkx()


class TestFromPandas:
    nodes = pd.DataFrame(
        {
            "name": ["c", "a", "b"],
            "age": [3, 1, 2],
            "height": [0.5, 1.5, 2.5],
            "red": [True, False, True],
            "kind": ["dog", None, "cat"],
            "part": ["train", "test", None],
            "vector": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
        }
    )
    edges = pd.DataFrame({"source": ["a", "b", "b"], "target": ["b", "c", "b"]})

    def make(self, nodes: Any = None, edges: Any = None, **options: Any) -> Graph:
        nodes = self.nodes if nodes is None else nodes
        edges = self.edges if edges is None else edges
        return Graph.from_pandas(nodes, edges, **{"id": "name", **options})

    def test_edges_are_resolved(self) -> None:
        graph = self.make()
        assert graph.ids is not None and graph.ids.tolist() == ["c", "a", "b"]
        assert edges_of(graph) == [(1, 2, 1), (2, 0, 1), (2, 2, 1)]

    def test_undirected(self) -> None:
        assert edges_of(self.make(undirected=True))[3:] == [(2, 1, 1), (0, 2, 1)]

    def test_ids_from_the_index_and_other_column_names(self) -> None:
        nodes = pd.DataFrame({"x": [1.0, 2.0]}, index=[10, 20])
        edges = pd.DataFrame({"from": [20], "to": [10], "count": [7]})
        graph = Graph.from_pandas(nodes, edges, source="from", target="to", weight="count")
        assert edges_of(graph) == [(1, 0, 7)]
        assert graph.ids is not None and graph.ids.tolist() == [10, 20]

    def test_categorical_ids(self) -> None:
        graph = self.make(edges=self.edges.astype("category"))
        assert edges_of(graph) == [(1, 2, 1), (2, 0, 1), (2, 2, 1)]

    def test_weight_is_taken_where_it_is(self) -> None:
        edges = self.edges.assign(weight=[0.5, 2.0, 3.0])
        assert self.make(edges=edges).weights.tolist() == [0.5, 2.0, 3.0]
        assert self.make(edges=edges, weight=None).weights.tolist() == [1, 1, 1]

    def test_numeric_columns_left_are_stacked(self) -> None:
        features = self.make(label="kind", split="part").features
        assert list(features) == ["features"] and features["features"].dtype == np.float32
        assert features["features"].tolist() == [[3, 0.5, 1], [1, 1.5, 0], [2, 2.5, 1]]

    def test_id_label_and_split_are_no_features(self) -> None:
        nodes = pd.DataFrame({"n": [0, 1], "y": [5, 6], "s": [1, 2], "x": [8, 9]})
        edges = pd.DataFrame({"source": [0], "target": [1]})
        graph = Graph.from_pandas(nodes, edges, id="n", label="y", split="s")
        assert graph.features["features"].tolist() == [[8], [9]]
        assert graph.split("1").tolist() == [0] and graph.split("2").tolist() == [1]

    def test_extension_types_are_numeric_too(self) -> None:
        nodes = pd.DataFrame(
            {
                "name": ["c", "a", "b"],
                "n": pd.array([1, 2, 3], "Int64"),
                "t": pd.to_timedelta([1, 2, 3]),
            }
        ).assign(flag=pd.array([True, False, True], "boolean"))
        assert self.make(nodes).features["features"].tolist() == [[1, 1], [2, 0], [3, 1]]

    def test_no_numeric_column_gives_no_features(self) -> None:
        assert self.make(self.nodes[["name", "kind"]]).features == {}

    @pytest.mark.parametrize(
        ("features", "name", "values", "dtype"),
        [
            (["height", "age"], "features", [[0.5, 3], [1.5, 1], [2.5, 2]], np.float32),
            (["age"], "features", [[3], [1], [2]], np.int64),
            ({"x": ["red", "age"]}, "x", [[1, 3], [0, 1], [1, 2]], np.int64),
            ({"x": "age"}, "x", [3, 1, 2], np.int64),
            ({"x": "vector"}, "x", [[1, 2], [3, 4], [5, 6]], np.float32),
            ({"x": ["vector", "age"]}, "x", [[1, 2, 3], [3, 4, 1], [5, 6, 2]], np.float32),
            ({"x": "name"}, "x", ["c", "a", "b"], "U1"),
        ],
    )
    def test_chosen_columns(self, features: Any, name: str, values: Any, dtype: Any) -> None:
        held = self.make(features=features).features
        assert list(held) == [name] and held[name].dtype == np.dtype(dtype)
        assert held[name].tolist() == values

    def test_several_features(self) -> None:
        assert list(self.make(features={"a": ["age"], "b": "height"}).features) == ["a", "b"]

    @pytest.mark.parametrize(
        ("column", "held", "names"),
        [
            (["dog", None, "cat"], [1, -1, 0], ("cat", "dog")),
            (pd.Categorical(["dog", None, "cat"]), [1, -1, 0], ("cat", "dog")),
            ([2, 0, 1], [2, 0, 1], None),
            ([2.0, np.nan, 1.0], [2, -1, 1], None),  # What pandas makes of integers with gaps.
            (pd.array([2, None, 1], "Int64"), [2, -1, 1], None),
            (pd.array([True, None, False], "boolean"), [1, -1, 0], None),
            ([0.5, np.nan, 1.0], [0.5, np.nan, 1.0], None),
            ([2.0, 0.0, 1.0], [2, 0, 1], None),  # Classes of igraph, which stores floats.
            ([21.0, np.nan, 10.0], [21.0, np.nan, 10.0], None),  # No numbers of classes.
            ([-1.0, 1.0, -1.0], [0, 1, 0], ("-1", "1")),
            (["dog", "NA", ""], [0, -1, -1], ("dog",)),
        ],
    )
    def test_labels(self, column: Any, held: list[float], names: Any) -> None:
        graph = self.make(self.nodes.assign(kind=column), label="kind")
        assert graph.labels is not None and graph.class_names == names
        np.testing.assert_array_equal(graph.labels, held)
        assert (graph.labels.dtype == np.int32) == all(isinstance(value, int) for value in held)

    @pytest.mark.parametrize("dtype", ["object", "category", "str"])
    def test_splits(self, dtype: str) -> None:
        graph = self.make(self.nodes.astype({"part": dtype}), split="part")
        assert {k: v.tolist() for k, v in graph.splits.items()} == {"train": [0], "test": [1]}

    @pytest.mark.parametrize(
        ("changes", "error", "message"),
        [
            ({"edges": edges.replace("c", "z")}, ValueError, "target .* got 'z' at row 1"),
            ({"edges": edges.replace("a", None)}, ValueError, "source .* at row 0"),
            (
                {"edges": pd.DataFrame({"source": [1], "target": ["a"]})},
                ValueError,
                "got 1 at row 0",
            ),
            ({"nodes": nodes.replace("b", "a")}, ValueError, "id must be unique, got 'a'"),
            ({"nodes": nodes.replace("b", None)}, ValueError, "id must be given .* row 2"),
            ({"id": "key"}, KeyError, "id: nodes has no column 'key'; its columns are .*'name'"),
            ({"source": "from"}, KeyError, "source: edges has no column 'from'"),
            ({"target": "to"}, KeyError, "target: edges has no column 'to'"),
            (
                {"weight": "count"},
                KeyError,
                "weight: edges has no column 'count'; those of",
            ),
            ({"label": "class"}, KeyError, "label: nodes has no column 'class'"),
            ({"split": "fold"}, KeyError, "split: nodes has no column 'fold'"),
            (
                {"features": {"x": ["size"]}},
                KeyError,
                r"features\['x'\]: nodes has no column 'size'",
            ),
            (
                {"features": {"x": ["age", "name"]}},
                TypeError,
                r"\['x'\]: .* numeric, got .* 'name'",
            ),
            ({"features": {"x": "kind"}}, ValueError, r"\['x'\]: column 'kind' has no .* row 1"),
            (
                {"nodes": nodes.assign(vector=[[1.0], [1.0, 2.0], [1.0]]), "features": "vector"},
                ValueError,
                r"column 'vector' .* got \(1,\) at node 0 and \(2,\) at node 1",
            ),
            (
                {"edges": edges.assign(weight=pd.array([1, None, 2], "Int64"))},
                ValueError,
                "weights .* got nan at position 1",
            ),
            ({"edges": edges.assign(weight=["x", "y", "z"])}, TypeError, "weights must be numbers"),
            ({"nodes": {"name": ["a"]}}, TypeError, "nodes must be a pandas DataFrame, got dict"),
            ({"edges": [("a", "b")]}, TypeError, "edges must be a pandas DataFrame, got list"),
            ({"nodes": nodes[:0], "edges": edges[:0]}, ValueError, "a graph must have .* got 0"),
        ],
    )
    def test_refused(self, changes: dict[str, Any], error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            self.make(**changes)

    def test_the_tables_stay(self) -> None:
        nodes, edges = self.nodes.copy(deep=True), self.edges.copy(deep=True)
        self.make(label="kind", split="part", undirected=True)
        pd.testing.assert_frame_equal(nodes, self.nodes)
        pd.testing.assert_frame_equal(edges, self.edges)

    def test_without_pandas(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(ImportError, match=r"pip install gnn\[dev\]"):
            self.make()
