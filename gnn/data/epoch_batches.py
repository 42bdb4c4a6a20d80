"""Batches as a function of the epoch and the place in it, as a tf.data set."""

from __future__ import annotations

import abc
import itertools
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.data.node_features import NodeFeatures
from gnn.graphs.batch.padding import PaddingSizes, pad_batch
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels_of

# Beside the inputs, under names that no feature has.
_LABELS, _NODE_IDS, _NODE_MASK = "labels:", "node_ids", "node_mask"


class EpochBatches(abc.ABC):
    """Batches of one graph's nodes; a subclass says how many there are, and what is in each.

    Args:
        graph: the graph, with features.
        sizes: what batches are padded to, or None.
        shuffle: whether every epoch is another; if not, its number is always 0.
        first_epoch: the number of the first epoch.
        known: int32 `[n_nodes]`, the labels that losses may look at, or None.

    Example:

    >>> class Pairs(EpochBatches):
    ...     def __len__(self):
    ...         return 2
    ...     def graph_keys(self, epoch, place):
    ...         none = np.zeros(0, np.int32)
    ...         return {
    ...             "n_node": np.array([2]), "n_edge": np.array([0]), "edges": np.zeros((0, 1)),
    ...             "senders": none, "receivers": none, "globals": np.zeros((1, 0)),
    ...             "readout": np.array([1]), "node_ids": 2 * place + np.arange(2)}
    >>> graph = Graph.from_edges([], [], np.eye(4))
    >>> batches = Pairs(graph, sizes=PaddingSizes(3, 0, 2, 1), shuffle=False)
    >>> [inputs["features"].numpy().argmax(axis=1).tolist() for inputs in batches.dataset()]
    [[0, 1, 0], [2, 3, 0]]
    """

    def __init__(
        self,
        graph: Graph,
        *,
        sizes: PaddingSizes | None,
        shuffle: bool,
        first_epoch: int = 0,
        known: np.ndarray | None = None,
    ):
        self._labels, self._sizes, self._shuffle = graph.labels, sizes, bool(shuffle)
        self._features, self._known = NodeFeatures(graph), known
        self._num_rows = None if sizes is None else sizes.n_node
        self._epochs = itertools.count(first_epoch)
        self._specs = self._element_specs()

    @abc.abstractmethod
    def __len__(self) -> int:
        """The number of batches of an epoch."""

    @abc.abstractmethod
    def graph_keys(self, epoch: int, place: int) -> dict[str, np.ndarray]:
        """A batch without its features: the graph keys, `readout`, and `node_ids`, not padded."""

    def arrays(self, epoch: int, place: int) -> dict[str, np.ndarray]:
        """What NumPy makes of a batch: graph keys, `node_ids`, rows of sparse features, labels."""
        batch = self.graph_keys(epoch, place)
        node_ids = batch[_NODE_IDS]
        rows = node_ids[batch["readout"]]
        if self._sizes is not None:
            batch = pad_batch(batch, self._sizes)
        if self._known is not None:
            batch["known_labels"] = known_labels_of(self._known, batch)
        batch |= self._features.rows(self._features.take(node_ids), num_rows=self._num_rows)
        if self._labels is not None:
            labels = self._labels[rows]
            missing = 0 if self._sizes is None else self._sizes.n_row - len(rows)
            batch[_LABELS] = np.pad(labels, [(0, missing)] + [(0, 0)] * (labels.ndim - 1))
        return batch

    def dataset(self) -> tf.data.Dataset:
        """The batches as a data set of known cardinality, made ahead of their use."""
        # One function from end to end: each further one adds milliseconds to the start of an epoch.
        dataset = tf.data.Dataset.range(len(self)).scan(np.int64(0), self._element)
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(self)))
        return dataset.prefetch(tf.data.AUTOTUNE)

    def _element(self, epoch: tf.Tensor, place: tf.Tensor) -> tuple[tf.Tensor, Any]:
        """The step of a scan over the places: iterators side by side have epochs of their own."""

        def make(epoch: np.ndarray, place: np.ndarray) -> list[Any]:
            number = int(epoch)
            if place == 0:
                number = next(self._epochs) if self._shuffle else 0
            arrays = self.arrays(number, int(place))
            return [np.int64(number), *(arrays[name] for name in self._specs)]

        dtypes = [tf.int64, *(spec.dtype for spec in self._specs.values())]
        epoch, *values = tf.numpy_function(make, [epoch, place], dtypes)
        epoch.set_shape([])
        tensors = dict(zip(self._specs, values, strict=True))
        for name, spec in self._specs.items():
            tensors[name].set_shape(spec.shape)
        inputs = self._features.tensors(tensors, self._num_rows)
        inputs |= {key: tensors[key] for key in self._key_specs() if key not in _BESIDE}
        return epoch, inputs if self._labels is None else (inputs, tensors[_LABELS])

    def _element_specs(self) -> dict[str, tf.TensorSpec]:
        specs = self._key_specs() | self._features.row_specs(self._num_rows)
        if self._labels is not None:
            rows = None if self._sizes is None else self._sizes.n_row
            specs[_LABELS] = tf.TensorSpec([rows, *self._labels.shape[1:]], self._labels.dtype)
        return specs

    def _key_specs(self) -> dict[str, tf.TensorSpec]:
        sizes = self._sizes
        nodes, edges, graphs, rows = (
            (None,) * 4
            if sizes is None
            else (sizes.n_node, sizes.n_edge, sizes.n_graph, sizes.n_row)
        )
        specs = {
            "n_node": tf.TensorSpec([graphs], tf.int32),
            "n_edge": tf.TensorSpec([graphs], tf.int32),
            "edges": tf.TensorSpec([edges, 1], tf.float32),
            "senders": tf.TensorSpec([edges], tf.int32),
            "receivers": tf.TensorSpec([edges], tf.int32),
            "globals": tf.TensorSpec([graphs, 0], tf.float32),
            "readout": tf.TensorSpec([rows], tf.int32),
            _NODE_IDS: tf.TensorSpec([nodes], tf.int32),
        }
        if self._known is not None:
            specs["known_labels"] = tf.TensorSpec([nodes], tf.int32)
        if sizes is not None:
            specs["readout_mask"] = tf.TensorSpec([rows], tf.float32)
            specs[_NODE_MASK] = tf.TensorSpec([nodes], tf.bool)
        return specs


_BESIDE = (_NODE_IDS, _NODE_MASK)
