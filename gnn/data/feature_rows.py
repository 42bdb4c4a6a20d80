"""The features of some nodes as tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.graphs.image_files import ImageFiles
from gnn.ops.sparse import sparse_tensor


def feature_rows(feature: Any, nodes: np.ndarray | slice) -> Any:
    """The rows of a feature, read when asked for: of one in a file, these and no others.

    Args:
        feature: an array, a SciPy matrix or images in files, a row a node.
        nodes: which rows, in their order.

    Returns:
        A tensor, or a `tf.SparseTensor` of sparse features.

    Example:

    >>> feature_rows(np.eye(3), np.array([2, 0])).numpy().tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    if isinstance(feature, ImageFiles):
        held = feature.held()
        return tf.convert_to_tensor(feature[nodes] if held is None else held[nodes])
    if not sparse.issparse(feature):
        return tf.convert_to_tensor(np.asarray(feature)[nodes])
    return sparse_tensor(feature[nodes])
