"""The consistency loss of predictions that were made several times."""

from __future__ import annotations

import tensorflow as tf


def sharpen(probabilities: tf.Tensor, temperature: float) -> tf.Tensor:
    """Makes the likely likelier: `p_c^(1 / T) / sum over c' of p_c'^(1 / T)`.

    Feng et al., "Graph random neural networks", NeurIPS 2020, section 3.2.

    Args:
        probabilities: float `[..., num_classes]`, each row a distribution.
        temperature: float greater than 0, T; 1 changes nothing.

    Returns:
        A tensor of the same shape.

    Example:

    >>> sharpen(tf.constant([0.75, 0.25]), 0.5).numpy().round(4)
    array([0.9, 0.1], dtype=float32)
    """
    logs = tf.math.log(tf.maximum(probabilities, 1e-30))
    return tf.nn.softmax(logs / temperature)


def consistency_loss(
    logits: tf.Tensor, temperature: float, mask: tf.Tensor | None = None
) -> tf.Tensor:
    """How far predictions of one node lie from their sharpened mean.

    `mean over nodes i and draws s of ||sharpen(mean over s of P[s, i]) - P[s, i]||^2`, `P` the
    softmax of the logits; no gradient flows through the sharpened mean (Feng et al., "Graph random
    neural networks", NeurIPS 2020, section 3.2, and the authors' code).

    Args:
        logits: float `[n_nodes, n_draws, num_classes]`.
        temperature: float greater than 0, of the sharpening.
        mask: bool `[n_nodes]`, the nodes that count; all if None.

    Returns:
        A float32 scalar.

    Example:

    >>> logits = tf.math.log(tf.constant([[[0.75, 0.25], [0.75, 0.25]]]))
    >>> round(float(consistency_loss(logits, 0.5)), 4)  # 2 * (0.9 - 0.75)^2
    0.045
    """
    probabilities = tf.nn.softmax(tf.cast(logits, tf.float32))
    center = tf.reduce_mean(probabilities, axis=1, keepdims=True)
    target = tf.stop_gradient(sharpen(center, temperature))
    distances = tf.reduce_sum(tf.square(target - probabilities), axis=-1)
    by_node = tf.reduce_mean(distances, axis=1)
    if mask is None:
        return tf.reduce_mean(by_node)
    counted = tf.cast(mask, by_node.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(counted * by_node), tf.reduce_sum(counted))
