"""Batches of clusters: the subgraphs of some parts of a graph at a time."""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.configs.arguments import check_count
from gnn.data.epoch_batches import EpochBatches
from gnn.graphs.batch.padding import PaddingSizes
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels as labels_known
from gnn.graphs.narrow import narrow
from gnn.graphs.partitioning.partition import check_parts, partition
from gnn.graphs.sampling.draws import mix
from gnn.graphs.sampling.neighbor_index import NeighborIndex


def clusters(
    graph: Graph,
    split: str | None = None,
    *,
    num_parts: int | None = None,
    parts_per_batch: int = 1,
    parts: np.ndarray | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    padding: bool | PaddingSizes = False,
    first_epoch: int = 0,
    known_labels: str | None = None,
) -> tf.data.Dataset:
    """A data set of batches that are each the subgraph of some parts of the graph.

    A batch is one component: the nodes of `parts_per_batch` parts with all edges between them,
    those between the parts too, which is the stochastic multiple partition scheme of Chiang et al.,
    "Cluster-GCN", KDD 2019, section 3.2. Rows read out are the nodes of the split; all nodes are in
    the graph loss. Each node is in exactly one batch of an epoch, and each batch has a row: it is
    dealt a part with nodes of the split first, then the others at random. Where fewer parts than
    batches hold nodes of the split, there are fewer and larger batches.

    Degrees are those inside the batch, as in the paper, which normalizes the adjacency of every
    batch anew: the edges that are left are no random sample of a node's edges, and cannot stand for
    all of them. Batches of `neighborhoods` have the degrees of the whole graph.

    Edges between the batches are lost, which training bears and evaluation should not: evaluate on
    `full_batch`, or by `gnn.models.layerwise_predict` where the graph is too large for that. Both
    use every edge.

    Nodes of a batch, and so its rows, come in the order of their numbers. With `shuffle=True` the
    parts are dealt anew each epoch; without it the batches are the same each time.

    Args:
        graph: the graph.
        split: the name of a split; None takes all nodes.
        num_parts: the number of parts that `gnn.graphs.partition` makes, here, before the first
            batch. None where `parts` is given.
        parts_per_batch: parts of a batch; batches differ by one part at most.
        parts: int `[n_nodes]`, the part of each node, where they were made before.
        shuffle: whether to deal the parts anew each epoch.
        seed: int; the same seed gives the same parts and batches. None takes one from NumPy's
            global state, so that `keras.utils.set_random_seed` is obeyed.
        padding: True pads every batch to the most that any can have, and delivers features dense,
            for XLA and TPU: that of this epoch without `shuffle`, and with it a bound from the
            largest parts and the edges between them. `gnn.graphs.PaddingSizes` names the sizes.
        first_epoch: with `shuffle`, the number of the first epoch that is dealt: a run that is
            carried on goes on with what would have come.
        known_labels: the name of a split whose labels losses may look at, such as `"train"`: the
            inputs then have the key `known_labels`, for `pair_weights` of the models. No other
            label gets into it, whatever `split` is.

    Returns:
        A `tf.data.Dataset` of known cardinality of `(inputs, labels)`, or of `inputs` where the
        graph has no labels. The keys are those of `gnn.graphs.batch.graphs_tuple`.

    Raises:
        KeyError: an unknown split.
        TypeError: a number is no integer, or `known_labels` of a graph whose labels are not one
            integer a node.
        ValueError: an argument is out of range, both or none of `num_parts` and `parts` are given,
            the split is empty, or the graph has no features.
        tf.errors.InvalidArgumentError: while iterating, where a batch is larger than the padding
            sizes given.

    Example:

    >>> graph = Graph.from_edges(
    ...     [0, 1, 2], [1, 2, 3], np.eye(4), labels=[0, 1, 1, 0], splits={"train": [3, 0]})
    >>> data = clusters(graph, "train", parts=np.array([0, 0, 1, 1]), seed=0)
    >>> for inputs, labels in data:
    ...     rows = inputs["features"].numpy().argmax(axis=1)
    ...     print(rows, inputs["senders"].numpy(), inputs["readout"].numpy(), labels.numpy())
    [0 1] [0] [0] [0]
    [2 3] [0] [1] [0]
    """
    parts_per_batch = check_count("parts_per_batch", parts_per_batch, 1)
    first_epoch = check_count("first_epoch", first_epoch, 0)
    seed = int(np.random.randint(2**31)) if seed is None else check_count("seed", seed, 0)
    if (num_parts is None) == (parts is None):
        raise ValueError(
            "clusters needs either num_parts, to divide the graph, or parts, the part of each "
            f"node; got {'neither' if parts is None else 'both'}"
        )
    rows = np.arange(graph.num_nodes) if split is None else graph.split(split)
    if not len(rows):
        raise ValueError(f"split {split!r} holds no nodes")
    if parts is None:
        parts = partition(graph, num_parts, seed=seed % 2**31)  # type: ignore[arg-type]
    deal = Deal(check_parts(graph, parts), rows, parts_per_batch, seed)
    known = None if known_labels is None else labels_known(graph, known_labels)
    batches = ClusterBatches(graph, deal, rows, shuffle, first_epoch, known)
    batches.pad_to(padding if isinstance(padding, PaddingSizes) else None)
    if padding is True:
        batches.pad_to((_bound if shuffle else _measured)(batches.index, deal, rows))
    return batches.dataset()


