"""Adversarial neighbors: small changes of features that change outputs most.

Features come as a dictionary of float tensors `[n, ...]` by name. A row is one example with all of
its features, and norms are those of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from gnn.configs import AdvNeighborConfig, NormType
from gnn.ops.row_noise import along_rows, random_in_ball

Rows = dict[str, tf.Tensor]

_EPSILON = 1e-6  # The least norm to divide by, as in NSL.


def steepest_step(gradients: Mapping[str, tf.Tensor], norm: NormType) -> Rows:
    """The step of norm 1 along which a loss with these gradients grows most.

    With g a row's gradient: ``g / |g|_2`` for L2, ``sign(g)`` for infinity, and for L1 the sign of
    the largest entries, shared out evenly among them. It is NSL's ``maximize_within_unit_norm``.

    Args:
        gradients: float `[n, ...]` by name.
        norm: that the step has. A row whose gradient is 0 has a step of 0.

    Returns:
        Tensors of the same shapes.

    Example:

    >>> steepest_step({"x": tf.constant([[3.0, -4.0]])}, NormType.L2)["x"].numpy().round(4)
    array([[ 0.6, -0.8]], dtype=float32)
    """
    if norm is NormType.INFINITY:
        return {name: tf.sign(gradient) for name, gradient in gradients.items()}
    if norm is NormType.L2:
        return unit_rows(gradients, norm)
    largest = row_norms(gradients, NormType.INFINITY)
    is_largest = {
        name: tf.cast(tf.abs(gradient) == along_rows(largest, gradient), gradient.dtype)
        for name, gradient in gradients.items()
    }
    count = tf.maximum(row_norms(is_largest, NormType.L1), _EPSILON)
    return {
        name: is_largest[name] * tf.sign(gradient) / along_rows(count, gradient)
        for name, gradient in gradients.items()
    }


def unit_rows(rows: Mapping[str, tf.Tensor], norm: NormType) -> Rows:
    """Divides every row by its norm, or by 1e-6 if that is greater.

    Example:

    >>> unit_rows({"x": tf.constant([[3.0, -4.0]])}, NormType.INFINITY)["x"].numpy()
    array([[ 0.75, -1.  ]], dtype=float32)
    """
    norms = tf.maximum(row_norms(rows, norm), _EPSILON)
    return {name: tensor / along_rows(norms, tensor) for name, tensor in rows.items()}


def row_norms(rows: Mapping[str, tf.Tensor], norm: NormType) -> tf.Tensor:
    """The norm of every row over all features, `[n]`.

    Example:

    >>> float(row_norms({"x": tf.constant([[3.0]]), "y": tf.constant([[4.0]])}, NormType.L2)[0])
    5.0
    """
    flat = [tf.reshape(tensor, [tf.shape(tensor)[0], -1]) for tensor in rows.values()]
    if norm is NormType.INFINITY:
        return tf.reduce_max(tf.stack([tf.reduce_max(tf.abs(x), 1) for x in flat]), 0)
    if norm is NormType.L1:
        return tf.add_n([tf.reduce_sum(tf.abs(x), 1) for x in flat])
    return tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(x), 1) for x in flat]))


def project_to_ball(rows: Mapping[str, tf.Tensor], radius: float, norm: NormType) -> Rows:
    """The point of the ball of `radius` nearest to every row.

    Args:
        rows: float `[n, ...]` by name.
        radius: at least 0.
        norm: L2 or infinity.

    Raises:
        ValueError: the norm is L1.

    Example:

    >>> project_to_ball({"x": tf.constant([[3.0, -4.0]])}, 1.0, NormType.L2)["x"].numpy().round(4)
    array([[ 0.6, -0.8]], dtype=float32)
    """
    if norm is NormType.INFINITY:
        return {name: tf.clip_by_value(x, -radius, radius) for name, x in rows.items()}
    if norm is NormType.L1:
        raise ValueError("norm must be L2 or infinity: there is no projection to the ball of L1")
    norms = tf.maximum(row_norms(rows, norm), _EPSILON)
    scale = tf.minimum(1.0, radius / norms)
    return {name: along_rows(scale, tensor) * tensor for name, tensor in rows.items()}


def gradients_of(loss_fn: Callable[[Rows], tf.Tensor], features: Rows) -> Rows:
    """The gradients of a scalar by the features; where they are not finite, 0.

    Raises:
        ValueError: the loss hangs on none of the features.

    Example:

    >>> gradients_of(lambda rows: tf.reduce_sum(rows["x"] ** 2), {"x": tf.constant([[3.0]])})
    {'x': <tf.Tensor: shape=(1, 1), dtype=float32, numpy=array([[6.]], dtype=float32)>}
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(features)
        loss = loss_fn(features)
    return finite_gradients(tape.gradient(loss, features), features)


def finite_gradients(gradients: Mapping[str, Any], features: Rows) -> Rows:
    """Gradients as float32 tensors, with 0 where they are None, infinite or NaN.

    Raises:
        ValueError: all are None.

    Example:

    >>> found = {"x": tf.constant([[float("nan"), 2.0]])}
    >>> finite_gradients(found, {"x": tf.zeros([1, 2])})["x"].numpy()
    array([[0., 2.]], dtype=float32)
    """
    if all(gradients[name] is None for name in features):
        raise ValueError(
            f"the loss has no gradient by any of the features {sorted(features)}, so there is no "
            "direction to perturb them in"
        )
    finite = {}
    for name, tensor in features.items():
        gradient = gradients[name]
        if gradient is None:
            finite[name] = tf.zeros_like(tensor, tf.float32)
            continue
        gradient = tf.cast(tf.convert_to_tensor(gradient), tf.float32)
        finite[name] = tf.where(tf.math.is_finite(gradient), gradient, tf.zeros_like(gradient))
    return finite


