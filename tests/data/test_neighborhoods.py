"""Batches of sampled neighborhoods: order, epochs, unlabeled nodes, features and padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from gnn.data import full_batch, neighborhoods
from gnn.graphs import Graph, PaddingSizes
from gnn.graphs.batch.graphs_tuple import graph_from_inputs

NUM_NODES = 30


def make_graph(num_edges: int = 150, seed: int = 0, **changes: Any) -> Graph:
    """Random edges among 30 nodes, none at node 29; the feature `id` says which row is which."""
    rng = np.random.default_rng(seed)
    senders, receivers = rng.integers(0, NUM_NODES - 1, (2, num_edges))
    fields: dict[str, Any] = {
        "senders": senders,
        "receivers": receivers,
        "weights": rng.permutation(num_edges) + 1.0,
        "features": {"id": np.arange(NUM_NODES)},
        "labels": np.arange(NUM_NODES) * 10,
        "splits": {"train": [29, 4, 17, 2, 9, 11, 0], "other": [1, 3, 5], "all": np.arange(30)},
        **changes,
    }
    return Graph.from_edges(**fields)


def parts(inputs: dict[str, Any]) -> list[tuple[list[int], list[tuple]]]:
    """Each component as its nodes' ids, in order, and its edges as (sender, receiver, weight)."""
    ids = inputs["id"].numpy()
    node_ends = np.cumsum(inputs["n_node"])
    edge_ends = np.cumsum(inputs["n_edge"])
    triples = [
        (int(s), int(r), float(w))
        for s, r, w in zip(
            ids[inputs["senders"]], ids[inputs["receivers"]], inputs["edges"][:, 0], strict=True
        )
    ]
    return [
        (ids[first:last].tolist(), triples[left:right])
        for first, last, left, right in zip(
            [0, *node_ends[:-1]], node_ends, [0, *edge_ends[:-1]], edge_ends, strict=True
        )
    ]


def rows_of(batches: Sequence[Any]) -> list[list[int]]:
    """The nodes read out, a list a batch; labels and rows are checked to agree."""
    rows = []
    for inputs, labels in batches:
        read = inputs["id"].numpy()[inputs["readout"]]
        np.testing.assert_array_equal(labels, 10 * read)
        rows.append(read.tolist())
    return rows


def plain(batches: Sequence[Any]) -> list[Any]:
    return [(parts(inputs), labels.numpy().tolist()) for inputs, labels in batches]


def test_rows_in_the_order_of_the_split_and_the_last_batch_kept() -> None:
    dataset = neighborhoods(make_graph(), "train", batch_size=3, fanout=2)
    assert int(dataset.cardinality()) == 3
    assert rows_of(list(dataset)) == [[29, 4, 17], [2, 9, 11], [0]]


@pytest.mark.parametrize(("batch_size", "batches"), [(1, 7), (3, 3), (7, 1), (100, 1)])
def test_cardinality_is_the_number_of_batches(batch_size: int, batches: int) -> None:
    dataset = neighborhoods(make_graph(), "train", batch_size=batch_size, fanout=1)
    assert int(dataset.cardinality()) == len(list(dataset)) == batches


def test_without_a_split_all_nodes() -> None:
    dataset = neighborhoods(make_graph(), batch_size=30, fanout=0)
    assert rows_of(list(dataset)) == [list(range(NUM_NODES))]


def test_without_labels_there_are_inputs_alone() -> None:
    dataset = neighborhoods(make_graph(labels=None), "train", batch_size=7, fanout=1)
    (inputs,) = list(dataset)
    assert isinstance(inputs, dict)
    assert inputs["id"].numpy()[inputs["readout"]].tolist() == [29, 4, 17, 2, 9, 11, 0]


def test_a_star_by_hand() -> None:
    # Into node 2: 0 (weight 5) and 1 (weight 7).
    graph = Graph.from_edges(
        [0, 1],
        [2, 2],
        {"id": np.arange(3)},
        weights=[5, 7],
        labels=[0, 10, 20],
        splits={"a": [2, 1]},
    )
    ((inputs, labels),) = list(neighborhoods(graph, "a", batch_size=2, fanout=9))
    assert inputs["id"].numpy().tolist() == [0, 1, 2, 1]
    assert inputs["n_node"].numpy().tolist() == [3, 1]
    assert inputs["n_edge"].numpy().tolist() == [2, 0]
    assert inputs["senders"].numpy().tolist() == [0, 1]
    assert inputs["receivers"].numpy().tolist() == [2, 2]
    assert inputs["edges"].numpy().tolist() == [[5.0], [7.0]]
    assert inputs["readout"].numpy().tolist() == [2, 3]
    assert labels.numpy().tolist() == [20, 10]


