"""An edge of weight 0 is no edge, whatever a batch is made by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn import memory_maps
from gnn.data import clusters, full_batch, graph_batches, neighborhoods
from gnn.data.heaviest_neighbors import HeaviestNeighbors
from gnn.explain.subject import make_subject
from gnn.graphs import Graph, open_graph, partition_quality, write_graph
from gnn.graphs.partitioning.partition import _between_nodes
from gnn.graphs.sampling.chunks import ReceiverChunks
from gnn.graphs.sampling.neighbor_index import NeighborIndex
from gnn.plots.surroundings import surroundings

SIZE = 12
PARTS = np.arange(SIZE) % 3


def both() -> tuple[Graph, Graph]:
    """A graph in which a half of the edges weigh 0, and the graph without them."""
    rng = np.random.default_rng(0)
    ends, weights = rng.integers(0, SIZE, (2, 60)), rng.uniform(1, 2, 60)
    weights[rng.permutation(60)[:30]] = 0
    x = {"x": np.eye(SIZE, dtype=np.float32)}
    kept = weights > 0
    return (
        Graph(x, *ends, weights, num_nodes=SIZE),
        Graph(x, *ends[:, kept], weights[kept], num_nodes=SIZE),
    )


MAKERS: dict[str, Callable[[Graph], tf.data.Dataset]] = {
    "full_batch": full_batch,
    "full_batch, padded": lambda graph: full_batch(graph, padding=True),
    "neighborhoods": lambda graph: neighborhoods(
        graph, batch_size=5, fanout=(2, 2), seed=0, padding=True
    ),
    "neighborhoods, merged": lambda graph: neighborhoods(
        graph, batch_size=5, fanout=(2, 2), seed=0, merge=True
    ),
    "clusters": lambda graph: clusters(graph, parts=PARTS, seed=0, padding=True),
    "clusters, shuffled": lambda graph: clusters(
        graph, parts=PARTS, parts_per_batch=2, shuffle=True, seed=0, padding=True
    ),
    "graph_batches": lambda graph: graph_batches([graph] * 2, batch_size=2, padding=True),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_batches_are_those_of_the_graph_without_it(maker: str) -> None:
    batches = [list(MAKERS[maker](graph)) for graph in both()]
    assert len(batches[0]) == len(batches[1]) > 0
    for left, right in zip(*batches, strict=True):
        assert left.keys() == right.keys()
        for key in left:
            np.testing.assert_array_equal(left[key], right[key], err_msg=key)


def test_nothing_else_looks_at_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    graph, without = both()
    monkeypatch.setattr(memory_maps, "_BLOCK", 7)  # Files are read in parts.
    write_graph(graph, tmp_path / "graph")
    stored = open_graph(tmp_path / "graph")
    expected = NeighborIndex.of(without)
    for index in (NeighborIndex.of(graph), NeighborIndex.of(stored)):
        for name in ("offsets", "senders", "weights", "weighted_degrees"):
            np.testing.assert_array_equal(getattr(index, name), getattr(expected, name))
    degrees = np.bincount(without.receivers, without.weights, SIZE)
    np.testing.assert_allclose(expected.weighted_degrees, degrees, rtol=1e-6)

    names = np.array([f"{number:02}" for number in range(SIZE)])

    def facts(graph: Graph) -> list[Any]:
        chunks = ReceiverChunks(graph, SIZE)
        model: Any = None
        nearby = surroundings(graph, 0, 2, SIZE, graph.weights)
        subject = make_subject(model, graph, 0, 1, None)
        return [
            *(chunk.senders for chunk in chunks.as_they_are()),
            nearby.nodes,
            [(*pair, size) for pair, size in nearby.edges.items()],
            subject.nodes,
            subject.weights,
            subject.inputs["edges"][:, 0],
            *_between_nodes(graph),
            partition_quality(graph, PARTS).edges_kept,
            *HeaviestNeighbors(graph, names, None).of(np.arange(SIZE)),
        ]

    for left, right in zip(facts(graph), facts(without), strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_graph_all_of_whose_edges_weigh_0() -> None:
    graph = Graph({"x": np.eye(3)}, [0, 1], [1, 2], [0.0, 0.0])
    (inputs,) = neighborhoods(graph, batch_size=3, fanout=None, merge=True)
    assert inputs["n_edge"].numpy().tolist() == [0] and not inputs["graph_degrees"].numpy().any()
    constant = np.broadcast_to(np.zeros(1, np.float32), 2)
    index = NeighborIndex(graph.senders, graph.receivers, constant, 3)
    assert index.senders.size == 0 and index.offsets.tolist() == [0, 0, 0, 0]
