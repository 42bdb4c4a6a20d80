"""Merged batches in a data set: rows, epochs, memory-mapped graphs, and padding from a budget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

import gnn
from gnn.data import distribute, full_batch, neighborhoods
from gnn.data.padding_budget import measure_padding
from gnn.graphs import Graph, PaddingSizes
from gnn.graphs.batch.graphs_tuple import graph_from_inputs
from gnn.graphs.storage.graph_files import open_graph, write_graph

NUM_NODES = 60


def make_graph(num_edges: int = 400, seed: int = 0, **changes: Any) -> Graph:
    """Random edges; the feature `id` says which row is which, and labels are ten times that."""
    rng = np.random.default_rng(seed)
    senders, receivers = rng.integers(0, NUM_NODES - 1, (2, num_edges))
    fields: dict[str, Any] = {
        "senders": senders,
        "receivers": receivers,
        "weights": rng.permutation(num_edges) + 1.0,
        "features": {"id": np.arange(NUM_NODES)},
        "labels": np.arange(NUM_NODES) * 10,
        "splits": {"train": rng.permutation(NUM_NODES)[:23], "few": [59, 3, 4]},
        **changes,
    }
    return Graph.from_edges(**fields)


def rows_of(batches: Sequence[Any]) -> list[list[int]]:
    """The nodes read out, a list a batch; labels and rows are checked to agree."""
    rows = []
    for inputs, labels in batches:
        mask = inputs.get("readout_mask", np.ones(len(labels)))
        read = inputs["id"].numpy()[inputs["readout"]][np.asarray(mask) > 0]
        np.testing.assert_array_equal(labels[: len(read)], 10 * read)
        rows.append(read.tolist())
    return rows


def edges_of(inputs: dict[str, Any]) -> list[tuple[int, int, float]]:
    ids = inputs["id"].numpy()
    rows = zip(inputs["senders"], inputs["receivers"], inputs["edges"][:, 0], strict=True)
    return sorted((int(ids[s]), int(ids[r]), float(w)) for s, r, w in rows if w > 0)


def plain(batches: Sequence[Any]) -> list[Any]:
    return [
        ({k: v.numpy().tolist() for k, v in inputs.items()}, labels.numpy().tolist())
        for inputs, labels in batches
    ]


def test_one_component_of_distinct_nodes_a_batch() -> None:
    graph = make_graph()
    dataset = neighborhoods(graph, "train", batch_size=8, fanout=(3, 2), merge=True)
    assert int(dataset.cardinality()) == 3
    batches = list(dataset)
    split = graph.splits["train"].tolist()
    assert rows_of(batches) == [split[:8], split[8:16], split[16:]]
    for inputs, _ in batches:
        ids = inputs["id"].numpy().tolist()
        assert len(set(ids)) == len(ids) == int(inputs["n_node"][0])
        assert inputs["n_node"].shape == (1,) and (np.diff(inputs["receivers"]) >= 0).all()
        graph_from_inputs(inputs)


def test_full_fanout_gives_the_reads_of_the_whole_graph() -> None:
    graph = make_graph()

    def two_rounds(inputs: dict[str, Any]) -> np.ndarray:
        values = np.sin(inputs["id"].numpy())
        for _ in range(2):
            out = np.zeros(len(values))
            senders, receivers = inputs["senders"].numpy(), inputs["receivers"].numpy()
            np.add.at(out, receivers, inputs["edges"].numpy()[:, 0] * values[senders])
            values = out
        return values[inputs["readout"]]

    (whole,) = [two_rounds(inputs) for inputs, _ in full_batch(graph, "train")]
    dataset = neighborhoods(graph, "train", batch_size=5, fanout=(None, None), merge=True)
    sampled = [two_rounds(inputs) for inputs, _ in dataset]
    np.testing.assert_allclose(np.concatenate(sampled), whole, rtol=1e-6)


def test_epochs_are_functions_of_the_seed_and_can_be_carried_on() -> None:
    options: dict[str, Any] = {
        "batch_size": 8, "fanout": (2, 2), "shuffle": True, "merge": True, "unlabeled": "rest",
    }  # fmt: skip
    dataset = neighborhoods(make_graph(), "train", seed=1, **options)
    epochs = [plain(list(dataset)) for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    later = neighborhoods(make_graph(), "train", seed=1, first_epoch=2, **options)
    assert plain(list(later)) == epochs[2]
    other = neighborhoods(make_graph(), "train", seed=2, **options)
    assert plain(list(other)) != epochs[0]


def test_unlabeled_nodes_are_seeds_that_are_not_read_out() -> None:
    graph = make_graph()
    dataset = neighborhoods(
        graph, "train", batch_size=8, fanout=1, merge=True, unlabeled="few", seed=0,
        unlabeled_batch_size=5,
    )  # fmt: skip
    for (inputs, labels), rows in zip(dataset, rows_of(list(dataset)), strict=True):
        assert len(labels) == len(rows)
        ids = inputs["id"].numpy().tolist()
        # Five of three: all of them, once each, and not twice where they are rows as well.
        assert {3, 4, 59} <= set(ids) and len(set(ids)) == len(ids)


def features_of_all_kinds() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    return {
        "id": np.arange(NUM_NODES),
        "image": rng.normal(size=(NUM_NODES, 2, 3)),
        "half": rng.normal(size=(NUM_NODES, 2)).astype(np.float16),
        "flag": rng.random(NUM_NODES) < 0.5,
        "name": np.array([f"node {i}" for i in range(NUM_NODES)]),
        "words": sparse.random_array((NUM_NODES, 6), density=0.3, rng=rng, format="csr"),
    }


def check_same_batches(given: tf.data.Dataset, expected: tf.data.Dataset) -> None:
    assert given.element_spec == expected.element_spec
    for (inputs, labels), (others, other_labels) in zip(given, expected, strict=True):
        np.testing.assert_array_equal(labels, other_labels)
        assert inputs.keys() == others.keys()
        for key, value in inputs.items():
            other = others[key]
            if isinstance(value, tf.SparseTensor):
                value, other = tf.sparse.to_dense(value), tf.sparse.to_dense(other)
            np.testing.assert_array_equal(value, other)


@pytest.mark.parametrize("padding", [False, True])
@pytest.mark.parametrize("merge", [False, True])
def test_a_memory_mapped_graph_gives_the_same_batches(
    merge: bool, padding: bool, tmp_path: Path
) -> None:
    graph = make_graph(features=features_of_all_kinds())
    write_graph(graph, tmp_path / "graph")
    given, expected = (
        neighborhoods(
            source, "train", batch_size=8, fanout=(3, 2), seed=0, shuffle=True, merge=merge,
            padding=padding,
        )
        for source in (open_graph(tmp_path / "graph"), graph)
    )  # fmt: skip
    check_same_batches(given, expected)


def test_a_memory_mapped_graph_as_one_batch(tmp_path: Path) -> None:
    graph = make_graph(features=features_of_all_kinds())
    write_graph(graph, tmp_path / "graph")
    for padding in (False, True):
        given = full_batch(open_graph(tmp_path / "graph"), "train", padding=padding)
        check_same_batches(given, full_batch(graph, "train", padding=padding))


def test_features_of_a_map_are_not_read_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_graph(make_graph(), tmp_path / "graph")
    graph = open_graph(tmp_path / "graph")
    convert, taken = tf.convert_to_tensor, []
    monkeypatch.setattr(tf, "convert_to_tensor", lambda value, *args: taken.append(value))
    features = gnn.data.node_features.NodeFeatures(graph)
    monkeypatch.setattr(tf, "convert_to_tensor", convert)
    assert taken == []
    (rows,) = features.rows(features.take(np.array([5, 2, 5]))).values()
    assert rows.tolist() == [5, 2, 5]


@pytest.mark.parametrize("fanout", [None, 3, (None, 2), (2, 3), (2, None), (None, None, None)])
def test_padding_to_the_most_is_never_too_small(fanout: Any) -> None:
    graph = make_graph(num_edges=150)
    dataset = neighborhoods(
        graph, "train", batch_size=7, fanout=fanout, shuffle=True, seed=0, merge=True,
        padding=True, unlabeled="rest", unlabeled_batch_size=40,
    )  # fmt: skip
    inputs, _ = dataset.element_spec
    assert inputs["n_node"].shape == (2,)
    assert inputs["id"].shape[0] <= NUM_NODES + 1 and inputs["senders"].shape[0] <= 150
    for _ in range(3):
        for inputs, _ in dataset:
            graph_from_inputs(inputs)


@pytest.mark.parametrize("merge", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_measured_padding(merge: bool, shuffle: bool) -> None:
    options: dict[str, Any] = {
        "batch_size": 8, "fanout": (3, 2), "shuffle": shuffle, "seed": 5, "merge": merge,
        "unlabeled": "rest", "unlabeled_batch_size": 4,
    }  # fmt: skip
    graph = make_graph()
    unpadded = neighborhoods(graph, "train", **options)
    inputs, labels = neighborhoods(graph, "train", padding="measured", **options).element_spec
    sizes = PaddingSizes(
        n_node=inputs["id"].shape[0],
        n_edge=inputs["senders"].shape[0],
        n_graph=inputs["n_node"].shape[0],
        n_row=labels.shape[0],
    )
    # By the definition: the largest of epoch 0, and where there are other epochs, three standard
    # deviations and 1% at least.
    counts = np.array([[len(b["id"]), len(b["senders"])] for b, _ in unpadded])
    added = np.maximum(3 * counts.std(axis=0), 0.01 * counts.max(axis=0)) if shuffle else 0
    most = neighborhoods(graph, "train", padding=True, **options).element_spec[0]
    expected = np.ceil(counts.max(axis=0) + added).astype(int) + [1, 0]
    expected = np.minimum(expected, [most["id"].shape[0], most["senders"].shape[0]])
    assert [sizes.n_node, sizes.n_edge] == expected.tolist()
    assert sizes.n_graph == (2 if merge else 13) and sizes.n_row == 8
    # What a run that is carried on pads to is what it padded to before.
    later = neighborhoods(graph, "train", padding="measured", first_epoch=7, **options)
    assert later.element_spec[0]["id"].shape[0] == sizes.n_node
    margin = 3.0 if shuffle else 0.0
    again = measure_padding(neighborhoods(graph, "train", **options), margin=margin)
    assert min(again.n_node, most["id"].shape[0]) == sizes.n_node
    assert (again.n_graph, again.n_row) == (sizes.n_graph, sizes.n_row)


def test_measured_padding_of_many_batches_looks_at_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gnn.data.sampled_batches, "_MEASURED", 3)
    options: dict[str, Any] = {"batch_size": 2, "fanout": (None, 2), "seed": 5, "merge": True}
    graph = make_graph()
    counts = [len(inputs["id"]) for inputs, _ in neighborhoods(graph, "train", **options)]
    some = np.array([counts[place] for place in (0, 5, 11)])
    expected = np.ceil(some.max() + max(3 * some.std(), 0.01 * some.max())) + 1
    spec = neighborhoods(graph, "train", padding="measured", **options).element_spec
    assert spec[0]["id"].shape[0] == expected


@pytest.mark.parametrize("merge", [False, True])
@pytest.mark.parametrize("unlabeled", [None, "rest"])
def test_too_large_batches_are_split_into_ones_that_fit(merge: bool, unlabeled: str | None) -> None:
    graph = make_graph()
    options: dict[str, Any] = {
        "batch_size": 8, "fanout": (2, 2), "shuffle": True, "seed": 5, "merge": merge,
        "unlabeled": unlabeled, "unlabeled_batch_size": 3 if unlabeled else None,
    }  # fmt: skip
    sizes = PaddingSizes(n_node=25, n_edge=24, n_graph=12, n_row=8)
    dataset = neighborhoods(graph, "train", padding=sizes, oversize="split", **options)
    whole = neighborhoods(graph, "train", **options)
    assert int(dataset.cardinality()) == tf.data.UNKNOWN_CARDINALITY
    for _ in range(2):
        batches, originals = list(dataset), list(whole)
        assert len(batches) > len(originals)
        for inputs, _ in batches:
            assert inputs["id"].shape == (25,) and inputs["senders"].shape == (24,)
            graph_from_inputs(inputs)
        rows = [row for part in rows_of(batches) for row in part]
        assert rows == [row for part in rows_of(originals) for row in part]
        given = {edge for inputs, _ in batches for edge in edges_of(inputs)}
        if not merge:  # Every component is what it was.
            assert given == {edge for inputs, _ in originals for edge in edges_of(inputs)}
        into_rows = [
            edge for inputs, _ in originals for edge in edges_of(inputs) if edge[1] in rows
        ]
        if merge and not unlabeled:
            # A row draws in its part what it draws in the whole.
            assert set(into_rows) <= given


def test_batches_that_fit_are_not_split() -> None:
    options: dict[str, Any] = {"batch_size": 8, "fanout": 2, "seed": 5, "merge": True}
    graph = make_graph()
    given, expected = (
        neighborhoods(graph, "train", padding="measured", oversize=oversize, **options)
        for oversize in ("split", "raise")
    )
    check_same_batches(given, expected)


@pytest.mark.parametrize("oversize", ["raise", "split"])
def test_a_row_that_does_not_fit_raises(oversize: str) -> None:
    dataset = neighborhoods(
        make_graph(), "train", batch_size=8, fanout=None, merge=True, oversize=oversize,
        padding=PaddingSizes(n_node=3, n_edge=90, n_graph=2, n_row=8),
    )  # fmt: skip
    with pytest.raises(tf.errors.InvalidArgumentError, match="n_node=3 is too small"):
        list(dataset)


@pytest.mark.parametrize("oversize", ["raise", "split"])
@pytest.mark.parametrize("padding", [True, "measured"])
def test_replicas_get_whole_merged_graphs(
    two_devices: tf.distribute.Strategy, padding: Any, oversize: str
) -> None:
    graph = make_graph()
    dataset = distribute(
        two_devices,
        lambda context: neighborhoods(
            graph, "train", batch_size=5, fanout=(2, 2), seed=0, merge=True, padding=padding,
            oversize=oversize,
        ),
    )  # fmt: skip
    rows: list[int] = []
    for inputs, labels in dataset:
        for replica in range(2):
            own = {
                key: two_devices.experimental_local_results(value)[replica]
                for key, value in inputs.items()
            }
            graph_from_inputs(own)
            own_labels = two_devices.experimental_local_results(labels)[replica]
            rows += rows_of([(own, own_labels)])[0]
    assert rows == graph.splits["train"].tolist()


@pytest.mark.parametrize("parts", [3, 4])
def test_replicas_share_split_batches(two_devices: tf.distribute.Strategy, parts: int) -> None:
    # Rows of one edge each, three to a batch: budgets of two nodes and one edge a part.
    graph = make_graph(
        senders=np.arange(parts) + 30, receivers=np.arange(parts), weights=None,
        splits={"train": np.arange(parts)},
    )  # fmt: skip
    dataset = distribute(
        two_devices,
        lambda context: neighborhoods(
            graph, "train", batch_size=parts, fanout=1, merge=True, oversize="split",
            padding=PaddingSizes(n_node=3, n_edge=1, n_graph=2, n_row=parts),
        ),
    )  # fmt: skip
    rows, steps = [], 0
    for inputs, labels in dataset:
        steps += 1
        for replica in range(2):
            own = {
                key: two_devices.experimental_local_results(value)[replica]
                for key, value in inputs.items()
            }
            graph_from_inputs(own)
            own_labels = two_devices.experimental_local_results(labels)[replica]
            rows += rows_of([(own, own_labels)])[0]
    assert rows == list(range(parts)) and steps == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"padding": "most"}, "padding must be True, False, \"measured\" or .* got 'most'"),
        ({"padding": 3}, "padding must be True.*got 3"),
        ({"padding": True, "oversize": "cut"}, 'oversize must be "raise" or "split"; got \'cut\''),
        ({"oversize": "split"}, 'oversize="split" needs sizes'),
    ],
)
def test_errors_name_the_argument(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        neighborhoods(make_graph(), "train", batch_size=4, fanout=2, **changes)


def test_measure_padding_by_hand() -> None:
    # Batches of 1 row with 2, 0 and 1 neighbors: largest 3 nodes and 2 edges, standard deviation
    # sqrt(2/3) = 0.816 of either.
    graph = Graph.from_edges([1, 2, 0], [0, 0, 2], np.eye(3))

    def batches() -> tf.data.Dataset:
        return neighborhoods(graph, batch_size=1, fanout=None)

    assert measure_padding(batches(), margin=0) == PaddingSizes(4, 2, 2, 1)
    assert measure_padding(batches(), margin=2) == PaddingSizes(6, 4, 2, 1)
    assert measure_padding(batches(), margin=1e-9) == PaddingSizes(5, 3, 2, 1)
    assert measure_padding(batches(), batches=1, margin=0) == PaddingSizes(4, 2, 2, 1)
    assert measure_padding(batches().skip(1), margin=0) == PaddingSizes(3, 1, 2, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batches": 0}, "batches must be at least 1, got 0"),
        ({"margin": -1.0}, "margin must be a number of at least 0; got -1.0"),
        ({"margin": float("nan")}, "margin must be a number of at least 0; got nan"),
    ],
)
def test_errors_of_measuring(arguments: dict[str, Any], message: str) -> None:
    dataset = neighborhoods(make_graph(), "train", batch_size=8, fanout=1)
    with pytest.raises(ValueError, match=message):
        measure_padding(dataset, **arguments)


def test_measuring_what_is_padded_or_empty() -> None:
    dataset = neighborhoods(make_graph(), "train", batch_size=8, fanout=1, padding=True)
    with pytest.raises(ValueError, match="dataset must not be padded"):
        measure_padding(dataset)
    with pytest.raises(ValueError, match="dataset must hold a batch to measure"):
        measure_padding(dataset.take(0))


# Keras says so at the end of every epoch whose length it cannot know.
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_a_model_trains_on_merged_batches_that_xla_compiles() -> None:
    rng = np.random.default_rng(0)
    graph = make_graph(
        features={"x": rng.normal(size=(NUM_NODES, 4))}, labels=np.arange(NUM_NODES) % 3
    )
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=4)
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=True)
    data = neighborhoods(
        graph, "train", batch_size=8, fanout=(3, 2), shuffle=True, merge=True, padding="measured",
        oversize="split",
    )  # fmt: skip
    history = model.fit(data, epochs=1, verbose=0).history
    assert np.isfinite(history["loss"]).all()
