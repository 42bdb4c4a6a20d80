from __future__ import annotations

import builtins
import importlib.util
import sys
import types
from typing import Any

import numpy as np
import pytest

from gnn.graphs.graph import Graph
from gnn.graphs.partitioning import partition as partition_module
from gnn.graphs.partitioning.partition import PartitionQuality, partition, partition_quality

METHODS = [
    "label_propagation",
    pytest.param(
        "metis",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("pymetis") is None,
            reason="pymetis is not installed: pip install '.[partition]'",
        ),
    ),
]


def cliques(count: int, size: int, seed: int = 0) -> tuple[Graph, np.ndarray]:
    """Cliques in a ring, one edge from each to the next, under shuffled numbers."""
    inside = [(a, b) for a in range(size) for b in range(a)]
    pairs = [(c * size + a, c * size + b) for c in range(count) for a, b in inside]
    pairs += [(c * size, (c + 1) % count * size + 1) for c in range(count)]
    numbers = np.random.default_rng(seed).permutation(count * size)
    senders, receivers = numbers[np.array(pairs).T]
    clique_of = np.empty(count * size, int)
    clique_of[numbers] = np.repeat(np.arange(count), size)
    return Graph.from_edges(senders, receivers, undirected=True), clique_of


def communities(num_nodes: int = 3000, count: int = 30) -> Graph:
    """Nodes with five random edges each, four of five to a node of their own community."""
    rng = np.random.default_rng(1)
    senders = rng.integers(0, num_nodes, 5 * num_nodes)
    size = num_nodes // count
    near = senders // size * size + rng.integers(0, size, len(senders))
    far = rng.integers(0, num_nodes, len(senders))
    return Graph.from_edges(senders, np.where(rng.random(len(senders)) < 0.8, near, far))


@pytest.mark.parametrize("method", METHODS)
def test_finds_cliques(method: str) -> None:
    graph, clique_of = cliques(12, 8)
    parts = partition(graph, 12, method=method)
    assert parts.dtype == np.int32
    # Each clique is one part, and each part one clique.
    assert len(set(zip(clique_of.tolist(), parts.tolist(), strict=True))) == 12
    # 12 cliques of 28 edges, and 12 edges between them.
    assert partition_quality(graph, parts) == PartitionQuality(12 * 28 / (12 * 29), 1.0)


@pytest.mark.parametrize("method", METHODS)
def test_keeps_most_edges_of_communities_and_balances(method: str) -> None:
    graph = communities()
    quality = partition_quality(graph, partition(graph, 10, method=method))
    # A random division keeps a tenth; the communities themselves about 0.8.
    assert quality.edges_kept > 0.7
    assert quality.balance <= 1.06


