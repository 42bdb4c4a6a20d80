"""Sampled neighborhoods against brute force, NetworkX and binomial bounds."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence

import networkx as nx
import numpy as np
import pytest

from gnn.graphs.sampling import component_sampling as sampling
from gnn.graphs.sampling.component_sampling import sample_neighborhoods
from gnn.graphs.sampling.draws import mix
from gnn.graphs.sampling.neighbor_index import NeighborIndex


def index_of(
    edges: Sequence[tuple[int, int]], num_nodes: int, weights: Sequence[float] | None = None
) -> NeighborIndex:
    senders = np.array([s for s, _ in edges], np.int32)
    receivers = np.array([r for _, r in edges], np.int32)
    values = np.arange(1, len(edges) + 1) if weights is None else np.array(weights)
    return NeighborIndex(senders, receivers, values.astype(np.float32), num_nodes)


def streams_of(count: int, seed: int = 0) -> np.ndarray:
    return mix(np.zeros(1, np.uint64), seed, np.arange(count))


def random_edges(num_nodes: int, num_edges: int, seed: int = 0) -> list[tuple[int, int]]:
    ends = np.random.default_rng(seed).integers(0, num_nodes, (num_edges, 2))
    return [(int(s), int(r)) for s, r in ends]


def components(batch: dict[str, np.ndarray]) -> list[tuple[list[int], list[tuple]]]:
    """Each component as its nodes' ids, in order, and its edges as (sender, receiver, weight)."""
    parts = []
    node, edge = 0, 0
    ids = batch["node_ids"]
    for n_node, n_edge in zip(batch["n_node"], batch["n_edge"], strict=True):
        own = slice(edge, edge + n_edge)
        senders, receivers = batch["senders"][own], batch["receivers"][own]
        assert ((senders >= node) & (senders < node + n_node)).all()
        assert ((receivers >= node) & (receivers < node + n_node)).all()
        triples = zip(ids[senders], ids[receivers], batch["edges"][own, 0], strict=True)
        parts.append(
            (
                ids[node : node + n_node].tolist(),
                [(int(s), int(r), float(w)) for s, r, w in triples],
            )
        )
        node, edge = node + n_node, edge + n_edge
    assert node == len(ids) and edge == len(batch["senders"])
    return parts


def test_index_groups_edges_by_receiver() -> None:
    # Into node 0: edges 1 and 3; into 1: edge 2; into 2: none; into 3: edge 0.
    index = index_of([(0, 3), (2, 0), (2, 1), (3, 0)], 4, [10, 11, 12, 13])
    assert index.offsets.tolist() == [0, 2, 3, 3, 4]
    assert index.senders.tolist() == [2, 3, 2, 0]
    assert index.weights.tolist() == [11, 13, 12, 10]
    assert index.degrees(np.array([0, 2, 3])).tolist() == [2, 0, 1]


@pytest.mark.parametrize("fanout", [None, 0, 1, 2, 3, 7, 100])
def test_counts_are_the_smaller_of_degree_and_fanout_without_repeats(fanout: int | None) -> None:
    index = index_of(random_edges(9, 40), 9)
    nodes = np.tile(np.arange(9), 20)
    positions, counts = index.sample_edges(nodes, fanout, streams_of(len(nodes)))
    degrees = np.diff(index.offsets)[nodes]
    expected = degrees if fanout is None else np.minimum(degrees, fanout)
    assert counts.tolist() == expected.tolist()
    assert len(positions) == counts.sum()
    for node, drawn in zip(nodes, np.split(positions, np.cumsum(counts)[:-1]), strict=True):
        assert len(set(drawn.tolist())) == len(drawn)
        assert ((index.offsets[node] <= drawn) & (drawn < index.offsets[node + 1])).all()


@pytest.mark.parametrize(("degree", "fanout"), [(5, 2), (6, 3), (4, 3), (5, 1)])
def test_every_subset_is_drawn_equally_often(degree: int, fanout: int) -> None:
    draws = 4000
    index = index_of([(s, 0) for s in range(1, degree + 1)], degree + 1)
    positions, counts = index.sample_edges(np.zeros(draws, int), fanout, streams_of(draws, 1))
    assert (counts == fanout).all()
    subsets = Counter(map(tuple, np.sort(positions.reshape(draws, fanout), axis=1).tolist()))
    all_subsets = list(itertools.combinations(range(degree), fanout))
    assert set(subsets) == set(all_subsets)
    # A subset's count is Binomial(draws, p); 5 standard deviations fail once in a million.
    p = 1 / len(all_subsets)
    bound = 5 * math.sqrt(draws * p * (1 - p))
    assert all(abs(count - draws * p) < bound for count in subsets.values())


