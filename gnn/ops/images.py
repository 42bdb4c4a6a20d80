"""Images as bytes to pixels: TensorFlow functions for tf.data, eager use and SavedModels."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from gnn.ops.image_bytes import decode_common, decode_rare

ASPECTS = ("stretch", "pad", "crop")
MOST_PIXELS = 64_000_000  # Of one image, by its header; 192 MB in color.

_Images = tuple[tf.Tensor, tf.Tensor]


def decode_image(
    contents: Any,
    size: tuple[int, int],
    channels: int = 3,
    keep_aspect: str = "stretch",
    most_pixels: int = MOST_PIXELS,
) -> _Images:
    """One image: its pixels, and whether it could be read.

    As `decode_images`, which takes hardly longer for many.

    Args:
        contents: a string tensor of rank 0.
        size: as in `decode_images`, like what follows.
        channels: likewise.
        keep_aspect: likewise.
        most_pixels: likewise.

    Returns:
        uint8 `[height, width, channels]`, and a bool.

    Example:

    >>> gray = tf.io.encode_png(tf.constant([[[10], [20]]], tf.uint8))
    >>> pixels, ok = decode_image(gray, (1, 2), channels=1)
    >>> pixels[0, :, 0].numpy().tolist(), bool(ok)
    ([10, 20], True)
    """
    one = tf.reshape(tf.convert_to_tensor(contents, tf.string), [1])
    images, ok = decode_images(one, size, channels, keep_aspect, most_pixels)
    return images[0], ok[0]


def decode_images(
    contents: Any,
    size: tuple[int, int],
    channels: int = 3,
    keep_aspect: str = "stretch",
    most_pixels: int = MOST_PIXELS,
) -> _Images:
    """Images of one size out of the bytes of files, several at once; broken ones raise nothing.

    JPEG, PNG, BMP and the first frame of a GIF, by their first bytes and not by a name. Colors
    become gray and gray becomes color as `channels` says; 16 bits a channel become 8; an alpha
    channel is dropped, and nothing is composed with a background. The orientation that EXIF may
    tell is not applied, as nowhere in TensorFlow. What is empty, cut off or damaged so that a
    decoder notices, and what claims more than `most_pixels` in its header, is an image of zeros.
    The latter is not decoded.

    An error in one image must not end a batch, and in a graph TensorFlow catches errors in one
    place alone: a `tf.data` pipeline. So there is one inside, in a SavedModel too. Its beginning
    takes about 20 ms, so many images at once are better. XLA compiles none of it; this belongs
    before what XLA compiles.

    Args:
        contents: a string tensor `[n]`.
        size: height and width of the result.
        channels: 1 or 3.
        keep_aspect: what becomes of another aspect ratio. `"stretch"`: it changes, as in
            `tf.image.resize`; `"pad"`: what is missing is black, evenly on both sides; `"crop"`:
            the largest part of the middle that has the ratio. Between pixels it is bilinear, and
            rounded.
        most_pixels: of one image before it is resized.

    Returns:
        uint8 `[n, height, width, channels]`, and bool `[n]`: whether each could be read.

    Raises:
        ValueError: an argument is out of range.

    Example:

    >>> gray = tf.io.encode_png(tf.constant([[[10], [20]]], tf.uint8)).numpy()
    >>> pixels, ok = decode_images([gray, b"", gray[:-20]], (1, 2), channels=1)
    >>> pixels[:, 0, :, 0].numpy().tolist(), ok.numpy().tolist()
    ([[10, 20], [0, 0], [0, 0]], [True, False, False])
    """
    shape = image_shape(size, channels, keep_aspect, most_pixels)
    decode = _compiled(False, shape, keep_aspect, most_pixels)
    return decode(tf.convert_to_tensor(contents, tf.string))


def read_images(
    paths: Any,
    size: tuple[int, int],
    channels: int = 3,
    keep_aspect: str = "stretch",
    most_pixels: int = MOST_PIXELS,
) -> _Images:
    """As `decode_images`, of files by their paths; one that cannot be read is broken.

    Args:
        paths: a string tensor `[n]`; `""` is no file.
        size: as in `decode_images`, like what follows.
        channels: likewise.
        keep_aspect: likewise.
        most_pixels: likewise.

    Example:

    >>> pixels, ok = read_images(["/nowhere.png"], (1, 2))
    >>> pixels.shape.as_list(), ok.numpy().tolist()
    ([1, 1, 2, 3], [False])
    """
    shape = image_shape(size, channels, keep_aspect, most_pixels)
    decode = _compiled(True, shape, keep_aspect, most_pixels)
    return decode(tf.convert_to_tensor(paths, tf.string))


def readable_images(
    paths: Any,
    size: tuple[int, int],
    channels: int = 3,
    keep_aspect: str = "stretch",
    most_pixels: int = MOST_PIXELS,
    batch_size: int = 32,
) -> tf.data.Dataset:
    """A pipeline over many files: those JPEG and PNG files that can be read, and where they stand.

    One pipeline of all files takes a quarter less time than `read_images` on some at a time, but
    it can only leave out what it cannot read: that is for `read_images`.

    Args:
        paths: a string tensor `[n]`.
        size: as in `decode_images`, like what follows.
        channels: likewise.
        keep_aspect: likewise.
        most_pixels: likewise.
        batch_size: images at a time.

    Returns:
        Places, int64 `[b]` and rising, and uint8 `[b, height, width, channels]`.

    Example:

    >>> list(readable_images([b"", b"/nowhere.png"], (1, 2)))
    []
    """
    shape = image_shape(size, channels, keep_aspect, most_pixels)
    settings = (shape[:2], shape[2], keep_aspect, most_pixels)
    files = tf.data.Dataset.from_tensor_slices(tf.convert_to_tensor(paths, tf.string)).enumerate()
    images = files.map(
        lambda place, path: (place, decode_common(tf.io.read_file(path), *settings)),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    return images.ignore_errors().batch(batch_size).prefetch(1)


def image_shape(
    size: Any, channels: int, keep_aspect: str, most_pixels: int = MOST_PIXELS
) -> tuple[int, int, int]:
    """The shape of one image, once the arguments keep their rules.

    Raises:
        ValueError: as `decode_images`.

    Example:

    >>> image_shape((28, 28), 1, "pad")
    (28, 28, 1)
    """
    pair = tuple(size) if isinstance(size, list | tuple) else ()
    if len(pair) != 2 or not all(type(side) is int and side > 0 for side in pair):
        raise ValueError(f"size must be a height and a width in pixels, got {size!r}")
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 (gray) or 3 (color), got {channels!r}")
    if keep_aspect not in ASPECTS:
        raise ValueError(f"keep_aspect must be one of {list(ASPECTS)}, got {keep_aspect!r}")
    if type(most_pixels) is not int or most_pixels < 1:
        raise ValueError(f"most_pixels must be a positive integer, got {most_pixels!r}")
    return pair[0], pair[1], int(channels)


@functools.lru_cache
def _compiled(
    are_paths: bool, shape: tuple[int, int, int], keep_aspect: str, most_pixels: int
) -> Callable[[tf.Tensor], _Images]:
    """A traced function of any number of images: tf.data would trace anew at each call."""
    settings = (shape[:2], shape[2], keep_aspect, most_pixels)

    def contents_of(value: tf.Tensor) -> tf.Tensor:
        return tf.io.read_file(value) if are_paths else value

    def decode_each(values: tf.Tensor) -> _Images:
        images, ok = _where_whole(
            values, lambda value: decode_common(contents_of(value), *settings), shape
        )
        if are_paths:
            others = ~ok & (values != "")
        else:
            first = tf.io.decode_raw(values, tf.uint8, fixed_length=1)[:, 0]
            others = ~ok & ((first == ord("G")) | (first == ord("B")) | (first == 0xFF))
        places = tf.where(others)

        def with_others() -> _Images:
            rare, rare_ok = _where_whole(
                tf.boolean_mask(values, others),
                lambda value: decode_rare(contents_of(value), *settings),
                shape,
            )
            return (
                tf.tensor_scatter_nd_update(images, places, rare),
                tf.tensor_scatter_nd_update(ok, places, rare_ok),
            )

        images, ok = tf.cond(tf.size(places) > 0, with_others, lambda: (images, ok))
        return tf.ensure_shape(images, [None, *shape]), ok

    with tf.init_scope():
        traced = tf.function(decode_each, autograph=False)
        return traced.get_concrete_function(tf.TensorSpec([None], tf.string))


def _where_whole(
    values: tf.Tensor, decode: Callable[[tf.Tensor], tf.Tensor], shape: tuple[int, int, int]
) -> _Images:
    """What `decode` makes of each value, and zeros where it raises."""
    count = tf.size(values, tf.int64)
    images = tf.data.Dataset.from_tensor_slices(values).enumerate()
    images = images.map(
        lambda place, value: (place, decode(value)), num_parallel_calls=tf.data.AUTOTUNE
    )
    images = images.ignore_errors().batch(tf.maximum(count, 1))
    none = (tf.zeros([0], tf.int64), tf.zeros([0, *shape], tf.uint8))
    places, found = images.reduce(none, lambda _, batch: batch)
    rows = tf.scatter_nd(places[:, tf.newaxis], tf.range(1, tf.size(places) + 1), [count])

    def put_back() -> tf.Tensor:
        # Row 0 is that of all broken images.
        return tf.gather(tf.concat([tf.zeros([1, *shape], tf.uint8), found], axis=0), rows)

    ok = rows > 0
    filled = tf.cond(tf.reduce_all(ok), lambda: tf.identity(found), put_back)
    return tf.ensure_shape(filled, [None, *shape]), ok
