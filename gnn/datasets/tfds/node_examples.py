"""A graph as examples, one a node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from gnn.graphs.graph import Graph
from gnn.graphs.image_files import ImageFiles


def node_features(
    features: dict[str, Any], label: Any = None, named: bool = False
) -> tfds.features.FeaturesDict:
    """Says what the example of a node holds, for TensorFlow Datasets.

    Args:
      features: the features of the graph by name.
      label: the feature of the labels; None where there are none.
      named: whether ids are strings; else they are int64.

    Returns:
      These, with `id`, `neighbors` (a sequence of ids) and `weights` (float32, one a neighbor).
    """
    ids = tfds.features.Text() if named else tfds.features.Scalar(np.int64)
    return tfds.features.FeaturesDict(
        {
            "id": ids,
            **features,
            **({} if label is None else {"label": label}),
            "neighbors": tfds.features.Sequence(ids),
            "weights": tfds.features.Tensor(shape=(None,), dtype=np.float32),
        }
    )


def node_splits(graph: Graph) -> dict[str, np.ndarray]:
    """Sorts all nodes in splits.

    Args:
      graph: a graph whose splits do not overlap.

    Returns:
      The nodes of the graph's splits, and `"rest"` with those in none of them if there are any.
    """
    splits = dict(graph.splits)
    rest = np.setdiff1d(np.arange(graph.num_nodes), np.concatenate(list(splits.values())))
    return splits | ({"rest": rest} if rest.size else {})


def node_examples(graph: Graph, nodes: np.ndarray) -> Iterator[tuple[int, dict[str, Any]]]:
    """Gives the examples of some nodes.

    Args:
      graph: the graph.
      nodes: integers, the nodes.

    Yields:
      Each node's index and its example, as `node_features` says: its neighbors are the ids of
      those that send it an edge.
    """
    ids = np.arange(graph.num_nodes) if graph.ids is None else graph.ids
    by_receiver = np.argsort(graph.receivers, kind="stable")
    ends = np.cumsum(np.bincount(graph.receivers, minlength=graph.num_nodes))
    edges = np.split(by_receiver, ends[:-1])
    for node in nodes.tolist():
        example: dict[str, Any] = {
            "id": ids[node],
            "neighbors": ids[graph.senders[edges[node]]],
            "weights": graph.weights[edges[node]],
        }
        for name, value in graph.features.items():
            if isinstance(value, np.ndarray | ImageFiles):
                example[name] = value[node]
            else:
                example[name] = value[[node]].toarray()[0]
        if graph.labels is not None:
            example["label"] = int(graph.labels[node])
        yield node, example
