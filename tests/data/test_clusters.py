from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from gnn.data.clusters import Deal, clusters
from gnn.graphs.batch.padding import PaddingSizes
from gnn.graphs.graph import Graph
from gnn.models import GraphConvolutionalNodeClassifier

NUM_NODES, NUM_PARTS = 60, 12
PARTS = np.random.default_rng(7).integers(0, NUM_PARTS, NUM_NODES)


def make_graph(as_sparse: bool = False, **kwargs: Any) -> Graph:
    """A random weighted graph; feature "number" is one-hot, so that a batch tells its nodes."""
    rng = np.random.default_rng(2)
    senders, receivers = rng.integers(0, NUM_NODES, (2, 400))
    numbers: Any = np.eye(NUM_NODES, dtype=np.float32)
    if as_sparse:
        numbers = sparse.csr_array(numbers)
    kwargs.setdefault("splits", {"train": rng.permutation(NUM_NODES)[:25]})
    kwargs.setdefault("labels", np.arange(NUM_NODES) % 5)
    weights = rng.uniform(0.5, 2.0, 400)
    return Graph.from_edges(senders, receivers, {"number": numbers}, weights=weights, **kwargs)


def nodes_of(inputs: dict[str, Any]) -> np.ndarray:
    """The graph's nodes that a batch holds, padding left out."""
    numbers = inputs["number"]
    if isinstance(numbers, tf.SparseTensor):
        numbers = tf.sparse.to_dense(numbers)
    return np.argmax(numbers.numpy()[: int(inputs["n_node"][0])], axis=1)


def contents(data: tf.data.Dataset) -> list[tuple[Any, ...]]:
    """What each batch holds, in the numbers of the graph: nodes, edges, rows and labels."""
    found = []
    for inputs, labels in data:
        nodes, num_edges = nodes_of(inputs), int(inputs["n_edge"][0])
        senders, receivers = (inputs[key].numpy()[:num_edges] for key in ("senders", "receivers"))
        assert (np.diff(inputs["receivers"].numpy()) >= 0).all()
        weights = inputs["edges"].numpy()[:num_edges, 0]
        edges = sorted(zip(nodes[senders], nodes[receivers], weights, strict=True))
        rows = inputs["readout"].numpy()
        if "readout_mask" in inputs:
            real = inputs["readout_mask"].numpy() > 0
            rows, labels = rows[real], labels[real]
        found.append((nodes.tolist(), edges, nodes[rows].tolist(), labels.numpy().tolist()))
    return found


def induced(graph: Graph, nodes: list[int]) -> list[tuple[int, int, float]]:
    """The edges of the subgraph, by brute force."""
    chosen = set(nodes)
    triples = zip(graph.senders, graph.receivers, graph.weights, strict=True)
    return sorted((s, r, w) for s, r, w in triples if s in chosen and r in chosen)


def test_batches_worked_by_hand() -> None:
    graph = Graph.from_edges(
        [0, 1, 2, 3, 4, 0],
        [1, 2, 3, 4, 0, 3],
        np.eye(5),
        weights=[1, 2, 3, 4, 5, 6],
        labels=[0, 1, 2, 3, 4],
        splits={"train": [4, 3, 0]},
    )
    parts = np.array([0, 1, 1, 0, 0])
    data = clusters(graph, "train", parts=parts, seed=0)
    # Part 1 has no node of the split, so there is one batch, of both parts.
    ((inputs, labels),) = data
    assert data.cardinality().numpy() == 1 and inputs["n_node"].numpy().tolist() == [5]
    graph = Graph.from_edges(
        graph.senders, graph.receivers, np.eye(5), graph.weights, graph.labels, {"all": range(5)}
    )
    batches = list(clusters(graph, "all", parts=parts, seed=0))
    assert len(batches) == 2
    (inputs, labels), (other, _) = sorted(batches, key=lambda batch: -int(batch[0]["n_node"][0]))
    # Nodes 0, 3, 4: the edges 3 -> 4, 4 -> 0 and 0 -> 3, by receiver.
    assert inputs["senders"].numpy().tolist() == [2, 0, 1]
    assert inputs["receivers"].numpy().tolist() == [0, 1, 2]
    assert inputs["edges"].numpy().tolist() == [[5], [6], [4]]
    assert inputs["n_edge"].numpy().tolist() == [3]
    assert inputs["readout"].numpy().tolist() == [0, 1, 2]
    assert labels.numpy().tolist() == [0, 3, 4]
    assert inputs["globals"].shape == (1, 0)
    assert other["senders"].numpy().tolist() == [0] and other["edges"].numpy().tolist() == [[2]]


