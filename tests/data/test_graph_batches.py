"""Batches of whole graphs: what is in them, their order, and padding."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from gnn.data.distribution import distribute
from gnn.data.graph_batches import graph_batches
from gnn.data.padding_budget import measure_padding
from gnn.graphs import Graph, PaddingSizes

RNG = np.random.default_rng(3)


def make_graphs(count: int = 11) -> list[Graph]:
    """Graphs of 1 to 5 nodes; `id` is 100 times the graph's number and the node's own."""
    graphs = []
    for number in range(count):
        num_nodes = number % 5 + 1
        num_edges = [0, 7, 3][number % 3]
        ids = 100 * number + np.arange(num_nodes)
        words = np.stack([ids, np.zeros(num_nodes), ids % 2], axis=1)
        graphs.append(
            Graph.from_edges(
                *RNG.integers(0, num_nodes, (2, num_edges)),
                {"id": ids, "words": sparse.csr_array(words)},
                weights=RNG.uniform(size=num_edges),
                merge="keep",
            )
        )
    return graphs


GRAPHS = make_graphs()
LABELS = np.arange(11) * 10


def components(inputs: dict[str, Any]) -> list[tuple[list[int], list[tuple]]]:
    """Each component's ids, in order, and its edges as sorted (sender, receiver, weight)."""
    ids = inputs["id"].numpy()
    of_node = np.repeat(np.arange(len(inputs["n_node"])), inputs["n_node"])
    of_edge = np.repeat(np.arange(len(inputs["n_edge"])), inputs["n_edge"])
    senders, receivers = inputs["senders"].numpy(), inputs["receivers"].numpy()
    assert (of_node[senders] == of_edge).all() and (of_node[receivers] == of_edge).all()
    triples = np.stack([ids[senders], ids[receivers], inputs["edges"].numpy()[:, 0]], axis=1)
    return [
        (ids[of_node == i].tolist(), sorted(map(tuple, triples[of_edge == i].tolist())))
        for i in range(len(inputs["n_node"]))
    ]


def expected(number: int) -> tuple[list[int], list[tuple]]:
    graph = GRAPHS[number]
    ids = graph.features["id"]
    triples = zip(ids[graph.senders], ids[graph.receivers], graph.weights, strict=True)
    return ids.tolist(), sorted((float(s), float(r), float(w)) for s, r, w in triples)


