"""Arrays that TensorFlow reads where they are, without a copy."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import tensorflow as tf

# TensorFlow reads an array in place if it starts at a multiple of so many bytes.
_ALIGNMENT = 64


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array to be filled, whose memory TensorFlow can take over.

    Example:

    >>> array = aligned_empty((2, 3), np.dtype(np.float32))
    >>> array.shape, array.ctypes.data % 64
    ((2, 3), 0)
    """
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)


def in_place(array: np.ndarray) -> tf.Tensor:
    """The array as a tensor, of the same memory where that is possible; do not write to it then.

    Example:

    >>> in_place(np.arange(3.0)).numpy().tolist()
    [0.0, 1.0, 2.0]
    """
    # TensorFlow's own conversion copies. DLPack has no read-only arrays and, in NumPy, no bfloat16.
    if array.flags.writeable and array.ctypes.data % _ALIGNMENT == 0:
        with contextlib.suppress(BufferError):
            return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.convert_to_tensor(array)
