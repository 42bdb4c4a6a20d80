"""Random points in the ball of a norm, for NSL's adversarial neighbors that start at random."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from gnn.nsl.importing import configs


def random_in_norm_ball(tensor_structure: Any, radius: float, norm_type: Any) -> Any:
    """Draws for every row a point of the ball of `radius`, uniformly; the norm is over all tensors.

    The first n coordinates of a uniform point on the p-norm sphere in n + p dimensions are uniform
    in the ball (Barthe et al., "A probabilistic approach to the geometry of the l_p^n-ball", 2005,
    corollary 4). NSL's function of this name, for batches whose size is not known beforehand too.

    Args:
        tensor_structure: a nest of float tensors `[n, ...]`, of which only the shapes are read.
        radius: at least 0.
        norm_type: NSL's `NormType` or its value.

    Returns:
        A nest of the same structure, shapes and dtypes.

    Raises:
        ValueError: a tensor is not of floats, or the numbers of rows differ.

    Example:

    >>> point = random_in_norm_ball(tf.zeros([1, 5]), 0.1, "l2")
    >>> bool(tf.norm(point) <= 0.1)
    True
    """
    tensors = tf.nest.flatten(tensor_structure)
    for tensor in tensors:
        if not tensor.dtype.is_floating:
            raise ValueError(
                "random_in_norm_ball() only supports floating tensors; tensor_structure has one of "
                f"{tensor.dtype.name}"
            )
    rows = {tensor.shape[0] for tensor in tensors} - {None}
    if len(rows) > 1:
        raise ValueError(
            "The first dimension of all tensors should be the same; tensor_structure has "
            f"{sorted(rows)}"
        )
    norm = configs.NormType(norm_type)
    if norm is configs.NormType.INFINITY:
        points = [tf.random.uniform(tf.shape(x), -radius, radius, x.dtype) for x in tensors]
        return tf.nest.pack_sequence_as(tensor_structure, points)
    # The sum of |x|^p over p further coordinates is a gamma variable, whose scale is that of |x|^p.
    if norm is configs.NormType.L2:
        draws = [tf.random.normal(tf.shape(x), dtype=x.dtype) for x in tensors]
        total = _sum_by_row([tf.square(x) for x in draws])
        length = tf.sqrt(total + tf.random.gamma(tf.shape(total), 1.0, 0.5, total.dtype))
    else:
        draws = [_laplace(x) for x in tensors]
        total = _sum_by_row([tf.abs(x) for x in draws])
        length = total + tf.random.gamma(tf.shape(total), 1.0, 1.0, total.dtype)
    scale = radius / length
    points = [
        x * tf.cast(tf.reshape(scale, [-1] + [1] * (x.shape.rank - 1)), x.dtype) for x in draws
    ]
    return tf.nest.pack_sequence_as(tensor_structure, points)


def _laplace(tensor: tf.Tensor) -> tf.Tensor:
    """The difference of two exponential variables is Laplace's."""
    first, second = (tf.random.gamma(tf.shape(tensor), 1.0, 1.0, tensor.dtype) for _ in range(2))
    return first - second


def _sum_by_row(tensors: list[tf.Tensor]) -> tf.Tensor:
    sums = [tf.reduce_sum(x, axis=list(range(1, x.shape.rank))) for x in tensors]
    return tf.add_n([tf.cast(x, sums[0].dtype) for x in sums])
