"""Random directions that hang on a row's own values, not on its place in the batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import tensorflow as tf

from gnn.configs import NormType

Rows = dict[str, tf.Tensor]

# Of a seed: what features draw, what they draw second, the hash, and the ball.
_SECOND, _SIGNS, _EXTRA = 1000, 2000, 3000


def random_directions(rows: Mapping[str, tf.Tensor], seed: tf.Tensor) -> Rows:
    """Draws a Gaussian direction for every row.

    One vector is drawn for all rows, and each row takes it with a sign that is a hash of the row's
    values and the seed. So a row's direction is Gaussian, those of different rows are uncorrelated,
    and it stays the same where rows are padded, shared out over replicas or cut into other batches.
    Drawing each row alone, as Miyato et al. do, costs as many random numbers as there are features.

    Args:
        rows: float `[n, ...]` by name.
        seed: int32 `[2]`.

    Returns:
        Tensors of the same shapes, float32.

    Example:

    >>> drawn = random_directions({"x": tf.constant([[1.0, 2.0], [1.0, 2.0]])}, [1, 2])["x"]
    >>> bool(tf.reduce_all(drawn[0] == drawn[1]))
    True
    """
    signs, draws = _signs(rows, seed), _draws(_normal, rows, seed)
    return {name: along_rows(signs, tensor) * draws[name] for name, tensor in rows.items()}


def random_in_ball(
    rows: Mapping[str, tf.Tensor], radius: float, norm: NormType, seed: tf.Tensor
) -> Rows:
    """Draws for every row a point of the ball of `radius`, uniformly; the norm is over all names.

    The first n coordinates of a uniform point on the p-norm sphere in n + p dimensions are uniform
    in the ball (Barthe et al., "A probabilistic approach to the geometry of the l_p^n-ball", 2005,
    corollary 4), as in NSL. Rows share their draws up to the sign, as in `random_directions`.

    Args:
        rows: float `[n, ...]` by name.
        radius: at least 0.
        norm: of the ball.
        seed: int32 `[2]`.

    Returns:
        Tensors of the same shapes, float32.

    Example:

    >>> drawn = random_in_ball({"x": tf.ones([1, 5])}, 0.1, NormType.L2, [1, 2])["x"]
    >>> bool(tf.norm(drawn) <= 0.1)
    True
    """
    signs = _signs(rows, seed)
    extra = -tf.math.log(_uniform(tf.constant([], tf.int32), seed, _EXTRA))
    if norm is NormType.INFINITY:
        draws = {name: 2.0 * x - 1.0 for name, x in _draws(_uniform, rows, seed).items()}
        length = 1.0
    elif norm is NormType.L2:
        draws = _draws(_normal, rows, seed)
        length = tf.sqrt(tf.add_n([tf.reduce_sum(x**2) for x in draws.values()]) + 2.0 * extra)
    else:
        draws = _draws(_laplace, rows, seed)
        length = tf.add_n([tf.reduce_sum(tf.abs(x)) for x in draws.values()]) + extra
    return {
        name: along_rows(signs, tensor) * (draws[name] * (radius / length))
        for name, tensor in rows.items()
    }


def _draws(
    function: Callable[..., tf.Tensor], rows: Mapping[str, tf.Tensor], seed: tf.Tensor
) -> Rows:
    """Numbers for one row."""
    return {
        name: function(tf.shape(rows[name])[1:], seed, place)
        for place, name in enumerate(sorted(rows))
    }


def _uniform(shape: tf.Tensor, seed: tf.Tensor, place: int) -> tf.Tensor:
    """Numbers between 0 and 1, both left out, for one row.

    They are made of integers, of which XLA draws the same; of floats it does not.
    """
    bits = tf.random.stateless_uniform(
        shape, _derived(seed, place), minval=None, maxval=None, dtype=tf.int32, alg="philox"
    )
    bits = tf.bitwise.bitwise_and(bits, tf.constant(2**23 - 1, tf.int32))
    return (tf.cast(bits, tf.float32) + 0.5) / 2.0**23


def _normal(shape: tf.Tensor, seed: tf.Tensor, place: int) -> tf.Tensor:
    """Box and Muller's: a radius and an angle make a Gaussian number."""
    radius = tf.sqrt(-2.0 * tf.math.log(_uniform(shape, seed, place)))
    return radius * tf.cos(2.0 * math.pi * _uniform(shape, seed, place + _SECOND))


def _laplace(shape: tf.Tensor, seed: tf.Tensor, place: int) -> tf.Tensor:
    """The difference of two exponential numbers."""
    first = tf.math.log(_uniform(shape, seed, place))
    return first - tf.math.log(_uniform(shape, seed, place + _SECOND))


def _derived(seed: tf.Tensor, place: int) -> tf.Tensor:
    return tf.cast(seed, tf.int32) + tf.constant([7919 * (place + 1), 0])


def _signs(rows: Mapping[str, tf.Tensor], seed: tf.Tensor) -> tf.Tensor:
    """A sign for every row, float32 `[n]`: the top bit of a sum of its bits times random odds."""
    total = tf.constant(0, tf.int64)
    for place, (_, tensor) in enumerate(sorted(rows.items())):
        flat = tf.reshape(tf.cast(tensor, tf.float32), [tf.shape(tensor)[0], -1])
        bits = tf.cast(tf.bitcast(flat, tf.int32), tf.int64)
        odds = tf.random.stateless_uniform(
            [tf.shape(flat)[1]],
            _derived(seed, place + _SIGNS),
            minval=None,
            maxval=None,
            dtype=tf.int64,
            alg="philox",
        )
        total += tf.reduce_sum(bits * tf.bitwise.bitwise_or(odds, tf.constant(1, tf.int64)), axis=1)
    return tf.where(total < 0, -1.0, 1.0)


def along_rows(values: tf.Tensor, tensor: tf.Tensor) -> tf.Tensor:
    """A number a row, shaped to be multiplied with `tensor`.

    Example:

    >>> along_rows(tf.constant([1.0, 2.0]), tf.ones([2, 3])).shape
    TensorShape([2, 1])
    """
    return tf.reshape(values, [-1] + [1] * (tensor.shape.rank - 1))
