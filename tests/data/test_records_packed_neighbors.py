"""Packed neighbors: ours are NSL's, record for record and batch for batch."""

from __future__ import annotations

import dataclasses
import functools
import json
import zlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

import gnn
from gnn import nsl
from gnn.data import records

TWO = gnn.GraphNeighborConfig(max_neighbors=2)


def small_graph() -> gnn.Graph:
    """Node 0 has ties, node 1 one neighbor, node 2 none, node 3 parallel edges and itself.

    The ids are not in the order of the nodes: "b" > "a" > "10" > "1" > "0".
    """
    edges = [
        # sender, receiver, weight
        (1, 0, 0.5),
        (2, 0, 0.5),
        (3, 0, 0.5),
        (4, 0, 0.25),
        (0, 1, 1.0),
        (4, 3, 0.125),
        (4, 3, 2.0),
        (4, 3, 0.5),
        (3, 3, 2.0),
        (0, 3, 0.0),
        (0, 4, 0.0),
    ]
    senders, receivers, weights = zip(*edges, strict=True)
    return gnn.Graph.from_edges(
        senders,
        receivers,
        {
            "x": np.arange(10, dtype=np.float32).reshape(5, 2) / 8,
            "count": np.array([[1], [-2], [3], [2**40], [5]]),
            "text": np.array([["zero"], ["öne"], [""], ["three"], ["four"]]),
        },
        weights,
        labels=[3, 0, -1, 2, 1],
        splits={"train": [3, 0, 2], "all": [0, 1, 2, 3, 4], "one": [1]},
        ids=["10", "b", "1", "a", "0"],
        merge="keep",
    )


def as_examples(graph: gnn.Graph, nodes: Any, with_labels: bool) -> list[bytes]:
    """The inputs of NSL's pack_nbrs, written out by hand."""
    examples = []
    for node in nodes:
        example = tf.train.Example()
        feature = example.features.feature
        feature["x"].float_list.value.extend(graph.features["x"][node])
        feature["count"].int64_list.value.extend(graph.features["count"][node])
        feature["text"].bytes_list.value.extend(s.encode() for s in graph.features["text"][node])
        feature["id"].bytes_list.value.append(graph.ids[node].encode())
        if with_labels:
            feature["label"].int64_list.value.append(graph.labels[node])
        examples.append(example.SerializeToString())
    return examples


def write_records(path: Path, examples: list[bytes]) -> None:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in examples:
            writer.write(example)


def packed_by_nsl(graph: gnn.Graph, split: str, folder: Path, most: int | None) -> Path:
    nodes = graph.splits[split]
    rest = np.setdiff1d(np.arange(graph.num_nodes), nodes)
    write_records(folder / "labeled.tfr", as_examples(graph, nodes, True))
    write_records(folder / "unlabeled.tfr", as_examples(graph, rest, False))
    # NSL's line: a node, its neighbor, the weight.
    lines = [
        f"{graph.ids[receiver]}\t{graph.ids[sender]}\t{weight!r}\n"
        for sender, receiver, weight in zip(
            graph.senders, graph.receivers, graph.weights.tolist(), strict=True
        )
    ]
    (folder / "edges.tsv").write_text("".join(lines))
    nsl.tools.pack_nbrs(
        str(folder / "labeled.tfr"),
        str(folder / "unlabeled.tfr"),
        str(folder / "edges.tsv"),
        str(folder / "nsl.tfr"),
        max_nbrs=most,
    )
    return folder / "nsl.tfr"


def features_of(path: Path) -> list[dict[str, Any]]:
    """Every record of a file as plain values."""
    found = []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        found.append({name: str(value) for name, value in feature.items()})
    return found


def assert_same_batches(one: tf.data.Dataset, other: tf.data.Dataset) -> None:
    assert int(one.cardinality()) == int(other.cardinality())
    for a, b in zip(one, other, strict=True):
        tf.nest.assert_same_structure(a, b)
        for x, y in zip(tf.nest.flatten(a), tf.nest.flatten(b), strict=True):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x.numpy(), y.numpy())


