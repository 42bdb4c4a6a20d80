"""Rows of a small table that stand for the rows of very many ids."""

from __future__ import annotations

import tensorflow as tf

# SplitMix64: what its state grows by, and the shifts and factors that follow (Steele et al., "Fast
# splittable pseudorandom number generators", OOPSLA 2014), as signed integers.
_GROWTH = 0x9E3779B97F4A7C15 - 2**64
_ROUNDS = ((30, 0xBF58476D1CE4E5B9 - 2**64), (27, 0x94D049BB133111EB - 2**64))
_LAST = 31


def rows_by_hash(ids: tf.Tensor, num_hashes: int, num_rows: int) -> tf.Tensor:
    """The rows whose numbers, side by side, are those of an id.

    Piece k of id i is row `splitmix64(i * num_hashes + k + 1) mod num_rows`, where `splitmix64(n)`
    is output n of that generator from seed 0, without its highest bit. It hangs on nothing else, so
    a table needs no list of its ids. Two ids have all pieces in common with a probability of
    `num_rows ** -num_hashes` (Coleman et al., "Unified embedding", NeurIPS 2023).

    Args:
        ids: integers `[n]`, from 0 up to 2^31.
        num_hashes: pieces of an id.
        num_rows: of the table.

    Returns:
        int32 `[n, num_hashes]`.

    Example:

    >>> rows_by_hash(tf.constant([0, 1]), 2, 10).numpy().tolist()
    [[7, 0], [9, 6]]
    """
    wide = tf.cast(ids, tf.int64)[:, tf.newaxis] * num_hashes
    numbers = wide + tf.range(1, num_hashes + 1, dtype=tf.int64)
    value = splitmix64(numbers)
    value = tf.bitwise.bitwise_and(value, tf.constant(2**63 - 1, tf.int64))
    return tf.cast(tf.math.floormod(value, tf.constant(num_rows, tf.int64)), tf.int32)


def splitmix64(numbers: tf.Tensor) -> tf.Tensor:
    """Outputs of SplitMix64 from seed 0 by their numbers, of which the first is 1.

    Args:
        numbers: int64, of any shape.

    Returns:
        int64 of that shape: 64 bits, which wrap around.

    Example:

    >>> hex(int(splitmix64(tf.constant(1, tf.int64))) % 2**64)
    '0xe220a8397b1dcdaf'
    """
    value = numbers * tf.constant(_GROWTH, tf.int64)
    for shift, factor in _ROUNDS:
        value = tf.bitwise.bitwise_xor(value, _shifted(value, shift))
        value *= tf.constant(factor, tf.int64)
    return tf.bitwise.bitwise_xor(value, _shifted(value, _LAST))


def _shifted(value: tf.Tensor, bits: int) -> tf.Tensor:
    """Shifts as unsigned integers."""
    shifted = tf.bitwise.right_shift(value, tf.constant(bits, tf.int64))
    return tf.bitwise.bitwise_and(shifted, tf.constant(2 ** (64 - bits) - 1, tf.int64))
