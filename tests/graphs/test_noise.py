"""Wrong edges: how many, between whom, and that the seed decides."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn.datasets import planetoid
from gnn.graphs.graph import Graph
from gnn.graphs.homophily import homophily
from gnn.graphs.noise import add_wrong_edges

# Two classes of four; a ring in each is 8 right pairs, of which 4 to 0 is the one wrong pair.
SENDERS, RECEIVERS = [0, 1, 2, 3, 4, 5, 6, 7, 4], [1, 2, 3, 0, 5, 6, 7, 4, 0]
LABELS = [0, 0, 0, 0, 1, 1, 1, 1]


def rings(undirected: bool = True, **changes: Any) -> Graph:
    graph = Graph.from_edges(SENDERS, RECEIVERS, labels=LABELS, undirected=undirected)
    return dataclasses.replace(graph, **changes)


def pairs(graph: Graph, start: int = 0) -> list[tuple[int, int]]:
    return list(zip(graph.senders[start:].tolist(), graph.receivers[start:].tolist(), strict=True))


def random_graph(seed: int, num_nodes: int = 200, directed: bool = False) -> Graph:
    """About 4 of 5 edges are right; some nodes are unlabeled; weights are 2 and 3."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(-1, 5, num_nodes)
    equal = labels[:, None] == labels
    picked = rng.random(equal.shape) < np.where(equal, 0.08, 0.005)
    np.fill_diagonal(picked, False)
    if not directed:
        picked |= picked.T
    senders, receivers = np.nonzero(picked)
    weights = 2 + (senders + receivers) % 2
    return Graph.from_edges(senders, receivers, labels=labels, weights=weights, merge="keep")


@pytest.mark.parametrize(
    ("share", "added"),
    [
        (8 / 9, 0),
        (0.8, 1),  # 8 / 0.8 = 10 pairs.
        (0.79, 1),  # 8 / 0.79 = 10.1 pairs.
        (0.5, 7),
        (0.35, 13),  # 8 / 0.35 = 22.9 pairs.
        (0.34, 14),  # 8 / 0.34 = 23.5 pairs.
    ],
)
def test_number_of_pairs_by_hand(share: float, added: int) -> None:
    graph = rings()
    noisy = add_wrong_edges(graph, share)
    assert noisy.num_edges == graph.num_edges + 2 * added
    told = f"directions added; then {added} between different classes" in noisy.info()
    assert told == (added > 0)
    assert homophily(noisy) == 8 / (9 + added) >= share


@pytest.mark.parametrize(("share", "added"), [(0.8, 1), (0.5, 7), (0.34, 14)])
def test_directed_edges_are_counted_one_by_one(share: float, added: int) -> None:
    graph = rings(undirected=False)
    noisy = add_wrong_edges(graph, share)
    assert noisy.num_edges == graph.num_edges + added
    assert homophily(noisy) == 8 / (9 + added)


@pytest.mark.parametrize(("right", "share"), [(3, 0.6), (7, 0.7), (6, 0.3), (9, 0.9)])
def test_shares_that_are_no_binary_fractions_are_met(right: int, share: float) -> None:
    # A path through one class, and as many lonely nodes of another.
    nodes = np.arange(right)
    labels = np.repeat([0, 1], right + 1)
    graph = Graph.from_edges(nodes, nodes + 1, labels=labels, undirected=True)
    assert homophily(add_wrong_edges(graph, share)) == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("share", [0.6, 0.3, 0.1])
def test_new_edges_are_new_and_wrong(share: float, directed: bool) -> None:
    graph = random_graph(1, directed=directed)
    noisy = add_wrong_edges(graph, share, seed=3)
    assert share <= homophily(noisy) < share + 0.001
    old, new = pairs(graph), pairs(noisy, graph.num_edges)
    assert pairs(noisy)[: graph.num_edges] == old
    np.testing.assert_array_equal(noisy.weights[: graph.num_edges], graph.weights)
    assert len(set(new)) == len(new) and not set(new) & set(old)
    ends = graph.labels[np.array(new)]
    assert np.all(ends >= 0) and np.all(ends[:, 0] != ends[:, 1])
    backward = {(b, a) for a, b in new}
    if directed:
        # Both directions of a pair are two edges: some come together, most do not.
        assert 0 < len(set(new) & backward) < len(new) / 2
    else:
        assert set(new) == backward


