"""Losses over batches that memory does not hold at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count


def cached_gradients(
    model: Callable[[Any], tf.Tensor],
    inputs: Any,
    labels: tf.Tensor,
    loss: Callable[[Any, Any], tf.Tensor],
    chunk_size: int,
    variables: list[Any],
) -> tuple[tf.Tensor, list[Any]]:
    """The loss of a whole batch and its gradients, holding the network's inside for a chunk alone.

    Embeddings are computed chunk by chunk without a tape; the loss gives their gradient; each chunk
    is computed again and takes its part back (GradCache: Gao et al., "Scaling deep contrastive
    learning batch size under memory limited setup", RepL4NLP 2021). The gradients are those of the
    whole batch, as long as the model gives a row the same twice: without dropout and batch
    normalization in training. It costs one more forward pass. Losses that layers add are not in it.

    Traced by `tf.function`, a chunk waits for the one before it. XLA is free to undo that: the
    numbers stay, and memory may be that of the whole batch.

    Args:
        model: from inputs to embeddings `[n, dim]`.
        inputs: tensors `[n, ...]`, nested as the model takes them; n is known where it is traced.
        labels: `[n]`.
        loss: of labels and embeddings, a scalar.
        chunk_size: rows of a chunk.
        variables: what gradients are taken of.

    Returns:
        The loss, and a gradient for each variable.

    Raises:
        ValueError: `chunk_size` is below 1, or the number of rows is not known.

    Example:

    >>> dense = keras.layers.Dense(2)
    >>> x, y = tf.random.normal([7, 3]), tf.constant([0, 0, 1, 1, 0, 1, 1])
    >>> dense.build(x.shape)
    >>> from gnn.losses import SupervisedContrastive
    >>> loss, gradients = cached_gradients(
    ...     dense, x, y, SupervisedContrastive(), 3, [w.value for w in dense.trainable_weights])
    >>> [gradient.shape for gradient in gradients]
    [TensorShape([3, 2]), TensorShape([2])]
    """
    check_count("chunk_size", chunk_size)
    count = keras.tree.flatten(inputs)[0].shape[0]
    if count is None:
        raise ValueError("the number of rows must be known: give batches of one size")

    def chunk(start: int, done: list[Any]) -> Any:
        # A traced chunk would begin with all others, and share what the first pass has computed.
        with tf.control_dependencies(done):
            return keras.tree.map_structure(
                lambda part: tf.identity(part[start : start + chunk_size]), inputs
            )

    starts = range(0, count, chunk_size)
    parts: list[tf.Tensor] = []
    for start in starts:
        parts.append(tf.stop_gradient(model(chunk(start, parts[-1:]))))
    embeddings = tf.concat(parts, axis=0)
    with tf.GradientTape() as tape:
        tape.watch(embeddings)
        value = loss(labels, embeddings)
    of_embeddings = tape.gradient(value, embeddings)
    total: list[Any] = [None] * len(variables)
    for start in starts:
        done = [part for part in total if part is not None] or [of_embeddings]
        with tf.GradientTape() as tape:
            again = model(chunk(start, done))
        given = tape.gradient(
            again, variables, output_gradients=of_embeddings[start : start + chunk_size]
        )
        for place, part in enumerate(given):
            if part is not None:
                dense = tf.convert_to_tensor(part)
                total[place] = dense if total[place] is None else total[place] + dense
    return value, total