@pytest.mark.parametrize("split", ["train", "all"])
@pytest.mark.parametrize("most", [0, 1, 2, 3, None])
def test_records_and_batches_are_nsls(split: str, most: int | None, tmp_path: Path) -> None:
    graph = small_graph()
    theirs = packed_by_nsl(graph, split, tmp_path, most)
    records.write_packed_neighbors(graph, split, tmp_path / "ours", max_neighbors=most)
    (ours,) = (tmp_path / "ours").glob("*.tfrecord")
    assert features_of(ours) == features_of(theirs)
    config = nsl.configs.GraphNeighborConfig(max_neighbors=3 if most is None else most)
    options: dict[str, Any] = {"batch_size": 2, "neighbor_config": config}
    assert_same_batches(
        records.read_packed_neighbors(tmp_path / "ours", **options),
        records.read_packed_neighbors(theirs, **options),
    )


def test_the_heaviest_neighbors_by_hand(tmp_path: Path) -> None:
    records.write_packed_neighbors(small_graph(), "all", tmp_path / "r", max_neighbors=2)
    (path,) = (tmp_path / "r").glob("*.tfrecord")
    neighbors = []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        number = feature["NL_num_nbrs"].int64_list.value[0]
        assert f"NL_nbr_{number}_weight" not in feature
        neighbors.append(
            [
                (
                    feature[f"NL_nbr_{i}_id"].bytes_list.value[0].decode(),
                    feature[f"NL_nbr_{i}_weight"].float_list.value[0],
                )
                for i in range(number)
            ]
        )
    assert neighbors == [
        [("b", 0.5), ("a", 0.5)],  # Of b, a and 1 at 0.5, the greater ids.
        [("10", 1.0)],
        [],
        [("a", 2.0), ("0", 2.0)],  # Of the edges from 0, the heaviest; and itself.
        [],  # An edge of weight 0 is none.
    ]


def test_batches_by_hand(tmp_path: Path) -> None:
    graph = small_graph()
    records.write_packed_neighbors(graph, "train", tmp_path / "r", max_neighbors=2)
    data = records.read_packed_neighbors(tmp_path / "r", batch_size=2)
    assert int(data.cardinality()) == 2
    (first, labels), (second, last) = list(data)
    # Node 3 with itself and node 4; node 0 with 1 and 3; then node 2 alone.
    np.testing.assert_array_equal(first["x"], graph.features["x"][[3, 4, 3, 1, 3, 0]])
    assert first["text"].numpy()[3, 0].decode() == "öne"
    assert first["count"].numpy().ravel().tolist() == [2**40, 5, 2**40, -2, 2**40, 1]
    assert first["n_node"].numpy().tolist() == [3, 3]
    assert first["edges"].numpy().ravel().tolist() == [2.0, 2.0, 0.5, 0.5]
    assert second["n_node"].numpy().tolist() == [1]
    assert labels.numpy().tolist() == [2, 3] and last.numpy().tolist() == [-1]
    assert labels.dtype == tf.int64
    assert "id" not in first