@pytest.mark.parametrize("directed", [False, True])
def test_every_free_pair_can_be_drawn(directed: bool) -> None:
    # 16 pairs join the classes, 32 directed ones. One is taken, and a share of 1 in 3 or 5 takes
    # the rest: 8 right of 9 + 15, or of 9 + 31.
    graph = rings(undirected=not directed)
    noisy = add_wrong_edges(graph, 8 / 40 if directed else 8 / 24, seed=2)
    across = {(a, b) for a in range(4) for b in range(4, 8)}
    across |= {(b, a) for a, b in across}
    assert set(pairs(noisy)) == set(pairs(graph)) | across
    assert noisy.num_edges == len(set(pairs(noisy)))


def test_no_more_than_there_are() -> None:
    message = "0.32 takes 16 new pairs of labeled nodes of different classes, and 15 are free"
    with pytest.raises(ValueError, match=message):
        add_wrong_edges(rings(), 8 / 25)


@pytest.mark.parametrize("share", [0.5, 0.36])  # 7 of 15 free pairs, and 13.
def test_pairs_are_drawn_evenly(share: float) -> None:
    graph, counts = rings(), np.zeros([8, 8])
    for seed in range(400):
        noisy = add_wrong_edges(graph, share, seed=seed)
        np.add.at(counts, (noisy.senders[18:], noisy.receivers[18:]), 1)
    across = np.zeros([8, 8], bool)
    across[:4, 4:] = across[4:, :4] = True
    across[0, 4] = across[4, 0] = False
    assert not counts[~across].any()
    # Each of the 15 is in so many of 400 draws; the deviation is at most sqrt(400) / 2 = 10.
    number = (noisy.num_edges - 18) / 2
    np.testing.assert_allclose(counts[across], 400 * number / 15, atol=45)


def test_classes_of_unequal_sizes_are_drawn_by_pairs() -> None:
    # 1 node of class 0, 9 of class 1, 90 of class 2: 9 + 90 + 810 pairs in all.
    labels = np.repeat([0, 1, 2], [1, 9, 90])
    nodes = np.arange(10, 99)
    graph = Graph.from_edges(nodes, nodes + 1, labels=labels, undirected=True)
    noisy = add_wrong_edges(graph, 89 / (89 + 300))
    new = np.sort(labels[np.array(pairs(noisy, graph.num_edges)[:300])], axis=1)
    sums = np.bincount(new.sum(axis=1), minlength=4)  # 0-1, 0-2 and 1-2 have sums of 1, 2 and 3.
    expected = 300 * np.array([0, 9, 90, 810]) / 909
    np.testing.assert_allclose(sums, expected, atol=4 * np.sqrt(expected.max() / 10))