@pytest.mark.parametrize(
    "edges",
    [
        # Nodes 1 and 2 of one hop: one draws of 3, 4 and the other of 5, 6.
        [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (6, 2)],
        # Nodes of successive hops: 1 draws of 2, 3, and whichever it is draws of 5, 6.
        [(1, 0), (2, 1), (3, 1), (5, 2), (6, 2), (5, 3), (6, 3)],
    ],
)
def test_draws_within_a_component_are_independent(edges: list[tuple[int, int]]) -> None:
    # Two draws of two: each of the four joint outcomes comes a quarter of the time.
    draws = 4000
    fanout = (None, 1) if (2, 0) in edges else (None, 1, 1)
    batch = sample_neighborhoods(
        index_of(edges, 7), np.zeros(draws, int), fanout, streams_of(draws, 2)
    )
    joint = Counter(tuple(sorted(nodes)) for nodes, _ in components(batch))
    assert len(joint) == 4
    bound = 5 * math.sqrt(draws * 0.25 * 0.75)
    assert all(abs(count - draws / 4) < bound for count in joint.values())


def test_mix_spreads_over_all_bits_and_repeats() -> None:
    streams = streams_of(10_000)
    assert len(set(streams.tolist())) == 10_000
    np.testing.assert_array_equal(streams, streams_of(10_000))
    assert (streams != streams_of(10_000, 1)).all()
    # Each of the 64 bits is a fair coin: Binomial(10000, 1/2), 5 standard deviations are 250.
    for bit in range(64):
        count = int(((streams >> np.uint64(bit)) & np.uint64(1)).sum())
        assert abs(count - 5000) < 250


def test_one_hop_star_by_hand() -> None:
    # Seeds 0 and 3. Into 0: 1 (weight .5) and 2 (weight 4); into 3: 0 (weight 7). A component lists
    # its neighbors by id, then its seed; rows are 1 2 0 | 0 3.
    index = index_of([(2, 0), (1, 0), (0, 3), (3, 1)], 4, [4, 0.5, 7, 9])
    batch = sample_neighborhoods(index, np.array([0, 3]), [None], streams_of(2))
    assert batch["node_ids"].tolist() == [1, 2, 0, 0, 3]
    assert batch["n_node"].tolist() == [3, 2]
    assert batch["n_edge"].tolist() == [2, 1]
    assert batch["senders"].tolist() == [0, 1, 3]
    assert batch["receivers"].tolist() == [2, 2, 4]
    assert batch["edges"].tolist() == [[0.5], [4.0], [7.0]]
    assert batch["readout"].tolist() == [2, 4]
    assert batch["globals"].shape == (2, 0)
    for key in ("n_node", "n_edge", "senders", "receivers", "readout", "node_ids"):
        assert batch[key].dtype == np.int32
    assert batch["edges"].dtype == np.float32


@pytest.mark.parametrize("hops", [1, 2, 3])
@pytest.mark.parametrize("fanout", [None, 1000])
def test_full_fanout_is_the_ego_graph(hops: int, fanout: int | None) -> None:
    # Oracle: NetworkX' distances against the edges. A node within k - 1 hops has all of its edges.
    num_nodes = 14
    edges = random_edges(num_nodes, 30, seed=hops)
    index = index_of(edges, num_nodes)
    backward = nx.DiGraph([(r, s) for s, r in edges])
    backward.add_nodes_from(range(num_nodes))
    seeds = np.arange(num_nodes)
    batch = sample_neighborhoods(index, seeds, [fanout] * hops, streams_of(num_nodes))
    for seed, (nodes, triples) in zip(seeds.tolist(), components(batch), strict=True):
        distance = nx.single_source_shortest_path_length(backward, seed, cutoff=hops)
        assert sorted(nodes) == sorted(distance) and nodes[-1] == seed
        expected = [
            (s, r, float(i + 1)) for i, (s, r) in enumerate(edges) if distance.get(r, hops) < hops
        ]
        assert sorted(triples) == sorted(expected)


@pytest.mark.parametrize(
    "fanout", [(2,), (3, 2), (2, 1, 2), (2, None), (None, 1), (2, 0, 3), (), (0,)]
)
def test_sampled_components_are_subgraphs_within_their_fanout(fanout: tuple) -> None:
    num_nodes = 25
    edges = random_edges(num_nodes, 120, seed=4)
    index = index_of(edges, num_nodes)
    degrees = np.bincount([r for _, r in edges], minlength=num_nodes)
    given = Counter((s, r, float(i + 1)) for i, (s, r) in enumerate(edges))
    batch = sample_neighborhoods(index, np.arange(num_nodes), fanout, streams_of(num_nodes, 5))
    for seed, (nodes, triples) in enumerate(components(batch)):
        assert nodes[-1] == seed and len(set(nodes)) == len(nodes)
        assert not Counter(triples) - given  # Edges of the graph, each at most once.
        reached = {seed: 0}
        for hop in range(1, len(fanout) + 1):
            new = {s for s, r, _ in triples if reached.get(r) == hop - 1} - set(reached)
            reached |= dict.fromkeys(new, hop)
        assert set(reached) == set(nodes)
        received = Counter(r for _, r, _ in triples)
        for node, hop in reached.items():
            most = 0 if hop == len(fanout) else fanout[hop]
            assert received[node] == min(degrees[node], degrees[node] if most is None else most)


