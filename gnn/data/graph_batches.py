"""Batches of many small graphs, one component and one row each."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.configs.arguments import check_count
from gnn.data.epoch_batches import EpochBatches
from gnn.graphs.batch.padding import PaddingSizes
from gnn.graphs.graph import Graph
from gnn.graphs.narrow import narrow
from gnn.graphs.weighing_edges import weighing_edges


def graph_batches(
    graphs: Sequence[Graph],
    labels: Any = None,
    *,
    batch_size: int,
    shuffle: bool = False,
    seed: int | None = None,
    padding: bool | PaddingSizes = False,
    first_epoch: int = 0,
) -> tf.data.Dataset:
    """A data set of batches of whole graphs, a component and a row a graph: `gnn.GraphClassifier`.

    Rows come in the order of `graphs`; with `shuffle=True` in an order drawn anew each epoch. The
    last batch may be smaller; none is dropped. A batch has no `readout`: row i is component i
    (`gnn.graphs.batch.graphs_tuple`). Splits, ids and labels of the graphs' own nodes are not
    looked at.

    Args:
        graphs: `gnn.Graph`s with the same features: names, widths and dtypes.
        labels: None, or a row a graph: integer classes from 0, -1 for unlabeled, or float targets,
            `[n_graphs]` or `[n_graphs, k]`; int32 and float32 in the batches.
        batch_size: graphs of a batch.
        shuffle: whether to draw the order anew each epoch.
        seed: int; the same seed gives the same batches. None takes one from NumPy's global state,
            so that `keras.utils.set_random_seed` is obeyed.
        padding: True pads every batch to the most that can come, and delivers features dense, for
            XLA and TPU: with `shuffle` the sizes of the largest `batch_size` graphs, without it
            those of the largest batch. `gnn.graphs.PaddingSizes` names the sizes; rows are
            components, so its `n_row` must be its `n_graph`. Rows that are padding have 0 in
            `readout_mask` `[n_graphs]`.
        first_epoch: with `shuffle`, the number of the first epoch that is drawn: a run that is
            carried on goes on with what would have come.

    Returns:
        A `tf.data.Dataset` of known cardinality of `(inputs, labels)`, or of `inputs` where there
        are no labels.

    Raises:
        TypeError: something in `graphs` is no `gnn.Graph`, or the labels are no numbers.
        ValueError: there are no graphs, their features differ or are missing, `labels` has another
            number of rows, or an argument is out of range.
        tf.errors.InvalidArgumentError: while iterating, where a batch is larger than the padding
            sizes given.

    Example:

    >>> pair = Graph.from_edges([0], [1], np.eye(2), undirected=True)
    >>> single = Graph.from_edges([], [], np.zeros((1, 2)))
    >>> inputs, labels = next(iter(graph_batches([pair, single], [1, 0], batch_size=2)))
    >>> inputs["n_node"].numpy().tolist(), inputs["n_edge"].numpy().tolist()
    ([2, 1], [2, 0])
    >>> labels.numpy().tolist()
    [1, 0]
    """
    graphs = _checked_graphs(graphs)
    targets = _checked_labels(labels, len(graphs))
    check_count("batch_size", batch_size)
    check_count("first_epoch", first_epoch, 0)
    if seed is not None:
        check_count("seed", seed, 0)
    union = _Union(graphs, targets)
    batches = _GraphBatches(
        union,
        batch_size=int(batch_size),
        shuffle=bool(shuffle),
        seed=int(np.random.randint(2**31)) if seed is None else int(seed),
        sizes=_padding_sizes(padding, union, int(batch_size), bool(shuffle)),
        first_epoch=int(first_epoch),
    )
    return batches.dataset()


class _Union:
    """All graphs side by side as one `Graph`, and where each of them lies in it.

    A node's label there is that of its graph.
    """

    def __init__(self, graphs: Sequence[Graph], labels: np.ndarray | None):
        self.n_node = np.array([graph.num_nodes for graph in graphs], np.int64)
        kept = [weighing_edges(graph.weights) for graph in graphs]
        senders = [graph.senders[own] for graph, own in zip(graphs, kept, strict=True)]
        receivers = [graph.receivers[own] for graph, own in zip(graphs, kept, strict=True)]
        weights = [graph.weights[own] for graph, own in zip(graphs, kept, strict=True)]
        self.n_edge = np.array([own.size for own in senders], np.int64)
        self.first_node = np.cumsum(self.n_node) - self.n_node
        self.first_edge = np.cumsum(self.n_edge) - self.n_edge
        shift = np.repeat(self.first_node, self.n_edge)
        sent = np.concatenate(senders) + shift
        received = np.concatenate(receivers) + shift
        # Sorted by receiver, edges stay with their graph: its nodes are a range.
        order = np.lexsort((sent, received))
        self.graph = Graph(
            features={
                name: _joined([graph.features[name] for graph in graphs])
                for name in graphs[0].features
            },
            senders=sent[order],
            receivers=received[order],
            weights=np.concatenate(weights)[order],
            labels=None if labels is None else np.repeat(labels, self.n_node, axis=0),
            num_nodes=int(self.n_node.sum()),
        )

    def batch(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        """The graph keys of a batch of these graphs, in this order, `node_ids` and `readout`."""
        n_node, n_edge = self.n_node[chosen], self.n_edge[chosen]
        nodes = _ranges(self.first_node[chosen], n_node)
        edges = _ranges(self.first_edge[chosen], n_edge)
        # From a node's number in the union to that in the batch.
        shift = np.repeat(np.cumsum(n_node) - n_node - self.first_node[chosen], n_edge)
        return {
            "n_node": n_node.astype(np.int32),
            "n_edge": narrow("n_edge", n_edge),
            "edges": self.graph.weights[edges][:, np.newaxis],
            "senders": (self.graph.senders[edges] + shift).astype(np.int32),
            "receivers": (self.graph.receivers[edges] + shift).astype(np.int32),
            "globals": np.zeros((len(chosen), 0), np.float32),
            "readout": np.cumsum(n_node, dtype=np.int32) - 1,
            "node_ids": nodes.astype(np.int32),
        }


class _GraphBatches(EpochBatches):
    """The batches of `graph_batches`, whose arguments it takes in checked form."""

    def __init__(
        self,
        union: _Union,
        batch_size: int,
        shuffle: bool,
        seed: int,
        sizes: PaddingSizes | None,
        first_epoch: int,
    ):
        self._union, self._batch_size, self._seed = union, batch_size, seed
        # The order of an epoch serves all of its batches; a few, for iterators side by side.
        self._order = functools.lru_cache(maxsize=4)(self._draw_order)
        super().__init__(union.graph, sizes=sizes, shuffle=shuffle, first_epoch=first_epoch)

    def __len__(self) -> int:
        return -(-len(self._union.n_node) // self._batch_size)

    def _draw_order(self, epoch: int) -> np.ndarray:
        order = np.arange(len(self._union.n_node))
        if not self._shuffle:
            return order
        return np.random.default_rng([self._seed, epoch]).permutation(order)

    def graph_keys(self, epoch: int, place: int) -> dict[str, np.ndarray]:
        first = place * self._batch_size
        return self._union.batch(self._order(epoch)[first : first + self._batch_size])

    def _key_specs(self) -> dict[str, tf.TensorSpec]:
        # Rows are components: what names nodes stays behind.
        return {key: spec for key, spec in super()._key_specs().items() if key != "readout"}


def _padding_sizes(
    padding: bool | PaddingSizes, union: _Union, batch_size: int, shuffle: bool
) -> PaddingSizes | None:
    if isinstance(padding, PaddingSizes):
        if padding.n_row != padding.n_graph:
            raise ValueError(
                f"padding must have n_row equal to n_graph, since a row is a graph; got {padding}"
            )
        return padding
    if not padding:
        return None

    def most(sizes: np.ndarray) -> int:
        """The most that a batch can hold of what each graph has so much of."""
        if shuffle:
            return int(np.sort(sizes)[::-1][:batch_size].sum())
        return int(np.add.reduceat(sizes, np.arange(0, len(sizes), batch_size)).max())

    n_graph = min(batch_size, len(union.n_node)) + 1
    return PaddingSizes(most(union.n_node) + 1, most(union.n_edge), n_graph, n_graph)


def _ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """`starts[0], starts[0] + 1, ...`, `counts[0]` of them, then those of the next."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if ends.size else 0
    return np.arange(total) + np.repeat(starts - (ends - counts), counts)


