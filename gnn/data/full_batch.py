"""The whole graph as one batch."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from gnn.data.node_features import NodeFeatures
from gnn.data.one_batch import one_batch
from gnn.graphs.batch.packing import pack_graph
from gnn.graphs.batch.padding import PaddingSizes, pad_batch
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels as labels_known
from gnn.graphs.known_labels import known_labels_of


def full_batch(
    graph: Graph,
    split: str | None = None,
    *,
    padding: bool | PaddingSizes = False,
    known_labels: str | None = None,
) -> tf.data.Dataset:
    """A data set of one element, the whole graph; the rows are those of a split.

    Args:
        graph: the graph.
        split: the name of a split; its nodes are read out in its order. None reads out all nodes.
        padding: True adds the smallest padding, a node in a graph of its own, and delivers every
            feature dense, for XLA and TPU; `gnn.graphs.PaddingSizes` names the sizes.
        known_labels: the name of a split whose labels losses may look at, such as `"train"`: the
            inputs then have the key `known_labels`, for `pair_weights` of the models. No other
            label gets into it, whatever `split` is.

    Returns:
        A `tf.data.Dataset` of one `(inputs, labels)`, or of `inputs` where the graph has no labels.
        The keys are those of `gnn.graphs.batch.graphs_tuple`; sparse features come as a
        SparseTensor.

    Raises:
        KeyError: an unknown split.
        TypeError: `known_labels` of a graph whose labels are not one integer a node.
        ValueError: the split is empty, the graph has no features, or the padding is too small.

    Example:

    >>> graph = Graph.from_edges([0, 1], [1, 2], np.eye(3), labels=[0, 1, 1], splits={"train": [2]})
    >>> inputs, labels = next(iter(full_batch(graph, "train")))
    >>> inputs["readout"].numpy().tolist(), labels.numpy().tolist()
    ([2], [1])
    """
    rows = np.arange(graph.num_nodes) if split is None else graph.split(split)
    if not len(rows):
        raise ValueError(f"split {split!r} holds no nodes")
    known = None if known_labels is None else labels_known(graph, known_labels)
    batch = pack_graph(graph, rows)
    labels = None if graph.labels is None else graph.labels[rows]
    features = NodeFeatures(graph)
    num_rows = None
    if padding:
        sizes = padding
        if not isinstance(sizes, PaddingSizes):
            sizes = PaddingSizes(graph.num_nodes + 1, len(batch["senders"]), 2, len(rows))
        batch = pad_batch(batch, sizes)
        num_rows = sizes.n_node
        if labels is not None:
            labels = np.concatenate(
                [labels, np.zeros((sizes.n_row - len(rows), *labels.shape[1:]), labels.dtype)]
            )
    if known is not None:
        batch["known_labels"] = known_labels_of(known, batch)
    if not padding:
        del batch["node_ids"]  # All nodes, in order.
    taken = features.take(np.arange(graph.num_nodes))
    arrays = features.rows(taken, num_rows=num_rows)
    inputs = features.tensors({**batch, **arrays}, num_rows)
    inputs |= {
        key: tf.convert_to_tensor(value)
        for key, value in batch.items()
        if key not in ("node_ids", "node_mask")
    }
    element = inputs if labels is None else (inputs, tf.convert_to_tensor(labels))
    return one_batch(element)