class Deal:
    """Which parts go into which batch of an epoch, as a function of the seed and the epoch.

    Args:
        parts: int32 `[n_nodes]`, the part of each node.
        rows: the nodes to read out.
        parts_per_batch: about how many parts go into a batch.
        seed: of the deal.

    Attributes:
        num_batches: how many batches an epoch has.
        parts_per_batch: the most parts that a batch gets.

    Example:

    >>> deal = Deal(np.array([0, 1, 2, 3]), np.array([1]), 2, seed=0)
    >>> deal.num_batches, deal.parts_per_batch, deal.batches(epoch=0).tolist()
    (1, 4, [0, 0, 0, 0])
    """

    def __init__(self, parts: np.ndarray, rows: np.ndarray, parts_per_batch: int, seed: int):
        self.parts = parts
        self.num_parts = int(parts.max()) + 1
        self._has_rows = np.bincount(parts[rows], minlength=self.num_parts) > 0
        batches = -(-self.num_parts // parts_per_batch)
        self.num_batches = min(batches, int(self._has_rows.sum()))
        self.parts_per_batch = -(-self.num_parts // self.num_batches)
        self._stream = mix(np.zeros(1, np.uint64), seed)

    def batches(self, epoch: int) -> np.ndarray:
        """int32 `[num_parts]`, the place of the batch that each part goes into."""
        order = np.argsort(mix(self._stream, epoch, np.arange(self.num_parts)), kind="stable")
        is_first = self._has_rows[order] & (np.cumsum(self._has_rows[order]) <= self.num_batches)
        order = np.concatenate([order[is_first], order[~is_first]])
        batches = np.empty(self.num_parts, np.int32)
        batches[order] = np.arange(self.num_parts) % self.num_batches
        return batches


class ClusterBatches(EpochBatches):
    """The batches of `gnn.data.clusters`, whose arguments it takes in checked form.

    Example:

    >>> graph = Graph.from_edges([0, 1], [1, 2], np.eye(3))
    >>> rows = np.arange(3)
    >>> deal = Deal(np.array([0, 0, 1]), rows, 1, seed=0)
    >>> batches = ClusterBatches(graph, deal, rows, shuffle=False)
    >>> sorted(batches.graph_keys(0, place)["node_ids"].tolist() for place in range(2))
    [[0, 1], [2]]
    """

    def __init__(
        self,
        graph: Graph,
        deal: Deal,
        rows: np.ndarray,
        shuffle: bool,
        first_epoch: int = 0,
        known: np.ndarray | None = None,
    ):
        super().__init__(graph, sizes=None, shuffle=shuffle, first_epoch=first_epoch, known=known)
        self._deal = deal
        self.index = NeighborIndex.of(graph)
        self._is_row = np.zeros(graph.num_nodes, bool)
        self._is_row[rows] = True
        # The layout of an epoch serves all of its batches; two, for iterators side by side.
        self._layout = functools.lru_cache(maxsize=2)(self._make_layout)

    def __len__(self) -> int:
        return self._deal.num_batches

    def _make_layout(self, epoch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The batch of each node, the nodes batch by batch, and where each batch starts."""
        batch = self._deal.batches(epoch)[self._deal.parts]
        nodes = np.argsort(batch, kind="stable").astype(np.int32)
        starts = np.zeros(len(self) + 1, np.int64)
        np.cumsum(np.bincount(batch, minlength=len(self)), out=starts[1:])
        return batch, nodes, starts

    def graph_keys(self, epoch: int, place: int) -> dict[str, np.ndarray]:
        """The subgraph of a batch: its graph keys, `readout` and `node_ids`."""
        batch, ordered, starts = self._layout(epoch)
        nodes = ordered[starts[place] : starts[place + 1]]
        counts = self.index.degrees(nodes)
        ends = np.cumsum(counts)
        incoming = np.arange(ends[-1]) + np.repeat(
            self.index.offsets[nodes] - ends + counts, counts
        )
        senders = self.index.senders[incoming]
        kept = batch[senders] == place
        return {
            "n_node": np.array([len(nodes)], np.int32),
            "n_edge": narrow("n_edge", [np.count_nonzero(kept)]),
            "edges": self.index.weights[incoming[kept]][:, np.newaxis],
            # A node's place among the sorted nodes is its number in the batch.
            "senders": np.searchsorted(nodes, senders[kept]).astype(np.int32),
            "receivers": np.repeat(np.arange(len(nodes), dtype=np.int32), counts)[kept],
            "globals": np.zeros((1, 0), np.float32),
            "readout": np.flatnonzero(self._is_row[nodes]).astype(np.int32),
            "node_ids": nodes,
        }


def _measured(index: NeighborIndex, deal: Deal, rows: np.ndarray) -> PaddingSizes:
    """The most that a batch of epoch 0 has."""
    batch = deal.batches(0)[deal.parts]
    senders, receivers = batch[index.senders], batch[index.receivers()]
    nodes, edges, read = (
        int(np.bincount(places, minlength=1).max())
        for places in (batch, senders[senders == receivers], batch[rows])
    )
    return PaddingSizes(nodes + 1, edges, 2, read)


def _bound(index: NeighborIndex, deal: Deal, rows: np.ndarray) -> PaddingSizes:
    """The most that a batch of any epoch can have."""
    parts, count, others = deal.parts, deal.num_parts, deal.parts_per_batch - 1

    def most(sizes: np.ndarray) -> int:
        return int(np.sort(sizes)[::-1][: deal.parts_per_batch].sum())

    ends = parts[index.receivers()], parts[index.senders]
    between = sparse.coo_array((np.ones(len(ends[0]), np.int64), ends), shape=(count, count))
    between.sum_duplicates()
    receiver, sender, edges = between.row, between.col, between.data
    # Into a part come its own edges, and at most those from the parts that send it the most.
    # NumPy sums weights in floats, and nothing in integers.
    edges_into = np.bincount(receiver[receiver == sender], edges[receiver == sender], count)
    edges_into = edges_into.astype(np.int64)
    outside = receiver != sender
    receiver, edges = receiver[outside], edges[outside]
    order = np.lexsort((-edges, receiver))
    receiver, edges = receiver[order], edges[order]
    among_most = np.arange(len(receiver)) - np.searchsorted(receiver, receiver) < others
    edges_into += np.bincount(receiver[among_most], edges[among_most], count).astype(np.int64)
    return PaddingSizes(
        n_node=most(np.bincount(parts, minlength=count)) + 1,
        n_edge=most(edges_into),
        n_graph=2,
        n_row=most(np.bincount(parts[rows], minlength=count)),
    )
