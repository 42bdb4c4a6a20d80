"""Images moved by a few pixels: what a classifier should not care for."""

from __future__ import annotations

import tensorflow as tf


def shift_images(
    images: tf.Tensor, shifts: tf.Tensor, most_down: int, most_right: int
) -> tf.Tensor:
    """Moves each image by its own number of pixels; what comes in at an edge mirrors the image.

    `shifted[i, y, x] = images[i, y - down[i], x - right[i]]`. Only gathers, so that XLA compiles
    it, which it does no transformation of images.

    Args:
        images: `[n, height, width, channels]`.
        shifts: int32 `[n, 2]`, down and to the right.
        most_down: no shift down or up is larger; at most as many as an image has rows.
        most_right: likewise of columns.

    Returns:
        As `images`.

    Example:

    >>> image = tf.reshape(tf.constant([1, 2, 3, 4]), [1, 2, 2, 1])
    >>> shift_images(image, tf.constant([[0, 1]]), 1, 1)[0, :, :, 0].numpy().tolist()
    [[1, 1], [3, 3]]
    """
    height, width = images.shape[1], images.shape[2]
    around = tf.pad(images, [[0, 0], [most_down] * 2, [most_right] * 2, [0, 0]], "SYMMETRIC")
    rows = most_down - shifts[:, :1] + tf.range(height)
    columns = most_right - shifts[:, 1:] + tf.range(width)
    return tf.gather(tf.gather(around, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)
