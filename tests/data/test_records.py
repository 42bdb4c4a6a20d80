"""Batches written to records come back as they were, in one order from any number of shards."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

import gnn
from gnn.data import records

FULL_DISK = 20_000


def words_graph() -> gnn.Graph:
    rng = np.random.default_rng(0)
    words = sparse.random_array((30, 12), density=0.3, rng=rng, dtype=np.float32)
    return gnn.Graph.from_edges(
        rng.integers(0, 30, 90),
        rng.integers(0, 30, 90),
        {"words": words, "name": [f"node {i}" for i in range(30)], "x": rng.random((30, 2, 3))},
        weights=rng.random(90),
        labels=rng.integers(0, 4, 30),
        splits={"train": np.arange(0, 30, 2)},
    )


def batches_of(kind: str) -> tf.data.Dataset:
    graph = words_graph()
    if kind == "full":
        return gnn.data.full_batch(graph, "train")
    if kind == "padded full":
        return gnn.data.full_batch(graph, "train", padding=True)
    options: dict[str, Any] = {"batch_size": 4, "fanout": (3, 2), "seed": 1}
    if kind == "unlabeled":
        options["unlabeled"] = "rest"
    if kind == "padded":
        options["padding"] = True
    data = gnn.data.neighborhoods(graph, "train", **options)
    return data.map(lambda inputs, labels: inputs) if kind == "no labels" else data


def numbers(count: int) -> tf.data.Dataset:
    return tf.data.Dataset.range(count)


def listed(data: tf.data.Dataset) -> list[Any]:
    return [int(value) for value in data]


def assert_same_elements(one: tf.data.Dataset, other: tf.data.Dataset) -> None:
    assert one.element_spec == other.element_spec
    assert int(one.cardinality()) == int(other.cardinality())
    for a, b in zip(one, other, strict=True):
        tf.nest.assert_same_structure(a, b)
        for x, y in zip(
            tf.nest.flatten(a, expand_composites=True),
            tf.nest.flatten(b, expand_composites=True),
            strict=True,
        ):
            assert x.dtype == y.dtype
            np.testing.assert_array_equal(x.numpy(), y.numpy())


@pytest.mark.parametrize(
    ("kind", "shards", "compression"),
    [
        ("neighborhoods", 1, None),
        ("full", 1, "GZIP"),
        ("padded", 3, None),
        ("padded full", 3, "ZLIB"),
        ("unlabeled", 9, "GZIP"),
        ("no labels", 2, None),
    ],
)
def test_batches_come_back_as_they_were(
    kind: str, shards: int, compression: str | None, tmp_path: Path
) -> None:
    data = batches_of(kind)
    records.write(data, tmp_path / "r", shards=shards, compression=compression)
    assert_same_elements(records.read(tmp_path / "r"), data)
    suffix = {None: "", "GZIP": ".gz", "ZLIB": ".zlib"}[compression]
    assert {path.name for path in (tmp_path / "r").iterdir()} == {
        "schema.json",
        "gnn_manifest.json",
        *(f"batches-{i:05d}-of-{shards:05d}.tfrecord{suffix}" for i in range(shards)),
    }


@pytest.mark.parametrize(
    "dtype",
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    + ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"],
)
def test_every_dtype(dtype: str, tmp_path: Path) -> None:
    values = tf.cast([[0, 1, 3], [1, 0, 2]], dtype)
    at = tf.constant([[0, 1], [1, 2]], tf.int64)
    element = {"a": values, "b": (values[0, 0], tf.SparseTensor(at, values[0, :2], [2, 4]))}
    data = tf.data.Dataset.from_tensors(element)
    records.write(data, tmp_path / "r")
    assert_same_elements(records.read(tmp_path / "r"), data)


def test_wide_and_deep_sparse_tensors(tmp_path: Path) -> None:
    elements = {
        "wide": tf.SparseTensor([[0, 2**40], [1, 3]], [1.0, 2.0], [2, 2**41]),
        "deep": tf.SparseTensor([[0, 1, 2], [1, 0, 1]], ["a", ""], [2, 2, 3]),
        "vector": tf.SparseTensor([[5]], [True], [9]),
    }
    data = tf.data.Dataset.from_tensors(elements)
    records.write(data, tmp_path / "r")
    assert_same_elements(records.read(tmp_path / "r"), data)


def test_more_rows_than_indices_hold(tmp_path: Path) -> None:
    data = tf.data.Dataset.from_tensors(tf.SparseTensor([[2**33, 0]], [1.0], [2**34, 2]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="too many rows for records"):
        records.write(data, tmp_path / "r")
    assert not list(tmp_path.iterdir())


def test_shapes_that_are_not_known(tmp_path: Path) -> None:
    spec = {"any": tf.TensorSpec(None), "some": tf.TensorSpec([None, 2], tf.string)}
    values = [
        {"any": np.zeros([2, 0], np.float32), "some": np.full([1, 2], b"\x00\xff")},
        {"any": np.float32(3), "some": np.full([0, 2], b"")},
    ]
    data = tf.data.Dataset.from_generator(lambda: iter(values), output_signature=spec)
    records.write(data, tmp_path / "r")
    expected = data.apply(tf.data.experimental.assert_cardinality(2))
    assert_same_elements(records.read(tmp_path / "r"), expected)


@pytest.mark.parametrize(
    ("shards", "known"), [(1, True), (1, False), (8, True), (9, False), (30, True), (110, False)]
)
def test_the_order_is_that_of_writing(shards: int, known: bool, tmp_path: Path) -> None:
    data = numbers(100) if known else numbers(200).filter(lambda i: i < 100)
    records.write(data, tmp_path / "r", shards=shards)
    read = records.read(tmp_path / "r")
    assert int(read.cardinality()) == 100
    assert listed(read) == list(range(100)) == listed(read)
    schema = json.loads((tmp_path / "r/schema.json").read_text())
    counts = [shard["records"] for shard in schema["shards"]]
    assert sum(counts) == schema["num_records"] == 100 and len(counts) == shards
    assert max(counts) - min(counts) <= 2
    assert not (tmp_path / "r/spool").exists()


@pytest.mark.parametrize("buffer", [7, None])
def test_shuffled_order_hangs_on_the_seed_and_the_epoch_alone(
    buffer: int | None, tmp_path: Path
) -> None:
    orders = {}
    for shards in (1, 3, 20):
        records.write(numbers(40), tmp_path / str(shards), shards=shards)
        tf.random.set_seed(shards)
        options = {"shuffle": True, "shuffle_buffer": buffer}
        data = records.read(tmp_path / str(shards), seed=5, **options)
        epochs = [listed(data) for _ in range(3)]
        orders[shards] = epochs
        assert all(sorted(epoch) == list(range(40)) for epoch in epochs)
        assert len(set(map(tuple, epochs))) == 3
        other = records.read(tmp_path / str(shards), seed=6, **options)
        assert listed(other) != epochs[0]
    assert orders[1] == orders[3] == orders[20]


def test_without_a_seed_keras_seed_is_obeyed(tmp_path: Path) -> None:
    records.write(numbers(40), tmp_path / "r")
    orders = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        orders.append(listed(records.read(tmp_path / "r", shuffle=True)))
    assert orders[0] == orders[1] != orders[2]


def test_training_from_records_is_training_from_memory(tmp_path: Path) -> None:
    data = batches_of("neighborhoods").map(
        lambda inputs, labels: ({k: v for k, v in inputs.items() if k not in "name x"}, labels)
    )
    records.write(data, tmp_path / "r", shards=3)
    histories = []
    for source in (data, records.read(tmp_path / "r")):
        keras.utils.set_random_seed(3)
        model = gnn.GraphConvolutionalNodeClassifier(num_classes=4)
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        histories.append(model.fit(source, epochs=3, verbose=0, shuffle=False).history["loss"])
    assert histories[0] == histories[1]


def test_few_files_are_open_while_many_shards_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, most = [0], [0]
    plain = tf.io.TFRecordWriter

    class Counted:
        def __init__(self, *args: Any) -> None:
            opened[0] += 1
            most[0] = max(most[0], opened[0])
            self._writer = plain(*args)

        def write(self, record: bytes) -> None:
            self._writer.write(record)

        def close(self) -> None:
            opened[0] -= 1
            self._writer.close()

    monkeypatch.setattr(tf.io, "TFRecordWriter", Counted)
    records.write(numbers(150), tmp_path / "r", shards=50)
    assert most[0] == 8 and opened[0] == 0
    assert listed(records.read(tmp_path / "r")) == list(range(150))


def test_a_record_is_an_example_with_names(tmp_path: Path) -> None:
    data = batches_of("neighborhoods")
    records.write(data, tmp_path / "r")
    (path,) = (tmp_path / "r").glob("*.tfrecord")
    first = next(iter(tf.data.TFRecordDataset(str(path)))).numpy()
    feature = tf.train.Example.FromString(first).features.feature
    assert {"0/n_node", "0/words:indices", "0/words:values", "0/words:shape", "1"} < set(feature)
    labels = tf.io.parse_tensor(feature["1"].bytes_list.value[0], tf.int32)
    np.testing.assert_array_equal(labels, next(iter(data))[1])


# What is refused.


def infinite() -> tf.data.Dataset:
    return numbers(3).repeat()


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        (numbers(0), {}, ValueError, "must have elements to be written; it is empty"),
        (numbers(3).filter(lambda i: i > 5), {}, ValueError, "it is empty"),
        (infinite(), {}, ValueError, "it is infinite"),
        ([1, 2], {}, TypeError, "must be a tf.data.Dataset; got list"),
        (numbers(3), {"shards": 0}, ValueError, "shards must be at least 1, got 0"),
        (numbers(3), {"shards": 100_000}, ValueError, "at most 99999, got 100000"),
        (numbers(3), {"shards": 2.0}, TypeError, "shards must be an integer, got 2.0"),
        (numbers(3), {"shards": True}, TypeError, "shards must be an integer, got True"),
        (numbers(3), {"compression": "gzip"}, ValueError, "compression must be .* got 'gzip'"),
        (numbers(3), {"verbose": "loud"}, ValueError, "verbose must be .* got 'loud'"),
        (
            tf.data.Dataset.from_tensors({"x": tf.ragged.constant([[1], [2, 3]])}),
            {},
            TypeError,
            r"element\['x'\] must be a dict, a tuple, a tensor or a SparseTensor .* Ragged",
        ),
        (
            tf.data.Dataset.from_tensors((tf.cast([1], tf.qint8), 1)),
            {},
            TypeError,
            r"element\[0\] must have a dtype that records can hold; got qint8",
        ),
        (
            tf.data.Dataset.from_tensors({1: 2}),
            {},
            TypeError,
            "element must have strings as keys to be written; got 1",
        ),
        (
            tf.data.Dataset.from_tensors({"a/b": 1, "a": {"b": 2}}),
            {},
            ValueError,
            "distinct names in records; 'a/b' is there twice",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(
    data: Any, options: dict[str, Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        records.write(data, tmp_path / "r", **options)
    assert not list(tmp_path.iterdir())


def test_an_element_of_2_gib_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_MOST_BYTES", 1000)
    data = tf.data.Dataset.from_tensor_slices([10, 2000]).map(lambda size: tf.fill([size], 1.0))
    with pytest.raises(ValueError, match="less than 2 GiB .* element 1 has 80.. bytes"):
        records.write(data, tmp_path / "r")
    assert not list(tmp_path.iterdir())


def test_a_folder_is_replaced_only_when_asked(tmp_path: Path) -> None:
    records.write(numbers(3), tmp_path / "r", shards=2)
    with pytest.raises(FileExistsError, match="exists already"):
        records.write(numbers(4), tmp_path / "r")
    assert listed(records.read(tmp_path / "r")) == [0, 1, 2]
    records.write(numbers(4), tmp_path / "r", overwrite=True)
    assert listed(records.read(tmp_path / "r")) == [0, 1, 2, 3]
    names = {"batches-00000-of-00001.tfrecord", "gnn_manifest.json", "schema.json"}
    assert {path.name for path in (tmp_path / "r").iterdir()} == names


@pytest.mark.parametrize("known", [True, False])
def test_a_full_disk_leaves_the_old_folder(known: bool, tmp_path: Path) -> None:
    records.write(numbers(3), tmp_path / "r")
    data = tf.data.Dataset.range(50).map(lambda i: tf.fill([1000], i))
    data = data if known else data.filter(lambda values: True)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_DISK, before[1]))
    try:
        with pytest.raises(OSError, match="cannot write (batches-0000.*|spool) of r: .*large"):
            records.write(data, tmp_path / "r", shards=3, overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
    assert listed(records.read(tmp_path / "r")) == [0, 1, 2]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="file"):
        records.write(numbers(3), tmp_path / "file/r")
    with pytest.raises(FileExistsError, match="it is a file"):
        records.write(numbers(3), tmp_path / "file", overwrite=True)
    assert (tmp_path / "file").read_text() == "mine"


def test_an_error_of_the_data_set_is_its_own_and_leaves_the_old_folder(tmp_path: Path) -> None:
    records.write(numbers(3), tmp_path / "r")
    data = numbers(30).map(
        lambda i: tf.debugging.check_numerics(1 / (9 - tf.cast(i, tf.float32)), "one is infinite")
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="one is infinite"):
        records.write(data, tmp_path / "r", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
    assert listed(records.read(tmp_path / "r")) == [0, 1, 2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": 1.5}, "got 1.5"),
        ({"shuffle_buffer": 0}, "shuffle_buffer must be at least 1, got 0"),
    ],
)
def test_readers_arguments_out_of_range(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        records.read(tmp_path, **options)


# Damage.


def damaged_folder(tmp_path: Path, compression: str | None = None) -> tuple[Path, list[Path]]:
    records.write(numbers(20), tmp_path / "r", shards=3, compression=compression)
    return tmp_path / "r", sorted((tmp_path / "r").glob("batches-*"))


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("record", [0, 3, 5])
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_damaged_record_is_named(record: int, shuffle: bool, tmp_path: Path) -> None:
    folder, (first, middle, _) = damaged_folder(tmp_path)
    size = middle.stat().st_size
    assert size % 7 == 0  # Twenty records in three shards are 7, 7 and 6, all of one length.
    flip(middle, record * size // 7 + 20)
    data = records.read(folder, shuffle=shuffle, seed=0)
    message = f"{middle.name}: record {record} of 7 \\(counted from 0\\) is cut short or damaged"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        list(data)


def test_a_damaged_record_ends_a_fit(tmp_path: Path) -> None:
    data = tf.data.Dataset.from_tensor_slices((np.eye(6, dtype=np.float32), np.ones(6))).batch(2)
    records.write(data, tmp_path / "r")
    (path,) = (tmp_path / "r").glob("batches-*")
    flip(path, path.stat().st_size - 20)
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"{path.name}: record 2 of 3"):
        model.fit(records.read(tmp_path / "r"), verbose=0, shuffle=False)


@pytest.mark.parametrize("compression", [None, "GZIP"])
def test_a_truncated_shard_is_named(compression: str | None, tmp_path: Path) -> None:
    folder, (_, _, last) = damaged_folder(tmp_path, compression)
    content = last.read_bytes()
    last.write_bytes(content[:-30])
    message = f"{last.name}: record . of 6 .* has {len(content) - 30} bytes, and had {len(content)}"
    with pytest.raises(tf.errors.DataLossError, match=message) as raised:
        records.read(folder)
    if compression is None:
        assert "record 5 of 6" in str(raised.value)


def test_a_shard_that_holds_more_than_was_written(tmp_path: Path) -> None:
    folder, (_, _, last) = damaged_folder(tmp_path)
    last.write_bytes(last.read_bytes() * 2)
    with pytest.raises(tf.errors.DataLossError, match=f"{last.name}: .* and had"):
        records.read(folder)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    folder, (_, middle, _) = damaged_folder(tmp_path)
    middle.unlink()
    with pytest.raises(FileNotFoundError, match=f"lacks the shard {middle.name}"):
        records.read(folder)


def test_a_shard_that_goes_missing_later_is_named(tmp_path: Path) -> None:
    folder, (_, middle, _) = damaged_folder(tmp_path)
    data = records.read(folder)
    middle.unlink()
    with pytest.raises(tf.errors.NotFoundError, match=middle.name):
        list(data)


def test_a_folder_that_holds_no_records(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(FileNotFoundError, match="is not a record folder: .* schema.json"):
            records.read(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda schema: "{", "is not JSON"),
        (lambda schema: b"\xff\xfe", "is not JSON"),
        (lambda schema: [], "is not the schema of records"),
        (lambda schema: {"format": "other"}, "is not the schema of records"),
        (lambda schema: {**schema, "version": 2}, "has version 2; this version of gnn reads 1"),
        (lambda schema: {**schema, "kind": "images"}, "kind 'batches'; got 'images'"),
        (lambda schema: {**schema, "num_records": 19}, "was changed after it was written"),
        (lambda schema: {**schema, "shards": schema["shards"][:2]}, "was changed after"),
        (
            lambda schema: {**schema, "element": {"dense": "float64", "shape": []}},
            "was changed after",
        ),
        (lambda schema: {k: v for k, v in schema.items() if k != "digest"}, "was changed after"),
    ],
)
def test_a_schema_that_does_not_fit(change: Any, message: str, tmp_path: Path) -> None:
    folder, _ = damaged_folder(tmp_path)
    path = folder / "schema.json"
    changed = change(json.loads(path.read_text()))
    if isinstance(changed, bytes):
        path.write_bytes(changed)
    else:
        path.write_text(changed if isinstance(changed, str) else json.dumps(changed))
    with pytest.raises(ValueError, match=message) as raised:
        records.read(folder)
    assert str(path) in str(raised.value)


def test_a_schema_laid_out_anew_is_the_same_schema(tmp_path: Path) -> None:
    folder, _ = damaged_folder(tmp_path)
    path = folder / "schema.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=8, sort_keys=True))
    assert listed(records.read(folder)) == list(range(20))


def test_the_other_kind_of_records(tmp_path: Path) -> None:
    records.write_packed_neighbors(words_graph(), "train", tmp_path / "r", max_neighbors=1)
    with pytest.raises(ValueError, match="must be of kind 'batches'; got 'packed_neighbors'"):
        records.read(tmp_path / "r")


_WRITER = """
import sys
for name in ("matplotlib", "pandas", "sklearn"):
    sys.modules[name] = None  # Keras loads them where they are: a third of the start.
import tensorflow as tf
from gnn.data import records
data = tf.data.Dataset.range(2000).map(lambda i: tf.fill([500], i))
print("writing", flush=True)
while True:
    records.write(data, sys.argv[1], shards=9, overwrite=True, verbose=False)
"""


def test_a_killed_writer_leaves_whole_records_or_none(tmp_path: Path) -> None:
    path = tmp_path / "r"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, env=environment
    )
    assert writer.stdout and writer.stdout.readline() == b"writing\n"
    ends = time.monotonic() + 60
    # In the middle of a second writing: the first is there, and a partial folder beside it.
    while time.monotonic() < ends:
        beside = list(tmp_path.glob(".r.partial-*/new/r/*.tfrecord"))
        if path.exists() and len(beside) > 3:
            break
        time.sleep(0.005)
    assert time.monotonic() < ends
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    expected = [i for i in range(2000)]
    assert [int(values[0]) for values in records.read(path)] == expected
    records.write(numbers(3), path, overwrite=True)
    assert [found.name for found in tmp_path.iterdir()] == ["r"]
    assert listed(records.read(path)) == [0, 1, 2]