@pytest.mark.parametrize("fanout", [None, (None,), [None]])
def test_one_hop_of_all_is_every_incoming_edge(fanout: Any) -> None:
    graph = make_graph()
    for inputs, _ in neighborhoods(graph, "train", batch_size=4, fanout=fanout):
        for nodes, triples in parts(inputs):
            into = np.flatnonzero(graph.receivers == nodes[-1])
            expected = zip(
                graph.senders[into], graph.receivers[into], graph.weights[into], strict=True
            )
            assert sorted(triples) == sorted(expected)


def test_full_fanout_gives_the_reads_of_the_whole_graph() -> None:
    # Two rounds of sums over the edges: a read-out node needs two hops, and both forms agree.
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
    sampled = [
        two_rounds(inputs)
        for inputs, _ in neighborhoods(graph, "train", batch_size=3, fanout=(None, None))
    ]
    np.testing.assert_allclose(np.concatenate(sampled), whole, rtol=1e-6)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("unlabeled", [None, "rest"])
def test_a_component_is_the_same_in_any_batch_size(shuffle: bool, unlabeled: str | None) -> None:
    # Rows by their place in the epoch; as many unlabeled ones a row, so that they align as well.
    def epoch(size: int) -> tuple[list[Any], list[Any]]:
        read: list[Any] = []
        rest: list[Any] = []
        dataset = neighborhoods(
            make_graph(),
            "all" if unlabeled is None else "train",
            batch_size=size,
            fanout=(2, 2),
            shuffle=shuffle,
            seed=3,
            unlabeled=unlabeled,
            unlabeled_batch_size=None if unlabeled is None else 2 * size,
        )
        for inputs, labels in dataset:
            read += parts(inputs)[: len(labels)]
            rest += parts(inputs)[len(labels) :]
        return read, rest

    (read, rest), (other, other_rest) = epoch(1), epoch(3)
    assert read == other
    assert rest == other_rest[: len(rest)]
    assert len(rest) == (0 if unlabeled is None else 14)


def test_without_shuffle_each_epoch_is_the_same() -> None:
    dataset = neighborhoods(
        make_graph(), "train", batch_size=3, fanout=(2, 1), unlabeled="rest", seed=0
    )
    first = plain(list(dataset))
    assert plain(list(dataset)) == first


