"""Shards of records: files that many records are dealt to, and read back from in one order."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import itertools
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from gnn.configs.arguments import check_count

_SUFFIXES = {None: "", "GZIP": ".gz", "ZLIB": ".zlib"}
_MOST_SHARDS = 99_999
# So many shards are written and read side by side: a run of records is dealt to them in turn.
_STRIPE = 8
_GZIP_PART = 1 << 20

_DAMAGED = "(counted from 0) is cut short or damaged"


@dataclasses.dataclass(frozen=True)
class Shards:
    """Files of records, in the order that they are read in.

    Attributes:
        paths: the files.
        counts: how many records each has.
        compression: None, "GZIP" or "ZLIB".
        stripe: how many files that stand together take turns, one record each.
    """

    paths: tuple[str, ...]
    counts: tuple[int, ...]
    compression: str | None
    stripe: int

    @property
    def num_records(self) -> int:
        """The number of records in all."""
        return sum(self.counts)


def check_shards(shards: Any, compression: Any, verbose: Any) -> None:
    """Checks the arguments that every writer has.

    Raises:
        TypeError: `shards` is no integer.
        ValueError: one of them is out of range.
    """
    if check_count("shards", shards) > _MOST_SHARDS:
        raise ValueError(f"shards must be at most {_MOST_SHARDS}, got {shards}")
    if compression not in _SUFFIXES:
        raise ValueError(f"compression must be None, 'GZIP' or 'ZLIB'; got {compression!r}")
    if verbose not in ("auto", True, False):
        raise ValueError(f"verbose must be 'auto', True or False; got {verbose!r}")


def check_shuffle(seed: Any, shuffle_buffer: Any) -> None:
    """Checks the arguments that every reader has.

    Raises:
        TypeError: one of them is no integer.
        ValueError: one of them is out of range.
    """
    if seed is not None:
        check_count("seed", seed, 0)
    if shuffle_buffer is not None:
        check_count("shuffle_buffer", shuffle_buffer)


def write_shards(
    records: Iterable[bytes],
    count: int | None,
    folder: Path,
    *,
    name: str,
    shards: int,
    compression: str | None,
    verbose: str | bool,
) -> dict[str, Any]:
    """Writes records to the shards of an empty folder, a few of them open at a time.

    Args:
        records: the records.
        count: how many there are. None: not known; they then go to one file first.
        folder: where the shards go.
        name: what their names begin with.
        shards: how many; some are empty where there are fewer records.
        compression: None, "GZIP" or "ZLIB".
        verbose: whether to show a progress bar; "auto": where a person watches.

    Returns:
        What the schema has to say of them.

    Raises:
        ValueError: there are no records, or not as many as `count`.
        OSError: a shard cannot be written.
    """
    disable = None if verbose == "auto" else not verbose
    shown = tqdm(records, total=count, unit="record", desc=folder.name, disable=disable)
    if count is None:
        spool = folder / "spool"
        with _writer(spool, None) as write:
            count = sum(1 for _ in map(write, shown))
        records = tf.data.TFRecordDataset(str(spool)).as_numpy_iterator()
        files = _deal(records, count, folder, name, shards, compression)
        spool.unlink()
    else:
        files = _deal(shown, count, folder, name, shards, compression)
    return {"num_records": count, "compression": compression, "stripe": _STRIPE, "shards": files}


def _deal(
    records: Iterable[bytes],
    count: int,
    folder: Path,
    name: str,
    shards: int,
    compression: str | None,
) -> list[dict[str, Any]]:
    """Deals records to shards: a run of them to each stripe, and in it to each shard in turn."""
    if not count:
        raise ValueError("dataset must have elements to be written; it is empty")
    suffix = f"-of-{shards:05d}.tfrecord{_SUFFIXES[compression]}"
    paths = [folder / f"{name}-{i:05d}{suffix}" for i in range(shards)]
    rest, counts = iter(records), [0] * shards
    for first in range(0, shards, _STRIPE):
        stripe = range(first, min(first + _STRIPE, shards))
        with contextlib.ExitStack() as stack:
            writers = [stack.enter_context(_writer(paths[i], compression)) for i in stripe]
            run = stripe.stop * count // shards - first * count // shards
            for i, record in enumerate(itertools.islice(rest, run)):
                writers[i % len(stripe)](record)
                counts[first + i % len(stripe)] += 1
    if sum(counts) != count or next(rest, None) is not None:
        raise ValueError(f"dataset must have the {count} elements that its cardinality says")
    return [
        {"name": path.name, "records": number, "bytes": path.stat().st_size}
        for path, number in zip(paths, counts, strict=True)
    ]


@contextlib.contextmanager
def _writer(path: Path, compression: str | None) -> Iterator[Callable[[bytes], None]]:
    """A function that writes a record to a new file; what TensorFlow cannot write is an OSError."""

    def said(error: tf.errors.OpError) -> OSError:
        return OSError(f"cannot write {path.name} of {path.parent.name}: {error.message}")

    def write(record: bytes) -> None:
        try:
            writer.write(record)
        except tf.errors.OpError as error:
            raise said(error) from error

    try:
        writer = tf.io.TFRecordWriter(str(path), compression)
    except tf.errors.OpError as error:
        raise said(error) from error
    try:
        yield write
    except BaseException:
        with contextlib.suppress(tf.errors.OpError):  # The first error is the one to report.
            writer.close()
        raise
    try:
        writer.close()
    except tf.errors.OpError as error:
        raise said(error) from error


def open_shards(folder: str | os.PathLike[str], schema: Mapping[str, Any]) -> Shards:
    """The shards of a record folder, once all are there and as large as when they were written.

    Args:
        folder: the record folder.
        schema: what `write_shards` returned.

    Raises:
        FileNotFoundError: a shard is missing.
        tf.errors.DataLossError: one has another size; the first record that is not whole is named.
    """
    for shard in schema["shards"]:
        path = Path(folder) / shard["name"]
        if not path.is_file():
            raise FileNotFoundError(f"{folder} lacks the shard {shard['name']}")
        size = path.stat().st_size
        if size != shard["bytes"]:
            number = _whole_records(str(path), schema["compression"])
            raise tf.errors.DataLossError(
                None,
                None,
                f"{path}: record {number} of {shard['records']} {_DAMAGED}: the file has {size} "
                f"bytes, and had {shard['bytes']} when it was written",
            )
    return Shards(
        tuple(str(Path(folder) / shard["name"]) for shard in schema["shards"]),
        tuple(shard["records"] for shard in schema["shards"]),
        schema["compression"],
        schema["stripe"],
    )


def open_files(paths: Sequence[str | os.PathLike[str]]) -> Shards:
    """Files of records that stand alone, once every record in them is found whole.

    Args:
        paths: TFRecord files; those that end in `.gz` are compressed.

    Raises:
        tf.errors.DataLossError: a file is cut short or damaged; file and record are named.
        ValueError: there are no records, or some files are compressed and some are not.
    """
    names = tuple(str(path) for path in paths)
    compressions = {"GZIP" if name.endswith(".gz") else None for name in names}
    if len(compressions) > 1:
        raise ValueError(f"path must name files that end in .gz all or none; got {list(names)}")
    (compression,) = compressions
    counts = []
    for name in names:
        try:
            counts.append(int(_count(tf.data.TFRecordDataset(name, compression))))
            if compression:
                _check_end(name)
        except tf.errors.DataLossError as error:
            number = _whole_records(name, compression)
            text = f"{name}: record {number} {_DAMAGED}: {error.message}"
            raise tf.errors.DataLossError(None, None, text) from error
    if not sum(counts):
        raise ValueError(f"path must name files with records; {list(names)} are empty")
    return Shards(names, tuple(counts), compression, stripe=1)


def _check_end(path: str) -> None:
    """Raises DataLossError for a GZIP file without its end: TensorFlow takes what there is as all.

    It only sees the cut if that is amid a record.
    """
    try:
        with gzip.open(path) as file:
            while file.read(_GZIP_PART):
                pass
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise tf.errors.DataLossError(None, None, str(error)) from error


def _count(records: tf.data.Dataset) -> tf.Tensor:
    return records.reduce(tf.constant(0, tf.int64), lambda total, _: total + 1)


def _whole_records(path: str | tf.Tensor, compression: str | None) -> tf.Tensor:
    """How many records come before the first that is damaged."""
    return _count(_records_until_damage(path, compression))


def _records_until_damage(path: str | tf.Tensor, compression: str | None) -> tf.data.Dataset:
    # A file that cannot be opened would be tried for ever: reading a byte of it first raises.
    opened = tf.data.FixedLengthRecordDataset(path, 1).take(1).skip(1)
    return opened.concatenate(tf.data.TFRecordDataset(path, compression).ignore_errors())


def read_shards(
    shards: Shards, *, shuffle: bool, seed: int | None, shuffle_buffer: int | None
) -> tf.data.Dataset:
    """The records of all shards in the order written, or shuffled.

    Shuffling comes after the shards are one stream, so that the order hangs on the seed and the
    epoch and not on how many shards there are.

    Args:
        shards: the files.
        shuffle: whether to draw the order anew each epoch.
        seed: of the shuffling; None takes one from NumPy's global state.
        shuffle_buffer: how many records the next one is drawn from; None: all.

    Returns:
        A `tf.data.Dataset` of known cardinality of pairs: the place of a record, counted through
        all shards, and the record, empty where the shard is damaged. `whole_records` takes both.
    """
    counts = np.array(shards.counts, np.int64)

    def of_shard(path: Any, start: Any, count: Any) -> tf.data.Dataset:
        # TensorFlow's own error would not say which record it is, nor of which file. An empty
        # record stands for the first that is damaged; what comes after it is not looked for.
        records = _records_until_damage(path, shards.compression)
        records = records.concatenate(tf.data.Dataset.from_tensors(""))
        return tf.data.Dataset.zip(tf.data.Dataset.range(start, start + count), records)

    def side_by_side(files: tf.data.Dataset) -> tf.data.Dataset:
        return files.interleave(
            of_shard, shards.stripe, 1, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
        )

    files = tf.data.Dataset.from_tensor_slices(
        (list(shards.paths), counts.cumsum() - counts, counts)
    )
    if len(shards.paths) == 1:
        # Every function of a pipeline adds milliseconds to the start of an epoch.
        records = of_shard(shards.paths[0], 0, shards.num_records)
    elif shards.stripe == 1:
        records = files.flat_map(of_shard)
    elif len(shards.paths) <= shards.stripe:
        records = side_by_side(files)
    else:
        records = files.batch(shards.stripe).flat_map(
            lambda *stripe: side_by_side(tf.data.Dataset.from_tensor_slices(stripe))
        )
    if shuffle:
        buffer = shards.num_records if shuffle_buffer is None else shuffle_buffer
        records = _shuffled(records, min(buffer, shards.num_records), seed)
    return records.apply(tf.data.experimental.assert_cardinality(shards.num_records))


def _shuffled(records: tf.data.Dataset, buffer: int, seed: int | None) -> tf.data.Dataset:
    """Shuffles as a function of seed and epoch alone."""
    start = int(np.random.randint(2**31)) if seed is None else int(seed) % 2**63
    epochs = itertools.count()

    def next_epoch() -> np.int64:
        return np.int64(next(epochs))

    def of_epoch(_: tf.Tensor) -> tf.data.Dataset:
        epoch = tf.ensure_shape(tf.numpy_function(next_epoch, [], tf.int64), [])
        drawn = tf.random.stateless_uniform([], [start, epoch], 0, 2**31 - 1, tf.int64)
        # Of this function's graph alone: else the seed of the whole program would go in as well.
        tf.compat.v1.set_random_seed(1)
        return records.shuffle(buffer, seed=drawn, reshuffle_each_iteration=False)

    return tf.data.Dataset.range(1).flat_map(of_epoch)


def whole_records(shards: Shards, places: tf.Tensor, records: tf.Tensor) -> tf.Tensor:
    """The records, with an error that names shard and record where one is damaged.

    Args:
        shards: what `read_shards` was given.
        places: int64 `[]` or `[n]`, of `read_shards`.
        records: strings of that shape.

    Returns:
        `records`; when it runs, tf.errors.InvalidArgumentError where one is damaged.
    """
    counts = np.array(shards.counts, np.int64)
    starts = tf.constant(counts.cumsum() - counts)
    damaged = tf.reshape(tf.strings.length(records) == 0, [-1])
    place = tf.gather(tf.reshape(places, [-1]), tf.argmax(damaged))
    # An empty shard starts where the next one does: the last that starts there has the record.
    shard = tf.searchsorted(starts, [place], side="right")[0] - 1
    number = tf.strings.as_string(place - tf.gather(starts, shard))
    of = tf.strings.as_string(tf.gather(tf.constant(counts), shard))
    path = tf.gather(tf.constant(shards.paths), shard)
    message = tf.strings.join([path, ": record ", number, " of ", of, " ", _DAMAGED])
    # tf.debugging.Assert would do the same in functions of its own, which take time to start.
    checked = tf.raw_ops.Assert(condition=~tf.reduce_any(damaged), data=[message])
    with tf.control_dependencies([checked]):
        return tf.identity(records)
