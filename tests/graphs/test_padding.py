"""Padded batches: the real part as it was, the rest where it does no harm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn.graphs import PaddingSizes
from gnn.graphs.batch.padding import pad_batch
from gnn.graphs.sampling.component_sampling import sample_neighborhoods
from gnn.graphs.sampling.draws import mix
from gnn.graphs.sampling.neighbor_index import NeighborIndex


def stars() -> dict[str, np.ndarray]:
    """Nodes 1 and 2 around 0, and node 0 before 3: rows 1 2 0 | 0 3."""
    index = NeighborIndex(
        np.array([1, 2, 0]), np.array([0, 0, 3]), np.array([0.5, 4, 7], np.float32), 4
    )
    return sample_neighborhoods(index, np.array([0, 3]), [None], np.zeros(2, np.uint64))


def test_by_hand() -> None:
    padded = pad_batch(stars(), PaddingSizes(n_node=8, n_edge=5, n_graph=4, n_row=3))
    assert padded["n_node"].tolist() == [3, 2, 3, 0]
    assert padded["n_edge"].tolist() == [2, 1, 2, 0]
    assert padded["senders"].tolist() == [0, 1, 3, 5, 5]
    assert padded["receivers"].tolist() == [2, 2, 4, 5, 5]
    assert padded["edges"].tolist() == [[0.5], [4], [7], [0], [0]]
    assert padded["readout"].tolist() == [2, 4, 5]
    assert padded["readout_mask"].tolist() == [1, 1, 0]
    assert padded["node_ids"].tolist() == [1, 2, 0, 0, 3, 0, 0, 0]
    assert padded["node_mask"].tolist() == [True] * 5 + [False] * 3
    assert padded["globals"].shape == (4, 0)


def test_the_batch_is_left_alone_and_dtypes_stay() -> None:
    batch = stars()
    before = {key: value.copy() for key, value in batch.items()}
    padded = pad_batch(batch, PaddingSizes(n_node=6, n_edge=3, n_graph=3, n_row=2))
    assert set(batch) == set(before)
    for key, value in before.items():
        np.testing.assert_array_equal(batch[key], value)
        assert padded[key].dtype == value.dtype
    assert padded["readout_mask"].dtype == np.float32


def test_the_least_padding_adds_one_node() -> None:
    padded = pad_batch(stars(), PaddingSizes(n_node=6, n_edge=3, n_graph=3, n_row=2))
    assert padded["n_node"].tolist() == [3, 2, 1]
    assert padded["n_edge"].tolist() == [2, 1, 0]
    assert padded["readout_mask"].tolist() == [1, 1]


@pytest.mark.parametrize("seed", range(5))
def test_random_batches_keep_their_real_part_and_their_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    senders, receivers = rng.integers(0, 12, (2, 50))
    index = NeighborIndex(senders, receivers, rng.random(50), 12)
    seeds = rng.integers(0, 12, 6)
    batch = sample_neighborhoods(index, seeds, (3, 2), mix(np.zeros(1, np.uint64), np.arange(6)))
    nodes, edges = len(batch["node_ids"]), len(batch["senders"])
    sizes = PaddingSizes(nodes + 1 + seed, edges + 2 * seed, 7 + seed, 6 + seed)
    padded = pad_batch(batch, sizes)
    for key, value in batch.items():
        np.testing.assert_array_equal(padded[key][: len(value)], value)
    assert padded["n_node"].sum() == sizes.n_node == len(padded["node_ids"])
    assert padded["n_edge"].sum() == sizes.n_edge == len(padded["senders"])
    assert len(padded["n_node"]) == len(padded["globals"]) == sizes.n_graph
    assert len(padded["readout"]) == len(padded["readout_mask"]) == sizes.n_row
    assert (padded["edges"][edges:] == 0).all()
    for key in ("senders", "receivers"):  # No edge between real and added nodes.
        assert (padded[key][edges:] >= nodes).all()
    assert (padded["readout"][6:] >= nodes).all()
    assert (np.diff(padded["receivers"]) >= 0).all()


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((5, 3, 3, 2), "n_node=5 is too small: a batch needs 6, one of them for the padding"),
        ((6, 2, 3, 2), "n_edge=2 is too small: a batch needs 3$"),
        ((6, 3, 2, 2), "n_graph=2 is too small: a batch needs 3, one of them for the padding"),
        ((6, 3, 3, 1), "n_row=1 is too small: a batch needs 2$"),
    ],
)
def test_too_small(sizes: tuple[int, int, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pad_batch(stars(), PaddingSizes(*sizes))


@pytest.mark.parametrize("name", ["n_node", "n_edge", "n_graph", "n_row"])
@pytest.mark.parametrize("value", [-1, 2.5, True])
def test_sizes_are_counts(name: str, value: Any) -> None:
    sizes = {"n_node": 3, "n_edge": 3, "n_graph": 3, "n_row": 3, name: value}
    least = 1 if name in ("n_node", "n_graph") else 0
    rule = f"must be at least {least}" if value == -1 else "must be an integer"
    with pytest.raises((TypeError, ValueError), match=f"size {name} {rule}, got {value}"):
        PaddingSizes(**sizes)


@pytest.mark.parametrize("name", ["n_node", "n_graph"])
def test_padding_needs_a_node_and_a_component(name: str) -> None:
    sizes = {"n_node": 1, "n_edge": 0, "n_graph": 1, "n_row": 0}
    assert PaddingSizes(**sizes).n_node == 1
    with pytest.raises(ValueError, match=name):
        PaddingSizes(**{**sizes, name: 0})
