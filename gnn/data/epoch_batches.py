"""Batches of a graph's nodes as a function of the epoch and the place in it."""

from __future__ import annotations

import abc
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.data.by_id import ById, with_form_by_id
from gnn.data.epoch_scan import scan_epochs
from gnn.data.feature_table import compute_device
from gnn.data.made_ahead import made_ahead
from gnn.data.node_features import NodeFeatures
from gnn.graphs.batch.padding import PaddingSizes, pad_batch
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels_of

# Beside the inputs, under names that no feature has.
_LABELS, _NODE_IDS, _NODE_MASK = "labels:", "node_ids", "node_mask"
_BESIDE = (_NODE_IDS, _NODE_MASK)
# What a GPU is asked to hold without being told to.
_MOST_BYTES = 2**31
_FROM = ("auto", "device", "batches")


def check_features(features: str) -> str:
    """The argument `features` of the functions of `gnn.data`.

    Raises:
        ValueError: it is another word.

    Example:

    >>> check_features("auto")
    'auto'
    """
    if features not in _FROM:
        raise ValueError(f"features must be one of {_FROM}; got {features!r}")
    return features


class EpochBatches(abc.ABC):
    """Batches of one graph's nodes; a subclass says how many there are, and what is in each.

    Args:
        graph: the graph, with features.
        sizes: what batches are padded to, or None.
        shuffle: whether every epoch is another; if not, its number is always 0.
        first_epoch: the number of the first epoch.
        known: int32 `[n_nodes]`, the labels that losses may look at, or None.
        features: "auto", "device" or "batches": where the features come from in a step of a model
            of this package.

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
        features: str = "auto",
    ):
        self._from = check_features(features)
        self._labels, self._known = graph.labels, known
        self._features = NodeFeatures(graph)
        self._shuffle = bool(shuffle)
        self._epochs: Iterator[int] = itertools.count(first_epoch)
        if not shuffle:
            self._epochs = itertools.repeat(0)
        self.pad_to(sizes)

    def pad_to(self, sizes: PaddingSizes | None) -> None:
        """Sets the sizes that batches are padded to; None pads none."""
        self._sizes = sizes
        self._num_rows = None if sizes is None else sizes.n_node

    @abc.abstractmethod
    def __len__(self) -> int:
        """The number of batches of an epoch."""

    @abc.abstractmethod
    def graph_keys(self, epoch: int, place: int) -> dict[str, np.ndarray]:
        """A batch without its features: the graph keys, `readout`, and `node_ids`, not padded."""

    def arrays(self, epoch: int, place: int) -> dict[str, np.ndarray]:
        """What NumPy makes of a batch: graph keys, `node_ids`, rows of sparse features, labels."""
        batch = self.graph_keys(epoch, place)
        return self.finished(batch, self._features.take(batch[_NODE_IDS]))

    def finished(
        self, batch: dict[str, np.ndarray], taken: Mapping[str, Any], start: int = 0
    ) -> dict[str, np.ndarray]:
        """A batch with its padding, features and labels.

        Args:
            batch: what `graph_keys` returns.
            taken: what `NodeFeatures.take` returned, for this batch or for several.
            start: the batch's first row in it.
        """
        stop = start + len(batch[_NODE_IDS])
        rows = self._features.rows(taken, start, stop, self._num_rows)
        return self.padded_and_labeled(batch) | rows

    def padded_and_labeled(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A batch with its padding and labels, without features."""
        rows = batch[_NODE_IDS][batch["readout"]]
        batch = dict(batch) if self._sizes is None else pad_batch(batch, self._sizes)
        if self._known is not None:
            batch["known_labels"] = known_labels_of(self._known, batch)
        if self._labels is not None:
            labels = self._labels[rows]
            missing = 0 if self._sizes is None else self._sizes.n_row - len(rows)
            if missing:
                labels = np.pad(labels, [(0, missing)] + [(0, 0)] * (labels.ndim - 1))
            batch[_LABELS] = labels
        return batch

    def dataset(self) -> tf.data.Dataset:
        """The batches as a data set of known cardinality, made ahead of their use."""
        dataset = scan_epochs(len(self), self.arrays, self.specs(), self.element, self._epochs)
        dataset = made_ahead(dataset, len(self))
        return with_form_by_id(dataset, self._dataset_by_id) if self._come_by_id() else dataset

    def _come_by_id(self) -> bool:
        if self._from == "batches" or not self._features.fit_a_table(self._sizes is not None):
            return False
        on_cpu = compute_device().startswith("CPU")
        return on_cpu or self._from == "device" or self._features.dense_bytes() <= _MOST_BYTES

    def _dataset_by_id(self, at_once: int) -> tf.data.Dataset:
        """The same batches without features, which lie in a table where the model is."""
        form = ById.of(self._features.table(), self._key_specs(), _BESIDE)
        vector_specs, label_specs = form.specs, self._label_specs()
        if at_once > 1:
            vector_specs = form.several_specs
            label_specs = {
                name: tf.TensorSpec([None, *spec.shape[1:]], spec.dtype)
                for name, spec in label_specs.items()
            }

        def arrays(epoch: int, place: int) -> dict[str, np.ndarray]:
            places = range(place * at_once, min((place + 1) * at_once, len(self)))
            batches = [self.padded_and_labeled(self.graph_keys(epoch, i)) for i in places]
            labels = {name: [batch[name] for batch in batches] for name in label_specs}
            if at_once == 1:
                return form.pack(batches[0]) | {name: some[0] for name, some in labels.items()}
            lengths = labels.get(_LABELS, [np.zeros(0)] * len(batches))
            joined = {name: np.concatenate(some) for name, some in labels.items()}
            return form.pack_several(batches, lengths) | joined

        def element(tensors: dict[str, tf.Tensor]) -> Any:
            vectors = {name: tensors[name] for name in vector_specs}
            return vectors if self._labels is None else (vectors, tensors[_LABELS])

        count = -(-len(self) // at_once)
        dataset = scan_epochs(count, arrays, vector_specs | label_specs, element, self._epochs)
        return made_ahead(dataset, count, tuned=False)

    def element(self, tensors: dict[str, tf.Tensor]) -> Any:
        """What `arrays` made, as `(inputs, labels)`, or `inputs` where the graph has no labels."""
        inputs = self._features.tensors(tensors, self._num_rows)
        inputs |= {key: tensors[key] for key in self._key_specs() if key not in _BESIDE}
        return inputs if self._labels is None else (inputs, tensors[_LABELS])

    def specs(self) -> dict[str, tf.TensorSpec]:
        """The specs of what `arrays` makes."""
        rows = self._features.row_specs(self._num_rows)
        return self._key_specs() | rows | self._label_specs()

    def _label_specs(self) -> dict[str, tf.TensorSpec]:
        if self._labels is None:
            return {}
        rows = None if self._sizes is None else self._sizes.n_row
        return {_LABELS: tf.TensorSpec([rows, *self._labels.shape[1:]], self._labels.dtype)}

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
