"""The features of a batch's nodes, looked up by node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.graphs.graph import Graph


class NodeFeatures:
    """The features of a graph, ready to be looked up inside a tf.data pipeline.

    Dense features are gathered by TensorFlow, off the interpreter; rows of sparse ones are cut by
    SciPy and stay sparse, unless batches are padded: XLA takes no sparse tensor.

    Example:

    >>> features = NodeFeatures(Graph.from_edges([0], [1], np.eye(2)))
    >>> batch = features.rows(features.take(np.array([1])))
    >>> features.tensors({"node_ids": [1], **batch}, None)["features"].numpy().tolist()
    [[0.0, 1.0]]
    """

    def __init__(self, graph: Graph):
        if not graph.features:
            raise ValueError("graph has no features, so there is nothing to feed a model with")
        self._sparse = {k: v for k, v in graph.features.items() if sparse.issparse(v)}
        # Batches are made on the host; a GPU would be asked to hold the features of all nodes.
        with tf.device("CPU:0"):
            self._dense = {
                k: tf.convert_to_tensor(v)
                for k, v in graph.features.items()
                if k not in self._sparse
            }

    def take(self, node_ids: np.ndarray) -> dict[str, sparse.csr_array]:
        """The rows of the sparse features, in this order."""
        return {name: matrix[node_ids] for name, matrix in self._sparse.items()}

    def rows(
        self,
        taken: Mapping[str, sparse.csr_array],
        start: int = 0,
        stop: int | None = None,
        num_rows: int | None = None,
    ) -> dict[str, np.ndarray]:
        """What NumPy does for a batch: the entries of sparse rows, under private keys.

        Args:
            taken: what `take` returned, for this batch or for several.
            start: the batch's first row in it.
            stop: the row after its last; None means all.
            num_rows: the static number of rows of a padded batch, else None.
        """
        arrays = {}
        for name, matrix in taken.items():
            bounds = matrix.indptr[start : len(matrix.indptr) if stop is None else stop + 1]
            entries = slice(bounds[0], bounds[-1])
            indices = np.empty((bounds[-1] - bounds[0], 2), np.int64)
            indices[:, 0] = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
            indices[:, 1] = matrix.indices[entries]
            arrays[f"{name}:indices"] = indices
            arrays[f"{name}:values"] = matrix.data[entries]
            arrays[f"{name}:shape"] = np.array(
                [num_rows or len(bounds) - 1, matrix.shape[1]], np.int64
            )
        return arrays

    def row_specs(self) -> dict[str, tf.TensorSpec]:
        """The specs of `rows`."""
        specs = {}
        for name in self._sparse:
            specs[f"{name}:indices"] = tf.TensorSpec([None, 2], tf.int64)
            specs[f"{name}:values"] = tf.TensorSpec([None], tf.float32)
            specs[f"{name}:shape"] = tf.TensorSpec([2], tf.int64)
        return specs

    def tensors(self, batch: Mapping[str, Any], num_rows: int | None) -> dict[str, Any]:
        """What TensorFlow does for a batch: the features by name.

        Args:
            batch: holds `node_ids`, what `rows` returned, and `node_mask` if it is padded.
            num_rows: the static number of rows of a padded batch, else None.
        """
        features: dict[str, Any] = {}
        for name, values in self._dense.items():
            rows = tf.gather(values, batch["node_ids"])
            if num_rows is not None and values.dtype != tf.string:
                mask = tf.reshape(batch["node_mask"], [-1] + [1] * (values.shape.rank - 1))
                rows = tf.where(mask, rows, tf.zeros([], rows.dtype))
            features[name] = rows
        for name, matrix in self._sparse.items():
            tensor = tf.SparseTensor(
                batch[f"{name}:indices"], batch[f"{name}:values"], batch[f"{name}:shape"]
            )
            width = matrix.shape[1]
            if num_rows is None:
                tensor.set_shape([None, width])
                features[name] = tensor
            else:
                features[name] = tf.ensure_shape(tf.sparse.to_dense(tensor), [num_rows, width])
        return features
