"""Shards of records, written: files that many records are dealt to."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from gnn.configs.arguments import check_count, check_verbose
from gnn.data.record_shards import SUFFIXES

_MOST_SHARDS = 99_999
# So many shards are written and read side by side: a run of records is dealt to them in turn.
_STRIPE = 8


def check_shards(shards: Any, compression: Any, verbose: Any) -> None:
    """Checks the arguments that every writer has.

    Raises:
        TypeError: `shards` is no integer.
        ValueError: one of them is out of range.
    """
    if check_count("shards", shards) > _MOST_SHARDS:
        raise ValueError(f"shards must be at most {_MOST_SHARDS}, got {shards}")
    if compression not in SUFFIXES:
        raise ValueError(f"compression must be None, 'GZIP' or 'ZLIB'; got {compression!r}")
    check_verbose(verbose)


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
        count = write_shard(shown, spool)
        records = tf.data.TFRecordDataset(str(spool)).as_numpy_iterator()
        files = _deal(records, count, folder, name, shards, compression)
        spool.unlink()
    else:
        files = _deal(shown, count, folder, name, shards, compression)
    return {"num_records": count, "compression": compression, "stripe": _STRIPE, "shards": files}


def shard_name(name: str, number: int, shards: int, compression: str | None) -> str:
    """What a shard is called.

    >>> shard_name("batches", 0, 10, None)
    'batches-00000-of-00010.tfrecord'
    """
    return f"{name}-{number:05d}-of-{shards:05d}.tfrecord{SUFFIXES[compression]}"


def write_shard(records: Iterable[bytes], path: Path, compression: str | None = None) -> int:
    """Writes a new file of records, and returns how many there were.

    Raises:
        OSError: it cannot be written.
    """
    with _writer(path, compression) as write:
        return sum(1 for _ in map(write, records))


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
    paths = [folder / shard_name(name, i, shards, compression) for i in range(shards)]
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