def test_the_batches_are_those_of_neighborhoods(tmp_path: Path) -> None:
    """Where a node has no more neighbors than are taken, both ways give the same stars."""
    rng = np.random.default_rng(0)
    others = rng.permuted(np.tile(np.arange(1, 12), (12, 1)), axis=1)[:, :3]
    senders = (np.arange(12)[:, np.newaxis] + others) % 12
    graph = gnn.Graph.from_edges(
        senders.ravel(),
        np.repeat(np.arange(12), 3),
        {"words": sparse.random_array((12, 9), density=0.4, rng=rng, dtype=np.float32)},
        weights=rng.random(36) + 0.1,
        labels=rng.integers(0, 3, 12),
    )
    records.write_packed_neighbors(graph, None, tmp_path / "r", max_neighbors=None)
    read = records.read_packed_neighbors(tmp_path / "r", batch_size=5)
    sampled = gnn.data.neighborhoods(graph, batch_size=5, fanout=None)
    for (ours, labels), (theirs, other) in zip(read, sampled, strict=True):
        assert labels.numpy().tolist() == other.numpy().tolist()
        assert ours["n_node"].numpy().tolist() == theirs["n_node"].numpy().tolist()
        words = tf.sparse.to_dense(theirs["words"]).numpy()
        for row, end in enumerate(np.cumsum(ours["n_node"])):
            star = slice(end - ours["n_node"][row], end)
            assert ours["words"].dtype == tf.float32
            assert sorted(map(tuple, ours["words"].numpy()[star])) == sorted(
                map(tuple, words[star])
            )


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "int32", "uint8", "uint16", "uint32", "uint64", "float16", "float32"]
)
def test_every_dtype_of_a_graph_comes_back(dtype: str, tmp_path: Path) -> None:
    values = np.array([[[1, 0], [2, 3]], [[5, 1], [0, 7]]]).astype(dtype)
    graph = gnn.Graph.from_edges([0], [1], {"x": values, "one": values[:, 0, 0]})
    records.write_packed_neighbors(graph, None, tmp_path / "r", max_neighbors=1)
    (inputs,) = records.read_packed_neighbors(tmp_path / "r", batch_size=2, labels=None)
    for name in ("x", "one"):
        assert inputs[name].dtype == dtype
        np.testing.assert_array_equal(inputs[name], graph.features[name][[0, 0, 1]])


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0.5, np.nan, 2.0], [0.5, np.nan, 2.0]),
        ([[1, 0], [0, 1], [1, 1]], [[1, 0], [0, 1], [1, 1]]),
    ],
)
def test_labels_of_every_kind(labels: Any, expected: Any, tmp_path: Path) -> None:
    graph = gnn.Graph.from_edges([0], [1], np.eye(3), labels=labels)
    records.write_packed_neighbors(graph, None, tmp_path / "r", max_neighbors=1)
    ((_, read),) = records.read_packed_neighbors(tmp_path / "r", batch_size=3)
    np.testing.assert_array_equal(read, np.array(expected))
    assert read.dtype == (tf.float32 if isinstance(labels[0], float) else tf.int64)


def test_ids_are_numbers_of_nodes_where_there_are_none(tmp_path: Path) -> None:
    graph = dataclasses.replace(small_graph(), ids=None)
    records.write_packed_neighbors(graph, "all", tmp_path / "r", max_neighbors=2)
    features = {"id": None, "x": None}
    (batch,) = records.read_packed_neighbors(
        tmp_path / "r", batch_size=5, features=features, labels=None
    )
    # Of 1, 2 and 3 at 0.5 the greater two; node 3 with 4 before itself; no edge of weight 0.
    expected = [b"3", b"2", b"0", b"0", b"1", b"2", b"4", b"3", b"3", b"4"]
    assert batch["id"].numpy().tolist() == expected


def test_order_and_shuffling_do_not_hang_on_the_shards(tmp_path: Path) -> None:
    graph = gnn.Graph.from_edges(range(29), range(1, 30), np.eye(30), labels=range(30))

    def labels_of(data: tf.data.Dataset) -> list[int]:
        return np.concatenate([labels for _, labels in data]).tolist()

    orders = []
    for shards in (1, 3, 40):
        path = tmp_path / str(shards)
        records.write_packed_neighbors(
            graph, None, path, max_neighbors=1, shards=shards, compression="GZIP"
        )
        plain = records.read_packed_neighbors(path, batch_size=4)
        assert labels_of(plain) == list(range(30))
        shuffled = records.read_packed_neighbors(path, batch_size=4, shuffle=True, seed=3)
        orders.append([labels_of(shuffled) for _ in range(2)])
    assert orders[0] == orders[1] == orders[2]
    assert orders[0][0] != orders[0][1] and sorted(orders[0][0]) == list(range(30))


