"""Data on which Keras' loops would go wrong with graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from gnn.graphs.batch.keys import GRAPH_KEYS


def check_data(x: Any, strategy: Any) -> None:
    """Raises where `fit`, `evaluate` or `predict` would cut a graph in parts.

    Args:
        x: what they were given.
        strategy: the distribution strategy of the model.

    Raises:
        ValueError: a dict of arrays with graph keys, or a plain dataset of graphs under a strategy
            of several replicas.

    Example:

    >>> check_data({"x": tf.ones([3, 2])}, tf.distribute.get_strategy())
    """
    if isinstance(x, Mapping) and any(key in x for key in GRAPH_KEYS):
        raise ValueError(
            "x is a dict of arrays with graph keys, which Keras would cut into batches row by "
            "row. "
            "Give a dataset (gnn.data.full_batch, gnn.data.neighborhoods, or "
            "tf.data.Dataset.from_tensors((inputs, labels))), or call the model on the dict: "
            "model(inputs)"
        )
    if strategy.num_replicas_in_sync > 1 and isinstance(x, tf.data.Dataset):
        inputs = inputs_of(x.element_spec)
        if isinstance(inputs, Mapping) and any(key in inputs for key in GRAPH_KEYS):
            raise ValueError(
                "x is a plain dataset of graphs, which the distribution strategy would cut in "
                "parts, indices "
                "apart from their nodes. Give each replica whole graphs: "
                "gnn.data.distribute(strategy, "
                "make_dataset)"
            )


def is_dataset(x: Any) -> bool:
    """Whether `x` is a tf.data set, distributed or not.

    Example:

    >>> is_dataset(tf.data.Dataset.range(3)), is_dataset([0, 1, 2])
    (True, False)
    """
    return isinstance(x, (tf.data.Dataset, tf.distribute.DistributedDataset))


def inputs_of(element: Any) -> Any:
    """The inputs of an element of a data set.

    Example:

    >>> inputs_of(({"x": 1}, "labels"))
    {'x': 1}
    """
    return element[0] if isinstance(element, tuple) else element
