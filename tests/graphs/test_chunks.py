from __future__ import annotations

import numpy as np
import pytest

from gnn.graphs.graph import Graph
from gnn.graphs.sampling.chunks import ReceiverChunks


def random_graph(num_nodes: int, num_edges: int, seed: int = 0) -> Graph:
    rng = np.random.default_rng(seed)
    senders, receivers = rng.integers(0, num_nodes, (2, num_edges))
    weights = rng.uniform(0.5, 2.0, num_edges)
    return Graph.from_edges(senders, receivers, num_nodes=num_nodes, weights=weights)


def test_chunk_worked_by_hand() -> None:
    # 3 -> 0, 4 -> 0, 0 -> 1, 1 -> 1, 2 -> 4: the second chunk is 2 and 3, without edges.
    graph = Graph.from_edges([3, 4, 0, 1, 2], [0, 0, 1, 1, 4], weights=[1, 2, 3, 4, 5], num_nodes=5)
    first, second, third = ReceiverChunks(graph, 2)
    assert first.nodes.tolist() == [0, 1, 3, 4]
    assert first.num_receivers == 2
    # 3 receives nothing and 4 receives 5, which their loops say.
    assert first.senders.tolist() == [2, 3, 0, 1, 2, 3]
    assert first.receivers.tolist() == [0, 0, 1, 1, 2, 3]
    assert first.weights.tolist() == [1, 2, 3, 4, 0, 5]
    assert second.nodes.tolist() == [2, 3] and second.senders.size == 0
    assert third.nodes.tolist() == [4, 2] and third.num_receivers == 1


@pytest.mark.parametrize("batch_size", [1, 7, 40, 100])
def test_chunks_hold_every_edge_once_and_all_in_degrees(batch_size: int) -> None:
    graph = random_graph(40, 150)
    in_degrees = np.zeros(40)
    np.add.at(in_degrees, graph.receivers, graph.weights)
    edges, receivers = [], []
    for chunk in ReceiverChunks(graph, batch_size):
        count = chunk.num_receivers
        assert 1 <= count <= batch_size
        assert np.unique(chunk.nodes).size == chunk.nodes.size
        assert (np.diff(chunk.receivers) >= 0).all()
        receivers += chunk.nodes[:count].tolist()
        real = chunk.receivers < count
        ends = chunk.nodes[chunk.senders[real]], chunk.nodes[chunk.receivers[real]]
        edges += list(zip(*ends, chunk.weights[real], strict=True))
        found = np.bincount(chunk.receivers, chunk.weights, len(chunk.nodes))
        np.testing.assert_allclose(found, in_degrees[chunk.nodes], rtol=1e-6)
    assert receivers == list(range(40))
    assert sorted(edges) == sorted(zip(graph.senders, graph.receivers, graph.weights, strict=True))


def test_a_hub_is_alone() -> None:
    # Ten nodes, of mean degree 2; the bound for chunks of two is sixteen edges.
    graph = Graph.from_edges(np.arange(20) % 10, np.full(20, 4), num_nodes=10)
    receivers = [chunk.nodes[: chunk.num_receivers].tolist() for chunk in ReceiverChunks(graph, 2)]
    assert receivers == [[0, 1], [2, 3], [4], [5, 6], [7, 8], [9]]


def test_graph_without_edges() -> None:
    chunks = list(ReceiverChunks(Graph.from_edges([], [], num_nodes=5), 3))
    assert [chunk.nodes.tolist() for chunk in chunks] == [[0, 1, 2], [3, 4]]
    assert all(chunk.weights.size == 0 for chunk in chunks)


def test_without_edges_are_the_nodes_in_order() -> None:
    chunks = list(ReceiverChunks(random_graph(7, 20), 3).without_edges())
    assert [chunk.nodes.tolist() for chunk in chunks] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [chunk.num_receivers for chunk in chunks] == [3, 3, 1]
    assert all(chunk.senders.size == 0 for chunk in chunks)
