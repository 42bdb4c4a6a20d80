"""Batches and NSL's packed neighbors in files: written once, read back fast and in the same order.

A record folder holds shards, `NAME-00000-of-00010.tfrecord`, and a `schema.json` that says what is
in them. `write` and `read` are for batches; `write_packed_neighbors` and `read_packed_neighbors`
for examples with their neighbors' features, as NSL's `pack_nbrs` writes them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from gnn.data.made_ahead import made_ahead
from gnn.data.packed_neighbor_records import read_packed_neighbors, write_packed_neighbors
from gnn.data.record_reading import check_shuffle, read_shards, whole_records
from gnn.data.record_schema import (
    KIND,
    element_from_json,
    element_to_json,
    named_leaves,
    read_schema,
    write_schema,
)
from gnn.data.record_shards import open_shards
from gnn.data.record_writing import check_shards, write_shards
from gnn.files import whole_folder

__all__ = ["read", "read_packed_neighbors", "write", "write_packed_neighbors"]

_KIND = "batches"
_SPARSE_PARTS = (":indices", ":values", ":shape")
# A protocol buffer ends at 2 GiB; names and lengths need some of it.
_MOST_BYTES = 2**31 - 2**20


def write(
    dataset: tf.data.Dataset,
    path: str | os.PathLike[str],
    *,
    shards: int = 1,
    compression: str | None = None,
    overwrite: bool = False,
    verbose: str | bool = "auto",
) -> None:
    """Writes one pass over a data set to a record folder, an element a record.

    Each record is a `tf.train.Example` that holds every tensor of the element as
    `tf.io.serialize_tensor` makes it. The folder gets its name when all is written; a process that
    is killed before leaves what was there.

    Args:
        dataset: of dicts and tuples of dense tensors and SparseTensors, such as those of
            `gnn.data`. Where its cardinality is not known, the records go to one file first.
        path: the folder to make.
        shards: the number of files, at most 99999.
        compression: None, "GZIP" or "ZLIB".
        overwrite: whether to replace records that are there; nothing else is replaced.
        verbose: whether to show a progress bar; "auto" where standard error is a terminal.

    Raises:
        FileExistsError: there is such a folder and `overwrite` is False, or it holds something else
            than records; or such a file.
        OSError: the folder cannot be written; an older one is left as it was.
        TypeError: `dataset` is no `tf.data.Dataset`, or has elements that records cannot hold.
        ValueError: `dataset` is infinite or empty, an element is 2 GiB or more, or an argument is
            out of range.

    Example:

    >>> import tempfile
    >>> data = tf.data.Dataset.range(5).batch(2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(data, folder + "/records", shards=2)
    ...     [batch.numpy().tolist() for batch in read(folder + "/records")]
    [[0, 1], [2, 3], [4]]
    """
    check_shards(shards, compression, verbose)
    if not isinstance(dataset, tf.data.Dataset):
        raise TypeError(f"dataset must be a tf.data.Dataset; got {type(dataset).__name__}")
    element = element_to_json(dataset.element_spec)
    names = Counter(_names(dataset.element_spec))
    twice = [name for name, times in names.items() if times > 1]
    if twice:
        raise ValueError(
            f"dataset must have elements whose parts have distinct names in records; {twice[0]!r} "
            "is there twice"
        )
    count = int(dataset.cardinality())
    if count == tf.data.INFINITE_CARDINALITY:
        raise ValueError("dataset must end to be written; it is infinite (say `take`)")
    with whole_folder(path, KIND, overwrite=overwrite) as folder:
        written = write_shards(
            _serialized(dataset),
            None if count == tf.data.UNKNOWN_CARDINALITY else count,
            folder,
            name=_KIND,
            shards=shards,
            compression=compression,
            verbose=verbose,
        )
        write_schema(folder, _KIND, {"element": element, **written})


def read(
    path: str | os.PathLike[str],
    *,
    shuffle: bool = False,
    seed: int | None = None,
    shuffle_buffer: int | None = 256,
) -> tf.data.Dataset:
    """The elements that `write` wrote: of the same structure, dtypes and static shapes.

    Args:
        path: the record folder.
        shuffle: whether to draw the order of the elements anew each epoch. What is in each is as it
            was written.
        seed: int; the same seed gives the same order in each epoch, whatever the number of shards.
            None takes one from NumPy's global state, so that `keras.utils.set_random_seed` is
            obeyed.
        shuffle_buffer: how many elements are held in memory, of which the next one is drawn; None
            holds all.

    Returns:
        A `tf.data.Dataset` of known cardinality.

    Raises:
        FileNotFoundError: there is no record folder, or it lacks a shard.
        ValueError: its schema does not fit, or an argument is out of range.
        tf.errors.DataLossError: a shard is not as long as it was.
        tf.errors.InvalidArgumentError: while iterating, where a record is damaged; shard and record
            are named.

    Example:

    >>> # model.fit(read("cora_train", shuffle=True, seed=0), epochs=10)
    """
    check_shuffle(seed, shuffle_buffer)
    schema = read_schema(path, _KIND)
    spec = element_from_json(schema["element"])
    shards = open_shards(path, schema)
    records = read_shards(shards, shuffle=shuffle, seed=seed, shuffle_buffer=shuffle_buffer)

    def parse(place: tf.Tensor, record: tf.Tensor) -> Any:
        return _parsed(whole_records(shards, place, record), spec)

    return made_ahead(records.map(parse, num_parallel_calls=tf.data.AUTOTUNE))


def _index_dtype(spec: tf.SparseTensorSpec) -> tf.DType:
    """What a SparseTensor's indices are stored as: they are most of its bytes."""
    widths = [None] if spec.shape.rank is None else spec.shape.as_list()[1:]
    small = all(width is not None and width <= tf.int32.max for width in widths)
    return tf.int32 if small else tf.int64


def _parts(name: str, spec: Any) -> list[str]:
    if isinstance(spec, tf.SparseTensorSpec):
        return [name + part for part in _SPARSE_PARTS]
    return [name]


def _names(spec: Any) -> list[str]:
    """What the parts of an element are called in a record."""
    return [part for name, leaf in named_leaves(spec) for part in _parts(name, leaf)]


def _serialized(dataset: tf.data.Dataset) -> Iterator[bytes]:
    spec = dataset.element_spec
    names = _names(spec)

    def serialize(*element: Any) -> tf.Tensor:
        # tf.data hands over a tuple part by part.
        leaves = tf.nest.flatten(element if isinstance(spec, tuple) else element[0])
        tensors: list[tf.Tensor] = []
        for leaf, leaf_spec in zip(leaves, tf.nest.flatten(spec), strict=True):
            if isinstance(leaf, tf.SparseTensor):
                dtype = _index_dtype(leaf_spec)
                few = leaf.dense_shape[0] <= dtype.max
                tf.debugging.Assert(few, ["too many rows for records:", leaf.dense_shape[0]])
                tensors += [tf.cast(leaf.indices, dtype), leaf.values, leaf.dense_shape]
            else:
                tensors.append(leaf)
        return tf.stack([tf.io.serialize_tensor(tensor) for tensor in tensors])

    tensors = dataset.map(serialize, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    for number, values in enumerate(tensors.prefetch(1).as_numpy_iterator()):
        size = sum(map(len, values))
        if size > _MOST_BYTES:
            raise ValueError(
                f"dataset must have elements of less than 2 GiB to be written; element {number} "
                f"has {size} bytes"
            )
        example = tf.train.Example()
        for name, value in zip(names, values, strict=True):
            example.features.feature[name].bytes_list.value.append(value)
        yield example.SerializeToString()


def _parsed(record: tf.Tensor, spec: Any) -> Any:
    leaves = list(named_leaves(spec))
    string = tf.io.FixedLenFeature([], tf.string)
    values = tf.io.parse_single_example(record, dict.fromkeys(_names(spec), string))
    tensors = []
    for name, leaf in leaves:
        if isinstance(leaf, tf.SparseTensorSpec):
            dtypes = (_index_dtype(leaf), leaf.dtype, tf.int64)
            parts = [
                tf.io.parse_tensor(values[part], dtype)
                for part, dtype in zip(_parts(name, leaf), dtypes, strict=True)
            ]
            rank = leaf.shape.rank
            for part, shape in zip(parts, ([None, rank], [None], [rank]), strict=True):
                part.set_shape(shape)
            tensor = tf.SparseTensor(tf.cast(parts[0], tf.int64), *parts[1:])
        else:
            tensor = tf.io.parse_tensor(values[name], leaf.dtype)
        tensor.set_shape(leaf.shape)
        tensors.append(tensor)
    return tf.nest.pack_sequence_as(spec, tensors)
