"""Dropout whose random numbers are as short as the rate allows."""

from __future__ import annotations

import functools
from collections.abc import Callable

import tensorflow as tf

from gnn.ops.kernels import gains_by_compiling


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
    draws, dropped, scale = _draw_for(values, rate, seed)
    if not gains_by_compiling(values):
        return _of_draws(values, draws, dropped, scale)
    return _in_one_pass(values, draws, dropped, scale)


def rectified_dropout(values: tf.Tensor, rate: float, seed: tf.Tensor) -> tf.Tensor:
    """The dropout of `relu(values)`, with the draws of `dropout`, in less memory.

    What is neither negative nor dropped is greater than 0 in the output. So the gradient needs the
    output alone, which the product that follows keeps anyway: neither `relu(values)` nor the draws
    are kept until then.

    Args:
        values: float, of any shape.
        rate: as of `dropout`.
        seed: as of `dropout`.

    Returns:
        A tensor like `values`.

    Example:

    >>> values = tf.constant([-1.0, 1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0])
    >>> rectified_dropout(values, 0.5, tf.constant([0, 1])).numpy().tolist()
    [0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0]
    """
    draws, dropped, scale = _draw_for(values, rate, seed)
    compiled = gains_by_compiling(values)

    @tf.custom_gradient
    def rectified(values: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        forward = _compiled(_of_rectified) if compiled else _of_rectified
        out = forward(values, draws, dropped, scale)

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            backward = _compiled(_where_positive) if compiled else _where_positive
            return backward(upstream, out, scale)

        return out, gradient

    return rectified(values)


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
    draws, dropped, share = _draw(shape, rate, seed)
    return draws >= tf.constant(dropped, draws.dtype), share


def _draw_for(
    values: tf.Tensor, rate: float, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Numbers, how many of the least are dropped, and what those that are kept are multiplied by.

    The last two are tensors: a function is compiled anew for each number of Python's, and never let
    go of.
    """
    # TensorFlow would make the draws of all layers as soon as a step begins, and hold them.
    with tf.control_dependencies([values] if gains_by_compiling(values) else []):
        draws, dropped, share = _draw(tf.shape(values), rate, seed)
    return draws, tf.constant(dropped, draws.dtype), tf.constant(1.0 / share, values.dtype)


def _draw(shape: tf.Tensor, rate: float, seed: tf.Tensor) -> tuple[tf.Tensor, int, float]:
    """Whole numbers of this shape, how many of the least are dropped, and the share kept."""
    bits, dtype = (8, tf.uint8) if (rate * 256).is_integer() else (16, tf.uint16)
    dropped = min(round(rate * 2**bits), 2**bits - 1)  # Of a rate close to 1 a little is left.
    count, each = tf.reduce_prod(shape), 32 // bits
    words = tf.random.stateless_uniform(
        [(count + each - 1) // each], tf.cast(seed, tf.int32), None, None, tf.int32
    )
    draws = tf.reshape(tf.bitcast(words, dtype), [-1])
    known = tf.get_static_value(count)
    if known is None or known % each:  # The last word has more than is asked for.
        draws = draws[:count]
    draws = tf.reshape(draws, shape)
    return draws, dropped, 1.0 - dropped / 2**bits


def _of_draws(
    values: tf.Tensor, draws: tf.Tensor, dropped: tf.Tensor, scale: tf.Tensor
) -> tf.Tensor:
    return tf.where(draws >= dropped, values * scale, tf.zeros([], values.dtype))


def _of_rectified(
    values: tf.Tensor, draws: tf.Tensor, dropped: tf.Tensor, scale: tf.Tensor
) -> tf.Tensor:
    return _of_draws(tf.nn.relu(values), draws, dropped, scale)


def _where_positive(upstream: tf.Tensor, out: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    return tf.where(out > 0, upstream * scale, tf.zeros([], upstream.dtype))


def _in_one_pass(
    values: tf.Tensor, draws: tf.Tensor, dropped: tf.Tensor, scale: tf.Tensor
) -> tf.Tensor:
    """Its gradient is the same of the gradient; TensorFlow's own would keep a mask."""

    @tf.custom_gradient
    def masked(values: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        out = _compiled(_of_draws)(values, draws, dropped, scale)
        return out, lambda upstream: _in_one_pass(upstream, draws, dropped, scale)

    return masked(values)


@functools.cache
def _compiled(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    return tf.function(function, jit_compile=True)
