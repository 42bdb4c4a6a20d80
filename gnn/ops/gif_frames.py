"""The first frame of a GIF, cut out of its bytes: TensorFlow would unpack all of them."""

from __future__ import annotations

import tensorflow as tf

CUT_OFF = "the GIF ends before its first frame does"

_EXTENSION, _FRAME = 0x21, 0x2C  # The first bytes of blocks.
_BLOCK, _TOLD, _DRAWN, _WHOLE = range(4)  # Where the walk is: which parts come next, or none.


def first_frame(contents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """A GIF with all but its first frame left out, and the height and width of the frame.

    The blocks are walked through as the format has them: header of 13 bytes and table of colors;
    then extensions and frames, each with parts of up to 255 bytes that end with one of 0
    (CompuServe, "Graphics Interchange Format, version 89a", 1990). Decoders unpack all frames
    before they give the first, so a small file could fill the memory.

    Args:
        contents: the bytes, at least 13.

    Raises:
        tf.errors.InvalidArgumentError: they end before the frame does, or are no GIF.

    Example:

    >>> import base64
    >>> dot = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=")
    >>> frame, height, width = first_frame(tf.constant(dot + dot))
    >>> frame.numpy() == dot, int(height), int(width)
    (True, 1, 1)
    """
    data = tf.cast(tf.io.decode_raw(contents, tf.uint8), tf.int32)
    size = tf.size(data)

    def byte(place: tf.Tensor) -> tf.Tensor:
        return data[tf.minimum(place, size - 1)]

    def colors(flags: tf.Tensor) -> tf.Tensor:
        """The bytes of a table of colors that follows."""
        return tf.where(flags >= 128, tf.bitwise.left_shift(6, flags % 8), 0)

    def step(place: tf.Tensor, state: tf.Tensor, frame: tf.Tensor) -> tuple[tf.Tensor, ...]:
        now = byte(place)
        is_told, is_drawn = now == _EXTENSION, now == _FRAME
        # A block that is neither ends the walk past the end of the bytes.
        length = tf.where(is_drawn, 11 + colors(byte(place + 9)), tf.where(is_told, 2, size + 1))
        at_block = state == _BLOCK
        after_parts = tf.where(state == _DRAWN, _WHOLE, _BLOCK)
        in_parts = tf.where(now == 0, after_parts, state)
        return (
            place + tf.where(at_block, length, 1 + now),
            tf.where(at_block, tf.where(is_drawn, _DRAWN, _TOLD), in_parts),
            tf.where(at_block & is_drawn, place, frame),
        )

    start = 13 + colors(byte(tf.constant(10)))
    place, state, frame = tf.while_loop(
        lambda place, state, _: (place < size) & (state != _WHOLE),
        step,
        (start, tf.constant(_BLOCK), tf.constant(0)),
        parallel_iterations=1,
    )
    is_whole = (state == _WHOLE) & (place <= size)
    whole = tf.raw_ops.Assert(condition=is_whole, data=[CUT_OFF])
    with tf.control_dependencies([whole]):
        cut = tf.strings.join([tf.strings.substr(contents, 0, place), b";"])
    height = byte(frame + 7) + 256 * byte(frame + 8)
    width = byte(frame + 5) + 256 * byte(frame + 6)
    return cut, height, width
