"""The features of all nodes where the model is, of which a step looks up rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from scipy import sparse

from gnn.data.shared_tensors import SharedTensor, shared_tensor
from gnn.ops.sparse import SparseRows


class FeatureTable:
    """Features on the device that computes: a step is given ids and looks the rows up.

    Tables of the same arrays share their tensors, so those of training and validation are one.

    Args:
        features: by name, shared tensors of arrays of numbers, or SciPy's CSR matrices, a row a
            node.
        device: where those of dense features lie; those of sparse ones lie on the CPU, which alone
            has operations to look their rows up.

    Example:

    >>> import numpy as np
    >>> words = sparse.csr_array([[0.0, 3.0], [0.0, 0.0]])
    >>> table = FeatureTable({"x": shared_tensor(np.eye(2)), "words": words})
    >>> rows = table.rows(tf.constant([1, 0]))
    >>> rows["x"].numpy().tolist(), tf.sparse.to_dense(rows["words"]).numpy().tolist()
    ([[0.0, 1.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 3.0]])
    """

    def __init__(self, features: Mapping[str, Any], device: str = "CPU:0"):
        self._shared: dict[str, list[SharedTensor]] = {}
        self._rows: dict[str, tf.Tensor | SparseRows] = {}
        for name, feature in features.items():
            if sparse.issparse(feature):
                shared = [
                    shared_tensor(feature.indptr, dtype=tf.int64),
                    shared_tensor(feature.indices),
                    shared_tensor(feature.data),
                ]
                starts, columns, values = (part.tensor for part in shared)
                self._rows[name] = SparseRows(starts, columns, values, feature.shape[1])
            else:
                shared = [feature.on(device)]
                self._rows[name] = shared[0].tensor
            self._shared[name] = shared

    @property
    def identity(self) -> tuple[Any, ...]:
        """The same for tables of the same tensors, while one of them lives."""
        return tuple((name, *map(id, shared)) for name, shared in self._shared.items())

    def rows(self, ids: tf.Tensor, real: tf.Tensor | None = None) -> dict[str, Any]:
        """The features of some nodes.

        Args:
            ids: int `[n]`.
            real: bool `[n]`, which rows are no padding, whose features are 0; None where all are.
                With it, no feature may be sparse.
        """
        looked_up = {}
        for name, rows in self._rows.items():
            if isinstance(rows, SparseRows):
                looked_up[name] = rows.gather(ids)
            else:
                looked_up[name] = without_padding(tf.gather(rows, ids), real)
        return looked_up


def compute_device() -> str:
    """Where a model's steps run: the first GPU, or the CPU.

    Example:

    >>> compute_device().split(":")[-1]
    '0'
    """
    return "GPU:0" if tf.config.list_logical_devices("GPU") else "CPU:0"


def without_padding(rows: tf.Tensor, real: tf.Tensor | None) -> tf.Tensor:
    """Rows of numbers, with zeros in those that are padding; strings as they are.

    Example:

    >>> without_padding(tf.constant([[3.0], [5.0]]), tf.constant([True, False])).numpy().tolist()
    [[3.0], [0.0]]
    """
    if real is None or rows.dtype == tf.string:
        return rows
    mask = tf.reshape(real, [-1] + [1] * (rows.shape.rank - 1))
    return tf.where(mask, rows, tf.zeros([], rows.dtype))
