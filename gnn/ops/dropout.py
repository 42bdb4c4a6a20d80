"""Dropout whose random numbers are as short as the rate allows."""

from __future__ import annotations

import tensorflow as tf


def dropout(values: tf.Tensor, rate: float, seed: tf.Tensor) -> tf.Tensor:
    """Sets entries to 0 with probability `rate` and divides the others by `1 - rate`.

    Srivastava et al., "Dropout", Journal of Machine Learning Research 15 (2014), in its inverted
    form. The draws are made of 8 random bits an entry where they express the rate exactly (as 0.5
    and 0.25), else of 16, which meet it to `2**-17`; the division is by the share truly kept, so
    the expected value is exact. Making 32-bit uniform numbers costs several times as much.

    Args:
        values: float, of any shape.
        rate: float in `[0, 1)`.
        seed: int `[2]`; the same seed gives the same draws on one kind of device.

    Returns:
        A tensor like `values`.

    Example:

    >>> dropout(tf.ones([8]), 0.5, tf.constant([0, 1])).numpy().tolist()
    [0.0, 2.0, 0.0, 2.0, 0.0, 0.0, 2.0, 0.0]
    """
    kept, share = keep_mask(tf.shape(values), rate, seed)
    return tf.where(kept, values * tf.cast(1.0 / share, values.dtype), tf.zeros([], values.dtype))


def keep_mask(shape: tf.Tensor, rate: float, seed: tf.Tensor) -> tuple[tf.Tensor, float]:
    """Draws which entries dropout keeps.

    Args:
        shape: int `[rank]`.
        rate: float in `[0, 1)`.
        seed: int `[2]`.

    Returns:
        A bool tensor of this shape, and the probability of True.

    Example:

    >>> keep_mask(tf.constant([2, 3]), 0.25, tf.constant([0, 1]))[1]
    0.75
    """
    bits, dtype = (8, tf.uint8) if (rate * 256).is_integer() else (16, tf.uint16)
    dropped = min(round(rate * 2**bits), 2**bits - 1)  # Of a rate close to 1 a little is left.
    count = tf.reduce_prod(shape)
    each = 32 // bits
    words = tf.random.stateless_uniform(
        [(count + each - 1) // each], tf.cast(seed, tf.int32), None, None, tf.int32
    )
    draws = tf.reshape(tf.bitcast(words, dtype), [-1])[:count]
    kept = tf.reshape(draws >= tf.constant(dropped, dtype), shape)
    return kept, 1.0 - dropped / 2**bits