@pytest.mark.parametrize("padding", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_hold_the_graphs(shuffle: bool, padding: bool) -> None:
    data = graph_batches(GRAPHS, LABELS, batch_size=4, shuffle=shuffle, seed=1, padding=padding)
    assert int(data.cardinality()) == 3
    seen: list[int] = []
    for inputs, labels in data:
        assert "readout" not in inputs and labels.dtype == tf.int32
        assert (np.diff(inputs["receivers"]) >= 0).all()
        rows = len(inputs["n_node"])
        real = inputs["readout_mask"].numpy() > 0 if padding else np.ones(rows, bool)
        numbers = (labels.numpy()[real] // 10).tolist()
        assert [part for part, kept in zip(components(inputs), real, strict=True) if kept] == [
            expected(number) for number in numbers
        ]
        words = inputs["words"] if padding else tf.sparse.to_dense(inputs["words"])
        known = words.numpy()[: sum(GRAPHS[number].num_nodes for number in numbers)]
        np.testing.assert_array_equal(
            known, np.concatenate([GRAPHS[n].features["words"].toarray() for n in numbers])
        )
        seen += numbers
    assert (seen == list(range(11))) == (not shuffle)
    assert sorted(seen) == list(range(11))


def test_padding_is_one_size_and_weighs_nothing() -> None:
    data = graph_batches(GRAPHS, LABELS, batch_size=4, padding=True)
    inputs_spec, labels_spec = data.element_spec
    # The largest batch in this order: graphs 4 to 7 have 5 + 1 + 2 + 3 nodes, 0 to 3 have 10;
    # edges 7 + 3 + 0 + 7 = 17 in the second batch, 10 in the first, 10 in the last.
    assert inputs_spec["id"].shape == (12,) and inputs_spec["senders"].shape == (17,)
    assert inputs_spec["n_node"].shape == inputs_spec["readout_mask"].shape == (5,)
    assert labels_spec.shape == (5,)
    *_, (inputs, labels) = data
    assert inputs["n_node"].numpy().tolist() == [4, 5, 1, 2, 0]
    assert inputs["readout_mask"].numpy().tolist() == [1, 1, 1, 0, 0]
    assert labels.numpy().tolist() == [80, 90, 100, 0, 0]
    added = slice(int(sum(inputs["n_edge"].numpy()[:3])), None)
    assert set(inputs["senders"].numpy()[added]) == set(inputs["receivers"].numpy()[added]) == {10}
    assert (inputs["edges"].numpy()[added] == 0).all()
    assert (inputs["words"].numpy()[10:] == 0).all() and (inputs["id"].numpy()[10:] == 0).all()


def test_measured_sizes_are_taken() -> None:
    batches = graph_batches([ONE] * 5, batch_size=2)
    sizes = measure_padding(batches, margin=0)
    assert sizes.n_row == sizes.n_graph == 3
    padded = graph_batches([ONE] * 5, batch_size=2, padding=sizes)
    assert [int(sum(inputs["readout_mask"])) for inputs in padded] == [2, 2, 1]


def test_padding_holds_any_shuffled_batch() -> None:
    shuffled = graph_batches(GRAPHS, LABELS, batch_size=4, shuffle=True, seed=0, padding=True)
    # The four largest have 5 + 5 + 4 + 4 nodes, and 7 edges each.
    assert shuffled.element_spec[0]["id"].shape == (19,)
    assert shuffled.element_spec[0]["senders"].shape == (28,)
    assert sum(len(labels) for _ in range(5) for _, labels in shuffled) == 5 * 3 * 5


def orders(data: tf.data.Dataset, epochs: int) -> list[list[int]]:
    return [[int(label) for _, labels in data for label in labels.numpy()] for _ in range(epochs)]


def test_order_is_a_function_of_seed_and_epoch() -> None:
    def make(**kwargs: Any) -> tf.data.Dataset:
        return graph_batches(GRAPHS, LABELS, batch_size=4, **kwargs)

    first = orders(make(shuffle=True, seed=7), 3)
    assert first == orders(make(shuffle=True, seed=7), 3)
    assert first[0] != first[1] and first != orders(make(shuffle=True, seed=8), 3)
    assert orders(make(shuffle=True, seed=7, first_epoch=1), 2) == first[1:]
    assert orders(make(seed=7), 2) == [LABELS.tolist()] * 2
    assert len(make()) == 3


def test_keras_seed_is_obeyed() -> None:
    got = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        got.append(orders(graph_batches(GRAPHS, LABELS, batch_size=4, shuffle=True), 2))
    assert got[0] == got[1]


@pytest.mark.parametrize(
    ("labels", "dtype", "shape"),
    [
        (np.arange(11), tf.int32, [None]),
        (np.arange(11) > 5, tf.int32, [None]),
        ([0.5] * 11, tf.float32, [None]),
        (np.ones([11, 3]), tf.float32, [None, 3]),
        (np.ones([11, 2], np.int64), tf.int32, [None, 2]),
    ],
)
@pytest.mark.parametrize("padding", [False, True])
def test_labels(labels: Any, dtype: tf.DType, shape: list[int | None], padding: bool) -> None:
    data = graph_batches(GRAPHS, labels, batch_size=4, padding=padding)
    spec = data.element_spec[1]
    assert spec.dtype == dtype and spec.shape.as_list() == [5 if padding else None, *shape[1:]]
    got = np.concatenate(
        [batch.numpy()[: 4 if place < 2 else 3] for place, (_, batch) in enumerate(data)]
    )
    np.testing.assert_array_equal(got, np.asarray(labels, dtype.as_numpy_dtype))


def test_without_labels() -> None:
    inputs = next(iter(graph_batches(GRAPHS, batch_size=4)))
    assert inputs["n_node"].numpy().tolist() == [1, 2, 3, 4]


def test_strings_are_features_too() -> None:
    graphs = [
        Graph.from_edges([], [], {"name": np.array(names)}) for names in (["a", "longer"], ["b"])
    ]
    inputs = next(iter(graph_batches(graphs, batch_size=2)))
    assert inputs["name"].numpy().tolist() == [b"a", b"longer", b"b"]


def test_named_sizes_and_what_does_not_fit() -> None:
    sizes = PaddingSizes(n_node=20, n_edge=40, n_graph=6, n_row=6)
    shapes = {
        len(inputs["id"])
        for inputs, _ in graph_batches(GRAPHS, LABELS, batch_size=4, padding=sizes)
    }
    assert shapes == {20}
    small = PaddingSizes(n_node=20, n_edge=16, n_graph=6, n_row=6)
    with pytest.raises(tf.errors.InvalidArgumentError, match="n_edge=16 is too small"):
        list(graph_batches(GRAPHS, LABELS, batch_size=4, padding=small))


def test_distribute_gives_each_replica_whole_graphs(two_devices: tf.distribute.Strategy) -> None:
    data = distribute(
        two_devices,
        lambda context: graph_batches(
            GRAPHS, LABELS, batch_size=context.get_per_replica_batch_size(8), padding=True
        ),
    )
    seen = []
    for inputs, labels in data:
        for mask, own in zip(
            two_devices.experimental_local_results(inputs["readout_mask"]),
            two_devices.experimental_local_results(labels),
            strict=True,
        ):
            seen += own.numpy()[mask.numpy() > 0].tolist()
    assert seen == LABELS.tolist()


ONE = Graph.from_edges([0], [1], {"x": np.eye(2)})


@pytest.mark.parametrize(
    ("graphs", "labels", "kwargs", "error", "message"),
    [
        ([], None, {}, ValueError, "graphs holds no graphs"),
        (ONE, None, {}, TypeError, r"graphs must be a sequence of gnn.Graph; got one gnn.Graph"),
        ([ONE, 3], None, {}, TypeError, "graphs must hold gnn.Graph; got int at position 1"),
        (
            [ONE, Graph.from_edges([0], [1], {"y": np.eye(2)})],
            None,
            {},
            ValueError,
            "graphs must have the same features; the first has .*'x'.*, the one at position 1 has",
        ),
        (
            [ONE, Graph.from_edges([0], [1], {"x": np.eye(3)})],
            None,
            {},
            ValueError,
            r"float32\[2\].*float32\[3\]",
        ),
        (
            [ONE, Graph.from_edges([0], [1], {"x": sparse.csr_array(np.eye(2))})],
            None,
            {},
            ValueError,
            r"float32\[2\].*sparse float32\[2\]",
        ),
        ([Graph.from_edges([0], [1])], None, {}, ValueError, "graphs have no features"),
        ([ONE], [0, 1], {}, ValueError, r"labels must have shape \[1\] or \[1, k\].*got \(2,\)"),
        ([ONE], [[[0]]], {}, ValueError, r"labels must have shape"),
        ([ONE], ["cat"], {}, TypeError, "labels must be integers or floats, got dtype <U3"),
        ([ONE], [2**32 + 1], {}, ValueError, r"labels must be below 2\*\*31.*got 4294967297"),
        ([ONE], [-2], {}, ValueError, "labels must be classes from 0, or -1 for unlabeled; got -2"),
        ([ONE] * 3, [1, -1, 1], {}, ValueError, "got -1 and 1 alone. Of two classes of these"),
        ([ONE], None, {"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ([ONE], None, {"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ([ONE], None, {"first_epoch": 0.5}, TypeError, "first_epoch must be an integer"),
        (
            [ONE],
            None,
            {"padding": PaddingSizes(5, 5, 3, 2)},
            ValueError,
            "padding must have n_row equal to n_graph, since a row is a graph; got PaddingSizes",
        ),
    ],
)
def test_errors(
    graphs: Any, labels: Any, kwargs: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        graph_batches(graphs, labels, **{"batch_size": 1, **kwargs})