def test_shuffle_draws_order_and_neighbors_anew_each_epoch() -> None:
    dataset = neighborhoods(make_graph(), "all", batch_size=30, fanout=2, shuffle=True, seed=0)
    epochs = [list(dataset)[0] for _ in range(3)]
    orders = [rows_of([epoch])[0] for epoch in epochs]
    assert all(sorted(order) == list(range(NUM_NODES)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    by_node = [{nodes[-1]: nodes[:-1] for nodes, _ in parts(inputs)} for inputs, _ in epochs]
    assert by_node[0] != by_node[1] != by_node[2]


def test_neighbors_are_drawn_anew_where_the_order_cannot_change() -> None:
    # One row with 20 neighbors, eight of which are drawn: 125,970 sets.
    graph = make_graph(
        senders=np.arange(1, 21), receivers=np.zeros(20, int), weights=None, splits={"one": [0]}
    )
    dataset = neighborhoods(graph, "one", batch_size=1, fanout=8, shuffle=True, seed=0)
    assert len({str(plain(list(dataset))) for _ in range(4)}) == 4


def test_the_same_seed_gives_the_same_epochs_and_another_others() -> None:
    def two_epochs(seed: int) -> list[Any]:
        dataset = neighborhoods(
            make_graph(), "all", batch_size=15, fanout=2, shuffle=True, seed=seed
        )
        return [plain(list(dataset)) for _ in range(2)]

    first = two_epochs(1)
    assert two_epochs(1) == first != two_epochs(2)


def test_iterators_do_not_disturb_each_other() -> None:
    def make() -> tf.data.Dataset:
        return neighborhoods(
            make_graph(),
            "train",
            batch_size=2,
            fanout=2,
            shuffle=True,
            seed=0,
            unlabeled="rest",
        )

    one_by_one = make()
    epochs = [plain(list(one_by_one)) for _ in range(2)]
    dataset = make()
    first = iter(dataset)
    begun = [next(first)]
    whole = list(dataset)
    assert [plain([*begun, *first]), plain(whole)] == epochs


def test_no_seed_obeys_the_global_one() -> None:
    def epoch() -> list[Any]:
        return plain(list(neighborhoods(make_graph(), "all", batch_size=30, fanout=2)))

    keras.utils.set_random_seed(7)
    first, second = epoch(), epoch()
    keras.utils.set_random_seed(7)
    assert epoch() == first and first != second


@pytest.mark.parametrize(("unlabeled", "nodes"), [("rest", None), ("other", {1, 3, 5})])
def test_unlabeled_nodes_come_all_before_one_comes_twice(
    unlabeled: str, nodes: set[int] | None
) -> None:
    train = [29, 4, 17, 2, 9, 11, 0]
    nodes = set(range(NUM_NODES)) - set(train) if nodes is None else nodes
    dataset = neighborhoods(
        make_graph(), "train", batch_size=2, fanout=2, unlabeled=unlabeled, unlabeled_batch_size=7
    )
    batches = list(dataset)
    assert rows_of(batches) == [[29, 4], [17, 2], [9, 11], [0]]  # They are not read out.
    seen: list[int] = []
    for inputs, labels in batches:
        seeds = [component[-1] for component, _ in parts(inputs)]
        assert len(seeds) == len(labels) + 7
        seen += seeds[len(labels) :]
    for start in range(0, len(seen), len(nodes)):
        turn = seen[start : start + len(nodes)]
        assert len(set(turn)) == len(turn) and set(turn) <= nodes
    assert set(seen) == nodes


def test_as_many_unlabeled_as_rows_by_default() -> None:
    dataset = neighborhoods(make_graph(), "train", batch_size=4, fanout=1, unlabeled="rest")
    assert [len(inputs["n_node"]) - len(labels) for inputs, labels in dataset] == [4, 4]


def test_a_split_named_rest_is_that_split() -> None:
    graph = make_graph(splits={"train": [0], "rest": [5, 6]})
    dataset = neighborhoods(graph, "train", batch_size=1, fanout=0, unlabeled="rest", seed=0)
    ((inputs, _),) = list(dataset)
    assert inputs["id"].numpy()[-1] in (5, 6)


def features_of_all_kinds() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    words = rng.normal(size=(NUM_NODES, 6)) * (rng.random((NUM_NODES, 6)) < 0.3)
    return {
        "id": np.arange(NUM_NODES),
        "image": rng.normal(size=(NUM_NODES, 2, 3)).astype(np.float32),
        "half": rng.normal(size=(NUM_NODES, 2)).astype(np.float16),
        "small": rng.integers(0, 200, NUM_NODES).astype(np.uint8),
        "flag": rng.random(NUM_NODES) < 0.5,
        "name": np.array([f"node {i}" for i in range(NUM_NODES)]),
        "words": sparse.csr_array(words),
    }


@pytest.mark.parametrize("padding", [False, True])
def test_features_follow_their_nodes_with_their_dtypes(padding: bool) -> None:
    features = features_of_all_kinds()
    dense_words = features["words"].toarray().astype(np.float32)
    graph = make_graph(features=features)
    dataset = neighborhoods(graph, "train", batch_size=4, fanout=(3, 2), seed=0, padding=padding)
    dtypes = {
        "id": "int64", "image": "float32", "half": "float16", "small": "uint8", "flag": "bool",
        "name": "string", "words": "float32",
    }  # fmt: skip
    assert {name: dataset.element_spec[0][name].dtype.name for name in dtypes} == dtypes
    sampled = list(neighborhoods(graph, "train", batch_size=4, fanout=(3, 2), seed=0))
    for (inputs, _), (real, _) in zip(dataset, sampled, strict=True):
        ids = real["id"].numpy()
        words = inputs["words"]
        assert isinstance(words, tf.SparseTensor) != padding
        words = words.numpy() if padding else tf.sparse.to_dense(words).numpy()
        np.testing.assert_array_equal(words[: len(ids)], dense_words[ids])
        for name in ("id", "image", "half", "small", "flag"):
            np.testing.assert_array_equal(inputs[name][: len(ids)], graph.features[name][ids])
            assert not np.any(inputs[name][len(ids) :])
        assert not np.any(words[len(ids) :])
        names = [name.decode() for name in inputs["name"].numpy()[: len(ids)]]
        assert names == [f"node {i}" for i in ids]


def test_sparse_features_have_a_known_width() -> None:
    graph = make_graph(features={"words": sparse.csr_array(np.eye(NUM_NODES, 7))})
    dataset = neighborhoods(graph, "train", batch_size=4, fanout=2)
    assert dataset.element_spec[0]["words"].shape.as_list() == [None, 7]


def test_real_rows_are_the_same_with_padding() -> None:
    kwargs: dict[str, Any] = {
        "batch_size": 3, "fanout": (3, 2), "shuffle": True, "seed": 4, "unlabeled": "rest",
        "unlabeled_batch_size": 2,
    }  # fmt: skip
    graph = make_graph()
    padded = neighborhoods(graph, "train", padding=True, **kwargs)
    assert int(padded.cardinality()) == 3
    for (inputs, labels), (real, real_labels) in zip(
        padded, neighborhoods(graph, "train", **kwargs), strict=True
    ):
        assert set(inputs) == {*real, "readout_mask"}
        for key, value in real.items():
            np.testing.assert_array_equal(inputs[key][: len(value)], value)
            assert inputs[key].dtype == value.dtype
        rows = len(real_labels)
        np.testing.assert_array_equal(labels[:rows], real_labels)
        assert inputs["readout_mask"].numpy().tolist() == [1] * rows + [0] * (3 - rows)
        assert (np.diff(inputs["receivers"]) >= 0).all()
        graph_from_inputs(inputs)


@pytest.mark.parametrize(
    ("fanout", "unlabeled", "num_extra"),
    [(None, None, 0), ((None, 2), "rest", 3), ((3, 2), "other", 5), (0, None, 0), (4, "rest", 2)],
)
def test_padding_has_static_shapes(fanout: Any, unlabeled: str | None, num_extra: int) -> None:
    dataset = neighborhoods(
        make_graph(),
        "train",
        batch_size=4,
        fanout=fanout,
        unlabeled=unlabeled,
        unlabeled_batch_size=num_extra or None,
        padding=True,
    )
    inputs, labels = dataset.element_spec
    assert all(spec.shape.is_fully_defined() for spec in [*inputs.values(), labels])
    assert inputs["readout"].shape == inputs["readout_mask"].shape == labels.shape == (4,)
    assert inputs["n_node"].shape == (4 + num_extra + 1,)
    assert len(list(dataset)) == 2


def test_padding_sizes_by_hand() -> None:
    # Nodes 0, 1, 2 of the split have degrees 3, 1, 0; the rest, 3 and 4, have 1 and 0. At fan-out 2
    # two rows get at most 2 + 1 edges, and one of the rest 1; each of these 4 senders 2 more: 12.
    graph = Graph.from_edges(
        [1, 2, 3, 0, 1], [0, 0, 0, 1, 3], np.eye(5), labels=[0] * 5, splits={"a": [0, 1, 2]}
    )
    inputs, labels = neighborhoods(
        graph,
        "a",
        batch_size=2,
        fanout=(2, 2),
        unlabeled="rest",
        unlabeled_batch_size=1,
        padding=True,
    ).element_spec
    assert labels.shape == (2,) and inputs["n_node"].shape == (2 + 1 + 1,)
    assert inputs["senders"].shape == (12,)
    assert inputs["features"].shape == (2 + 1 + 12 + 1, 5)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fanout", [None, 3, (None, 2), (2, 3, 1)])
def test_padding_is_never_too_small(fanout: Any, seed: int) -> None:
    """Over hubs, loops, parallel edges, rounds that overlap, and epochs; too small would raise."""
    rng = np.random.default_rng(seed)
    hubs = rng.choice([0, 1, 2, 3, 4, 5], 80, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
    graph = Graph.from_edges(
        rng.integers(0, 12, 80),
        hubs,
        {"id": np.arange(12)},
        labels=np.arange(12),
        splits={"train": rng.permutation(12)[: 3 + seed]},
    )
    dataset = neighborhoods(
        graph,
        "train",
        batch_size=2,
        fanout=fanout,
        shuffle=True,
        seed=seed,
        unlabeled="rest",
        unlabeled_batch_size=5 + seed,
        padding=True,
    )
    for _ in range(4):
        assert len(list(dataset)) == (4 + seed) // 2


def test_given_padding_sizes_are_used() -> None:
    sizes = PaddingSizes(n_node=90, n_edge=80, n_graph=10, n_row=6)
    dataset = neighborhoods(make_graph(), "train", batch_size=4, fanout=None, padding=sizes)
    inputs, labels = dataset.element_spec
    assert inputs["id"].shape == (90,) and inputs["edges"].shape == (80, 1)
    assert inputs["n_node"].shape == (10,) and labels.shape == (6,)
    masks = [inputs["readout_mask"].numpy().tolist() for inputs, _ in dataset]
    assert masks == [[1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 0, 0]]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((4, 90, 10, 6), "n_node=4 is too small"),
        ((90, 1, 10, 6), "n_edge=1 is too small"),
        ((90, 90, 4, 6), "n_graph=4 is too small: a batch needs 5"),
        ((90, 90, 10, 3), "n_row=3 is too small: a batch needs 4"),
    ],
)
def test_padding_too_small_is_said_while_iterating(sizes: tuple, message: str) -> None:
    padding = PaddingSizes(*sizes)
    dataset = neighborhoods(make_graph(), "train", batch_size=4, fanout=None, padding=padding)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        list(dataset)


def test_padding_without_a_bound() -> None:
    with pytest.raises(ValueError, match=r"padding=True needs a bound.*fanout=\(2, None\)"):
        neighborhoods(make_graph(), "train", batch_size=4, fanout=(2, None), padding=True)


@pytest.mark.parametrize("fanout", [(), 0, (0,), (0, 5)])
def test_no_neighbors(fanout: Any) -> None:
    dataset = neighborhoods(make_graph(), "train", batch_size=4, fanout=fanout)
    for inputs, labels in dataset:
        assert inputs["edges"].shape == (0, 1)
        assert inputs["n_node"].numpy().tolist() == [1] * len(labels)


def test_a_fanout_as_an_array() -> None:
    given, same = (
        neighborhoods(make_graph(), "train", batch_size=3, fanout=fanout, seed=1)
        for fanout in (np.array([2, 1]), (2, 1))
    )
    assert plain(list(given)) == plain(list(same))


def test_integers_of_any_type_will_do() -> None:
    kwargs: dict[str, Any] = {
        "fanout": (np.int64(2), 2.0), "batch_size": np.int64(3), "seed": np.int32(1),
    }  # fmt: skip
    given = neighborhoods(make_graph(), "train", **kwargs)
    assert plain(list(given)) == plain(
        list(neighborhoods(make_graph(), "train", fanout=(2, 2), batch_size=3, seed=1))
    )


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"split": "dev"}, KeyError, "unknown split 'dev'.*'train'"),
        ({"split": "none"}, ValueError, "split 'none' holds no nodes"),
        ({"unlabeled": "dev"}, KeyError, "unknown split 'dev'"),
        ({"unlabeled": "none"}, ValueError, "unlabeled='none' holds no nodes"),
        ({"split": None, "unlabeled": "rest"}, ValueError, "unlabeled='rest' holds no nodes"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be an integer, got 2.5"),
        ({"batch_size": True}, TypeError, "batch_size must be an integer, got True"),
        (
            {"unlabeled": "rest", "unlabeled_batch_size": -3},
            ValueError,
            "unlabeled_batch_size must be at least 1, got -3",
        ),
        ({"fanout": -1}, ValueError, "fanout must hold integers of at least 0.*got -1"),
        ({"fanout": (3, 1.5)}, ValueError, r"fanout must hold integers.*got \(3, 1.5\)"),
        ({"fanout": True}, ValueError, "fanout must hold integers.*got True"),
        ({"first_epoch": -1}, ValueError, "first_epoch must be at least 0, got -1"),
        ({"first_epoch": 1.5}, TypeError, "first_epoch must be an integer, got 1.5"),
    ],
)
def test_errors_name_the_argument(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    graph = make_graph(splits={"train": [0, 1], "none": np.zeros(0, int)})
    arguments: dict[str, Any] = {"split": "train", "batch_size": 2, "fanout": 1, **changes}
    with pytest.raises(error, match=message):
        neighborhoods(graph, **arguments)


def test_no_features() -> None:
    with pytest.raises(ValueError, match="graph has no features"):
        neighborhoods(make_graph(features={}, labels=None, num_nodes=30), batch_size=2, fanout=1)
