"""The bytes of one image to its pixels, or an error that says what is wrong with them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.ops.gif_frames import CUT_OFF, first_frame

# Why an image is refused; TensorFlow's decoders have their own words.
NO_IMAGE = "these bytes begin as no JPEG, PNG, GIF or BMP"
EMPTY = "it is empty"
BAD_SIZE = "the header claims no pixels, or more than are read"
ODD_BMP = "of BMP, 8, 24 and 32 bits a pixel without compression are read"

_PNG = np.array(list(b"\x89PNG\r\n\x1a\n"), np.int32)
_JPEG_COLORS_IN_PRINT = 4
_BMP_HEAD = 54


def decode_common(
    contents: tf.Tensor, size: tuple[int, int], channels: int, keep_aspect: str, most_pixels: int
) -> tf.Tensor:
    """A JPEG or a PNG as pixels of one size; of other bytes an error.

    A function of few branches: a pipeline makes each branch anew whenever it begins.

    Args:
        contents: a string tensor of rank 0.
        size: as in `gnn.ops.decode_images`, like what follows.
        channels: likewise.
        keep_aspect: likewise.
        most_pixels: likewise.

    Returns:
        uint8 `[height, width, channels]`.

    Raises:
        tf.errors.InvalidArgumentError: it cannot be read; the message says why.

    Example:

    >>> gray = tf.io.encode_png(tf.constant([[[10], [20]]], tf.uint8))
    >>> decode_common(gray, (1, 4), 1, "stretch", 10)[0, :, 0].numpy().tolist()
    [10, 13, 18, 20]
    """
    head = tf.cast(tf.io.decode_raw(contents, tf.uint8, fixed_length=24), tf.int32)
    is_png = tf.reduce_all(head[:8] == _PNG)
    is_jpeg = tf.reduce_all(head[:3] == [0xFF, 0xD8, 0xFF])
    sides = tf.cast(tf.reshape(head[16:], [2, 4]), tf.float64)
    of_png = tf.reduce_prod(
        tf.linalg.matvec(sides, tf.constant([2.0**24, 2**16, 2**8, 1], tf.float64))
    )
    # Of a PNG the shape of another image is asked: a branch would take longer.
    asked = tf.where(is_jpeg, contents, _some_jpeg())
    of_jpeg = tf.cast(tf.image.extract_jpeg_shape(asked), tf.float64)
    pixels = tf.where(is_jpeg, of_jpeg[0] * of_jpeg[1], of_png)
    known = is_png | is_jpeg
    if channels == 1:  # The decoder makes no gray of them; `decode_rare` does.
        known &= is_png | (of_jpeg[2] != _JPEG_COLORS_IN_PRINT)
    contents = _checked(contents, known, NO_IMAGE)
    contents = _checked(contents, (pixels > 0) & (pixels <= most_pixels), BAD_SIZE)
    image = tf.io.decode_image(contents, channels, expand_animations=False)
    return fitted(image, size, channels, keep_aspect)


@functools.lru_cache
def _some_jpeg() -> bytes:
    with tf.init_scope():
        return tf.io.encode_jpeg(tf.zeros([1, 1, 1], tf.uint8)).numpy()


def decode_rare(
    contents: tf.Tensor, size: tuple[int, int], channels: int, keep_aspect: str, most_pixels: int
) -> tf.Tensor:
    """A GIF, a BMP, or a JPEG in the four colors of print; else as `decode_common`.

    Example:

    >>> import base64
    >>> dot = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=")
    >>> decode_rare(tf.constant(dot), (1, 2), 1, "stretch", 10).numpy().tolist()
    [[[255], [255]]]
    """
    head = tf.cast(tf.io.decode_raw(contents, tf.uint8, fixed_length=_BMP_HEAD), tf.int32)

    def sized(height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
        # Two numbers of 32 bits each: their product may be past the integers.
        pixels = tf.cast(height, tf.float64) * tf.cast(width, tf.float64)
        return _checked(contents, (pixels > 0) & (pixels <= most_pixels), BAD_SIZE)

    def gif() -> tf.Tensor:
        whole = sized(_number(head[8:10]), _number(head[6:8]))
        frame, height, width = first_frame(whole)
        with tf.control_dependencies([sized(height, width)]):
            return tf.io.decode_gif(tf.identity(frame))[0]

    def bmp() -> tf.Tensor:
        height = _number(head[22:26])
        height = tf.minimum(height, 2**32 - height)  # Below 0 where rows go from the top.
        return _bitmap(sized(height, _number(head[18:22])), head)

    def in_print() -> tf.Tensor:
        shape = tf.image.extract_jpeg_shape(contents)
        return tf.io.decode_jpeg(sized(shape[0], shape[1]), 3)

    def other() -> tf.Tensor:
        return _checked(tf.zeros([1, 1, 3], tf.uint8), tf.constant(False), NO_IMAGE)

    is_gif = tf.reduce_all(head[:4] == list(b"GIF8"))
    is_bmp = tf.reduce_all(head[:2] == list(b"BM"))
    is_jpeg = tf.reduce_all(head[:3] == [0xFF, 0xD8, 0xFF])
    kind = tf.argmax(tf.stack([is_gif, is_bmp, is_jpeg, True]), output_type=tf.int32)
    image = tf.switch_case(kind, [gif, bmp, in_print, other])
    image.set_shape([None, None, 3])
    if channels == 1:
        image = tf.image.rgb_to_grayscale(image)
    return fitted(image, size, channels, keep_aspect)


def fitted(image: tf.Tensor, size: tuple[int, int], channels: int, keep_aspect: str) -> tf.Tensor:
    """An image in another size, uint8 `[height, width, channels]`: bilinear, and rounded.

    Example:

    >>> image = tf.constant([[[10], [20]]], tf.uint8)
    >>> [fitted(image, (1, 1), 1, how).numpy().ravel().tolist() for how in ("stretch", "crop")]
    [[15], [10]]
    >>> fitted(image, (3, 2), 1, "pad").numpy()[:, :, 0].tolist()
    [[0, 0], [10, 20], [0, 0]]
    """
    height, width = size
    inner: Any = list(size)
    if keep_aspect != "stretch":
        old_height, old_width = tf.unstack(tf.shape(image)[:2])
    if keep_aspect == "crop":
        tall = tf.clip_by_value(old_width * height // width, 1, old_height)
        wide = tf.clip_by_value(old_height * width // height, 1, old_width)
        top, left = (old_height - tall) // 2, (old_width - wide) // 2
        image = image[top : top + tall, left : left + wide]
    if keep_aspect == "pad":
        inner = [
            tf.clip_by_value(old_height * width // old_width, 1, height),
            tf.clip_by_value(old_width * height // old_height, 1, width),
        ]
    # Of floats the kernel is faster, and so is this way to round numbers that are not negative.
    floats = tf.cast(image, tf.float32)[tf.newaxis]
    resized = tf.raw_ops.ResizeBilinear(images=floats, size=inner, half_pixel_centers=True)
    pixels = tf.cast(resized[0] + 0.5, tf.uint8)
    if keep_aspect == "pad":
        top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
        pixels = tf.image.pad_to_bounding_box(pixels, top, left, height, width)
    return tf.ensure_shape(pixels, [height, width, channels])


def _bitmap(contents: tf.Tensor, head: tf.Tensor) -> tf.Tensor:
    """The colors of a BMP, with its palette, which TensorFlow leaves out."""
    bits, packing, table = _number(head[28:30]), _number(head[30:34]), 14 + _number(head[14:18])
    plain = (packing == 0) | ((packing == 3) & (bits == 32))
    known = (bits == 8) | (bits == 24) | (bits == 32)
    contents = _checked(contents, plain & known & (table >= _BMP_HEAD), ODD_BMP)
    image = tf.io.decode_bmp(contents)

    def by_palette() -> tf.Tensor:
        entries = tf.strings.substr(contents, table, tf.constant(1024, tf.int64))
        palette = tf.reshape(tf.io.decode_raw(entries, tf.uint8, fixed_length=1024), [256, 4])
        return tf.gather(palette[:, 2::-1], tf.cast(image[:, :, 0], tf.int32))

    return tf.cond(bits == 8, by_palette, lambda: image[:, :, :3])


def _number(head: tf.Tensor) -> tf.Tensor:
    """The number that some bytes are, the lowest first, int64."""
    powers = tf.constant([256**place for place in range(int(head.shape[0]))], tf.int64)
    return tf.reduce_sum(tf.cast(head, tf.int64) * powers)


def _checked(value: tf.Tensor, rule: tf.Tensor, otherwise: str) -> tf.Tensor:
    # `tf.debugging.Assert` would make a branch of each.
    with tf.control_dependencies([tf.raw_ops.Assert(condition=rule, data=[otherwise])]):
        return tf.identity(value)


def fault_of(contents: bytes, most_pixels: int) -> str | None:
    """What is wrong with the bytes of an image, in words; None where nothing is.

    Example:

    >>> fault_of(b"tea", 10)
    'these bytes begin as no JPEG, PNG, GIF or BMP'
    """
    if not contents:
        return EMPTY
    decode = decode_rare if contents[:1] in (b"G", b"B") else decode_common
    try:
        decode(tf.constant(contents), (1, 1), 3, "stretch", most_pixels)
    except tf.errors.InvalidArgumentError as error:
        known = (why for why in (NO_IMAGE, BAD_SIZE, ODD_BMP, CUT_OFF) if why in error.message)
        return next(known, "it is cut off or damaged")
    return None
