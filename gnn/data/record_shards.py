"""Shards of records: the files that records lie in, opened once they are found whole."""

from __future__ import annotations

import dataclasses
import gzip
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

# What the names of compressed files end in.
SUFFIXES = {None: "", "GZIP": ".gz", "ZLIB": ".zlib"}
DAMAGED = "(counted from 0) is cut short or damaged"
_GZIP_PART = 1 << 20


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
                f"{path}: record {number} of {shard['records']} {DAMAGED}: the file has {size} "
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
            text = f"{name}: record {number} {DAMAGED}: {error.message}"
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
    return _count(records_until_damage(path, compression))


def records_until_damage(path: str | tf.Tensor, compression: str | None) -> tf.data.Dataset:
    """The records of a file, up to the first that is cut short or damaged, without an error.

    Args:
        path: of the file; a string, or a tensor of one.
        compression: None, "GZIP" or "ZLIB".
    """
    # A file that cannot be opened would be tried for ever: reading a byte of it first raises.
    opened = tf.data.FixedLengthRecordDataset(path, 1).take(1).skip(1)
    return opened.concatenate(tf.data.TFRecordDataset(path, compression).ignore_errors())
