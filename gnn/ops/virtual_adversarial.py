"""Virtual adversarial neighbors, which need no labels, and the entropy of predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from gnn.configs import VatRegConfig
from gnn.ops.adversarial import Rows, apply_mask, gradients_of, move, unit_rows
from gnn.ops.distances import pairwise_distance
from gnn.ops.row_noise import random_directions


def virtual_adversarial_neighbors(
    features: Rows,
    outputs_fn: Callable[[Rows], tf.Tensor],
    outputs: tf.Tensor,
    config: VatRegConfig,
    start: Rows | None = None,
    seed: Any = (0, 0),
) -> Rows:
    """Features near the given ones, at which the outputs are far from what they were.

    The direction r is found by power iteration: from a random one on, r is the gradient of
    ``sum over rows of d(f(x), f(x + xi r)) / xi``, made a unit vector; the neighbor is
    ``clip(x + step * r)`` (Miyato et al., "Virtual adversarial training", TPAMI 2019, section 3.3).
    As in NSL, but for the sum and the division by xi, which keep small gradients from being taken
    for none, and for the clipping.

    Args:
        features: float `[n, ...]` by name.
        outputs_fn: from features to outputs `[n, ...]`, the same each time (no dropout).
        outputs: those of `features`.
        config: distance, iterations, xi, step and norm.
        start: the directions to start from; drawn if None.
        seed: int32 `[2]`, of the draw.

    Returns:
        Tensors of the same shapes and dtypes; no gradient flows through the perturbation.

    Raises:
        ValueError: the outputs hang on none of the features.

    Example:

    >>> config = VatRegConfig(distance_config={"distance_type": "l2"}, approx_difference=0.1)
    >>> x = tf.constant([[1.0, 1.0]])
    >>> def first(rows): return rows["x"][:, :1]  # Only the first column matters.
    >>> found = virtual_adversarial_neighbors({"x": x}, first, first({"x": x}), config)["x"]
    >>> tf.abs(found - x).numpy().round(4)
    array([[1., 0.]], dtype=float32)
    """
    neighbor_config = config.adv_neighbor_config
    norm, xi = neighbor_config.adv_grad_norm, config.approx_difference
    outputs = tf.stop_gradient(outputs)

    def unit(rows: Rows) -> Rows:
        return unit_rows(apply_mask(rows, neighbor_config), norm)

    def change(perturbations: Rows) -> tf.Tensor:
        moved = {
            name: tensor + tf.cast(perturbations[name], tensor.dtype)
            for name, tensor in features.items()
        }
        distances = pairwise_distance(outputs, outputs_fn(moved), config.distance_config)
        return tf.reduce_sum(distances) / xi

    directions = unit(random_directions(features, seed) if start is None else start)
    for _ in range(config.num_approx_steps):
        scaled = {name: tf.stop_gradient(xi * tensor) for name, tensor in directions.items()}
        directions = unit(gradients_of(change, scaled))
    step = neighbor_config.adv_step_size
    perturbations = {name: step * tensor for name, tensor in directions.items()}
    return move(features, perturbations, neighbor_config)


def entropies(logits: tf.Tensor) -> tf.Tensor:
    """The entropy of the softmax of every row: `- sum over c of p_c log p_c`, float32 `[n]`.

    Grandvalet and Bengio, "Semi-supervised learning by entropy minimization", NIPS 2004.

    Example:

    >>> entropies(tf.zeros([1, 2])).numpy().round(4)  # log 2
    array([0.6931], dtype=float32)
    """
    logits = tf.cast(logits, tf.float32)
    return -tf.reduce_sum(tf.nn.softmax(logits) * tf.nn.log_softmax(logits), axis=-1)
