"""The features of a batch's nodes, looked up by node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.data.feature_table import FeatureTable, compute_device, without_padding
from gnn.data.in_place import aligned_empty
from gnn.data.shared_tensors import shared_tensor
from gnn.graphs.graph import Graph
from gnn.graphs.image_files import ImageFiles
from gnn.memory_maps import is_memory_mapped


class NodeFeatures:
    """The features of a graph, ready to be looked up inside a tf.data pipeline.

    Dense features are gathered by TensorFlow, off the interpreter; of memory-mapped ones NumPy
    reads the rows of a batch and no others. Images in files are decoded by TensorFlow. Rows of
    sparse ones are cut by SciPy and stay sparse, unless batches are padded: XLA takes no sparse
    tensor.

    Example:

    >>> features = NodeFeatures(Graph.from_edges([0], [1], np.eye(2)))
    >>> batch = features.rows(features.take(np.array([1])))
    >>> features.tensors({"node_ids": [1], **batch}, None)["features"].numpy().tolist()
    [[0.0, 1.0]]
    """

    def __init__(self, graph: Graph):
        if not graph.features:
            raise ValueError("graph has no features, so there is nothing to feed a model with")
        features = {k: _array_of(v) for k, v in graph.features.items()}
        self._sparse = {k: v for k, v in features.items() if sparse.issparse(v)}
        self._mapped = {k: np.asarray(v) for k, v in features.items() if is_memory_mapped(v)}
        self._readers = {k: v.reader() for k, v in features.items() if isinstance(v, ImageFiles)}
        # Batches are made on the host; a GPU would be asked to hold the features of all nodes.
        in_memory = {k: v for k, v in features.items() if k not in {*self._sparse, *self._mapped}}
        self._shared = {k: shared_tensor(v) for k, v in in_memory.items() if _is_numeric(v)}
        with tf.device("CPU:0"):
            self._dense = {k: shared.tensor for k, shared in self._shared.items()} | {
                k: tf.convert_to_tensor(v.readable_paths() if k in self._readers else v)
                for k, v in in_memory.items()
                if k not in self._shared
            }
        self._all_numbers = len(self._shared) + len(self._sparse) == len(features)

    def fit_a_table(self, padded: bool) -> bool:
        """Whether the steps of a model can look the rows up themselves, in `table`.

        Features in files, and strings, they cannot; nor sparse ones where batches are padded, since
        XLA has no sparse tensors.
        """
        return self._all_numbers and not (padded and self._sparse)

    def dense_bytes(self) -> int:
        """The bytes of the dense features of `table`, which lie where the model is."""
        tensors = (shared.tensor for shared in self._shared.values())
        return sum(tensor.shape.num_elements() * tensor.dtype.size for tensor in tensors)

    def table(self) -> FeatureTable:
        """The features as a table where the model is."""
        return FeatureTable(self._shared | self._sparse, compute_device())

    def take(self, node_ids: np.ndarray) -> dict[str, Any]:
        """The rows of the sparse features, in this order, and of which nodes to read the mapped."""
        taken: dict[str, Any] = {name: matrix[node_ids] for name, matrix in self._sparse.items()}
        return taken | dict.fromkeys(self._mapped, node_ids)

    def rows(
        self,
        taken: Mapping[str, Any],
        start: int = 0,
        stop: int | None = None,
        num_rows: int | None = None,
    ) -> dict[str, np.ndarray]:
        """What NumPy does for a batch: sparse rows' entries and mapped rows, under private keys.

        Args:
            taken: what `take` returned, for this batch or for several.
            start: the batch's first row in it.
            stop: the row after its last; None means all.
            num_rows: the static number of rows of a padded batch, else None.
        """
        arrays = {}
        for name, values in self._mapped.items():
            nodes = taken[name][start:stop]
            size = len(nodes) if num_rows is None else num_rows
            rows = aligned_empty((size, *values.shape[1:]), values.dtype)
            np.take(values, nodes, axis=0, out=rows[: len(nodes)], mode="clip")
            if size > len(nodes):  # As `tensors` fills what is in memory.
                rows[len(nodes) :] = values[0] if values.dtype.kind in "SU" else 0
            arrays[f"{name}:rows"] = rows
        for name in self._sparse:
            matrix = taken[name]
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

    def row_specs(self, num_rows: int | None = None) -> dict[str, tf.TensorSpec]:
        """The specs of `rows`."""
        specs = {}
        for name, values in self._mapped.items():
            dtype = tf.string if values.dtype.kind in "SU" else tf.as_dtype(values.dtype)
            specs[f"{name}:rows"] = tf.TensorSpec([num_rows, *values.shape[1:]], dtype)
        for name in self._sparse:
            specs[f"{name}:indices"] = tf.TensorSpec([None, 2], tf.int64)
            specs[f"{name}:values"] = tf.TensorSpec([None], tf.float32)
            specs[f"{name}:shape"] = tf.TensorSpec([2], tf.int64)
        return specs

    def tensors(self, batch: Mapping[str, Any], num_rows: int | None) -> dict[str, Any]:
        """What TensorFlow does for a batch: the features by name.

        Args:
            batch: holds `node_ids`, or not where it is all nodes in order, what `rows` returned,
                and `node_mask` if it is padded.
            num_rows: the static number of rows of a padded batch, else None.
        """
        features = {name: tf.convert_to_tensor(batch[f"{name}:rows"]) for name in self._mapped}
        for name, values in self._dense.items():
            # The gathered rows are a copy, which of a large graph may be most of the memory.
            rows = tf.gather(values, batch["node_ids"]) if "node_ids" in batch else values
            if name in self._readers:
                rows = self._readers[name](rows)
            real = None if num_rows is None else batch["node_mask"]
            features[name] = without_padding(rows, real)
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


def _is_numeric(feature: Any) -> bool:
    return isinstance(feature, np.ndarray) and feature.dtype.kind not in "OSU"


def _array_of(feature: Any) -> Any:
    """Images in files as the array that they are kept as, if they are."""
    held = feature.held() if isinstance(feature, ImageFiles) else None
    return feature if held is None else held
