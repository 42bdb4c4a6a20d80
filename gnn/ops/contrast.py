"""Random nodes: how far apart they are, the loss that keeps them apart, and their spread."""

from __future__ import annotations

import tensorflow as tf

from gnn.configs import DistanceConfig
from gnn.ops.distances import pairwise_distance

# Pairs a row of the loss, which is of the mean over all of them, some thousands a batch.
PAIRS_A_ROW = 6

# Edges that bring their ends nearer than random pairs by so much are followed in full.
LEAST_NEARER = 0.1

# A linear congruence (Park and Miller's modulus; multiplier and step without a pattern in the low
# rows), so that the pairs follow from the size of the batch alone: on any device, and after a
# resume, the same.
_MODULUS = 2**31 - 1
_OF_ROW, _OF_ROUND = 1_327_217_885, 785_435_617


def random_partners(
    num_rows: int | tf.Tensor, num_real: tf.Tensor, pairs_a_row: int = PAIRS_A_ROW
) -> tf.Tensor:
    """For each row some others, without a pattern, that follow from the number of rows alone.

    Partner k of row i is `(i + 1 + s) mod n` with `s = floor((n - 1) r / m)` and
    `r = (1327217885 (i + 1) + 785435617 (k + 1)) mod m`, `m = 2^31 - 1`: never the row itself. A
    shift of all rows alike would do where nodes come in no order; of a graph that lists its nodes
    class by class it would miss the pairs of one class.

    Args:
        num_rows: of the batch, padding included.
        num_real: int32 scalar, n: the rows before the padding.
        pairs_a_row: how many partners each has.

    Returns:
        int32 `[pairs_a_row, num_rows]`, from 0 to n - 1; what stands at rows from n on, and for an
        n below 2, is a row, and no more is said of it.

    Example:

    >>> partners = random_partners(3, tf.constant(3))
    >>> bool(tf.reduce_any(partners == tf.range(3))), int(tf.reduce_max(partners))
    (False, 2)
    """
    rows = tf.range(1, tf.cast(num_rows, tf.int64) + 1, dtype=tf.int64)
    rounds = tf.range(1, pairs_a_row + 1, dtype=tf.int64)[:, tf.newaxis]
    drawn = tf.math.floormod(_OF_ROW * rows + _OF_ROUND * rounds, _MODULUS)
    real = tf.maximum(tf.cast(num_real, tf.int64), 1)
    partners = tf.math.floormod(rows + (real - 1) * drawn // _MODULUS, real)
    return tf.cast(partners, tf.int32)


def random_distances(
    outputs: tf.Tensor,
    config: DistanceConfig,
    real: tf.Tensor | None = None,
    pairs_a_row: int = PAIRS_A_ROW,
) -> tuple[tf.Tensor, tf.Tensor]:
    """How far apart the outputs of random pairs of nodes are (`random_partners`).

    Args:
        outputs: float `[n_nodes, ...]`.
        config: the distance.
        real: bool `[n_nodes]`, which nodes are no padding, all before the padding; None for all.
        pairs_a_row: how many others each node is held against.

    Returns:
        float32 `[pairs_a_row * n_nodes]`: the distances, and 1 for each that counts, else 0, where
        its distance is 0: of padding, and of a batch of one node.

    Example:

    >>> distances, counts = random_distances(tf.constant([[1.0], [4.0]]), DistanceConfig("l1"))
    >>> set(distances.numpy().tolist()), float(tf.reduce_sum(counts))
    ({3.0}, 12.0)
    """
    num_rows = tf.shape(outputs)[0]
    num_real = num_rows if real is None else tf.reduce_sum(tf.cast(real, tf.int32))
    partners = random_partners(num_rows, num_real, pairs_a_row)
    rows = tf.broadcast_to(tf.range(num_rows), tf.shape(partners))
    counts = tf.logical_and(rows < num_real, num_real > 1)
    # What does not count is a real row beside itself: padding may hold anything, NaN too.
    left = tf.gather(outputs, tf.reshape(tf.where(counts, rows, 0), [-1]))
    right = tf.gather(outputs, tf.reshape(tf.where(counts, partners, 0), [-1]))
    counts = tf.cast(tf.reshape(counts, [-1]), tf.float32)
    return pairwise_distance(left, right, config) * counts, counts


def uniformity(distances: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
    """The logarithm of the mean of `exp(-d)` over random pairs: 0 at one point for all, else less.

    Beside the mean distance of neighbors it makes a loss that no collapse can lower: the two
    together are 0 where all outputs are equal, and below 0 where neighbors are nearer than random
    nodes. They are alignment and uniformity (Wang and Isola, "Understanding contrastive
    representation learning through alignment and uniformity on the hypersphere", ICML 2020), for
    any distance; or InfoNCE (van den Oord et al. 2018) with the batch's random pairs in its
    denominator. By the logarithm, many groups are worth more than few: k equal groups that lie far
    apart have about -log k.

    Args:
        distances: float32 `[n_pairs]`.
        counts: float32 `[n_pairs]`, 1 for pairs that count, else 0.

    Returns:
        A float32 scalar; 0 where no pair counts.

    Example:

    >>> far = tf.constant([0.0, 100.0, 100.0, 100.0])
    >>> round(float(uniformity(far, tf.ones(4))), 4)  # log(1 / 4)
    -1.3863
    """
    number = tf.reduce_sum(counts)
    nearest = tf.reduce_logsumexp(tf.where(counts > 0, -distances, -1e30))
    found = nearest - tf.math.log(tf.maximum(number, 1.0))
    return tf.where(number > 0, found, tf.zeros_like(found))


def edge_trust(neighbor: tf.Tensor, random: tf.Tensor) -> tf.Tensor:
    """How far edges are worth following, from 0 to 1, by how far apart their ends are.

    `min(1, max(0, (1 - G / R) / 0.1))` for the mean distance G of neighbors and R of random pairs:
    1 as soon as neighbors are nearer by a tenth, and 0 where they are as far apart as anything.
    No gradient flows through it. Edges at random have 0, up to the noise of a batch.

    Args:
        neighbor: float32 scalar, G.
        random: float32 scalar, R.

    Example:

    >>> [round(float(edge_trust(tf.constant(g), tf.constant(2.0))), 2) for g in (1.0, 1.9, 3.0)]
    [1.0, 0.5, 0.0]
    """
    nearer = 1.0 - tf.math.divide_no_nan(neighbor, random)
    return tf.stop_gradient(tf.clip_by_value(nearer / LEAST_NEARER, 0.0, 1.0))


def class_spread(
    outputs: tf.Tensor, are_logits: bool, real: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """How much class probabilities differ between nodes, from 0, all alike, to 1, all certain.

    It is the variance of the probabilities p between the nodes, `mean |p|^2 - |mean p|^2`, over
    `1 - |mean p|^2`, the variance that certain predictions of the same mean would have. So it knows
    no scale, and classes may be as unequal as they are. Of calibrated predictions it is the share
    of the labels' variance that they explain.

    Args:
        outputs: float `[n_nodes, n_classes]`, or with more axes; of one column, those of a sigmoid.
        are_logits: whether they are logits, else probabilities.
        real: bool `[n_nodes]`, which nodes are no padding; None for all.

    Returns:
        Two float32 scalars, the spread, and the number of nodes that it is of.

    Example:

    >>> certain = tf.constant([[1.0, 0.0], [0.0, 1.0]])
    >>> [float(class_spread(rows, False)[0]) for rows in (certain, 0.5 * certain + 0.25)]
    [1.0, 0.25]
    """
    outputs = tf.cast(outputs, tf.float32)
    if outputs.shape[-1] == 1:
        chance = tf.sigmoid(outputs) if are_logits else outputs
        probabilities = tf.concat([chance, 1.0 - chance], axis=-1)
    else:
        probabilities = tf.nn.softmax(outputs) if are_logits else outputs
    if real is None:
        kept = tf.ones(tf.shape(probabilities)[:1])
    else:
        kept = tf.cast(real, tf.float32)
        shape = tf.concat([tf.shape(real), tf.ones([tf.rank(outputs) - 1], tf.int32)], axis=0)
        probabilities = tf.where(tf.reshape(real, shape), probabilities, 0.0)
    number = tf.reduce_sum(kept)
    one = tf.math.reciprocal_no_nan(number)
    squares = tf.reduce_mean(tf.reduce_sum(probabilities**2, axis=[0, -1])) * one
    of_mean = tf.reduce_mean(tf.reduce_sum((tf.reduce_sum(probabilities, axis=0) * one) ** 2, -1))
    return tf.math.divide_no_nan(squares - of_mean, 1.0 - of_mean), number