def test_the_last_batch_is_dropped_if_asked(tmp_path: Path) -> None:
    records.write_packed_neighbors(small_graph(), "all", tmp_path / "r", max_neighbors=1)
    data = records.read_packed_neighbors(tmp_path / "r", batch_size=2, drop_remainder=True)
    assert int(data.cardinality()) == len(list(data)) == 2
    assert data.element_spec[1].shape == [2]


def test_files_and_patterns_are_read_one_after_the_other(tmp_path: Path) -> None:
    graph = small_graph()
    for name, node in (("b", 1), ("a", 0), ("c", 3)):
        write_records(tmp_path / f"{name}.tfr", as_examples(graph, [node], True))
    config = gnn.GraphNeighborConfig()

    def labels_of(path: Any) -> list[int]:
        data = records.read_packed_neighbors(path, batch_size=2, neighbor_config=config)
        return np.concatenate([labels for _, labels in data]).tolist()

    assert labels_of(str(tmp_path / "*.tfr")) == [3, 0, 2]
    assert labels_of([tmp_path / "c.tfr", str(tmp_path / "[ab].tfr")]) == [2, 3, 0]


def test_readers_look_for_no_more_neighbors_than_there_are(tmp_path: Path) -> None:
    for most, expected in ((1, 1), (2, 2), (1_000_000, 4), (None, 4)):
        folder = tmp_path / str(most)
        records.write_packed_neighbors(small_graph(), "all", folder, max_neighbors=most)
        assert json.loads((folder / "schema.json").read_text())["max_neighbors"] == expected


def test_a_compressed_file_by_its_name(tmp_path: Path) -> None:
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfr.gz"), "GZIP") as writer:
        for example in as_examples(small_graph(), [0, 1], True):
            writer.write(example)
    config = gnn.GraphNeighborConfig()
    ((_, labels),) = records.read_packed_neighbors(
        tmp_path / "a.tfr.gz", batch_size=2, neighbor_config=config
    )
    assert labels.numpy().tolist() == [3, 0]


def test_features_are_chosen_and_given(tmp_path: Path) -> None:
    path = packed_by_nsl(small_graph(), "train", tmp_path, 2)
    ((inputs, labels),) = records.read_packed_neighbors(
        path,
        batch_size=3,
        neighbor_config=TWO,
        features={"x": tf.TensorSpec([2], tf.float32), "count": tf.TensorSpec([1], tf.int32)},
        labels="count",
    )
    assert inputs["x"].shape == (7, 2) and "text" not in inputs
    assert labels.dtype == tf.int32 and labels.shape == (3, 1)


