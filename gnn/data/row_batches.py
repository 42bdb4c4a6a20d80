"""The features of some nodes without the graph, in batches of rows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.data.feature_rows import feature_rows
from gnn.data.neighborhoods import neighborhoods
from gnn.data.one_batch import one_batch
from gnn.graphs.batch.graphs_tuple import split_inputs
from gnn.graphs.graph import Graph

_ROWS, _ROW_BYTES = 4096, 2**23


def row_batches(graph: Graph, nodes: np.ndarray) -> tf.data.Dataset:
    """The features and labels of these nodes in their order, some thousands at a time.

    Of images fewer, at most 8 MB: a model makes many times as much of them. One feature comes as a
    tensor, several as a dict; sparse ones stay sparse.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2))
    >>> next(iter(row_batches(graph, np.array([1])))).numpy().tolist()
    [[0.0, 1.0]]
    """
    images = [math.prod(v.shape[1:]) for v in graph.features.values() if v.ndim == 4]
    rows = max(min(_ROWS, _ROW_BYTES // max([1, *images])), 1)
    if len(nodes) <= 2 * rows:
        return all_rows(graph, nodes)
    chosen = dataclasses.replace(graph, splits={"chosen": nodes})
    return neighborhoods(chosen, "chosen", batch_size=rows, fanout=0, seed=0).map(without_graph)


def all_rows(graph: Graph, nodes: np.ndarray) -> tf.data.Dataset:
    """As `row_batches`, all in one batch.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2), labels=[3, 5])
    >>> rows, labels = next(iter(all_rows(graph, np.array([1]))))
    >>> labels.numpy().tolist()
    [5]
    """
    rows = {name: feature_rows(feature, nodes) for name, feature in graph.features.items()}
    inputs = _tensor_or_dict(rows)
    element = inputs if graph.labels is None else (inputs, graph.labels[nodes])
    return one_batch(element)


def without_graph(inputs: Any, labels: Any = None) -> Any:
    """A batch without its graph keys, and its labels if there are any.

    Example:

    >>> without_graph({"x": 1, "n_node": 2})
    1
    """
    rows = _tensor_or_dict(split_inputs(inputs)[0])
    return rows if labels is None else (rows, labels)


def _tensor_or_dict(features: Mapping[str, Any]) -> Any:
    return next(iter(features.values())) if len(features) == 1 else dict(features)
