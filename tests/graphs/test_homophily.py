"""Measures of homophily: by hand, against NetworkX, and what does not count."""

from __future__ import annotations

import dataclasses
from typing import Any

import networkx as nx
import numpy as np
import pytest

from gnn.graphs.graph import Graph
from gnn.graphs.homophily import homophily

# Classes 5, 5, 7, 7, and an unlabeled node. The pairs 0-1, 1-2, 2-3 and 0-2; those with node 4
# and the loop do not count.
GRAPH = Graph.from_edges(
    [0, 1, 2, 0, 4, 3],
    [1, 2, 3, 2, 3, 3],
    labels=[5, 5, 7, 7, -1],
    weights=[9, 1, 1, 1, 1, 1],
    undirected=True,
)


def random_graph(seed: int, directed: bool) -> Graph:
    rng = np.random.default_rng(seed)
    picked = rng.random((40, 40)) < 0.1
    np.fill_diagonal(picked, False)
    if not directed:
        picked |= picked.T
    labels = rng.integers(-1, 4, 40)
    return Graph.from_edges(*np.nonzero(picked), labels=labels)


def test_edge_homophily_by_hand() -> None:
    assert homophily(GRAPH) == homophily(GRAPH, by="edge") == 2 / 4


def test_node_homophily_by_hand() -> None:
    # Node 0 has 1 of its neighbors 1, 2; node 1 one of 0, 2; node 2 one of 1, 3, 0; node 3 all.
    expected = (1 / 2 + 1 / 2 + 1 / 3 + 1) / 4
    assert homophily(GRAPH, by="node") == pytest.approx(expected)


def test_adjusted_homophily_by_hand() -> None:
    # Of 8 ends, class 5 has 2 + 2 and class 7 has 3 + 1: chance gives 1/2, which is what is there.
    assert homophily(GRAPH, by="adjusted") == 0
    # 0 -> 1, 1 -> 2: class 5 sends 2 of 2 edges and receives 1; class 7 receives 1.
    graph = Graph.from_edges([0, 1], [1, 2], labels=[5, 5, 7])
    assert homophily(graph, by="adjusted") == (1 / 2 - 1 / 2) / (1 - 1 / 2)
    # 0 -> 1, 2 -> 1: class 5 sends 1/2 and receives all, so chance and share are 1/2 again; with
    # 2 -> 2' too, 2/3 are right, and chance gives 1/3 * 2/3 + 2/3 * 1/3.
    graph = Graph.from_edges([0, 2, 2], [1, 1, 3], labels=[5, 5, 7, 7])
    assert homophily(graph, by="adjusted") == pytest.approx((2 / 3 - 4 / 9) / (1 - 4 / 9))


def test_an_edge_into_a_node_is_what_it_receives() -> None:
    # Node 1 receives from 0 (another class) and 2 (its own); node 2 receives from 0.
    graph = Graph.from_edges([0, 2, 0], [1, 1, 2], labels=[0, 1, 1])
    assert homophily(graph, by="node") == (1 / 2 + 0) / 2


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_adjusted_is_the_assortativity_of_networkx(seed: int, directed: bool) -> None:
    graph = random_graph(seed, directed)
    other = nx.DiGraph() if directed else nx.Graph()
    known = [(i, {"y": int(y)}) for i, y in enumerate(graph.labels) if y >= 0]
    other.add_nodes_from(known)
    edges = zip(graph.senders.tolist(), graph.receivers.tolist(), strict=True)
    other.add_edges_from((a, b) for a, b in edges if a in other and b in other)
    expected = nx.attribute_assortativity_coefficient(other, "y")
    assert homophily(graph, by="adjusted") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("directed", [False, True])
def test_edge_and_node_by_brute_force(directed: bool) -> None:
    graph = random_graph(9, directed)
    labels, pairs = graph.labels, list(zip(graph.senders, graph.receivers, strict=True))
    equal = [labels[a] == labels[b] for a, b in pairs if min(labels[a], labels[b]) >= 0]
    assert homophily(graph) == pytest.approx(np.mean(equal))
    shares = []
    for node in range(graph.num_nodes):
        around = [labels[a] for a, b in pairs if b == node and labels[a] >= 0]
        if labels[node] >= 0 and around:
            shares.append(np.mean(np.array(around) == labels[node]))
    assert homophily(graph, by="node") == pytest.approx(np.mean(shares))


def test_info_says_the_same() -> None:
    graph = random_graph(3, directed=True)
    assert f"edge homophily  {homophily(graph):.3f}" in graph.info()


@pytest.mark.parametrize("by", ["edge", "node", "adjusted"])
def test_labels_given_replace_those_of_the_graph(by: str) -> None:
    labels = np.array([1, 0, 1, -1, 0])
    expected = homophily(dataclasses.replace(GRAPH, labels=labels), by=by)
    assert homophily(GRAPH, labels, by=by) == expected != homophily(GRAPH, by=by)
    bare = dataclasses.replace(GRAPH, labels=None)
    assert homophily(bare, labels.tolist(), by=by) == expected


@pytest.mark.parametrize("by", ["edge", "node"])
def test_one_class_agrees(by: str) -> None:
    assert homophily(GRAPH, np.zeros(5, int), by=by) == 1


def test_one_class_has_no_adjusted_homophily() -> None:
    with pytest.raises(ValueError, match="all 10 edges join nodes of class 3"):
        homophily(GRAPH, np.full(5, 3), by="adjusted")


@pytest.mark.parametrize(
    ("labels", "arguments", "message"),
    [
        (None, {}, "graph.labels must be one integer a node; the graph has none"),
        (np.ones(5), {}, r"graph.labels must be one integer a node; got float32\[5\]"),
        (np.ones([5, 2], int), {}, r"one integer a node; got int32\[5, 2\]"),
        (
            [0, -1, -1, 1, -1],
            {},
            "an edge must join two labeled nodes .* none of the 11 edges does",
        ),
        ([0, 0, 1, 1, 1], {"by": "class"}, "by must be one of .* got 'class'"),
        ([0, 0, 1, 1, 1], {"labels": [0, 1]}, "got 2 labels for 5 nodes"),
        ([0, 0, 1, 1, 1], {"labels": [[0, 1]]}, r"one integer a node; got int64\[1, 2\]"),
        (
            [0, 0, 1, 1, 1],
            {"labels": [0.5] * 5},
            r"^labels must be one integer a node; got float64\[5\]",
        ),
    ],
)
def test_refused(labels: Any, arguments: dict[str, Any], message: str) -> None:
    graph = dataclasses.replace(GRAPH, labels=labels)
    with pytest.raises(ValueError, match=message):
        homophily(graph, **arguments)


def test_other_graphs_are_refused() -> None:
    with pytest.raises(TypeError, match=r"graph must be a gnn\.Graph, got Graph"):
        homophily(nx.path_graph(3))  # type: ignore[arg-type]
