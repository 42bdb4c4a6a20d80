"""The softmax loss against a sample of the classes."""

from __future__ import annotations

import tensorflow as tf


def label_weights(labels: tf.Tensor, weights: tf.Tensor | None = None) -> tf.Tensor:
    """The labels of each row as a distribution.

    Args:
        labels: int `[n, num_labels]`; below 0 where there is none.
        weights: float32 `[n, num_labels]`, at least 0; None is the same for each.

    Returns:
        float32 `[n, num_labels]`, which adds up to 1, or to 0 in a row without a label.

    Example:

    >>> label_weights(tf.constant([[4, 7], [3, -1], [-1, -1]])).numpy().tolist()
    [[0.5, 0.5], [1.0, 0.0], [0.0, 0.0]]
    """
    known = tf.cast(labels >= 0, tf.float32)
    weights = known if weights is None else known * tf.cast(weights, tf.float32)
    return tf.math.divide_no_nan(weights, tf.reduce_sum(weights, axis=1, keepdims=True))


def sampled_softmax_losses(
    label_logits: tf.Tensor,
    labels: tf.Tensor,
    weights: tf.Tensor,
    class_logits: tf.Tensor,
    classes: tf.Tensor,
    log_expected: tf.Tensor | float,
) -> tf.Tensor:
    """The cross-entropy of each row, its denominator estimated from drawn classes.

    With o the logits, t the weights of a row's labels Y, and c_1 to c_S drawn with probability p,

    `loss = log(A + B) - sum_y t_y o_y` with `A = sum_(y in Y) exp(o_y)` and
    `B = sum_(j: c_j not in Y) exp(o_j) / (S p_j)`.

    B has the mean of what it stands for, the sum over all classes that are no labels (importance
    sampling: Bengio and Senecal, 2008). A label given twice is one term of A.

    Args:
        label_logits: float32 `[n, num_labels]`.
        labels: int32 `[n, num_labels]`; below 0 where there is none.
        weights: float32 `[n, num_labels]`, of `label_weights`.
        class_logits: float32 `[n, S]`.
        classes: int32 `[S]`.
        log_expected: float32 `[S]`, `log(S p)`, or 0 for a softmax over the sample.

    Returns:
        float32 `[n]`; 0 where a row has no label.

    Example:

    Class 0 is the label; class 1 was drawn, and 0, which does not count.

    >>> loss = sampled_softmax_losses(
    ...     tf.constant([[0.0]]), tf.constant([[0]]), tf.constant([[1.0]]),
    ...     tf.constant([[9.0, 0.0]]), tf.constant([0, 1]), 0.0)
    >>> loss.numpy().round(4)  # log(1 + 1)
    array([0.6931], dtype=float32)
    """
    known = labels >= 0
    # [n, num_labels, num_labels]: is there an equal one before?
    equal = labels[:, :, tf.newaxis] == labels[:, tf.newaxis, :]
    before = tf.linalg.band_part(tf.cast(equal, tf.float32), -1, 0)
    first = tf.reduce_sum(before, axis=2) == 1.0
    is_label = tf.reduce_any(labels[:, :, tf.newaxis] == classes, axis=1)
    nothing = tf.constant(-1e30, tf.float32)
    of_labels = tf.where(known & first, label_logits, nothing)
    of_classes = tf.where(is_label, nothing, class_logits - log_expected)
    total = tf.reduce_logsumexp(tf.concat([of_labels, of_classes], axis=1), axis=1)
    taken = tf.reduce_sum(weights * tf.where(known, label_logits, 0.0), axis=1)
    has_label = tf.reduce_any(known & (weights > 0.0), axis=1)
    return tf.where(has_label, total - taken, 0.0)
