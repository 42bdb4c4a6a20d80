"""The Keras inputs for the features of neighbors, sparse where a sample's own are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.nsl.importing import keras as nsl_keras

_make_dense_inputs = nsl_keras.layers.make_missing_neighbor_inputs


def make_missing_neighbor_inputs(
    neighbor_config: Any, inputs: Mapping[str, Any], weight_dtype: Any = tf.float32
) -> dict[str, keras.KerasTensor]:
    """Makes the inputs for neighbors that a functional model lacks.

    NSL's function of this name, which tells sparse inputs by their type; in Keras 3 they are told
    by an attribute, so it makes dense ones.

    Args:
        neighbor_config: NSL's `GraphNeighborConfig`.
        inputs: the Keras inputs for a sample's own features, by name, and those for neighbors that
            there are already.
        weight_dtype: of the weights.

    Returns:
        What lacks, by the names that `neighbor_config` gives.

    Example:

    >>> from gnn import nsl
    >>> config = nsl.configs.GraphNeighborConfig(max_neighbors=1)
    >>> words = keras.Input([5], sparse=True, name="words")
    >>> made = make_missing_neighbor_inputs(config, {"words": words})
    >>> {name: tensor.sparse for name, tensor in made.items()}
    {'NL_nbr_0_weight': False, 'NL_nbr_0_words': True}
    """
    made = _make_dense_inputs(neighbor_config, inputs, weight_dtype)
    for name, tensor in inputs.items():
        for place in range(neighbor_config.max_neighbors):
            neighbor = f"{neighbor_config.prefix}{place}_{name}"
            if neighbor in made and getattr(tensor, "sparse", False):
                made[neighbor] = keras.Input(
                    batch_shape=tensor.shape, dtype=tensor.dtype, name=neighbor, sparse=True
                )
    return made