def adversarial_neighbors(
    features: Rows,
    loss_fn: Callable[[Rows], tf.Tensor],
    config: AdvNeighborConfig,
    gradients: Rows | None = None,
    seed: Any = (0, 0),
) -> Rows:
    """Features near the given ones, at which the loss is greater.

    From ``x' = x`` on, each iteration is ``x' = clip(x + project(x' + step * s - x))``, s the
    steepest step of the gradient at x'. As in NSL, but for the gradient: where `loss_fn` is a sum
    over rows, a row's neighbor does not depend on how many others are in the batch.

    Args:
        features: float `[n, ...]` by name.
        loss_fn: from features to a scalar, the sum of the losses of all rows.
        config: steps, norm, mask and bounds.
        gradients: those at `features`, where they are known, for the first step.
        seed: int32 `[2]`, of `random_init`.

    Returns:
        Tensors of the same shapes and dtypes; no gradient flows through the perturbation.

    Raises:
        ValueError: the loss hangs on none of the features.

    Example:

    >>> config = AdvNeighborConfig(adv_step_size=0.5)
    >>> found = adversarial_neighbors({"x": tf.constant([[3.0, 4.0]])},
    ...     lambda rows: tf.reduce_sum(rows["x"] ** 2), config)
    >>> found["x"].numpy().round(4)  # (3, 4) + 0.5 * (6, 8) / 10
    array([[3.3, 4.4]], dtype=float32)
    """
    norm, radius = config.adv_grad_norm, config.pgd_epsilon
    neighbors = features
    if config.random_init:
        ball = config.adv_step_size if radius is None else radius
        masked = apply_mask(random_in_ball(features, ball, norm, seed), config)
        neighbors, gradients = move(features, masked, config), None
    for _ in range(config.pgd_iterations):
        if gradients is None:
            gradients = gradients_of(loss_fn, neighbors)
        steps = steepest_step(apply_mask(gradients, config), norm)
        perturbations = {
            name: config.adv_step_size * step + _float(neighbors[name]) - _float(features[name])
            for name, step in steps.items()
        }
        if radius is not None:
            perturbations = project_to_ball(perturbations, radius, norm)
        neighbors, gradients = move(features, perturbations, config), None
    return neighbors


def move(features: Rows, perturbations: Rows, config: AdvNeighborConfig) -> Rows:
    """Features plus perturbations, within the bounds of the config; of the features' dtypes.

    Example:

    >>> config = AdvNeighborConfig(clip_value_max=1.0)
    >>> move({"x": tf.constant([[0.9]])}, {"x": tf.constant([[0.3]])}, config)["x"].numpy()
    array([[1.]], dtype=float32)
    """
    moved = {}
    for name, tensor in features.items():
        values = tensor + tf.cast(tf.stop_gradient(perturbations[name]), tensor.dtype)
        least, greatest = (
            of_feature(bounds, name) for bounds in (config.clip_value_min, config.clip_value_max)
        )
        if least is not None:
            values = tf.maximum(values, tf.constant(least, values.dtype))
        if greatest is not None:
            values = tf.minimum(values, tf.constant(greatest, values.dtype))
        moved[name] = values
    return moved


def apply_mask(rows: Rows, config: AdvNeighborConfig) -> Rows:
    """The rows times the feature mask.

    Example:

    >>> config = AdvNeighborConfig(feature_mask=[0.0, 1.0])
    >>> apply_mask({"x": tf.ones([1, 2])}, config)["x"].numpy()
    array([[0., 1.]], dtype=float32)
    """
    masks = {name: of_feature(config.feature_mask, name) for name in rows}
    return {
        name: tensor if masks[name] is None else tensor * tf.constant(masks[name], tensor.dtype)
        for name, tensor in rows.items()
    }


def of_feature(values: Any, name: str) -> Any:
    """What a field of `AdvNeighborConfig` says of one feature.

    Example:

    >>> of_feature({"x": 1.0}, "x"), of_feature({"x": 1.0}, "y"), of_feature(2.0, "y")
    (1.0, None, 2.0)
    """
    return values.get(name) if _by_name(values) else values


def perturbed_names(config: AdvNeighborConfig, features: Mapping[str, Any]) -> list[str]:
    """The features that are perturbed: those of floats, without those whose whole mask is 0.

    Args:
        config: whose dictionaries may name any feature.
        features: dense or sparse tensors by name.

    Raises:
        ValueError: none is left, or the config names a feature that is not there.

    Example:

    >>> features = {"x": tf.ones([1, 2]), "id": tf.constant([7])}
    >>> perturbed_names(AdvNeighborConfig(), features)
    ['x']
    """
    for field in ("feature_mask", "clip_value_min", "clip_value_max"):
        values = getattr(config, field)
        unknown = [name for name in values if name not in features] if _by_name(values) else []
        if unknown:
            raise ValueError(
                f"{field} names the feature {unknown[0]!r}, which is not there; the features are "
                f"{sorted(features)}"
            )
    names = [
        name
        for name in sorted(features)
        if features[name].dtype.is_floating and of_feature(config.feature_mask, name) != 0.0
    ]
    if not names:
        dtypes = {name: features[name].dtype.name for name in sorted(features)}
        raise ValueError(
            f"no feature can be perturbed: it takes one of floats whose feature_mask is not 0; the "
            f"features are {dtypes}"
        )
    return names


def _by_name(values: Any) -> bool:
    return isinstance(values, Mapping)


def _float(tensor: tf.Tensor) -> tf.Tensor:
    return tf.cast(tensor, tf.float32)