def test_training_on_them(tmp_path: Path) -> None:
    graph = gnn.Graph.from_edges(range(29), range(1, 30), np.eye(30), labels=[0, 1] * 15)
    records.write_packed_neighbors(graph, None, tmp_path / "r", max_neighbors=1)
    model = gnn.GraphRegularizationModel(
        gnn.GraphRegConfig(TWO, multiplier=0.1), lambda: keras.layers.Dense(2)
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    data = records.read_packed_neighbors(tmp_path / "r", batch_size=8, shuffle=True, seed=0)
    history = model.fit(data, epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0]


# What is refused.


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": {"label": np.eye(2)}}, "features must not be named 'label'"),
        ({"features": {"weight": np.eye(2)}}, "features must not be named 'weight'"),
        ({"features": {"NL_nbr_0_x": np.eye(2)}}, "features must not be named 'NL_nbr_0_x'"),
        ({"features": {}, "num_nodes": 2}, "graph has no features"),
        ({"ids": [1, "1"]}, "ids must be distinct as strings to be written; got '1' twice"),
        (
            {"features": {"x": np.array([[1], [2**64 - 1]], np.uint64)}},
            "features\\['x'\\] must fit int64, .* got 18446744073709551615",
        ),
        ({"splits": {"train": []}}, "split 'train' holds no nodes"),
    ],
)
def test_graphs_that_cannot_be_written(change: Any, message: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"features": {"x": np.eye(2)}, "splits": {"train": [0]}}
    options |= {key: value for key, value in change.items() if key != "num_nodes"}
    graph = gnn.Graph(senders=[0], receivers=[1], num_nodes=2, **options)
    with pytest.raises(ValueError, match=message):
        records.write_packed_neighbors(graph, "train", tmp_path / "r", max_neighbors=1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_neighbors": -1}, ValueError, "max_neighbors must be .* got -1"),
        ({"max_neighbors": 1.5}, TypeError, "max_neighbors must be .* got 1.5"),
        ({"shards": 0}, ValueError, "shards must be"),
        ({"compression": "BZIP"}, ValueError, "compression must be"),
        ({"split": "tests"}, KeyError, "unknown split 'tests'"),
    ],
)
def test_writers_arguments(
    options: dict[str, Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    arguments = {"split": "train", "max_neighbors": 2, **options}
    with pytest.raises(error, match=message):
        records.write_packed_neighbors(
            small_graph(), arguments.pop("split"), tmp_path / "r", **arguments
        )
    assert not list(tmp_path.iterdir())


@pytest.fixture
def written(tmp_path: Path) -> Path:
    records.write_packed_neighbors(small_graph(), "all", tmp_path / "r", max_neighbors=2)
    return tmp_path / "r"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"seed": -1}, ValueError, "seed must be"),
        ({"shuffle_buffer": 0}, ValueError, "shuffle_buffer must be"),
        ({"features": {"words": None}}, KeyError, "lack the feature 'words'; they have .*'x'"),
        ({"labels": "topic"}, KeyError, "lack the feature 'topic'; .* labels=None reads"),
        ({"features": {"x": [2]}}, TypeError, r"features\['x'\] must be a tf.TensorSpec.* \[2\]"),
        (
            {"features": {"x": tf.TensorSpec([2], tf.complex64)}},
            TypeError,
            r"features\['x'\] must hold numbers, booleans or strings; got complex64",
        ),
        (
            {"neighbor_config": {"prefix": "near_", "max_neighbors": 1}},
            ValueError,
            "neighbor_config must have the prefix 'NL_nbr_' .* got 'near_'",
        ),
    ],
)
def test_readers_arguments(
    options: dict[str, Any], error: type[Exception], message: str, written: Path
) -> None:
    with pytest.raises(error, match=message):
        records.read_packed_neighbors(written, **{"batch_size": 2, **options})


def test_files_without_a_schema_need_a_number_of_neighbors(tmp_path: Path) -> None:
    path = packed_by_nsl(small_graph(), "train", tmp_path, 2)
    with pytest.raises(ValueError, match="neighbor_config must say how many neighbors"):
        records.read_packed_neighbors(path, batch_size=2)