def test_the_seed_decides() -> None:
    graph = random_graph(2)
    draws = [pairs(add_wrong_edges(graph, 0.4, seed=seed)) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_a_lower_share_keeps_what_a_higher_one_added() -> None:
    graph = random_graph(4)
    noisy = [add_wrong_edges(graph, share, seed=5) for share in (0.7, 0.6, 0.4, 0.3)]
    edges = [dict(zip(pairs(some), some.weights.tolist(), strict=True)) for some in noisy]
    for more, fewer in zip(edges[1:], edges, strict=False):
        assert len(fewer) < len(more) and fewer.items() <= more.items()


def test_new_weights_are_drawn_from_those_there() -> None:
    graph = random_graph(6)
    noisy = add_wrong_edges(graph, 0.3)
    weights = noisy.weights[graph.num_edges :]
    assert set(weights.tolist()) == {2, 3}
    assert np.mean(weights) == pytest.approx(np.mean(graph.weights), abs=0.05)
    half = weights.size // 2
    np.testing.assert_array_equal(weights[:half], weights[half:])  # Both directions weigh the same.


def test_loops_and_unlabeled_nodes_take_no_part() -> None:
    # Node 8 is unlabeled and has a heavy edge and a loop; neither counts, nor do their weights.
    graph = Graph.from_edges(
        [*SENDERS, 8, 8, 3],
        [*RECEIVERS, 0, 8, 3],
        labels=[*LABELS, -1],
        weights=[1] * 9 + [7, 7, 7],
        undirected=True,
    )
    noisy = add_wrong_edges(graph, 8 / 24)
    assert homophily(noisy) == 8 / 24
    assert max(max(pair) for pair in pairs(noisy, graph.num_edges)) == 7
    assert set(noisy.weights[graph.num_edges :].tolist()) == {1}


def test_a_reverse_of_another_weight_is_a_reverse() -> None:
    graph = rings(weights=np.arange(1, 19))
    assert add_wrong_edges(graph, 0.5).num_edges == 18 + 2 * 7


def test_one_edge_without_its_reverse_makes_it_directed() -> None:
    graph = Graph.from_edges([0, 1, 1], [1, 0, 2], labels=[0, 0, 0, 1])
    noisy = add_wrong_edges(graph, 0.75)
    assert noisy.num_edges == 4


def test_parallel_edges_count_as_in_homophily() -> None:
    # Of 6 edges 4 are right, by pairs 1 of 2; a share of 1/2 takes one pair more.
    graph = Graph.from_edges([0, 0, 1], [1, 1, 2], labels=[0, 0, 1], undirected=True, merge="keep")
    noisy = add_wrong_edges(graph, 0.5)
    assert homophily(noisy) == 0.5
    assert set(pairs(noisy, 6)) == {(0, 2), (2, 0)}


def test_what_else_the_graph_has_stays() -> None:
    order = np.argsort([*RECEIVERS, *SENDERS], kind="stable")
    graph = Graph.from_edges(SENDERS, RECEIVERS, np.eye(8), labels=LABELS, undirected=True)
    graph = dataclasses.replace(
        graph,
        senders=graph.senders[order],
        receivers=graph.receivers[order],
        offsets=np.searchsorted(graph.receivers[order], np.arange(9)),
        splits={"train": [3, 1]},
        ids=list("abcdefgh"),
        class_names=("cat", "dog"),
    )
    noisy = add_wrong_edges(graph, 0.5)
    assert noisy.offsets is None and noisy.class_names == ("cat", "dog")
    np.testing.assert_array_equal(noisy.features["features"], np.eye(8))
    np.testing.assert_array_equal(noisy.labels, LABELS)
    assert noisy.split("train").tolist() == [3, 1] and noisy.ids.tolist() == list("abcdefgh")
    assert graph.num_edges == 18


def test_large_graph() -> None:
    # 1.2e9 pairs, of which no list is made, and classes of 50,000 nodes and of 25 each.
    labels = np.append(np.zeros(50_000, int), np.arange(1, 1001).repeat(25))
    nodes = np.arange(74_999)
    graph = Graph.from_edges(nodes, nodes + 1, labels=labels, undirected=True)
    noisy = add_wrong_edges(graph, 0.2)
    assert 0.2 <= homophily(noisy) < 0.2 + 1e-5
    assert len(set(pairs(noisy))) == noisy.num_edges


@pytest.mark.parametrize(
    ("share", "error", "message"),
    [
        (
            0.9,
            ValueError,
            "share must be at most the present share of right edges, 0.8889; got 0.9",
        ),
        (1, ValueError, "at most the present share"),
        (0, ValueError, r"share must be in \(0, 1\], got 0"),
        (-0.5, ValueError, r"share must be in \(0, 1\], got -0.5"),
        (1.5, ValueError, r"share must be in \(0, 1\], got 1.5"),
        (np.nan, ValueError, r"share must be in \(0, 1\], got nan"),
        ("0.5", TypeError, "share must be a number, got '0.5'"),
        (True, TypeError, "share must be a number, got True"),
        (None, TypeError, "share must be a number, got None"),
    ],
)
def test_bad_shares_are_refused(share: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        add_wrong_edges(rings(), share)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "graph.labels must be one integer a node; the graph has none"),
        (np.ones(8), r"graph.labels must be one integer a node; got float32\[8\]"),
        ([0] + [-1] * 7, "an edge must join two labeled nodes .* none of the 18 edges does"),
        ([0] * 8, "and 0 are free"),
        (np.arange(8), "present share of right edges, 0; got 0.5"),
    ],
)
def test_graphs_without_fitting_labels_are_refused(labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        add_wrong_edges(rings(labels=labels), 0.5)


def test_other_graphs_are_refused() -> None:
    with pytest.raises(TypeError, match=r"graph must be a gnn\.Graph, got int"):
        add_wrong_edges(3, 0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(("share", "pairs_in_all"), [(0.8, 5343), (0.6, 7125)])
def test_cora(data_dir: Path, share: float, pairs_in_all: int) -> None:
    # Planetoid's file has 5,278 pairs, 4,275 of them right: 4275 / 0.8 = 5343.75.
    graph = planetoid("cora", data_dir=data_dir)
    noisy = add_wrong_edges(graph, share)
    assert noisy.num_edges == 2 * pairs_in_all
    assert "undirected" in noisy.info()
