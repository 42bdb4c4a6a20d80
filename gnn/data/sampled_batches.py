"""Batches of sampled neighborhoods as a function of the epoch and the place in it."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import threading
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.data.node_features import NodeFeatures
from gnn.data.padding_budget import DEVIATIONS, with_margin
from gnn.graphs.batch.padding import PaddingSizes, fits, pad_batch
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels_of
from gnn.graphs.sampling.merged_sampling import MergedSampler
from gnn.graphs.sampling.neighbor_index import (
    NeighborIndex,
    components,
    mix,
    sample_neighborhoods,
)

_KEYS: dict[str, tuple[list[int | None], tf.DType]] = {
    "n_node": ([None], tf.int32),
    "n_edge": ([None], tf.int32),
    "edges": ([None, 1], tf.float32),
    "senders": ([None], tf.int32),
    "receivers": ([None], tf.int32),
    "globals": ([None, 0], tf.float32),
    "readout": ([None], tf.int32),
}
_PADDED_KEYS: dict[str, tuple[list[int | None], tf.DType]] = {
    "readout_mask": ([None], tf.float32),
    "node_mask": ([None], tf.bool),
}
_KNOWN: dict[str, tuple[list[int | None], tf.DType]] = {"known_labels": ([None], tf.int32)}
# Beside the inputs, under names that no feature has.
_LABELS, _NODE_IDS = "labels:", "node_ids"
# Sets the streams of merged batches apart from those of rows and of unlabeled nodes.
_MERGED = 2
# How many batches of an epoch are measured.
_MEASURED = 128
# About how many nodes are sampled at once; more do not make a node cheaper.
_CHUNK_NODES = 2048


@dataclasses.dataclass(frozen=True)
class _Part:
    """A batch, or a part of one that was too large: before its padding, features and labels."""

    rows: np.ndarray
    keys: dict[str, np.ndarray]
    taken: Any
    start: int = 0


class SampledBatches:
    """The batches of `gnn.data.neighborhoods`, whose arguments it takes in checked form.

    Args:
        graph: the graph.
        index: its edges by receiver.
        rows: the nodes to read out, in order.
        batch_size: rows of a batch.
        hops: the fan-out of each hop.
        extra: the unlabeled nodes, or None.
        num_extra: how many of them a batch.
        shuffle: whether rows are permuted each epoch.
        seed: of everything drawn.
        sizes: what batches are padded to, or None.
        first_epoch: the number of the first epoch that is drawn.
        merge: whether a batch is one component without duplicate nodes.
        known: int32 `[n_nodes]`, the labels that losses may look at, or None.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2))
    >>> index = NeighborIndex(graph.senders, graph.receivers, graph.weights, 2)
    >>> batches = SampledBatches(
    ...     graph=graph, index=index, rows=np.array([1]), batch_size=1, hops=(1,), extra=None,
    ...     num_extra=0, shuffle=False, seed=0, sizes=None)
    >>> len(batches), batches.arrays(epoch=0, place=0)["node_ids"].tolist()
    (1, [0, 1])
    """

    def __init__(
        self,
        *,
        graph: Graph,
        index: NeighborIndex,
        rows: np.ndarray,
        batch_size: int,
        hops: tuple[int | None, ...],
        extra: np.ndarray | None,
        num_extra: int,
        shuffle: bool,
        seed: int,
        sizes: PaddingSizes | None,
        first_epoch: int = 0,
        merge: bool = False,
        known: np.ndarray | None = None,
    ):
        self._index, self._rows, self._batch_size, self._hops = index, rows, batch_size, hops
        self._extra, self._num_extra, self._shuffle = extra, num_extra, shuffle
        self._seed, self._labels, self._known = seed, graph.labels, known
        self._features = NodeFeatures(graph)
        self._stream = mix(np.zeros(1, np.uint64), seed)
        # The permutations of an epoch serve all of its batches; a few, for iterators side by side.
        self._order = functools.lru_cache(maxsize=4)(self._draw_order)
        self._chunk = functools.lru_cache(maxsize=4)(self._sample_chunk)
        self._chunk_size = max(1, _CHUNK_NODES // max(self._expected_nodes(), 1))
        # Iterators side by side wait for a chunk that they share, and do not make it twice.
        self._lock = threading.Lock()
        self._epochs = itertools.count(first_epoch)
        self._merged = MergedSampler(index) if merge else None
        self._split_lock = threading.Lock()
        self._parts = functools.lru_cache(maxsize=4)(self._split)
        self.pad_to(sizes)

    def pad_to(self, sizes: PaddingSizes | None) -> None:
        """Sets the sizes that batches are padded to; None pads none."""
        self._sizes = sizes
        self._num_rows = None if sizes is None else sizes.n_node
        self._keys = _KEYS if sizes is None else _KEYS | _PADDED_KEYS
        self._keys = self._keys if self._known is None else self._keys | _KNOWN
        self._specs = self._element_specs()

    def measured_sizes(self, most: PaddingSizes | None) -> PaddingSizes:
        """The sizes to pad to, measured on batches of epoch 0, whatever the first epoch is.

        Args:
            most: what no batch can pass, or None.
        """
        places = np.unique(np.linspace(0, len(self) - 1, min(len(self), _MEASURED)).astype(int))
        measured = []
        for place in places.tolist():
            keys = self._whole(0, place).keys
            counts = [len(keys[key]) for key in (_NODE_IDS, "senders", "n_node", "readout")]
            measured.append(counts)
        all_there_are = not self._shuffle and len(places) == len(self)
        sizes = with_margin(np.array(measured), 0.0 if all_there_are else DEVIATIONS)
        if most is None:
            return sizes
        pairs = zip(dataclasses.astuple(sizes), dataclasses.astuple(most), strict=True)
        return PaddingSizes(*(min(pair) for pair in pairs))

    def __len__(self) -> int:
        return -(-len(self._rows) // self._batch_size)

    def _draw_order(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self._seed, epoch])
        rows = rng.permutation(self._rows) if self._shuffle else self._rows
        needed = len(self) * self._num_extra
        extra = np.zeros(0, np.int64)
        if self._extra is not None:
            rounds = -(-needed // len(self._extra))
            extra = np.concatenate([rng.permutation(self._extra) for _ in range(rounds)])
        return rows, extra

    def arrays(self, epoch: int, place: int) -> dict[str, np.ndarray]:
        """What NumPy makes of a batch: graph keys, `node_ids`, rows of sparse features, labels."""
        return self._finished(self._whole(epoch, place))

    def _finished(self, part: _Part) -> dict[str, np.ndarray]:
        batch = part.keys
        stop = part.start + len(batch[_NODE_IDS])
        if self._sizes is not None:
            batch = pad_batch(batch, self._sizes)
        if self._known is not None:
            batch["known_labels"] = known_labels_of(self._known, batch)
        batch |= self._features.rows(part.taken, part.start, stop, self._num_rows)
        if self._labels is not None:
            labels = self._labels[part.rows]
            if self._sizes is not None:
                missing = self._sizes.n_row - len(labels)
                labels = np.pad(labels, [(0, missing)] + [(0, 0)] * (labels.ndim - 1))
            batch[_LABELS] = labels
        return batch

    def _whole(self, epoch: int, place: int) -> _Part:
        """The batch at a place, however large it is."""
        chosen, added = self._seeds(epoch, place)
        if self._merged is not None:
            return self._sampled(epoch, place, slice(0, len(chosen)), slice(0, len(added)))
        with self._lock:
            first, sampled, taken = self._chunk(epoch, place // self._chunk_size)
        before = sum(len(part) for i in range(first, place) for part in self._seeds(epoch, i))
        keys = components(sampled, before, before + len(chosen) + len(added))
        keys["readout"] = keys["readout"][: len(chosen)]
        start = int(sampled["readout"][before - 1]) + 1 if before else 0
        return _Part(chosen, keys, taken, start)

    def _sampled(self, epoch: int, place: int, own: slice, others: slice) -> _Part:
        """Some rows and unlabeled nodes of the batch at a place, sampled by themselves."""
        chosen, added = self._seeds(epoch, place)
        chosen, added = chosen[own], added[others]
        seeds = np.concatenate([chosen, added])
        if self._merged is not None:
            stream = mix(self._stream, epoch, _MERGED, place)
            keys = self._merged.sample(seeds, self._hops, stream)
        else:
            streams = self._streams(epoch, place)
            parts = [part[kept] for part, kept in zip(streams, (own, others), strict=True)]
            keys = sample_neighborhoods(self._index, seeds, self._hops, np.concatenate(parts))
        keys["readout"] = keys["readout"][: len(chosen)]
        return _Part(chosen, keys, self._features.take(keys[_NODE_IDS]))

    def _split(self, epoch: int, place: int) -> list[_Part]:
        """The batch at a place, halved until its parts fit the sizes."""
        assert self._sizes is not None
        whole = self._whole(epoch, place)
        if fits(whole.keys, self._sizes):
            return [whole]
        parts = []
        num_rows, num_extra = (len(nodes) for nodes in self._seeds(epoch, place))
        pending = [(range(num_rows), range(num_extra))]
        while pending:
            own, others = pending.pop()
            part = self._sampled(
                epoch, place, slice(own.start, own.stop), slice(others.start, others.stop)
            )
            if fits(part.keys, self._sizes) or len(own) + len(others) == 1:
                parts.append(part)  # One row alone that does not fit raises as it is padded.
                continue
            # An odd row goes to the first half and an odd unlabeled node to the second.
            half, other_half = -(-len(own) // 2), len(others) // 2
            pending.append((own[half:], others[other_half:]))
            pending.append((own[:half], others[:other_half]))
        return parts

    def _seeds(self, epoch: int, place: int) -> tuple[np.ndarray, np.ndarray]:
        """The nodes that a batch reads out, and the unlabeled ones that it adds."""
        rows, extra = self._order(epoch)
        own = slice(place * self._batch_size, (place + 1) * self._batch_size)
        others = slice(place * self._num_extra, (place + 1) * self._num_extra)
        return rows[own], extra[others]

    def _sample_chunk(self, epoch: int, chunk: int) -> tuple[int, dict[str, np.ndarray], Any]:
        """Several batches sampled at once: for small ones, NumPy's calls cost more than their work.

        Returns the first one's place, their components side by side, and sparse features' rows.
        """
        first = chunk * self._chunk_size
        seeds: list[np.ndarray] = []
        streams: list[np.ndarray] = []
        for place in range(first, min(first + self._chunk_size, len(self))):
            seeds += self._seeds(epoch, place)
            streams += self._streams(epoch, place)
        sampled = sample_neighborhoods(
            self._index, np.concatenate(seeds), self._hops, np.concatenate(streams)
        )
        return first, sampled, self._features.take(sampled[_NODE_IDS])

    def _streams(self, epoch: int, place: int) -> list[np.ndarray]:
        """A stream a row, by its place in the epoch: draws do not hang on the size of batches."""
        streams = []
        sizes = (self._batch_size, self._num_extra)
        for kind, (nodes, size) in enumerate(zip(self._seeds(epoch, place), sizes, strict=True)):
            numbers = np.arange(place * size, place * size + len(nodes))
            streams.append(mix(self._stream, epoch, kind, numbers))
        return streams

    def _expected_nodes(self) -> int:
        """About how many nodes a batch has."""
        degree = -(-len(self._index.senders) // max(self._index.num_nodes, 1))
        reached, nodes = 1, 1
        for most in self._hops:
            reached *= degree if most is None else min(most, degree)
            nodes += reached
        return nodes * (self._batch_size + self._num_extra)

    def element(self, epoch: tf.Tensor, place: tf.Tensor) -> tuple[tf.Tensor, Any]:
        """The step of a scan over the places of an epoch: its number, and a batch as tensors.

        Args:
            epoch: int64, what the step before returned; it is not looked at where `place` is 0.
            place: int64, from 0.

        Returns:
            The epoch's number, drawn where `place` is 0: iterators side by side are in epochs of
            their own. Then `(inputs, labels)`, or `inputs` where the graph has no labels.
        """

        def make(epoch: np.ndarray, place: np.ndarray) -> list[Any]:
            number = self._epoch(int(epoch), int(place))
            arrays = self.arrays(number, int(place))
            return [np.int64(number), *(arrays[name] for name in self._specs)]

        dtypes = [tf.int64, *(spec.dtype for spec in self._specs.values())]
        epoch, *values = tf.numpy_function(make, [epoch, place], dtypes)
        epoch.set_shape([])
        return epoch, self._tensors(values)

    def count_parts(self, epoch: tf.Tensor, place: tf.Tensor) -> tuple[tf.Tensor, Any]:
        """As `element`, with the place and the number of parts that fit in place of the batch."""

        def count(epoch: np.ndarray, place: np.ndarray) -> list[np.int64]:
            number = self._epoch(int(epoch), int(place))
            return [np.int64(number), np.int64(len(self._fitting(number, int(place))))]

        epoch, parts = tf.numpy_function(count, [epoch, place], [tf.int64, tf.int64])
        epoch.set_shape([])
        parts.set_shape([])
        return epoch, (epoch, place, parts)

    def part_elements(self, epoch: tf.Tensor, place: tf.Tensor, parts: tf.Tensor) -> Any:
        """The parts that `count_parts` counted, as a data set of batches."""

        def make(epoch: np.ndarray, place: np.ndarray, part: np.ndarray) -> list[np.ndarray]:
            arrays = self._finished(self._fitting(int(epoch), int(place))[int(part)])
            return [arrays[name] for name in self._specs]

        def element(part: tf.Tensor) -> Any:
            dtypes = [spec.dtype for spec in self._specs.values()]
            return self._tensors(tf.numpy_function(make, [epoch, place, part], dtypes))

        return tf.data.Dataset.range(parts).map(element)

    def _epoch(self, epoch: int, place: int) -> int:
        """The number of the epoch: drawn at its first place, of the step before at others."""
        if place:
            return epoch
        return next(self._epochs) if self._shuffle else 0

    def _fitting(self, epoch: int, place: int) -> list[_Part]:
        with self._split_lock:
            return self._parts(epoch, place)

    def _tensors(self, values: list[tf.Tensor]) -> Any:
        """What `arrays` made, in the order of the specs, as inputs and labels."""
        tensors = dict(zip(self._specs, values, strict=True))
        for name, spec in self._specs.items():
            tensors[name].set_shape(spec.shape)
        inputs = self._features.tensors(tensors, self._num_rows)
        inputs |= {key: tensors[key] for key in self._keys if key != "node_mask"}
        return inputs if self._labels is None else (inputs, tensors[_LABELS])

    def _element_specs(self) -> dict[str, tf.TensorSpec]:
        specs = {
            key: tf.TensorSpec([self._static_size(key), *shape[1:]], dtype)
            for key, (shape, dtype) in self._keys.items()
        }
        specs[_NODE_IDS] = tf.TensorSpec([self._static_size(_NODE_IDS)], tf.int32)
        specs |= self._features.row_specs(self._num_rows)
        if self._labels is not None:
            shape = [self._static_size("readout"), *self._labels.shape[1:]]
            specs[_LABELS] = tf.TensorSpec(shape, self._labels.dtype)
        return specs

    def _static_size(self, key: str) -> int | None:
        sizes = self._sizes
        if sizes is None:
            return None
        if key in ("n_node", "n_edge", "globals"):
            return sizes.n_graph
        if key in ("readout", "readout_mask"):
            return sizes.n_row
        by_node = key in (_NODE_IDS, "node_mask", "known_labels")
        return sizes.n_node if by_node else sizes.n_edge
