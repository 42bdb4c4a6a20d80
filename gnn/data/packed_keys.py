"""The arrays of a batch side by side in two vectors, of integers and of floats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    >>> packed["ints"].tolist()  # The sizes of both, and the senders.
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
        self.specs = {
            vector: tf.TensorSpec([self._total(vector)], _VECTORS[vector][0]) for vector in _VECTORS
        }

    def _total(self, vector: str) -> int | None:
        if not self._is_static:
            return None
        return sum(self._specs[name].shape.num_elements() for name in self._names[vector])

    def pack(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The vectors of the arrays; where sizes vary, the first integers say them.

        Args:
            arrays: by name; others are left out.
        """
        flat = {
            vector: [np.reshape(arrays[name], -1) for name in names]
            for vector, names in self._names.items()
        }
        if not self._is_static:
            lengths = [len(arrays[name]) for name in self._without_entries]
            sizes = [len(part) for parts in flat.values() for part in parts]
            flat["ints"].insert(0, np.array(lengths + sizes, np.int32))
        return {
            vector: np.concatenate(parts, dtype=dtype, casting="unsafe")
            if (parts := flat[vector])
            else np.zeros(0, dtype)
            for vector, (_, dtype) in _VECTORS.items()
        }

    @property
    def _without_entries(self) -> list[str]:
        """The arrays whose rows have no entries to count them by."""
        return [name for name, spec in self._specs.items() if 0 in spec.shape.as_list()[1:]]

    def unpack(self, vectors: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The arrays of the vectors."""
        ints, floats = vectors["ints"], vectors["floats"]
        sizes: dict[str, Any] = {
            vector: [self._specs[name].shape.num_elements() for name in names]
            for vector, names in self._names.items()
        }
        lengths: dict[str, Any] = {}
        if not self._is_static:
            counts = len(self._without_entries), *(len(names) for names in self._names.values())
            head, sizes["ints"], sizes["floats"], ints = tf.split(ints, [*counts, -1])
            lengths = dict(zip(self._without_entries, tf.unstack(head, counts[0]), strict=True))
        arrays = {}
        for vector, values in (("ints", ints), ("floats", floats)):
            names = self._names[vector]
            parts = tf.split(values, sizes[vector], num=len(names)) if names else []
            for name, part in zip(names, parts, strict=True):
                spec = self._specs[name]
                if spec.shape.rank > 1:
                    length = spec.shape[0] if self._is_static else lengths.get(name, -1)
                    part = tf.reshape(part, [length, *spec.shape.as_list()[1:]])
                arrays[name] = part if part.dtype == spec.dtype else tf.cast(part, spec.dtype)
                arrays[name].set_shape(spec.shape)
        return {name: arrays[name] for name in self._specs}