@pytest.mark.parametrize("path", ["nowhere", "*.none", []])
def test_no_such_files(path: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere|none"):
        records.read_packed_neighbors(path, batch_size=2, neighbor_config=TWO)


def test_a_folder_without_a_schema(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is not a record folder"):
        records.read_packed_neighbors(tmp_path, batch_size=2)


def test_files_that_cannot_be_read_together_or_are_empty(tmp_path: Path) -> None:
    write_records(tmp_path / "a.tfr", [])
    (tmp_path / "b.gz").write_bytes(b"")
    with pytest.raises(ValueError, match="must name files with records"):
        records.read_packed_neighbors(tmp_path / "a.tfr", batch_size=2, neighbor_config=TWO)
    with pytest.raises(ValueError, match="must name files that end in .gz all or none"):
        records.read_packed_neighbors(
            [tmp_path / "a.tfr", tmp_path / "b.gz"], batch_size=2, neighbor_config=TWO
        )


def test_a_damaged_file_of_nsl_is_named(tmp_path: Path) -> None:
    path = packed_by_nsl(small_graph(), "all", tmp_path, 2)
    content = path.read_bytes()
    path.write_bytes(content[:-3])
    with pytest.raises(tf.errors.DataLossError, match="nsl.tfr: record 4 .* damaged"):
        records.read_packed_neighbors(path, batch_size=2, neighbor_config=TWO)
    path.write_bytes(b"no records " * 9)
    with pytest.raises(tf.errors.DataLossError, match="nsl.tfr: record 0 .* damaged"):
        records.read_packed_neighbors(path, batch_size=2, neighbor_config=TWO)


def test_a_compressed_file_that_is_cut_is_damaged_wherever_it_is_cut(tmp_path: Path) -> None:
    path, whole = tmp_path / "a.tfr.gz", tmp_path / "whole.tfr.gz"
    with tf.io.TFRecordWriter(str(whole), "GZIP") as writer:
        for example in as_examples(small_graph(), [0, 1, 2], True):
            writer.write(example)
            writer.flush()
    content = whole.read_bytes()
    read = functools.partial(
        records.read_packed_neighbors, batch_size=2, neighbor_config=gnn.GraphNeighborConfig()
    )
    # Where all that can be unpacked ends with a record, TensorFlow finds nothing amiss.
    sizes = []
    for number in range(4):
        size = next(n for n in range(len(content)) if _records_in(content[:n]) == number)
        sizes.append(size)
    assert sizes == sorted(set(sizes))
    for number, size in enumerate(sizes):
        path.write_bytes(content[:size])
        with pytest.raises(tf.errors.DataLossError, match=f"a.tfr.gz: record {number} .* damaged"):
            read(path)
    # Files of GZIP joined are one, and it may be the second that is cut.
    path.write_bytes(content * 2)
    assert int(read(path).cardinality()) == 3
    path.write_bytes(content + content[: sizes[1]])
    with pytest.raises(tf.errors.DataLossError, match="record 4 .* damaged"):
        read(path)


def _records_in(compressed: bytes) -> int | None:
    """How many whole records what can be unpacked holds, None where it ends amid one."""
    content = zlib.decompressobj(31).decompress(compressed)
    at = count = 0
    while at + 8 <= len(content):
        at += 16 + int.from_bytes(content[at : at + 8], "little")
        count += 1
    return count if at == len(content) and compressed else None


def test_a_damaged_record_of_a_folder_is_named(written: Path) -> None:
    (path,) = written.glob("*.tfrecord")
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)
    data = records.read_packed_neighbors(written, batch_size=2)
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"{path.name}: record 4 of 5"):
        list(data)


def test_a_schema_of_the_other_kind_or_edited(written: Path, tmp_path: Path) -> None:
    records.write(tf.data.Dataset.range(3), tmp_path / "batches")
    with pytest.raises(ValueError, match="must be of kind 'packed_neighbors'; got 'batches'"):
        records.read_packed_neighbors(tmp_path / "batches", batch_size=2)
    schema = json.loads((written / "schema.json").read_text())
    schema["features"]["x"]["shape"] = [3]
    (written / "schema.json").write_text(json.dumps(schema))
    with pytest.raises(ValueError, match="was changed after it was written"):
        records.read_packed_neighbors(written, batch_size=2)


def test_a_feature_that_is_empty_in_the_first_record_has_to_be_given(tmp_path: Path) -> None:
    example = tf.train.Example()
    example.features.feature["x"].float_list.value.append(1.0)
    example.features.feature["y"].float_list.value.extend([])
    write_records(tmp_path / "a.tfr", [example.SerializeToString()])
    with pytest.raises(ValueError, match="features must give a spec of 'y'"):
        records.read_packed_neighbors(
            tmp_path / "a.tfr", batch_size=1, neighbor_config=TWO, labels=None
        )