def test_padding_where_no_part_has_an_edge_inside() -> None:
    # 0 and 1 are joined, each in a part of its own; so are 2 and 3.
    graph = Graph.from_edges([0, 2], [1, 3], np.eye(4), labels=[0, 1, 2, 3], undirected=True)
    for parts_per_batch, edges in ((1, 0), (2, 2)):
        data = clusters(
            graph, parts=np.arange(4), parts_per_batch=parts_per_batch, shuffle=True, padding=True
        )
        for inputs, _ in data:
            # The bound: an edge into each of two parts; no batch need have them.
            assert inputs["senders"].shape == (edges,)
            assert int(inputs["n_edge"].numpy().sum()) == edges


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("parts_per_batch", [1, 3, 5, 12])
@pytest.mark.parametrize("padding", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_are_induced_subgraphs(
    parts_per_batch: int, padding: bool, shuffle: bool, as_sparse: bool
) -> None:
    graph = make_graph(as_sparse)
    train = set(graph.split("train").tolist())
    data = clusters(
        graph,
        "train",
        parts=PARTS,
        parts_per_batch=parts_per_batch,
        padding=padding,
        shuffle=shuffle,
        seed=1,
    )
    # One of the parts has no row, so that there are at most eleven batches.
    count = min(-(-NUM_PARTS // parts_per_batch), 11)
    assert np.unique(PARTS[graph.split("train")]).size == 11
    assert data.cardinality().numpy() == count
    for _ in range(3):
        batches = contents(data)
        assert len(batches) == count
        assert sorted(n for nodes, *_ in batches for n in nodes) == list(range(NUM_NODES))
        for nodes, edges, rows, labels in batches:
            assert nodes == sorted(nodes)
            assert edges == induced(graph, nodes)
            assert rows == [node for node in nodes if node in train] != []
            assert labels == graph.labels[rows].tolist()
            whole = set(PARTS[nodes].tolist())
            assert len(whole) <= -(-NUM_PARTS // count)
            assert len(nodes) == np.isin(PARTS, list(whole)).sum()


def test_padded_batches_have_one_shape_and_mask() -> None:
    graph = make_graph(as_sparse=True)
    for shuffle in (False, True):
        data = clusters(
            graph, "train", parts=PARTS, parts_per_batch=3, padding=True, shuffle=shuffle, seed=1
        )
        spec = data.element_spec[0]
        assert all(None not in part.shape for part in tf.nest.flatten(data.element_spec))
        assert spec["number"].shape[1] == NUM_NODES
        for inputs, labels in data.repeat(3):
            real = int(inputs["n_node"][0])
            assert not inputs["number"].numpy()[real:].any()
            assert len(labels) == len(inputs["readout"]) == len(inputs["readout_mask"])


def test_measured_padding_is_the_largest_batch() -> None:
    graph = make_graph()
    arguments: dict[str, Any] = {"parts": PARTS, "parts_per_batch": 3, "seed": 1}
    batches = contents(clusters(graph, "train", **arguments))
    spec = clusters(graph, "train", padding=True, **arguments).element_spec[0]
    assert spec["number"].shape[0] == max(len(nodes) for nodes, *_ in batches) + 1
    assert spec["senders"].shape[0] == max(len(edges) for _, edges, *_ in batches)
    assert spec["readout"].shape[0] == max(len(rows) for _, _, rows, _ in batches)
    assert spec["n_node"].shape[0] == 2


@pytest.mark.parametrize("parts_per_batch", [1, 2, 4])
def test_padding_of_shuffled_batches_holds_any_parts(parts_per_batch: int) -> None:
    graph = make_graph()
    data = clusters(
        graph, None, parts=PARTS, parts_per_batch=parts_per_batch, padding=True, shuffle=True
    )
    spec = data.element_spec[0]
    rng = np.random.default_rng(0)
    largest = [0, 0]
    for _ in range(300):
        chosen = rng.choice(NUM_PARTS, parts_per_batch, replace=False)
        nodes = np.flatnonzero(np.isin(PARTS, chosen))
        inside = np.isin(graph.senders, nodes) & np.isin(graph.receivers, nodes)
        largest = np.maximum(largest, [len(nodes) + 1, inside.sum()])
    sizes = [spec["number"].shape[0], spec["senders"].shape[0]]
    assert (np.array(sizes) >= largest).all()
    # Far from the whole graph; of single parts it is exact.
    assert sizes[1] < graph.num_edges / 2
    if parts_per_batch == 1:
        assert sizes == largest.tolist()


def test_given_sizes_are_kept_and_too_small_ones_raise() -> None:
    graph = make_graph()
    arguments: dict[str, Any] = {"parts": PARTS, "parts_per_batch": 3, "seed": 1}
    data = clusters(graph, "train", padding=PaddingSizes(40, 390, 3, 30), **arguments)
    assert next(iter(data))[0]["senders"].shape == (390,)
    data = clusters(graph, "train", padding=PaddingSizes(40, 5, 3, 30), **arguments)
    with pytest.raises(tf.errors.InvalidArgumentError, match="n_edge=5 is too small"):
        list(data)


def test_shuffling_deals_anew_and_a_seed_repeats_it() -> None:
    graph = make_graph()
    arguments: dict[str, Any] = {"parts": PARTS, "parts_per_batch": 3}
    fixed = clusters(graph, "train", seed=4, **arguments)
    assert contents(fixed) == contents(fixed)
    assert contents(fixed) == contents(clusters(graph, "train", seed=4, **arguments))
    assert contents(fixed) != contents(clusters(graph, "train", seed=5, **arguments))
    shuffled = clusters(graph, "train", seed=4, shuffle=True, **arguments)
    epochs = [contents(shuffled) for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    again = clusters(graph, "train", seed=4, shuffle=True, **arguments)
    assert [contents(again) for _ in range(3)] == epochs
    later = clusters(graph, "train", seed=4, shuffle=True, first_epoch=1, **arguments)
    assert [contents(later) for _ in range(2)] == epochs[1:]


def test_without_a_seed_keras_is_obeyed() -> None:
    graph, found = make_graph(), []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        found.append(contents(clusters(graph, "train", parts=PARTS, parts_per_batch=3)))
    assert found[0] == found[1] != found[2]


def test_every_part_meets_every_other_over_the_epochs() -> None:
    deal = Deal(np.arange(6), np.arange(6), 2, seed=0)
    met = set()
    for epoch in range(60):
        batches = deal.batches(epoch)
        assert np.bincount(batches).tolist() == [2, 2, 2]
        met |= {tuple(np.flatnonzero(batches == place)) for place in range(3)}
    assert len(met) == 15


@pytest.mark.parametrize(
    ("rows", "parts_per_batch", "expected"),
    [
        ([0], 2, [10]),  # One part with rows: one batch of all.
        ([0, 9, 5], 2, [4, 3, 3]),  # Three of them, for what would be five batches.
        ([0, 1, 2, 3, 4, 5], 4, [4, 3, 3]),  # More than enough.
    ],
)
def test_each_batch_has_a_part_with_rows(
    rows: list[int], parts_per_batch: int, expected: list[int]
) -> None:
    deal = Deal(np.arange(10), np.array(rows), parts_per_batch, seed=3)
    assert deal.num_batches == len(expected) and deal.parts_per_batch == max(expected)
    for epoch in range(20):
        batches = deal.batches(epoch)
        assert np.bincount(batches).tolist() == expected
        assert set(batches[rows].tolist()) == set(range(len(expected)))


def test_empty_parts_do_no_harm() -> None:
    graph = make_graph()
    data = clusters(graph, "train", parts=2 * PARTS + 1, parts_per_batch=4, padding=True, seed=0)
    batches = contents(data)
    assert sorted(n for nodes, *_ in batches for n in nodes) == list(range(NUM_NODES))


def test_num_parts_divides_the_graph() -> None:
    ring = np.arange(40)
    graph = Graph.from_edges(ring, (ring + 1) % 40, {"number": np.eye(40)}, labels=ring % 2)
    batches = contents(clusters(graph, num_parts=4, seed=0))
    assert len(batches) == 4
    assert sorted(n for nodes, *_ in batches for n in nodes) == list(range(40))
    # A random division would keep a quarter.
    assert sum(len(edges) for _, edges, *_ in batches) >= 30


@pytest.mark.parametrize("padding", [False, True])
def test_memory_mapped_features(padding: bool, tmp_path: Path) -> None:
    graph = make_graph()
    np.save(tmp_path / "number.npy", graph.features["number"])
    number = np.load(tmp_path / "number.npy", mmap_mode="r")
    mapped = dataclasses.replace(graph, features={"number": number})
    arguments: dict[str, Any] = {"parts": PARTS, "parts_per_batch": 3, "padding": padding}
    found, expected = (clusters(g, "train", seed=1, **arguments) for g in (mapped, graph))
    assert found.element_spec == expected.element_spec
    assert contents(found) == contents(expected)


def test_without_labels_the_elements_are_inputs() -> None:
    graph = make_graph(labels=None)
    inputs = next(iter(clusters(graph, "train", parts=PARTS)))
    assert isinstance(inputs, dict) and "node_ids" not in inputs


def test_a_model_trains_on_them_and_padding_changes_nothing() -> None:
    graph = make_graph()
    histories = []
    for padding in (False, True):
        keras.utils.set_random_seed(0)
        model = GraphConvolutionalNodeClassifier(num_classes=5, dropout_rate=0.0)
        model.compile(
            keras.optimizers.Adam(0.01),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        data = clusters(
            graph,
            "train",
            parts=PARTS,
            parts_per_batch=3,
            shuffle=True,
            seed=0,
            padding=padding,
        )
        histories.append(model.fit(data, epochs=4, verbose=0).history)
    for key, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][key], rtol=1e-4)
    assert histories[0]["loss"][-1] < histories[0]["loss"][0]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"split": "dev"}, KeyError, "unknown split 'dev'"),
        ({"split": "none"}, ValueError, "split 'none' holds no nodes"),
        ({"num_parts": 3}, ValueError, "either num_parts.* or parts.*; got both"),
        ({"parts": None}, ValueError, "either num_parts.* or parts.*; got neither"),
        ({"parts": None, "num_parts": 61}, ValueError, "num_parts must be at most 60"),
        ({"parts": PARTS[:5]}, ValueError, r"parts must be integers of shape \(60,\)"),
        ({"parts": PARTS - 1}, ValueError, "parts must be from 0 to"),
        ({"parts_per_batch": 0}, ValueError, "parts_per_batch must be at least 1, got 0"),
        ({"parts_per_batch": 1.5}, TypeError, "parts_per_batch must be an integer, got 1.5"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ({"first_epoch": -1}, ValueError, "first_epoch must be at least 0, got -1"),
    ],
)
def test_errors(change: dict[str, Any], error: type[Exception], message: str) -> None:
    graph = make_graph(splits={"train": [0], "none": []})
    given: dict[str, Any] = {"split": "train", "parts": PARTS, **change}
    with pytest.raises(error, match=message):
        clusters(graph, **given)