@pytest.mark.parametrize("method", METHODS)
def test_same_seed_same_parts(method: str) -> None:
    graph = communities()
    first, again, other = (partition(graph, 7, method=method, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("graph", "num_parts"),
    [
        (Graph.from_edges([], [], num_nodes=9), 4),
        (Graph.from_edges([0, 1, 2], [0, 1, 2], num_nodes=9), 4),
        (Graph.from_edges(np.arange(1, 40), np.zeros(39, int)), 5),
        (Graph.from_edges([0, 1, 0], [1, 0, 1]), 2),
        (Graph.from_edges([0], [1], num_nodes=30), 3),
        (Graph.from_edges([0, 1, 2, 3], [1, 2, 3, 0]), 1),
    ],
    ids=["no edges", "self loops", "star", "a part a node", "lonely nodes", "one part"],
)
def test_odd_graphs(graph: Graph, num_parts: int, method: str) -> None:
    parts = partition(graph, num_parts, method=method)
    assert parts.shape == (graph.num_nodes,) and parts.dtype == np.int32
    assert parts.min() >= 0 and parts.max() < num_parts


@pytest.mark.parametrize("num_nodes", [10, 101, 1000])
@pytest.mark.parametrize("num_parts", [1, 3, 9, 10])
def test_label_propagation_never_passes_its_capacity(num_nodes: int, num_parts: int) -> None:
    rng = np.random.default_rng(num_nodes)
    # A few hubs, which all others would follow.
    graph = Graph.from_edges(
        rng.integers(0, num_nodes, 4000), rng.integers(0, 4, 4000), num_nodes=num_nodes
    )
    parts = partition(graph, num_parts, method="label_propagation")
    sizes = np.bincount(parts, minlength=num_parts)
    assert sizes.max() <= np.ceil(1.05 * num_nodes / num_parts)


def test_directions_weights_and_loops_say_nothing() -> None:
    graph = communities(600, 6)
    turned = Graph.from_edges(
        np.concatenate([graph.receivers, np.arange(600)]),
        np.concatenate([graph.senders, np.arange(600)]),
        weights=np.random.default_rng(0).random(graph.num_edges + 600),
    )
    one, other = (partition(g, 6, method="label_propagation") for g in (graph, turned))
    np.testing.assert_array_equal(one, other)


def test_auto_takes_metis_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = communities(300, 3)
    fallback = partition(graph, 3, method="label_propagation")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    np.testing.assert_array_equal(partition(graph, 3), fallback)
    calls = []

    class FakeMetis:
        CSRAdjacency = staticmethod(lambda starts, adjacent: (starts, adjacent))
        Options = staticmethod(lambda seed: {"seed": seed})

        @staticmethod
        def part_graph(num_parts: int, adjacency: Any, **kwargs: Any) -> tuple[int, list[int]]:
            calls.append((num_parts, adjacency, kwargs))
            return 0, [1] * 3

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "pymetis", FakeMetis)
    # 0 -> 1 twice and 1 -> 0, 1 -> 2, and a loop: METIS is given both directions, counted.
    graph = Graph.from_edges([0, 0, 1, 1, 2], [1, 1, 0, 2, 2], merge="keep")
    assert partition(graph, 2, seed=5).tolist() == [1, 1, 1]
    ((num_parts, (starts, adjacent), options),) = calls
    assert num_parts == 2 and options["options"] == {"seed": 5}
    assert starts.tolist() == [0, 1, 3, 4] and adjacent.tolist() == [1, 0, 2, 1]
    assert options["eweights"].tolist() == [3, 3, 1, 1]


def test_metis_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "pymetis":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"pip install 'gnn\[partition\]'"):
        partition(Graph.from_edges([0], [1]), 2, method="metis")


def test_quality_worked_by_hand() -> None:
    graph = Graph.from_edges([0, 1, 2, 3, 4], [1, 2, 3, 3, 0])
    # The loop at 3 does not count; 0 -> 1 and 1 -> 2 are kept of 4.
    quality = partition_quality(graph, np.array([0, 0, 0, 1, 1]))
    assert quality == PartitionQuality(edges_kept=0.5, balance=3 / 2.5)
    lonely = Graph.from_edges([], [], num_nodes=2)
    assert partition_quality(lonely, np.array([0, 1])) == PartitionQuality(1.0, 1.0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"num_parts": 0}, ValueError, "num_parts must be at least 1, got 0"),
        ({"num_parts": 5}, ValueError, "num_parts must be at most 4, the number of nodes; got 5"),
        ({"num_parts": 2.0}, TypeError, "num_parts must be an integer, got 2.0"),
        ({"num_parts": 2, "seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ({"num_parts": 2, "seed": 2**31}, ValueError, "seed must be below 2147483648"),
        ({"num_parts": 2, "method": "kmeans"}, ValueError, "method must be one of .*'kmeans'"),
    ],
)
def test_errors(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        partition(Graph.from_edges([0, 1, 2], [1, 2, 3]), **arguments)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([0, 1], r"shape \(3,\), one a node; got int64 of shape \(2,\)"),
        ([0.0, 1.0, 0.0], "must be integers .* got float64"),
        ([0, -1, 0], "parts must be from 0 to .*; got -1 at node 1"),
    ],
)
def test_quality_refuses_bad_parts(parts: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        partition_quality(Graph.from_edges([0, 1], [1, 2]), np.array(parts))


def test_more_edges_than_metis_can_number(monkeypatch: pytest.MonkeyPatch) -> None:
    # As if 2**31 edges were stored: no array of that size is there.
    graph, _ = cliques(3, 4)
    huge: Any = types.SimpleNamespace(nnz=2**31)
    with pytest.raises(ValueError, match="fewer than 2147483648 edges.*got 2147483648"):
        partition_module._metis(huge, 2, 0)
    monkeypatch.setattr(partition_module, "_MOST_OF_METIS", 10)
    parts = partition(graph, 3, seed=1)
    np.testing.assert_array_equal(parts, partition(graph, 3, method="label_propagation", seed=1))
