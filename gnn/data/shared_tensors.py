"""Arrays as tensors on a device, one tensor for all who ask for the same array."""

from __future__ import annotations

import copy
import weakref
from typing import Any

import numpy as np
import tensorflow as tf

# Entries that are compared at once.
_BLOCK = 2**22


class SharedTensor:
    """A tensor of an array; it is shared while somebody holds this object.

    The array itself is not held.

    Attributes:
        tensor: on its device.
    """

    def __init__(self, array: np.ndarray, device: str, dtype: tf.DType | None):
        # Of another array that gets its id, `is_of` says no.
        self._array = weakref.ref(array)
        with tf.device(device):
            made = tf.convert_to_tensor(array)
            self.tensor = made if dtype is None else tf.cast(made, dtype)
        self._original: SharedTensor | None = None
        self._elsewhere: weakref.WeakValueDictionary[str, SharedTensor] = (
            weakref.WeakValueDictionary()
        )

    def on(self, device: str) -> SharedTensor:
        """The same numbers on this device, one tensor for all who ask."""
        if self.tensor.device.endswith(device):
            return self
        known = self._elsewhere.get(device)
        if known is None:
            known = self._elsewhere[device] = copy.copy(self)
            known._original = self  # So that this one is found again.
            with tf.device(device):
                known.tensor = tf.identity(self.tensor)
        return known

    def is_of(self, array: np.ndarray) -> bool:
        """Whether the tensor still has what is in the array: it may have been written to."""
        if self._array() is not array:
            return False
        if not _may_be_written_to(array):
            return True
        with tf.device("CPU:0"):
            on_host = tf.identity(self.tensor)
        flat, kept = np.ravel(array), np.ravel(on_host)
        if flat.dtype == kept.dtype:  # As they lie in memory: NaN is equal to itself there.
            flat, kept = flat.view(np.uint8), kept.view(np.uint8)
        blocks = (slice(i, i + _BLOCK) for i in range(0, len(flat), _BLOCK))
        return len(flat) == len(kept) and all(
            np.array_equal(flat[block], kept[block]) for block in blocks
        )


def _may_be_written_to(array: Any) -> bool:
    """Whether the array, or what it is a view of, may be."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return True
        array = array.base
    return not (array is None or isinstance(array, bytes))


_SHARED: weakref.WeakValueDictionary[Any, SharedTensor] = weakref.WeakValueDictionary()


def shared_tensor(
    array: np.ndarray, device: str = "CPU:0", dtype: tf.DType | None = None
) -> SharedTensor:
    """The array on a device: a new tensor, or the one that was made of it before.

    Args:
        array: numbers. What is written to it later does not reach the tensor; who asks after that
            gets another one.
        device: of the tensor.
        dtype: of the tensor; None is that of the array.

    Example:

    >>> array = np.arange(3.0)
    >>> first = shared_tensor(array)
    >>> shared_tensor(array) is first
    True
    >>> array[0] = 5.0
    >>> shared_tensor(array).tensor.numpy().tolist(), first.tensor.numpy().tolist()
    ([5.0, 1.0, 2.0], [0.0, 1.0, 2.0])
    """
    key = id(array), device, dtype
    shared = _SHARED.get(key)
    if shared is None or not shared.is_of(array):
        shared = _SHARED[key] = SharedTensor(array, device, dtype)
    return shared
