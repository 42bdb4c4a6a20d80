"""Losses of a batch of embeddings by their labels, a number a row."""

from __future__ import annotations

from typing import Literal

import tensorflow as tf

Mining = Literal["semi_hard", "hard", "all"]
MININGS: tuple[Mining, ...] = ("semi_hard", "hard", "all")
# What a masked number becomes before a minimum or an exponential.
_FAR = 1e30


def label_pairs(labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Which rows are of one label, and which of two.

    Args:
        labels: int `[n]`; below 0 where unknown: such a row is in no pair.

    Returns:
        Two booleans `[n, n]`: other rows of the row's label; rows of other labels.

    Example:

    >>> same, other = label_pairs(tf.constant([4, 4, 7, -1]))
    >>> tf.cast(same, tf.int32).numpy().tolist()
    [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    >>> tf.cast(other, tf.int32).numpy().tolist()
    [[0, 0, 1, 0], [0, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]]
    """
    known = labels >= 0
    both = known[:, tf.newaxis] & known
    equal = labels[:, tf.newaxis] == labels
    rows = tf.range(tf.shape(labels)[0])
    return both & equal & (rows[:, tf.newaxis] != rows), both & ~equal


def squared_distances(embeddings: tf.Tensor) -> tf.Tensor:
    """`|e_i - e_j|^2` of all pairs, float32 `[n, n]`, none below 0.

    Example:

    >>> squared_distances(tf.constant([[0.0, 0.0], [3.0, 4.0]])).numpy().tolist()
    [[0.0, 25.0], [25.0, 0.0]]
    """
    lengths = tf.reduce_sum(embeddings**2, axis=1)
    products = tf.matmul(embeddings, embeddings, transpose_b=True)
    return tf.maximum(lengths[:, tf.newaxis] + lengths - 2.0 * products, 0.0)


def triplet_losses(
    embeddings: tf.Tensor, labels: tf.Tensor, margin: float, mining: Mining
) -> tf.Tensor:
    """`max(|a - p|^2 - |a - n|^2 + margin, 0)`, a mean for each anchor a.

    | mining | the mean is over |
    | --- | --- |
    | "all" | all triplets of the anchor that are above 0 |
    | "hard" | one: the farthest p and the nearest n |
    | "semi_hard" | each p with the nearest n that is farther than it, or where there is none the farthest |

    Args:
        embeddings: float32 `[n, dim]`.
        labels: int `[n]`; below 0 where unknown.
        margin: at least 0.
        mining: as above.

    Returns:
        float32 `[n]`, 0 for an anchor without a triplet.

    Example:

    >>> rows = tf.constant([[0.0], [1.0], [2.0]])
    >>> triplet_losses(rows, tf.constant([0, 0, 1]), 1.0, "hard").numpy().tolist()
    [0.0, 1.0, 0.0]
    """  # noqa: E501
    same, other = label_pairs(labels)
    distances = squared_distances(embeddings)
    if mining == "hard":
        farthest = tf.reduce_max(tf.where(same, distances, -_FAR), axis=1)
        nearest = tf.reduce_min(tf.where(other, distances, _FAR), axis=1)
        losses = tf.nn.relu(farthest - nearest + margin)
        has_both = tf.reduce_any(same, axis=1) & tf.reduce_any(other, axis=1)
        return tf.where(has_both, losses, 0.0)
    # Negatives by distance say which of them are beyond a positive: [n, n], and no [n, n, n].
    fixed = tf.stop_gradient(distances)
    negatives = tf.sort(tf.where(other, fixed, _FAR), axis=1)
    if mining == "all":
        reach = tf.where(same, fixed + margin, -_FAR)
        # Active triplets of each positive, and of each negative, by the same comparison.
        of_same = tf.cast(tf.raw_ops.LowerBound(sorted_inputs=negatives, values=reach), tf.float32)
        nearer = tf.raw_ops.UpperBound(sorted_inputs=tf.sort(reach, axis=1), values=fixed)
        of_other = tf.cast(tf.shape(labels)[0] - nearer, tf.float32)
        pulled = tf.where(same, of_same * (distances + margin), 0.0)
        pushed = tf.where(other, of_other * distances, 0.0)
        count = tf.reduce_sum(tf.where(same, of_same, 0.0), axis=1)
        return tf.math.divide_no_nan(tf.reduce_sum(pulled - pushed, axis=1), count)
    # The first one beyond the positive; where none is, the last of them.
    beyond = tf.raw_ops.UpperBound(sorted_inputs=negatives, values=fixed)
    last = tf.reduce_sum(tf.cast(other, tf.int32), axis=1, keepdims=True) - 1
    order = tf.argsort(tf.where(other, fixed, _FAR), axis=1)
    taken = tf.gather(order, tf.maximum(tf.minimum(beyond, last), 0), batch_dims=1)
    counted = same & (last >= 0)
    each = tf.nn.relu(distances - tf.gather(distances, taken, batch_dims=1) + margin)
    return _mean_over(counted, each)


def supervised_contrastive_losses(
    embeddings: tf.Tensor, labels: tf.Tensor, temperature: float
) -> tf.Tensor:
    """`-mean over positives p of log( exp(s_p) / sum over all others of exp(s) )`, s = cosine / T.

    Args:
        embeddings: float32 `[n, dim]`, of length 1.
        labels: int `[n]`; below 0 where unknown.
        temperature: T.

    Returns:
        float32 `[n]`, 0 for a row without a positive.

    Example:

    >>> rows, labels = tf.constant([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), tf.constant([5, 5, 6])
    >>> loss = supervised_contrastive_losses(rows, labels, 1.0)
    >>> loss.numpy().round(4).tolist()[0] == round(float(tf.math.log1p(tf.exp(-1.0))), 4)
    False
    >>> [round(float(each), 3) for each in loss]  # log(1 + 1/e), twice.
    [0.313, 0.313, 0.0]
    """
    same, other = label_pairs(labels)
    scores = tf.matmul(embeddings, embeddings, transpose_b=True) / temperature
    total = tf.reduce_logsumexp(tf.where(same | other, scores, -_FAR), axis=1, keepdims=True)
    return _mean_over(same, total - scores)


def in_batch_ranking_losses(
    embeddings: tf.Tensor, labels: tf.Tensor, temperature: float
) -> tf.Tensor:
    """`-mean over positives p of log( exp(s_p) / (exp(s_p) + sum over negatives of exp(s)) )`.

    Args:
        embeddings: float32 `[n, dim]`, of length 1.
        labels: int `[n]`; below 0 where unknown.
        temperature: of the cosines.

    Returns:
        float32 `[n]`, 0 for a row without a positive.

    Example:

    >>> rows, labels = tf.constant([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), tf.constant([5, 5, 6])
    >>> [round(float(each), 3) for each in in_batch_ranking_losses(rows, labels, 1.0)]
    [0.313, 0.313, 0.0]
    """
    same, other = label_pairs(labels)
    scores = tf.matmul(embeddings, embeddings, transpose_b=True) / temperature
    others = tf.reduce_logsumexp(tf.where(other, scores, -_FAR), axis=1, keepdims=True)
    return _mean_over(same, tf.nn.softplus(others - scores))


def leave_one_out_losses(
    embeddings: tf.Tensor, labels: tf.Tensor, k: int, temperature: float
) -> tf.Tensor:
    """`-log` of how likely a row's label is by its k nearest other rows, and its nearest positive.

    Rows as near as the k-th count, too.

    `p = sum over those of its label of exp(s) / sum over all of them of exp(s)`, s = cosine / T.

    Args:
        embeddings: float32 `[n, dim]`, of length 1.
        labels: int `[n]`; below 0 where unknown: such a row is nobody's neighbor.
        k: neighbors.
        temperature: T.

    Returns:
        float32 `[n]`, 0 for a row without a positive.

    Example:

    The two nearest of the first row are one of its label and one of another, equally near.

    >>> rows = tf.constant([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [-1.0, 0.0]])
    >>> round(float(leave_one_out_losses(rows, tf.constant([0, 0, 1, 1]), 2, 1.0)[0]), 3)  # log(2)
    0.693
    """
    same, other = label_pairs(labels)
    scores = tf.matmul(embeddings, embeddings, transpose_b=True) / temperature
    open_to = tf.where(same | other, scores, -_FAR)
    count = tf.minimum(k, tf.shape(scores)[0])
    kth = tf.math.top_k(open_to, count).values[:, -1:]
    nearest_same = tf.reduce_max(tf.where(same, scores, -_FAR), axis=1, keepdims=True)
    taken = (same | other) & (open_to >= kth) | same & (scores >= nearest_same)
    every = tf.reduce_logsumexp(tf.where(taken, scores, -_FAR), axis=1)
    right = tf.reduce_logsumexp(tf.where(taken & same, scores, -_FAR), axis=1)
    return tf.where(tf.reduce_any(same, axis=1), every - right, 0.0)


def _mean_over(mask: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    total = tf.reduce_sum(tf.where(mask, values, 0.0), axis=1)
    return tf.math.divide_no_nan(total, tf.reduce_sum(tf.cast(mask, tf.float32), axis=1))