def test_edges_are_sorted_by_receiver() -> None:
    index = index_of(random_edges(20, 90, seed=6), 20)
    batch = sample_neighborhoods(index, np.arange(20), (4, 3), streams_of(20))
    assert (np.diff(batch["receivers"]) >= 0).all()


@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_component_is_the_same_in_any_batch(size: int) -> None:
    index = index_of(random_edges(20, 120, seed=7), 20)
    seeds = np.random.default_rng(0).permutation(20)
    streams = streams_of(20, 3)
    whole = components(sample_neighborhoods(index, seeds, (3, 2), streams))
    parts = []
    for start in range(0, 20, size):
        own = slice(start, start + size)
        parts += components(sample_neighborhoods(index, seeds[own], (3, 2), streams[own]))
    assert parts == whole


def test_a_seed_that_comes_twice_is_drawn_twice() -> None:
    index = index_of([(s, 0) for s in range(1, 9)], 9)
    batch = sample_neighborhoods(index, np.zeros(50, int), (3,), streams_of(50))
    drawn = {tuple(nodes) for nodes, _ in components(batch)}
    assert len(drawn) > 10  # Of 56 subsets.
    assert batch["n_node"].tolist() == [4] * 50


def test_parallel_edges_and_self_loops_are_edges_like_others() -> None:
    # Node 1 comes to 0 by two edges of weights 2 and 3, and 0 to itself by one of 5: two nodes,
    # three edges, and at the second hop the edge 0 -> 1 of weight 7; 0 has had its turn.
    index = index_of([(1, 0), (1, 0), (0, 0), (0, 1)], 2, [2, 3, 5, 7])
    one, two = (
        components(sample_neighborhoods(index, np.array([0]), hops, streams_of(1)))[0]
        for hops in ((None,), (None, None))
    )
    assert one == ([1, 0], [(1, 0, 2.0), (1, 0, 3.0), (0, 0, 5.0)])
    assert two == ([1, 0], [(0, 1, 7.0), (1, 0, 2.0), (1, 0, 3.0), (0, 0, 5.0)])


def test_parallel_edges_are_drawn_apart() -> None:
    # Three edges, two of them parallel; each pair of edges comes in a third of the draws.
    draws = 1500
    index = index_of([(1, 0), (1, 0), (2, 0)], 3, [1, 2, 4])
    batch = sample_neighborhoods(index, np.zeros(draws, int), (2,), streams_of(draws, 8))
    sums = Counter(sum(w for _, _, w in triples) for _, triples in components(batch))
    assert set(sums) == {3.0, 5.0, 6.0}
    bound = 5 * math.sqrt(draws / 3 * 2 / 3)
    assert all(abs(count - draws / 3) < bound for count in sums.values())


@pytest.mark.parametrize("fanout", [(None,), (3, 3)])
def test_isolated_nodes_stand_alone(fanout: tuple) -> None:
    index = index_of([(2, 3)], 4)
    batch = sample_neighborhoods(index, np.array([1, 3, 0]), fanout, streams_of(3))
    assert components(batch) == [([1], []), ([2, 3], [(2, 3, 1.0)]), ([0], [])]


def test_a_graph_without_edges() -> None:
    index = index_of([], 3)
    batch = sample_neighborhoods(index, np.array([2, 0]), (5, None), streams_of(2))
    assert components(batch) == [([2], []), ([0], [])]
    assert batch["edges"].shape == (0, 1)


@pytest.mark.parametrize("cut", [(0, 0), (0, 2), (2, 5), (5, 6), (0, 6)])
def test_consecutive_components_are_what_sampling_them_alone_gives(cut):
    index = index_of(random_edges(9, 30), 9)
    seeds, streams = np.array([3, 0, 8, 3, 5, 1]), streams_of(6)
    batch = sample_neighborhoods(index, seeds, [2, 2], streams)
    part = sampling.components(batch, *cut)
    alone = sample_neighborhoods(index, seeds[slice(*cut)], [2, 2], streams[slice(*cut)])
    assert part.keys() == alone.keys()
    for key, values in alone.items():
        assert part[key].dtype == values.dtype
        np.testing.assert_array_equal(part[key], values)
