"""Pairs of nodes: how two encodings become one, and how agreement enters a loss."""

from __future__ import annotations

import tensorflow as tf

AGGREGATIONS = ("dist", "add", "concat")


def aggregate_pairs(senders: tf.Tensor, receivers: tf.Tensor, how: str) -> tf.Tensor:
    """Makes one row of the encodings of a pair's two nodes.

    `dist` is `(h_s - h_r)^2` entry by entry, `add` is `h_s + h_r`; both say the same of a pair in
    either order. `concat` is `[h_s, h_r]` (Stretcu et al., "Graph agreement models", NeurIPS 2019,
    section 3.1).

    Args:
        senders: float `[n_pairs, units]`.
        receivers: of the same shape.
        how: a name in `AGGREGATIONS`.

    Returns:
        `[n_pairs, units]`, or `[n_pairs, 2 * units]` for `concat`.

    Raises:
        ValueError: an unknown name.

    Example:

    >>> aggregate_pairs(tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 2.0]]), "dist").numpy()
    array([[4., 0.]], dtype=float32)
    """
    if how == "dist":
        return tf.square(senders - receivers)
    if how == "add":
        return senders + receivers
    if how == "concat":
        return tf.concat([senders, receivers], axis=-1)
    raise ValueError(f"how must be one of {AGGREGATIONS}; got {how!r}")


def belief_agreement(
    senders: tf.Tensor, receivers: tf.Tensor, prior: float | None = None
) -> tf.Tensor:
    """The probability that two nodes share a class, from class probabilities of each.

    With `s = sum_c p_sc p_rc`, C classes and the prior a it is, by Bayes' rule,

        a (C - 1) s / (a (C - 1) s + (1 - a) (1 - s)),

    where a pair that shares a class has any of the C with equal probability, and one that does not
    any two of them. Without prior it is `s`, which is what the rule gives for `a = 1 / C`: two
    nodes of which nothing is known.

    Args:
        senders: float32 `[n_pairs, n_classes]`, rows that sum to 1.
        receivers: of the same shape.
        prior: float between 0 and 1, the probability that a pair shares a class before the beliefs
            are looked at; or None.

    Returns:
        float32 `[n_pairs, 1]`.

    Example:

    >>> unknown = tf.fill([1, 4], 0.25)
    >>> [float(belief_agreement(unknown, unknown, prior)[0, 0]) for prior in (None, 0.5)]
    [0.25, 0.5]
    """
    shared = tf.reduce_sum(senders * receivers, axis=-1, keepdims=True)
    classes = senders.shape[-1]
    if prior is None or classes == 1:
        return shared
    for_it = prior * (classes - 1) * shared
    # Rows sum to 1 up to rounding only.
    return for_it / (for_it + (1.0 - prior) * tf.nn.relu(1.0 - shared))


def joint_belief(beliefs: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """What two judges believe together: the product of their class probabilities, scaled to 1.

    A product of experts (Hinton, "Training products of experts by minimizing contrastive
    divergence", 2002, section 1): who is sure outvotes who is not, and who is undecided says
    nothing.

    Args:
        beliefs: float32 `[n, n_classes]`, rows that sum to 1.
        others: of the same shape.

    Returns:
        float32 `[n, n_classes]`, rows that sum to 1.

    Example:

    >>> joint_belief(tf.constant([[0.5, 0.5]]), tf.constant([[0.25, 0.75]])).numpy().round(2)
    array([[0.25, 0.75]], dtype=float32)
    """
    # In logarithms: a product of small numbers may leave no class a probability.
    floor = beliefs.dtype.as_numpy_dtype(1e-30)
    logs = tf.math.log(tf.maximum(others, floor))
    return tf.nn.softmax(tf.math.log(beliefs) + logs)


def log_beliefs(logits: tf.Tensor) -> tf.Tensor:
    """Logarithms of class probabilities; of several draws of logits, of their mean probability.

    Args:
        logits: float `[n, n_classes]`, or `[n, n_draws, n_classes]`.

    Returns:
        `[n, n_classes]`.

    Example:

    >>> draws = tf.math.log(tf.constant([[[0.2, 0.8], [0.6, 0.4]]]))
    >>> tf.exp(log_beliefs(draws)).numpy().round(2)
    array([[0.4, 0.6]], dtype=float32)
    """
    logs = tf.nn.log_softmax(logits)
    if logits.shape.rank == 2:
        return logs
    return tf.reduce_logsumexp(logs, axis=1) - tf.math.log(tf.cast(tf.shape(logs)[1], logs.dtype))
