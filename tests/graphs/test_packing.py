"""A whole graph as one batch."""

from __future__ import annotations

import numpy as np
import pytest

from gnn.graphs.batch.packing import pack_graph
from gnn.graphs.graph import Graph
from gnn.graphs.sampling.component_sampling import sample_neighborhoods
from gnn.graphs.sampling.neighbor_index import NeighborIndex


def test_by_hand() -> None:
    # Sorted by receiver, then by sender: 1 -> 0 (3), 3 -> 0 (1), 2 -> 1 (4), 0 -> 3 (2). Their
    # senders are 1 3 2 0.
    graph = Graph.from_edges([3, 0, 1, 2], [0, 3, 0, 1], np.eye(5), weights=[1, 2, 3, 4])
    packed = pack_graph(graph, np.array([4, 0]))
    assert packed["n_node"].tolist() == [5] and packed["n_edge"].tolist() == [4]
    assert packed["senders"].tolist() == [1, 3, 2, 0]
    assert packed["receivers"].tolist() == [0, 0, 1, 3]
    assert packed["edges"].tolist() == [[3], [1], [4], [2]]
    assert packed["readout"].tolist() == [4, 0]
    assert packed["node_ids"].tolist() == [0, 1, 2, 3, 4]
    assert packed["globals"].shape == (1, 0)


def test_keys_and_dtypes_are_those_of_sampled_neighborhoods() -> None:
    graph = Graph.from_edges([0], [1], np.eye(2))
    packed = pack_graph(graph, np.array([1]))
    index = NeighborIndex(graph.senders, graph.receivers, graph.weights, 2)
    sampled = sample_neighborhoods(index, np.array([1]), [None], np.zeros(1, np.uint64))
    # The whole graph has all of its edges, so their sums are the degrees.
    assert set(packed) == set(sampled) - {"graph_degrees"}
    for key, value in packed.items():
        assert sampled[key].dtype == value.dtype and sampled[key].shape[1:] == value.shape[1:]
        np.testing.assert_array_equal(sampled[key], value)


def test_parallel_edges_and_loops_are_kept() -> None:
    graph = Graph.from_edges(
        [1, 1, 0, 1], [0, 0, 0, 1], np.eye(2), weights=[1, 2, 3, 4], merge="keep"
    )
    packed = pack_graph(graph, np.arange(2))
    rows = np.concatenate(
        [packed["senders"][:, None], packed["receivers"][:, None], packed["edges"]], axis=1
    )
    assert sorted(rows.tolist()) == [[0, 0, 3], [1, 0, 1], [1, 0, 2], [1, 1, 4]]


@pytest.mark.parametrize("num_edges", [0, 1, 200])
def test_random_graphs_keep_their_edges_sorted(num_edges: int) -> None:
    rng = np.random.default_rng(num_edges)
    senders, receivers = rng.integers(0, 17, (2, num_edges))
    weights = rng.random(num_edges).astype(np.float32)
    graph = Graph.from_edges(senders, receivers, np.eye(17), weights=weights, merge="keep")
    packed = pack_graph(graph, np.arange(17))
    assert (np.diff(packed["receivers"]) >= 0).all()
    assert sorted(
        zip(packed["senders"], packed["receivers"], packed["edges"][:, 0], strict=True)
    ) == sorted(zip(senders, receivers, weights, strict=True))
    np.testing.assert_array_equal(graph.senders, senders)  # The graph's own order is left alone.
