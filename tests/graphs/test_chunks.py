from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from gnn.graphs import open_graph, write_graph
from gnn.graphs.graph import Graph
from gnn.graphs.sampling.chunks import Chunk, ReceiverChunks


def random_graph(num_nodes: int, num_edges: int, seed: int = 0) -> Graph:
    rng = np.random.default_rng(seed)
    senders, receivers = rng.integers(0, num_nodes, (2, num_edges))
    weights = rng.uniform(0.5, 2.0, num_edges)
    return Graph.from_edges(senders, receivers, num_nodes=num_nodes, weights=weights)


def lists(*arrays: Any) -> list[Any]:
    return [array.tolist() for array in arrays]


# 3 -> 0, 4 -> 0, 0 -> 1, 1 -> 1, 2 -> 4, and nodes 5 to 9 alone.
SMALL = Graph.from_edges([3, 4, 0, 1, 2], [0, 0, 1, 1, 4], weights=[1, 2, 3, 4, 5], num_nodes=10)


def test_chunk_worked_by_hand() -> None:
    first, second, third, *_ = ReceiverChunks(SMALL, 2).as_they_are()
    assert first.nodes is not None and second.nodes is not None and third.nodes is not None
    assert first.nodes.tolist() == [0, 1, 3, 4]
    assert (first.first, first.num_receivers, first.num_rows) == (0, 2, 4)
    # 3 receives nothing and 4 receives 5, which their loops say.
    assert lists(first.senders, first.receivers) == [[2, 3, 0, 1, 2, 3], [0, 0, 1, 1, 2, 3]]
    assert first.weights.tolist() == [1, 2, 3, 4, 0, 5]
    assert second.nodes.tolist() == [2, 3] and second.senders.size == 0
    assert third.nodes.tolist() == [4, 5, 2] and third.num_receivers == 2
    bare = next(ReceiverChunks(SMALL, 2).as_they_are(border_loops=False))
    assert lists(bare.senders, bare.receivers) == [[2, 3, 0, 1], [0, 0, 1, 1]]


def test_where_most_nodes_are_in_a_chunk_all_are() -> None:
    # 0 and 1 receive from 2, 3, 4 and from each other: more than half of six.
    graph = Graph.from_edges([2, 3, 4, 1, 0, 5], [0, 0, 1, 0, 1, 4], num_nodes=6)
    first, second, third = ReceiverChunks(graph, 2).as_they_are()
    assert first.nodes is None and (first.first, first.num_rows) == (0, 6)
    assert first.senders.tolist() == [2, 3, 1, 4, 0, 2, 3, 4, 5]
    assert first.receivers.tolist() == [0, 0, 0, 1, 1, 2, 3, 4, 5]
    # Nothing comes into 2, 3 and 5, and into 4 comes one.
    assert first.weights.tolist() == [1, 1, 1, 1, 1, 0, 0, 1, 0]
    assert second.nodes is not None and second.nodes.tolist() == [2, 3]
    assert third.nodes is not None and third.nodes.tolist() == [4, 5]


def test_normalized_edges_worked_by_hand() -> None:
    first, *_ = ReceiverChunks(SMALL, 2).normalized()
    assert lists(first.senders, first.receivers) == [[2, 3, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1]]
    # With their loops, node 0 receives 4, node 1 8, node 3 1 and node 4 6.
    expected = [1 / np.sqrt(4 * 1), 2 / np.sqrt(4 * 6), 1 / 4, 3 / np.sqrt(8 * 4), 4 / 8, 1 / 8]
    np.testing.assert_allclose(first.weights, expected, rtol=1e-6)


def whole(chunks: list[Chunk], num_nodes: int, of_receivers: bool) -> np.ndarray:
    """The dense matrix of the edges into the receivers of all chunks."""
    matrix = np.zeros((num_nodes, num_nodes))
    for chunk in chunks:
        nodes = np.arange(num_nodes) if chunk.nodes is None else chunk.nodes
        base = chunk.first if of_receivers else 0
        ends = nodes[chunk.receivers + base], nodes[chunk.senders]
        real = (ends[0] >= chunk.start) & (ends[0] < chunk.stop)
        np.add.at(matrix, (ends[0][real], ends[1][real]), chunk.weights[real])
    return matrix


@pytest.mark.parametrize("num_nodes", [40, 1600])
@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_chunks_hold_every_edge_once_and_all_in_degrees(batch_size: int, num_nodes: int) -> None:
    graph = random_graph(num_nodes, 150)
    dense = np.zeros((num_nodes, num_nodes))
    np.add.at(dense, (graph.receivers, graph.senders), graph.weights)
    in_degrees = dense.sum(axis=1)
    chunks = list(ReceiverChunks(graph, batch_size).as_they_are())
    spans = [(chunk.start, chunk.stop) for chunk in chunks]
    assert [start for start, _ in spans[1:]] == [stop for _, stop in spans[:-1]]
    assert (spans[0][0], spans[-1][1]) == (0, num_nodes)
    for chunk in chunks:
        assert 1 <= chunk.num_receivers <= batch_size
        nodes = np.arange(num_nodes) if chunk.nodes is None else chunk.nodes
        assert np.unique(nodes).size == chunk.num_rows
        found = np.bincount(chunk.receivers, chunk.weights, chunk.num_rows)
        np.testing.assert_allclose(found, in_degrees[nodes], rtol=1e-6)
    np.testing.assert_allclose(whole(chunks, num_nodes, False), dense, rtol=1e-6)
    scale = 1 / np.sqrt(1 + in_degrees)
    normal = scale[:, np.newaxis] * (dense + np.eye(num_nodes)) * scale
    chunks = list(ReceiverChunks(graph, batch_size).normalized())
    np.testing.assert_allclose(whole(chunks, num_nodes, True), normal, rtol=1e-5, atol=1e-9)


def test_edges_in_a_file_give_the_same_chunks(tmp_path: Any) -> None:
    graph = dataclasses.replace(random_graph(30, 90), features={"x": np.ones([30, 1])})
    write_graph(graph, tmp_path / "graph")
    chunks = [ReceiverChunks(g, 8).normalized() for g in (graph, open_graph(tmp_path / "graph"))]
    for one, other in zip(*chunks, strict=True):
        assert lists(one.senders, one.counts) == lists(other.senders, other.counts)
        np.testing.assert_allclose(one.weights, other.weights)


def test_a_hub_is_alone() -> None:
    # Ten nodes, of mean degree 2; the bound for chunks of two is sixteen edges.
    graph = Graph.from_edges(np.arange(20) % 10, np.full(20, 4), num_nodes=10)
    chunks = ReceiverChunks(graph, 2)
    spans = [(chunk.start, chunk.stop) for chunk in chunks.as_they_are()]
    assert spans == [(0, 2), (2, 4), (4, 5), (5, 7), (7, 9), (9, 10)]
    assert len(chunks) == 6


def test_graph_without_edges() -> None:
    chunks = ReceiverChunks(Graph.from_edges([], [], num_nodes=5), 3)
    assert [(chunk.start, chunk.stop) for chunk in chunks.as_they_are()] == [(0, 3), (3, 5)]
