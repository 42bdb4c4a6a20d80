"""Batches of sampled neighborhoods as a function of the epoch and the place in it."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.data.epoch_batches import EpochBatches
from gnn.data.epoch_scan import from_numpy, loosely, scan_epochs
from gnn.data.made_ahead import made_ahead
from gnn.data.padding_budget import DEVIATIONS, with_margin
from gnn.data.sampling_plan import SamplingPlan
from gnn.graphs.batch.padding import PaddingSizes, fits
from gnn.graphs.graph import Graph
from gnn.graphs.sampling.component_sampling import components, sample_neighborhoods
from gnn.graphs.sampling.draws import mix
from gnn.graphs.sampling.merged_sampling import MergedSampler
from gnn.graphs.sampling.neighbor_index import NeighborIndex

# Sets the streams of merged batches apart from those of rows and of unlabeled nodes.
_MERGED = 2
# How many batches of an epoch are measured.
_MEASURED = 128
# About how many nodes are sampled at once; more do not make a node cheaper.
_CHUNK_NODES = 2048


@dataclasses.dataclass(frozen=True)
class _Part:
    """A batch, or a part of one that was too large: before its padding, features and labels."""

    keys: dict[str, np.ndarray]
    taken: Callable[[], Any]
    start: int = 0


class SampledBatches(EpochBatches):
    """The batches of `gnn.data.neighborhoods`.

    Args:
        graph: the graph.
        index: its edges by receiver.
        plan: what is sampled.
        sizes: what batches are padded to, or None.
        known: int32 `[n_nodes]`, the labels that losses may look at, or None.
        features: "auto", "device" or "batches", as `neighborhoods` has it.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2))
    >>> plan = SamplingPlan(rows=np.array([1]), batch_size=1, hops=(1,))
    >>> batches = SampledBatches(graph, NeighborIndex.of(graph), plan)
    >>> len(batches), batches.arrays(epoch=0, place=0)["node_ids"].tolist()
    (1, [0, 1])
    """

    def __init__(
        self,
        graph: Graph,
        index: NeighborIndex,
        plan: SamplingPlan,
        sizes: PaddingSizes | None = None,
        known: np.ndarray | None = None,
        features: str = "auto",
    ):
        super().__init__(
            graph,
            sizes=sizes,
            shuffle=plan.shuffle,
            first_epoch=plan.first_epoch,
            known=known,
            features=features,
        )
        self._index, self._plan = index, plan
        self._stream = mix(np.zeros(1, np.uint64), plan.seed)
        # The permutations of an epoch serve all of its batches; a few, for iterators side by side.
        self._order = functools.lru_cache(maxsize=4)(plan.order)
        self._chunk = functools.lru_cache(maxsize=4)(self._sample_chunk)
        mean_degree = -(-len(index.senders) // max(index.num_nodes, 1))
        self._chunk_size = max(1, _CHUNK_NODES // max(plan.expected_nodes(mean_degree), 1))
        # Iterators side by side wait for a chunk that they share, and do not make it twice.
        self._lock = threading.Lock()
        self._merged = MergedSampler(index) if plan.merge else None
        self._split_lock = threading.Lock()
        self._parts = functools.lru_cache(maxsize=4)(self._split)

    def measured_sizes(self, most: PaddingSizes | None) -> PaddingSizes:
        """The sizes to pad to, measured on batches of epoch 0, whatever the first epoch is.

        Args:
            most: what no batch can pass, or None.
        """
        places = np.unique(np.linspace(0, len(self) - 1, min(len(self), _MEASURED)).astype(int))
        measured = []
        for place in places.tolist():
            keys = self.graph_keys(0, place)
            counts = [len(keys[key]) for key in ("node_ids", "senders", "n_node", "readout")]
            measured.append(counts)
        all_there_are = not self._shuffle and len(places) == len(self)
        sizes = with_margin(np.array(measured), 0.0 if all_there_are else DEVIATIONS)
        if most is None:
            return sizes
        pairs = zip(dataclasses.astuple(sizes), dataclasses.astuple(most), strict=True)
        return PaddingSizes(*(min(pair) for pair in pairs))

    def __len__(self) -> int:
        return self._plan.num_batches

    def graph_keys(self, epoch: int, place: int) -> dict[str, np.ndarray]:
        """A batch without its features, however large it is."""
        return self._whole(epoch, place).keys

    def arrays(self, epoch: int, place: int) -> dict[str, np.ndarray]:
        """What NumPy makes of a batch: graph keys, `node_ids`, rows of sparse features, labels."""
        return self._finished(self._whole(epoch, place))

    def _finished(self, part: _Part) -> dict[str, np.ndarray]:
        return self.finished(part.keys, part.taken(), part.start)

    def _whole(self, epoch: int, place: int) -> _Part:
        """The batch at a place, however large it is."""
        chosen, added = self._seeds(epoch, place)
        if self._merged is not None:
            return self._sampled(epoch, place, slice(0, len(chosen)), slice(0, len(added)))
        with self._lock:
            first, sampled, taken = self._chunk(epoch, place // self._chunk_size)
        # Batches before the last are whole ones.
        before = (place - first) * (self._plan.batch_size + self._plan.num_extra)
        keys = components(sampled, before, before + len(chosen) + len(added))
        keys["readout"] = keys["readout"][: len(chosen)]
        start = int(sampled["readout"][before - 1]) + 1 if before else 0
        return _Part(keys, taken, start)

    def _sampled(self, epoch: int, place: int, own: slice, others: slice) -> _Part:
        """Some rows and unlabeled nodes of the batch at a place, sampled by themselves."""
        chosen, added = self._seeds(epoch, place)
        chosen, added = chosen[own], added[others]
        seeds = np.concatenate([chosen, added])
        if self._merged is not None:
            stream = mix(self._stream, epoch, _MERGED, place)
            keys = self._merged.sample(seeds, self._plan.hops, stream)
        else:
            streams = self._streams(epoch, place, place + 1)
            parts = [part[kept] for part, kept in zip(streams, (own, others), strict=True)]
            keys = sample_neighborhoods(self._index, seeds, self._plan.hops, np.concatenate(parts))
        keys["readout"] = keys["readout"][: len(chosen)]
        return _Part(keys, lambda: self._features.take(keys["node_ids"]))

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
        own, others = (
            slice(place * size, (place + 1) * size)
            for size in (self._plan.batch_size, self._plan.num_extra)
        )
        return rows[own], extra[others]

    def _sample_chunk(self, epoch: int, chunk: int) -> tuple[int, dict[str, np.ndarray], Any]:
        """Several batches sampled at once: for small ones, NumPy's calls cost more than their work.

        Returns the first one's place, their components side by side, and sparse features' rows.
        """
        first = chunk * self._chunk_size
        stop = min(first + self._chunk_size, len(self))
        seeds = [part for i in range(first, stop) for part in self._seeds(epoch, i)]
        streams = self._streams(epoch, first, stop)
        sampled = sample_neighborhoods(
            self._index, np.concatenate(seeds), self._plan.hops, np.concatenate(streams)
        )
        take = functools.cache(lambda: self._features.take(sampled["node_ids"]))
        return first, sampled, take

    def _streams(self, epoch: int, first: int, stop: int) -> list[np.ndarray]:
        """A stream a row, by its place in the epoch: draws do not hang on the size of batches.

        Returns:
            Of each batch from `first` to before `stop`, those of its rows and of what it adds.
        """
        parts: list[list[np.ndarray]] = []
        sizes = (self._plan.batch_size, self._plan.num_extra)
        for kind, (nodes, size) in enumerate(zip(self._order(epoch), sizes, strict=True)):
            numbers = np.arange(first * size, min(stop * size, len(nodes)))
            streams = mix(self._stream, epoch, kind, numbers)
            parts.append([streams[i * size : (i + 1) * size] for i in range(stop - first)])
        return [part for both in zip(*parts, strict=True) for part in both]

    def split_dataset(self) -> tf.data.Dataset:
        """As `dataset`, of unknown cardinality: a batch that is too large comes in parts."""
        scalar, held = tf.TensorSpec([], tf.int64), loosely(self)

        def count(epoch: int, place: int) -> dict[str, int]:
            return {"epoch": epoch, "place": place, "parts": len(self._fitting(epoch, place))}

        def make(epoch: np.ndarray, place: np.ndarray, part: np.ndarray) -> dict[str, np.ndarray]:
            batches = held()
            return batches._finished(batches._fitting(int(epoch), int(place))[int(part)])

        def parts(counted: dict[str, tf.Tensor]) -> tf.data.Dataset:
            def element(part: tf.Tensor) -> Any:
                inputs = [counted["epoch"], counted["place"], part]
                return self.element(from_numpy(make, inputs, self.specs()))

            return tf.data.Dataset.range(counted["parts"]).map(element)

        specs = dict.fromkeys(("epoch", "place", "parts"), scalar)
        dataset = scan_epochs(len(self), count, specs, lambda counted: counted, self._epochs)
        return made_ahead(dataset.flat_map(parts))

    def _fitting(self, epoch: int, place: int) -> list[_Part]:
        with self._split_lock:
            return self._parts(epoch, place)

    def _key_specs(self) -> dict[str, tf.TensorSpec]:
        nodes = None if self._sizes is None else self._sizes.n_node
        return super()._key_specs() | {"graph_degrees": tf.TensorSpec([nodes], tf.float32)}