def _joined(values: list[Any]) -> Any:
    if sparse.issparse(values[0]):
        return sparse.vstack(values, format="csr")
    return np.concatenate(values)


def _checked_graphs(graphs: Any) -> list[Graph]:
    if isinstance(graphs, Graph):
        raise TypeError("graphs must be a sequence of gnn.Graph; got one gnn.Graph: [graph]")
    graphs = list(graphs)
    if not graphs:
        raise ValueError("graphs holds no graphs")
    wanted: dict[str, str] | None = None
    for position, graph in enumerate(graphs):
        if not isinstance(graph, Graph):
            raise TypeError(
                f"graphs must hold gnn.Graph; got {type(graph).__name__} at position {position}"
            )
        found = {name: _row_of(value) for name, value in graph.features.items()}
        wanted = found if wanted is None else wanted
        if found != wanted:
            raise ValueError(
                f"graphs must have the same features; the first has {wanted}, the one at position "
                f"{position} has {found}"
            )
    if not wanted:
        raise ValueError("graphs have no features, so there is nothing to feed a model with")
    return graphs


def _row_of(value: Any) -> str:
    """A feature's dtype and shape of a row, to compare and to show."""
    kind = value.dtype.kind
    dtype = "string" if kind in "SU" else str(value.dtype)
    return f"{'sparse ' if sparse.issparse(value) else ''}{dtype}{list(value.shape[1:])}"


def _checked_labels(labels: Any, num_graphs: int) -> np.ndarray | None:
    if labels is None:
        return None
    array = np.asarray(labels)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"labels must be integers or floats, got dtype {array.dtype}; number classes from 0"
        )
    if array.ndim not in (1, 2) or len(array) != num_graphs:
        raise ValueError(
            f"labels must have shape [{num_graphs}] or [{num_graphs}, k], a row a graph; got "
            f"{array.shape}"
        )
    if array.dtype.kind != "f" and array.size:
        if array.min() < -1:
            raise ValueError(
                f"labels must be classes from 0, or -1 for unlabeled; got {array.min()}"
            )
        if array.ndim == 1 and np.unique(array).tolist() == [-1, 1]:
            raise ValueError(
                "labels must be classes from 0, and -1 is unlabeled; got -1 and 1 alone. Of two "
                "classes of these names give labels > 0"
            )
        if array.max() > np.iinfo(np.int32).max:
            raise ValueError(f"labels must be below 2**31, or they do not fit; got {array.max()}")
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int32)
