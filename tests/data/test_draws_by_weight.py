"""Neighbors drawn by the weights of their edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import gnn
from gnn.graphs.sampling.draws import mix, weighted_choices


def star_of(weights: list[float]) -> gnn.Graph:
    """Node 0 has an edge from each other node, with these weights."""
    count = len(weights)
    return gnn.Graph.from_edges(
        np.arange(1, count + 1),
        np.zeros(count, int),
        {"x": np.eye(count + 1)},
        weights=weights,
        labels=np.zeros(count + 1, int),
        splits={"center": [0]},
    )


@pytest.mark.parametrize("merge", [False, True])
def test_one_neighbor_comes_as_often_as_it_weighs(merge: bool) -> None:
    graph = star_of([1.0, 2.0, 5.0])
    data = gnn.data.neighborhoods(
        graph, "center", batch_size=1, fanout=1, shuffle=True, seed=4, draw="weight", merge=merge
    )
    counts = np.zeros(4)
    for inputs, _ in data.repeat(800):
        counts[np.argmax(inputs["x"].numpy()[inputs["senders"].numpy()[0]])] += 1
        # Each edge has the mean weight, 8 / 3: the weights have had their say.
        np.testing.assert_allclose(inputs["edges"], [[8 / 3]], rtol=1e-6)
    assert counts[0] == 0
    assert stats.chisquare(counts[1:], 800 * np.array([1, 2, 5]) / 8).pvalue > 0.001


def test_two_neighbors_by_weight_without_replacement() -> None:
    """The second is drawn among the others: the chance of each pair is worked out by hand."""
    offsets, weights = np.array([0, 3]), np.array([1.0, 2.0, 5.0])
    found = np.array(
        [
            weighted_choices(weights, offsets, 2, mix(np.zeros(1, np.uint64), seed))[0]
            for seed in range(3000)
        ]
    )
    pairs = found[:, 0] * 3 + found[:, 1]
    counts = [np.sum(pairs == each) for each in (1, 2, 5)]  # 0 and 1, 0 and 2, 1 and 2.
    chances = [
        1 / 8 * 2 / 7 + 2 / 8 * 1 / 6,
        1 / 8 * 5 / 7 + 5 / 8 * 1 / 3,
        2 / 8 * 5 / 6 + 5 / 8 * 2 / 3,
    ]
    assert stats.chisquare(counts, 3000 * np.array(chances)).pvalue > 0.001


def test_where_all_are_taken_weights_stay() -> None:
    graph = star_of([1.0, 2.0, 5.0])
    data = gnn.data.neighborhoods(graph, "center", batch_size=1, fanout=3, draw="weight")
    inputs, _ = next(iter(data))
    assert sorted(inputs["edges"].numpy().ravel().tolist()) == [1.0, 2.0, 5.0]


def test_draws_by_weight_do_not_hang_on_the_batch() -> None:
    rng = np.random.default_rng(0)
    senders, receivers = rng.integers(0, 30, (2, 300))
    graph = gnn.Graph.from_edges(
        senders, receivers, {"x": np.eye(30)}, weights=rng.uniform(0.1, 3.0, 300)
    )

    def drawn(batch_size: int) -> list[list[int]]:
        found = []
        for inputs in gnn.data.neighborhoods(
            graph, batch_size=batch_size, fanout=2, seed=5, draw="weight"
        ):
            rows = np.argmax(inputs["x"].numpy(), axis=1)
            senders, receivers = (inputs[key].numpy() for key in ("senders", "receivers"))
            for center in inputs["readout"].numpy():
                found.append(sorted(rows[senders[receivers == center]].tolist()))
        return found

    assert drawn(30) == drawn(7)


def test_draw_is_checked() -> None:
    with pytest.raises(ValueError, match="draw must be one of uniform, weight; got 'heavy'"):
        gnn.data.neighborhoods(star_of([1.0]), batch_size=1, fanout=1, draw="heavy")
