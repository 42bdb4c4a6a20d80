"""The features of nodes side by side, as layers on graphs take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from gnn.ops.sparse import as_dense


def feature_columns(
    features: Mapping[str, Any], dtype: str, argument: str = "node_model_fn"
) -> tf.Tensor:
    """All features as one dense tensor, in the order of their names.

    Args:
        features: by name, `[n_nodes, width]`, dense or a SparseTensor.
        dtype: what they are cast to.
        argument: what errors advise to give, to encode other features.

    Returns:
        `[n_nodes, total width]`.

    Raises:
        ValueError: a feature has another rank.
        TypeError: a feature holds strings.

    Example:

    >>> feature_columns({"b": tf.constant([[2]]), "a": tf.constant([[0.5]])}, "float32").numpy()
    array([[0.5, 2. ]], dtype=float32)
    """
    columns = []
    for name in sorted(features):
        feature = features[name]
        if feature.shape.rank not in (2, None):
            raise ValueError(
                f"feature {name!r} must have shape [n_nodes, width]; got {feature.shape}. Give "
                f"{argument} to encode it."
            )
        if feature.dtype == tf.string:
            raise TypeError(f"feature {name!r} holds strings. Give {argument} to encode it.")
        columns.append(tf.cast(as_dense(feature), dtype))
    return columns[0] if len(columns) == 1 else tf.concat(columns, axis=-1)
