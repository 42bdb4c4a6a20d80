"""Cross-entropy and rank among all classes, a block of them at a time."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


def exact_figures(
    logits_of: Callable[[tf.Tensor], tf.Tensor],
    labels: tf.Tensor,
    num_classes: int,
    block: int,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """What the softmax over all classes says of each row's labels, without all logits at once.

    The rank of a label is the number of classes that come before it: those of a larger logit, and
    of an equal one those of a smaller number. So a model that says the same of all classes ranks
    label y at y, and not first.

    Args:
        logits_of: from the first class of a block to logits, float32 `[n, block]`; what it says of
            classes past the end is passed over.
        labels: int32 `[n, num_labels]`; below 0 where there is none.
        num_classes: C.
        block: classes of a block.

    Returns:
        log_total: float32 `[n]`, the logarithm of the sum of `exp(logit)`.
        label_logits: float32 `[n, num_labels]`; 0 where there is no label.
        ranks: int32 `[n, num_labels]`, from 0; C where there is no label.

    Raises:
        tf.errors.InvalidArgumentError: a logit is not finite; not under XLA.

    Example:

    >>> logits = tf.constant([[1.0, 3.0, 1.0, 0.0]])
    >>> log_total, own, ranks = exact_figures(
    ...     lambda start: logits[:, start:start + 2], tf.constant([[2]]), 4, block=2)
    >>> log_total.numpy().round(3), own.numpy(), ranks.numpy()
    (array([3.278], dtype=float32), array([[1.]], dtype=float32), array([[2]], dtype=int32))
    """
    count = tf.shape(labels)[0]
    num_blocks = -(-num_classes // block)
    known = labels >= 0

    def block_of(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        start = tf.minimum(index * block, max(num_classes - block, 0))
        classes = start + tf.range(block)
        logits = logits_of(start)
        check = tf.debugging.assert_all_finite(logits, "a logit is not finite")
        with tf.control_dependencies([check]):
            logits = tf.identity(logits)
        # The last block begins earlier, so that it is full; what was seen is not counted again.
        is_new = (classes >= index * block) & (classes < num_classes)
        return logits, classes, is_new

    def own_of(index: tf.Tensor, own: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits, classes, is_new = block_of(index)
        place = labels - classes[0]
        inside = (place >= 0) & (place < block)
        found = tf.gather(logits, tf.clip_by_value(place, 0, block - 1), batch_dims=1)
        inside &= tf.gather(is_new, tf.clip_by_value(place, 0, block - 1))
        return index + 1, tf.where(inside, found, own)

    def compared(
        index: tf.Tensor, largest: tf.Tensor, total: tf.Tensor, ranks: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        logits, classes, is_new = block_of(index)
        counted = tf.where(is_new, logits, logits.dtype.min)
        now = tf.maximum(largest, tf.reduce_max(counted, axis=1))
        total *= tf.exp(largest - now)
        total += tf.reduce_sum(tf.where(is_new, tf.exp(logits - now[:, tf.newaxis]), 0.0), axis=1)
        theirs, mine = logits[:, tf.newaxis, :], own[:, :, tf.newaxis]
        first = (theirs > mine) | ((theirs == mine) & (classes < labels[:, :, tf.newaxis]))
        first &= is_new & (classes != labels[:, :, tf.newaxis])
        return index + 1, now, total, ranks + tf.reduce_sum(tf.cast(first, tf.int32), axis=2)

    start = tf.constant(0)
    _, own = tf.while_loop(
        lambda index, *_: index < num_blocks,
        own_of,
        [start, tf.zeros(tf.shape(labels), tf.float32)],
        parallel_iterations=1,
    )
    _, largest, total, ranks = tf.while_loop(
        lambda index, *_: index < num_blocks,
        compared,
        [start, tf.fill([count], tf.float32.min), tf.zeros([count]), tf.zeros_like(labels)],
        parallel_iterations=1,
    )
    return largest + tf.math.log(total), own, tf.where(known, ranks, num_classes)
