"""Merged neighborhoods against brute force, NetworkX and binomial bounds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import networkx as nx
import numpy as np
import pytest

from gnn.graphs.sampling import merged_sampling
from gnn.graphs.sampling.draws import mix
from gnn.graphs.sampling.merged_sampling import MergedSampler
from gnn.graphs.sampling.neighbor_index import NeighborIndex

Triple = tuple[int, int, float]


def index_of(
    edges: Sequence[tuple[int, int]], num_nodes: int, weights: Sequence[float] | None = None
) -> NeighborIndex:
    senders = np.array([s for s, _ in edges], np.int32)
    receivers = np.array([r for _, r in edges], np.int32)
    values = np.arange(1, len(edges) + 1) if weights is None else np.array(weights)
    return NeighborIndex(senders, receivers, values.astype(np.float32), num_nodes)


def stream_of(seed: int) -> np.ndarray:
    return mix(np.zeros(1, np.uint64), seed)


def random_edges(num_nodes: int, num_edges: int, seed: int = 0) -> list[tuple[int, int]]:
    ends = np.random.default_rng(seed).integers(0, num_nodes, (num_edges, 2))
    return [(int(s), int(r)) for s, r in ends]


def triples_of(batch: dict[str, np.ndarray]) -> list[Triple]:
    """Edges as (sender, receiver, weight) by node."""
    ids = batch["node_ids"]
    rows = zip(batch["senders"], batch["receivers"], batch["edges"][:, 0], strict=True)
    return [(int(ids[s]), int(ids[r]), float(w)) for s, r, w in rows]


def check_form(batch: dict[str, np.ndarray], seeds: Sequence[int]) -> None:
    ids = batch["node_ids"]
    assert len(set(ids.tolist())) == len(ids)
    assert batch["n_node"].tolist() == [len(ids)]
    assert batch["n_edge"].tolist() == [len(batch["senders"])]
    assert ids[batch["readout"]].tolist() == list(seeds)
    assert (np.diff(batch["receivers"]) >= 0).all()
    assert batch["globals"].shape == (1, 0) and batch["edges"].shape == (len(batch["senders"]), 1)
    for key in ("n_node", "n_edge", "senders", "receivers", "readout", "node_ids"):
        assert batch[key].dtype == np.int32
    assert batch["edges"].dtype == np.float32


def test_two_seeds_by_hand() -> None:
    # Into 5: 2 and 3. Into 3: 2 and 5. Into 2: 0. Seeds 5, 3 come first, then 2, then 0.
    index = index_of([(2, 5), (3, 5), (2, 3), (5, 3), (0, 2)], 6, [1, 2, 3, 4, 5])
    batch = MergedSampler(index).sample(np.array([5, 3]), [None, None], stream_of(0))
    check_form(batch, [5, 3])
    assert batch["node_ids"].tolist() == [5, 3, 2, 0]
    assert batch["receivers"].tolist() == [0, 0, 1, 1, 2]
    assert batch["senders"].tolist() == [2, 1, 2, 0, 3]
    assert batch["edges"][:, 0].tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("scanned", [0, 10**9])
@pytest.mark.parametrize("hops", [0, 1, 2, 3])
def test_full_fanout_is_what_lies_within_the_hops(
    hops: int, scanned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merged_sampling, "_SCANNED_NODES", scanned)
    edges = random_edges(40, 60, seed=hops)
    backward = nx.DiGraph([(r, s) for s, r in edges])
    backward.add_nodes_from(range(40))
    seeds = [7, 3, 30]
    batch = MergedSampler(index_of(edges, 40)).sample(np.array(seeds), [None] * hops, stream_of(1))
    check_form(batch, seeds)
    distance = nx.multi_source_dijkstra_path_length(backward, set(seeds), cutoff=hops)
    assert set(batch["node_ids"].tolist()) == set(distance)
    assert sorted(triples_of(batch)) == sorted(
        (s, r, float(i + 1)) for i, (s, r) in enumerate(edges) if distance.get(r, hops) < hops
    )
    order = [(distance[node], node) for node in batch["node_ids"][3:].tolist()]
    assert order == sorted(order)


@pytest.mark.parametrize("scanned", [0, 10**9])
@pytest.mark.parametrize("fanout", [(2,), (3, 2), (2, 1, 2), (2, None), (None, 1), (2, 0, 3), (0,)])
def test_every_node_draws_once_within_the_fanout_of_its_hop(
    fanout: tuple, scanned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merged_sampling, "_SCANNED_NODES", scanned)
    edges = random_edges(50, 300, seed=4)
    degrees = np.bincount([r for _, r in edges], minlength=50)
    given = Counter((s, r, float(i + 1)) for i, (s, r) in enumerate(edges))
    sampler = MergedSampler(index_of(edges, 50))
    for seed in range(5):
        seeds = np.random.default_rng(seed).permutation(50)[:4].tolist()
        batch = sampler.sample(np.array(seeds), fanout, stream_of(seed))
        check_form(batch, seeds)
        triples = triples_of(batch)
        assert not Counter(triples) - given  # Edges of the graph, each at most once.
        reached = dict.fromkeys(seeds, 0)
        for hop in range(1, len(fanout) + 1):
            new = {s for s, r, _ in triples if reached.get(r) == hop - 1} - set(reached)
            reached |= dict.fromkeys(new, hop)
        assert set(reached) == set(batch["node_ids"].tolist())
        received = Counter(r for _, r, _ in triples)
        for node, hop in reached.items():
            most = 0 if hop == len(fanout) else fanout[hop]
            assert received[node] == min(degrees[node], degrees[node] if most is None else most)


@pytest.mark.parametrize(("degree", "fanout"), [(5, 2), (6, 3), (4, 3), (5, 1), (9, 8)])
def test_every_subset_is_drawn_equally_often(degree: int, fanout: int) -> None:
    # 3000 nodes draw at once, each of neighbors of its own.
    draws = 3000
    edges = [(draws + s, node) for node in range(draws) for s in range(degree)]
    sampler = MergedSampler(index_of(edges, draws + degree))
    batch = sampler.sample(np.arange(draws), [fanout], stream_of(3))
    drawn = (batch["node_ids"][batch["senders"]] - draws).reshape(draws, fanout)
    subsets = Counter(map(tuple, np.sort(drawn, axis=1).tolist()))
    choices = math.comb(degree, fanout)
    assert len(subsets) == choices and all(len(set(subset)) == fanout for subset in subsets)
    # A count is Binomial(draws, p); 5 standard deviations fail once in a million.
    bound = 5 * math.sqrt(draws / choices * (1 - 1 / choices))
    assert all(abs(count - draws / choices) < bound for count in subsets.values())


def test_draws_are_a_function_of_stream_hop_and_node() -> None:
    # Whatever else is in the batch, node 3 draws the same; another stream draws otherwise.
    edges = random_edges(40, 900, seed=2)
    sampler = MergedSampler(index_of(edges, 40))

    def into_three(seeds: list[int], stream: int) -> list[Triple]:
        batch = sampler.sample(np.array(seeds), (4,), stream_of(stream))
        return [triple for triple in triples_of(batch) if triple[1] == 3]

    alone = into_three([3], 0)
    assert into_three([9, 3, 14], 0) == into_three([3, 0], 0) == alone
    assert len({str(into_three([3], stream)) for stream in range(6)}) > 3


def test_a_sampler_has_no_memory() -> None:
    edges = random_edges(60, 400)
    sampler = MergedSampler(index_of(edges, 60))
    first = sampler.sample(np.array([1, 2]), (3, 3), stream_of(0))
    for seed in range(5):
        sampler.sample(np.array([5, 2, 40]), (3, 3), stream_of(seed))
    again = sampler.sample(np.array([1, 2]), (3, 3), stream_of(0))
    assert first.keys() == again.keys()
    for key, values in first.items():
        np.testing.assert_array_equal(again[key], values)


def test_marks_and_sorting_find_the_same_nodes() -> None:
    sampler = MergedSampler(index_of(random_edges(80, 10), 80))
    rng = np.random.default_rng(0)
    for size in (0, 1, 5, 300):
        known = rng.permutation(80)[:20].astype(np.int32)
        sampler._row_of[known] = np.arange(20)
        found = rng.integers(0, 80, size)
        expected = sorted(set(found.tolist()) - set(known.tolist()))
        assert sampler._new_by_marks(known, found).tolist() == expected
        assert sampler._new_by_sorting(known, found).tolist() == expected


def test_a_seed_that_comes_twice_has_one_row() -> None:
    index = index_of([(1, 0), (2, 0), (3, 1)], 4)
    batch = MergedSampler(index).sample(np.array([1, 0, 1]), [None], stream_of(0))
    check_form(batch, [1, 0, 1])
    assert batch["node_ids"].tolist() == [1, 0, 2, 3] and batch["readout"].tolist() == [0, 1, 0]


def test_loops_parallel_edges_and_isolated_nodes() -> None:
    index = index_of([(1, 0), (1, 0), (0, 0)], 3, [2, 3, 5])
    batch = MergedSampler(index).sample(np.array([0, 2]), [None], stream_of(0))
    assert batch["node_ids"].tolist() == [0, 2, 1]
    assert triples_of(batch) == [(1, 0, 2.0), (1, 0, 3.0), (0, 0, 5.0)]


def test_no_edges_at_all() -> None:
    batch = MergedSampler(index_of([], 3)).sample(np.array([2, 0]), (5, None), stream_of(0))
    check_form(batch, [2, 0])
    assert batch["node_ids"].tolist() == [2, 0]


@pytest.mark.parametrize("weight", [1.0, 2.5])
def test_equal_weights_are_kept(weight: float) -> None:
    index = index_of([(1, 0), (2, 0)], 3, [weight, weight])
    batch = MergedSampler(index).sample(np.array([0]), [None], stream_of(0))
    assert batch["edges"].tolist() == [[weight], [weight]]
