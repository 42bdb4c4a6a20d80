"""Shards of records, read back in one order, or shuffled as a function of seed and epoch."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.data.record_shards import DAMAGED, Shards, records_until_damage


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
        records = records_until_damage(path, shards.compression)
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
    message = tf.strings.join([path, ": record ", number, " of ", of, " ", DAMAGED])
    # tf.debugging.Assert would do the same in functions of its own, which take time to start.
    checked = tf.raw_ops.Assert(condition=~tf.reduce_any(damaged), data=[message])
    with tf.control_dependencies([checked]):
        return tf.identity(records)
