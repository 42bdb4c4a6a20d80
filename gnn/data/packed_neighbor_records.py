"""NSL's packed-neighbor records: examples with the features of their heaviest neighbors."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.configs import GraphNeighborConfig, as_neighbor_config
from gnn.configs.arguments import check_count
from gnn.data.made_ahead import made_ahead
from gnn.data.neighbor_examples import NeighborExamples
from gnn.data.neighbor_features import pack_nodes_and_edges
from gnn.data.record_reading import check_shuffle, read_shards, whole_records
from gnn.data.record_schema import FILE_NAME, KIND, read_schema, write_schema
from gnn.data.record_shards import Shards, open_files, open_shards
from gnn.data.record_writing import check_shards, write_shards
from gnn.files import whole_folder
from gnn.graphs.graph import Graph

# What such records are called, in their schema and in the names of their files.
PACKED = "packed_neighbors"
_PREFIX, _SUFFIX = "NL_nbr_", "_weight"
_NOT_FEATURES = ("id", "label", "NL_num_nbrs")


def write_packed_neighbors(
    graph: Graph,
    split: str | None,
    path: str | os.PathLike[str],
    *,
    max_neighbors: int | None,
    shards: int = 1,
    compression: str | None = None,
    overwrite: bool = False,
    verbose: str | bool = "auto",
) -> None:
    """Writes the nodes of a split with their neighbors' features, as NSL's `pack_nbrs` does.

    Each record is a `tf.train.Example` of a node: its features, `id` and `label`, and for its
    neighbors i = 0 .. NL_num_nbrs - 1 all of that and the weight, under names that begin with
    `NL_nbr_<i>_`. Neighbors are the senders of a node's incoming edges, where NSL's files of edges
    name the node first and the neighbor second. The heaviest come first, and of equal weights the
    one whose id is greater as a string; of parallel edges the heaviest counts. A neighbor has a
    label only if it is in the split, so that the labels of other splits stay out.

    Integers and booleans are written as int64, floats as float32, strings in UTF-8, and sparse
    features dense: reading gives the same values, and in the graph's dtype.

    Args:
        graph: the graph. An id is written as its string, and is the node's number where there are
            none.
        split: the name of a split, in whose order records are written; None takes all nodes.
        path: the folder to make.
        max_neighbors: the most neighbors of a node; None takes all.
        shards: the number of files, at most 99999.
        compression: None, "GZIP" or "ZLIB".
        overwrite: whether to replace records that are there; nothing else is replaced.
        verbose: whether to show a progress bar; "auto" where standard error is a terminal.

    Raises:
        FileExistsError: there is such a folder and `overwrite` is False, or it holds something else
            than records; or such a file.
        KeyError: an unknown split.
        OSError: the folder cannot be written; an older one is left as it was.
        ValueError: the split is empty, there are no features, a feature has a name that NSL gives a
            meaning, ids are equal as strings, or an argument is out of range.

    Example:

    >>> import tempfile
    >>> features = {"x": [[1.0], [2.0], [3.0]]}
    >>> graph = Graph.from_edges([0, 1], [2, 2], features, [0.5, 0.9], labels=[0, 1, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_packed_neighbors(graph, None, folder + "/packed", max_neighbors=1)
    ...     inputs, labels = next(iter(read_packed_neighbors(folder + "/packed", batch_size=3)))
    >>> inputs["x"].numpy().ravel().tolist(), inputs["n_node"].numpy().tolist()
    ([1.0, 2.0, 2.0, 3.0], [1, 1, 2])
    """
    check_shards(shards, compression, verbose)
    examples = NeighborExamples(graph, split, max_neighbors)
    with whole_folder(path, KIND, overwrite=overwrite) as folder:
        written = write_shards(
            iter(examples),
            len(examples),
            folder,
            name=PACKED,
            shards=shards,
            compression=compression,
            verbose=verbose,
        )
        write_schema(folder, PACKED, {**examples.description(), **written})


def read_packed_neighbors(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    batch_size: int,
    neighbor_config: Any = None,
    features: Mapping[str, Any] | None = None,
    labels: str | None = "label",
    shuffle: bool = False,
    seed: int | None = None,
    shuffle_buffer: int | None = 10_000,
    drop_remainder: bool = False,
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Batches of stars, neighbors around each example, from packed-neighbor records.

    It reads what `write_packed_neighbors` wrote, and what NSL's `pack_nbrs` wrote as it is.

    Args:
        path: a record folder; or a TFRecord file, a glob pattern, or a list of files, read one
            after the other. Files that end in `.gz` are compressed.
        batch_size: examples of a batch.
        neighbor_config: a `gnn.GraphNeighborConfig` or NSL's. None takes as many neighbors as the
            folder was written with; files without a schema need it.
        features: name -> `tf.TensorSpec` or `tf.io.FixedLenFeature` of one example, or None to have
            it inferred; only these are read. Without it, all features are: as the schema says, and
            for files without one as the first record has them.
        labels: the feature that is the label, or None for batches of inputs alone. Integers are
            int64, and -1 where a record has none; floats are NaN there.
        shuffle: whether to draw the order anew each epoch.
        seed: int; the same seed gives the same order in each epoch, whatever the number of shards.
            None takes one from NumPy's global state.
        shuffle_buffer: how many records are held in memory, of which the next one is drawn; None
            holds all.
        drop_remainder: whether to leave out the last batch if it is smaller.
        num_parallel_calls: of the parsing.

    Returns:
        A `tf.data.Dataset` of known cardinality of `(inputs, labels)`, or of `inputs`: what
        `gnn.pack_nodes_and_edges` makes of the records. Features of a single value have the shape
        `[1]` where they are inferred from a record.

    Raises:
        FileNotFoundError: there is no such file or record folder, or it lacks a shard.
        KeyError: the records lack a feature; those they have are listed.
        ValueError: the schema does not fit, a shape cannot be inferred, or an argument is out of
            range.
        tf.errors.DataLossError: a file is cut short or damaged; file and record are named.
        tf.errors.InvalidArgumentError: while iterating, where a record of a folder is damaged
            (shard and record are named), or lacks a feature that the first one has.

    Example:

    >>> # data = read_packed_neighbors("train.tfr", batch_size=128,
    >>> #                              neighbor_config=GraphNeighborConfig(max_neighbors=3))
    """
    check_shuffle(seed, shuffle_buffer)
    check_count("batch_size", batch_size)
    shards, known, most = _open(path)
    if neighbor_config is not None:
        config = as_neighbor_config(neighbor_config)
    elif most is not None:
        config = GraphNeighborConfig(max_neighbors=most)
    else:
        raise ValueError(
            "neighbor_config must say how many neighbors to read, for there is no "
            f"{FILE_NAME}: GraphNeighborConfig(max_neighbors=...)"
        )
    if most is not None and (config.prefix, config.weight_suffix) != (_PREFIX, _SUFFIX):
        raise ValueError(
            f"neighbor_config must have the prefix {_PREFIX!r} and the weight_suffix {_SUFFIX!r} "
            f"that the records have; got {config.prefix!r} and {config.weight_suffix!r}"
        )
    chosen = _chosen(known or _inferred(shards, config), features, labels)
    spec = _parse_spec(chosen, config, labels)

    def parse(places: tf.Tensor, records: tf.Tensor) -> Any:
        values = tf.io.parse_example(whole_records(shards, places, records), spec)
        for name, wanted in chosen.items():
            if isinstance(wanted, tf.TensorSpec):
                values[name] = tf.cast(values[name], wanted.dtype)
        if labels is None:
            return pack_nodes_and_edges(batch_size, config, values)
        return pack_nodes_and_edges(batch_size, config, values, values.pop(labels))

    records = read_shards(shards, shuffle=shuffle, seed=seed, shuffle_buffer=shuffle_buffer)
    dataset = records.batch(batch_size, drop_remainder).map(parse, num_parallel_calls)
    return made_ahead(dataset)


def _open(path: Any) -> tuple[Shards, dict[str, tf.TensorSpec] | None, int | None]:
    """The files, and of a record folder its features and its number of neighbors."""
    if isinstance(path, (str, os.PathLike)) and Path(path).is_dir():
        schema = read_schema(path, PACKED)
        known = {
            name: tf.TensorSpec(feature["shape"], feature["dtype"])
            for name, feature in schema["features"].items()
        }
        return open_shards(path, schema), known, schema["max_neighbors"]
    patterns = [path] if isinstance(path, (str, os.PathLike)) else list(path)
    files: list[str] = []
    for pattern in [os.fspath(pattern) for pattern in patterns]:
        found = [pattern] if Path(pattern).is_file() else sorted(glob.glob(pattern))
        if not found:
            raise FileNotFoundError(f"no file or record folder {pattern!r}")
        files += found
    if not files:
        raise FileNotFoundError("path must name at least one file; got none")
    return open_files(files), None, None


def _inferred(shards: Shards, config: GraphNeighborConfig) -> dict[str, tf.TensorSpec | None]:
    """The features of the first record: None where it has no values to tell a type from."""
    first = next(path for path, count in zip(shards.paths, shards.counts, strict=True) if count)
    (record,) = tf.data.TFRecordDataset(first, shards.compression).take(1).as_numpy_iterator()
    example = tf.train.Example.FromString(record)
    dtypes = {"int64_list": tf.int64, "float_list": tf.float32, "bytes_list": tf.string}
    specs: dict[str, tf.TensorSpec | None] = {}
    for name, feature in sorted(example.features.feature.items()):
        if name.startswith(config.prefix) or name == "NL_num_nbrs":
            continue
        kind = feature.WhichOneof("kind")
        size = len(getattr(feature, kind).value) if kind else 0
        shape = [] if name == "label" and size == 1 else [size]
        specs[name] = tf.TensorSpec(shape, dtypes[kind]) if size else None
    return specs


def _chosen(
    known: Mapping[str, Any], features: Mapping[str, Any] | None, labels: str | None
) -> dict[str, Any]:
    """What to parse: the spec of each feature, and of the label if there is one."""
    if features is None:
        features = {name: None for name in known if name not in _NOT_FEATURES and name != labels}
        if not features:
            raise ValueError(f"the records hold no features but {sorted(known)}")
    wanted = dict(features)
    if labels is not None:
        wanted.setdefault(labels, None)
    chosen = {}
    for name, spec in wanted.items():
        has_default = isinstance(spec, tf.io.FixedLenFeature) and spec.default_value is not None
        if name not in known and not has_default:
            hint = "; labels=None reads them without" if name == labels else ""
            raise KeyError(
                f"the records lack the feature {name!r}; they have {sorted(known)}{hint}"
            )
        spec = known[name] if spec is None else spec
        if spec is None:
            raise ValueError(
                f"features must give a spec of {name!r}: it is empty in the first record"
            )
        chosen[name] = spec
    return chosen


def _parse_spec(
    chosen: Mapping[str, Any], config: GraphNeighborConfig, labels: str | None
) -> dict[str, tf.io.FixedLenFeature]:
    """What `tf.io.parse_example` is told: a neighbor that is not there has zeros and weight 0."""
    spec = {}
    for name, wanted in chosen.items():
        if isinstance(wanted, tf.io.FixedLenFeature):
            spec[name] = wanted
        elif isinstance(wanted, tf.TensorSpec):
            spec[name] = tf.io.FixedLenFeature(wanted.shape, _stored_dtype(name, wanted.dtype))
        else:
            raise TypeError(
                f"features[{name!r}] must be a tf.TensorSpec, a tf.io.FixedLenFeature or None; got "
                f"{wanted!r}"
            )
        own = spec[name]
        if name == labels:
            missing: Any = np.nan if own.dtype.is_floating else -1
            if own.default_value is None and own.dtype != tf.string:
                spec[name] = own._replace(default_value=np.full(own.shape, missing))
            continue
        nothing = np.full(own.shape, b"" if own.dtype == tf.string else 0)
        for i in range(config.max_neighbors):
            spec[f"{config.prefix}{i}_{name}"] = own._replace(default_value=nothing)
    for i in range(config.max_neighbors):
        weight = tf.io.FixedLenFeature([1], tf.float32, [0.0])
        spec[f"{config.prefix}{i}{config.weight_suffix}"] = weight
    return spec


def _stored_dtype(name: str, dtype: tf.DType) -> tf.DType:
    """The one of the three dtypes of a `tf.train.Example` that a feature is stored as."""
    if dtype.is_integer or dtype.is_bool:
        return tf.int64
    if dtype.is_floating:
        return tf.float32
    if dtype == tf.string:
        return tf.string
    raise TypeError(f"features[{name!r}] must hold numbers, booleans or strings; got {dtype.name}")


def make_cora_dataset(
    file_path: str,
    batch_size: int = 128,
    shuffle: bool = False,
    neighbor_config: Any = None,
    max_seq_length: int = 1433,
    num_parallel_calls: int = tf.data.AUTOTUNE,
) -> tf.data.Dataset:
    """Reads the Cora TFRecords of NSL's examples as batches of stars, by the predecessor's call.

    Unlike there, the last batch is kept even if it is smaller, and the number of batches is known.
    `gnn.data.records.read_packed_neighbors` reads records with any features.

    Args:
        file_path: a TFRecord file of `tf.train.Example`s with `words` (int64 `[max_seq_length]`),
            `label`, and the neighbors' `NL_nbr_<i>_words` and `NL_nbr_<i>_weight`, as NSL's
            `preprocess_cora_dataset` and `pack_nbrs` write it.
        batch_size: examples of a batch.
        shuffle: whether to draw the order anew each epoch; `keras.utils.set_random_seed` is obeyed.
        neighbor_config: a `gnn.GraphNeighborConfig` or NSL's; None means no neighbors.
        max_seq_length: the number of words.
        num_parallel_calls: of the parsing.

    Returns:
        A `tf.data.Dataset` of `(inputs, labels)`; the feature is `words`, int64.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: `batch_size` is less than 1, or the file is empty.
        tf.errors.DataLossError: the file is cut short or damaged; the record is named.

    Example:

    >>> # dataset = make_cora_dataset("train.tfr", shuffle=True, neighbor_config=config)
    """
    return read_packed_neighbors(
        file_path,
        batch_size=batch_size,
        neighbor_config=GraphNeighborConfig() if neighbor_config is None else neighbor_config,
        features={
            "words": tf.io.FixedLenFeature([max_seq_length], tf.int64, [0] * max_seq_length),
            "label": tf.io.FixedLenFeature([], tf.int64, -1),
        },
        shuffle=shuffle,
        shuffle_buffer=None,
        num_parallel_calls=num_parallel_calls,
    )
