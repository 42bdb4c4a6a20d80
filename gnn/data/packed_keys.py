"""The arrays of a batch side by side in two vectors, of integers and of floats."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

_INTS = (tf.int32, tf.bool)
_VECTORS = {"ints": (tf.int32, np.int32), "floats": (tf.float32, np.float32)}


class PackedKeys:
    """Packs the arrays of a batch, and unpacks them where a step is compiled.

    Each array that a tf.data function makes costs at the start of every epoch and in every step;
    to part two vectors in the compiled step costs next to nothing.

    Args:
        array_specs: of the arrays by name: int32, bool or float32, of known shape but for the
            first axis.

    Attributes:
        specs: of the two vectors, by name.

    Raises:
        TypeError: an array of another dtype.

    Example:

    >>> keys = PackedKeys({
    ...     "senders": tf.TensorSpec([None], tf.int32), "edges": tf.TensorSpec([None, 1])})
    >>> packed = keys.pack({"senders": np.array([4, 2]), "edges": np.array([[0.5], [1.5]])})
    >>> packed["ints"].tolist()
    [2, 2, 4, 2]
    >>> {name: value.numpy().tolist() for name, value in keys.unpack(packed).items()}
    {'senders': [4, 2], 'edges': [[0.5], [1.5]]}
    """

    def __init__(self, array_specs: Mapping[str, tf.TensorSpec]):
        self._specs = dict(array_specs)
        for name, spec in self._specs.items():
            if spec.dtype not in (*_INTS, tf.float32):
                raise TypeError(f"{name} must be int32, bool or float32; got {spec.dtype.name}")
        self._names = {
            "ints": [name for name, spec in self._specs.items() if spec.dtype in _INTS],
            "floats": [name for name, spec in self._specs.items() if spec.dtype not in _INTS],
        }
        self._is_static = all(spec.shape.is_fully_defined() for spec in self._specs.values())
        self.specs = {name: tf.TensorSpec([None], _VECTORS[name][0]) for name in _VECTORS}
        if self._is_static:
            self.specs = {
                vector: tf.TensorSpec([sum(self._sizes(vector))], _VECTORS[vector][0])
                for vector in _VECTORS
            }

    def _sizes(self, vector: str) -> list[int]:
        return [self._specs[name].shape.num_elements() for name in self._names[vector]]

    def _width(self, name: str) -> int:
        """Entries of a row."""
        return math.prod(self._specs[name].shape.as_list()[1:])

    def pack(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The vectors of the arrays; the first integers say how long these are, where that varies.

        Args:
            arrays: by name; others are left out.
        """
        lengths = [] if self._is_static else [len(arrays[name]) for name in self._specs]
        parts: dict[str, list[np.ndarray]] = {"ints": [np.array(lengths, np.int32)], "floats": []}
        for vector, names in self._names.items():
            parts[vector] += [np.reshape(arrays[name], -1) for name in names]
        return {
            vector: np.concatenate(some, dtype=_VECTORS[vector][1], casting="unsafe")
            if some
            else np.zeros(0, _VECTORS[vector][1])
            for vector, some in parts.items()
        }

    def unpack(self, vectors: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The arrays of the vectors."""
        lengths: dict[str, tf.Tensor] = {}
        ints = vectors["ints"]
        if not self._is_static:
            lengths = dict(zip(self._specs, tf.unstack(ints[: len(self._specs)], len(self._specs)), strict=True))
            ints = ints[len(self._specs) :]
        arrays = {}
        for vector, values in (("ints", ints), ("floats", vectors["floats"])):
            names = self._names[vector]
            if not names:
                continue
            sizes = (
                self._sizes(vector)
                if self._is_static
                else tf.stack([lengths[name] * self._width(name) for name in names])
            )
            for name, part in zip(names, tf.split(values, sizes, num=len(names)), strict=True):
                arrays[name] = self._shaped(name, part, lengths)
        return {name: arrays[name] for name in self._specs}

    def _shaped(
        self, name: str, part: tf.Tensor, lengths: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        spec = self._specs[name]
        if spec.shape.rank > 1:
            length = spec.shape[0] if self._is_static else lengths[name]
            part = tf.reshape(part, [length, *spec.shape.as_list()[1:]])
        part = part if part.dtype == spec.dtype else tf.cast(part, spec.dtype)
        return tf.ensure_shape(part, spec.shape) if self._is_static else _with_shape(part, spec)


def _with_shape(part: tf.Tensor, spec: tf.TensorSpec) -> tf.Tensor:
    part.set_shape(spec.shape)
    return part
