"""What Keras gets wrong for a Sequential node model that is not built yet."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.layers.dense import FeatureDense
from gnn.layers.dropout import FeatureDropout


def prepare_sequential(node_model: keras.layers.Layer, inputs: Any) -> None:
    """Readies an unbuilt Sequential model for a call on such inputs; does nothing to others.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(2)])
    >>> prepare_sequential(model, tf.ones([4, 3]))
    >>> model.built
    True
    """
    _take_sparse_inputs(node_model, inputs)
    _build_outside(node_model, inputs)


def _take_sparse_inputs(node_model: keras.layers.Layer, inputs: Any) -> None:
    """Gives an unbuilt Sequential model that begins with a layer for sparse features such an input.

    Keras would build it for dense ones, and from then on make all features dense.
    """
    is_sparse = isinstance(inputs, tf.SparseTensor) or getattr(inputs, "sparse", False)
    if not is_sparse or not isinstance(node_model, keras.Sequential) or node_model.built:
        return
    layers = list(node_model.layers)
    if not layers or not isinstance(layers[0], (FeatureDense, FeatureDropout)):
        return
    for _ in layers:
        node_model.pop(rebuild=False)
    shape = inputs.shape[1:]
    node_model.add(keras.Input(shape, dtype=layers[0].compute_dtype, sparse=True))
    for layer in layers:
        node_model.add(layer)


def _build_outside(node_model: keras.layers.Layer, inputs: Any) -> None:
    """Builds a Sequential model outside of the function that is being traced, if there is one.

    Layers that keep constants, such as `Normalization(mean=..., variance=...)`, make them in
    `build`; made in a function, they could not be used outside of it.
    """
    if (
        isinstance(node_model, keras.Sequential)
        and not node_model.built
        and isinstance(inputs, tf.Tensor)
    ):
        with tf.init_scope():
            node_model.build(tuple(inputs.shape))
