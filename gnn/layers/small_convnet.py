"""A small convolutional network, from the pixels of an image to a row of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count, check_counts
from gnn.ops.image_shifts import shift_images

# A side of at most so many pixels is what is left before the dense layer.
_LEFT = 7
# Images of more pixels a side are halved by the first convolution.
_LARGE = 64


@keras.saving.register_keras_serializable(package="gnn")
class SmallConvnet(keras.layers.Layer):
    """A small convolutional network, from pixels `[n, height, width, channels]` to `[n, units]`.

    Pixels of 0 to 255 become -1 to 1. Blocks of a 3 x 3 convolution, ReLU and the maximum of 2 x 2
    pixels halve the image until both sides have at most 7, and a dense layer with ReLU sees what is
    left. Of images above 64 pixels the first convolution has a stride of 2. In training each image
    is moved by a random number of pixels, mirrored at the edges.

    So 28 x 28 has two blocks, and 224 x 224 five. It is made to learn from hundreds to some
    thousands of images; for photographs a network that was trained on millions is better:
    `gnn.layers.image_backbone`.

    Args:
        units: width of the result.
        filters: channels of the blocks; further blocks have as many as the last.
        shift: the most that an image is moved, as a share of its sides; 0 moves none.
        batch_normalization: whether each convolution is followed by one.
        kernel_regularizer: of the dense layer.
        seed: of the shifts.

    Raises:
        ValueError: an argument is out of range, or the inputs are no images.

    Example:

    >>> images = tf.zeros([2, 28, 28, 1], tf.uint8)
    >>> SmallConvnet(64)(images).shape
    TensorShape([2, 64])
    """

    def __init__(
        self,
        units: int = 128,
        filters: Sequence[int] = (32, 64, 128),
        shift: float = 0.1,
        batch_normalization: bool = False,
        kernel_regularizer: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.units = check_count("units", units)
        self.filters = check_counts("filters", tuple(filters))
        if not self.filters:
            raise ValueError("filters must be at least one number, got none")
        if not 0 <= shift < 1:
            raise ValueError(f"shift must be at least 0 and below 1, got {shift!r}")
        self.shift = float(shift)
        self.batch_normalization = bool(batch_normalization)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.seed = seed
        self.random = keras.random.SeedGenerator(seed)
        self.blocks: list[keras.Sequential] = []
        self.dense = keras.layers.Dense(
            self.units,
            "relu",
            kernel_regularizer=self.kernel_regularizer,
            dtype=self.dtype_policy,
            name="dense",
        )

    def build(self, input_shape: Any) -> None:
        """Makes the blocks, whose number depends on the size of the images."""
        shape = image_shape_of(self, input_shape)
        for width in self._widths(shape):
            large = not self.blocks and max(shape[:2]) > _LARGE
            kind: dict[str, Any] = {"dtype": self.dtype_policy}
            block = [keras.layers.Conv2D(width, 3, 2 if large else 1, padding="same", **kind)]
            if self.batch_normalization:
                block.append(keras.layers.BatchNormalization(**kind))
            block.append(keras.layers.ReLU(**kind))
            if not large:
                block.append(keras.layers.MaxPooling2D(2, padding="same", **kind))
            self.blocks.append(keras.Sequential(block, name=f"block_{len(self.blocks) + 1}"))
            self.blocks[-1].build((None, *shape))
            shape = self.blocks[-1].output_shape[1:]
        self.dense.build((None, shape[0] * shape[1] * shape[2]))
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Returns `[n, units]`."""
        pixels = tf.cast(inputs, self.compute_dtype) / 127.5 - 1
        most = [int(self.shift * side) for side in pixels.shape[1:3]]
        if training and max(most):
            counts = keras.random.uniform((tf.shape(pixels)[0], 2), seed=self.random)
            spans = tf.constant([2 * side + 1 for side in most], counts.dtype)
            shifts = tf.cast(tf.floor(counts * spans), tf.int32) - tf.constant(most)
            pixels = shift_images(pixels, shifts, most[0], most[1])
        for block in self.blocks:
            pixels = block(pixels, training=training)
        size = pixels.shape[1] * pixels.shape[2] * pixels.shape[3]
        return self.dense(tf.reshape(pixels, [-1, size]))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """`[n, units]`."""
        return (input_shape[0], self.units)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "filters": list(self.filters),
            "shift": self.shift,
            "batch_normalization": self.batch_normalization,
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "seed": self.seed,
        }

    def _widths(self, shape: tuple[int, int, int]) -> list[int]:
        blocks, side = 1, -(-max(shape[:2]) // 2)
        while side > _LEFT:
            blocks, side = blocks + 1, -(-side // 2)
        return [self.filters[min(block, len(self.filters) - 1)] for block in range(blocks)]


def image_shape_of(layer: keras.layers.Layer, input_shape: Any) -> tuple[int, int, int]:
    """Height, width and channels, once a layer is given images.

    Raises:
        ValueError: it is given something else.

    Example:

    >>> image_shape_of(keras.layers.Layer(), (None, 28, 28, 1))
    (28, 28, 1)
    """
    shape = tuple(input_shape)
    if len(shape) != 4 or None in shape[1:] or shape[3] not in (1, 3):
        raise ValueError(
            f"{layer.name} takes images [n, height, width, 1 or 3] of one size, got {list(shape)}"
        )
    return shape[1], shape[2], shape[3]
