"""Batches of sampled neighborhoods, one component a node."""

from __future__ import annotations

import numbers
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from gnn.data.sampled_batches import SampledBatches
from gnn.graphs.graph import Graph
from gnn.graphs.padding import PaddingSizes
from gnn.graphs.sampling import NeighborIndex


def neighborhoods(
    graph: Graph,
    split: str | None = None,
    *,
    batch_size: int,
    fanout: int | None | Sequence[int | None],
    shuffle: bool = False,
    seed: int | None = None,
    unlabeled: str | None = None,
    unlabeled_batch_size: int | None = None,
    padding: bool | PaddingSizes = False,
    first_epoch: int = 0,
) -> tf.data.Dataset:
    """A data set of batches in which every node of a split brings its sampled neighborhood along.

    Neighbors are the senders of a node's incoming edges, drawn uniformly without replacement
    (`gnn.graphs.sampling`); edges keep their weights. Rows come in the order of the split; with
    `shuffle=True`, rows and neighbors are drawn anew each epoch, without it they are the same each
    time, as evaluation wants. The last batch may be smaller; none is dropped.

    Args:
        graph: the graph.
        split: the name of a split; None takes all nodes.
        batch_size: rows of a batch.
        fanout: the most neighbors of a node at each hop: `(10, 5)` is 10 at the first hop and 5 of
            each of those; None takes all, 0 none. A single value means one hop.
        shuffle: whether to draw order and neighbors anew each epoch.
        seed: int; the same seed gives the same batches. None takes one from NumPy's global state,
            so that `keras.utils.set_random_seed` is obeyed.
        unlabeled: adds components that are regularized and not read out: the name of a split, or
            `"rest"` for the nodes that are not in `split`. In an epoch they come in random order,
            all before one comes twice.
        unlabeled_batch_size: how many of them a batch; `batch_size` if None.
        padding: True pads every batch to the most that these arguments can give, which must be
            bounded (one hop, or no None in `fanout`), and delivers features dense, for XLA and TPU;
            `gnn.graphs.PaddingSizes` names the sizes.
        first_epoch: with `shuffle`, the number of the first epoch that is drawn: a run that is
            carried on gives the epochs that it has drawn, and goes on with what would have come.

    Returns:
        A `tf.data.Dataset` of known cardinality of `(inputs, labels)`, or of `inputs` where the
        graph has no labels. The keys are those of `gnn.graphs.graphs_tuple`.

    Raises:
        KeyError: an unknown split.
        ValueError: an argument is out of range, the split is empty, or the graph has no features.
        tf.errors.InvalidArgumentError: while iterating, where a batch is larger than the padding
        sizes given.

    Example:

    >>> graph = Graph.from_edges(
    ...     [0, 1], [2, 2], np.eye(3), labels=[0, 1, 1], splits={"train": [2, 0]})
    >>> inputs, labels = next(iter(neighborhoods(graph, "train", batch_size=2, fanout=3)))
    >>> inputs["n_node"].numpy().tolist(), inputs["readout"].numpy().tolist()
    ([3, 1], [2, 3])
    >>> labels.numpy().tolist()
    [1, 0]
    """
    if seed is not None and (not isinstance(seed, numbers.Integral) or seed < 0):
        raise ValueError(f"seed must be an integer of at least 0, or None; got {seed!r}")
    hops = _hops(fanout)
    _check_positive("batch_size", batch_size)
    rows = np.arange(graph.num_nodes) if split is None else graph.split(split)
    if not len(rows):
        raise ValueError(f"split {split!r} holds no nodes")
    extra = _unlabeled_nodes(graph, rows, unlabeled)
    if extra is None and unlabeled_batch_size is not None:
        raise ValueError(
            f"unlabeled_batch_size={unlabeled_batch_size} needs `unlabeled`, which is None"
        )
    num_extra = 0
    if extra is not None:
        num_extra = batch_size if unlabeled_batch_size is None else unlabeled_batch_size
        _check_positive("unlabeled_batch_size", num_extra)
    index = NeighborIndex(graph.senders, graph.receivers, graph.weights, graph.num_nodes)
    sizes = padding if isinstance(padding, PaddingSizes) else None
    if padding is True:
        sizes = _largest_sizes(index, rows, extra, batch_size, num_extra, hops)
    batches = SampledBatches(
        graph=graph,
        index=index,
        rows=rows,
        batch_size=batch_size,
        hops=hops,
        extra=extra,
        num_extra=num_extra,
        shuffle=shuffle,
        seed=int(np.random.randint(2**31)) if seed is None else int(seed),
        sizes=sizes,
        first_epoch=int(first_epoch),
    )
    # One function from end to end: each further one adds milliseconds to the start of an epoch.
    dataset = tf.data.Dataset.range(len(batches)).scan(np.int64(0), batches.element)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return dataset.prefetch(tf.data.AUTOTUNE)


def _hops(fanout: int | None | Sequence[int | None]) -> tuple[int | None, ...]:
    if isinstance(fanout, np.ndarray):
        fanout = fanout.tolist()
    hops = tuple(fanout) if isinstance(fanout, Sequence) else (fanout,)
    for most in hops:
        if most is not None and (isinstance(most, bool) or int(most) != most or most < 0):
            raise ValueError(
                f"fanout must hold integers of at least 0, or None for all; got {fanout!r}"
            )
    return tuple(None if most is None else int(most) for most in hops)


def _check_positive(argument: str, value: int) -> None:
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{argument} must be a positive integer; got {value!r}")


def _unlabeled_nodes(graph: Graph, rows: np.ndarray, unlabeled: str | None) -> np.ndarray | None:
    if unlabeled is None:
        return None
    nodes = np.setdiff1d(np.arange(graph.num_nodes), rows)
    if unlabeled != "rest" or "rest" in graph.splits:
        nodes = graph.split(unlabeled)
    if not len(nodes):
        raise ValueError(f"unlabeled={unlabeled!r} holds no nodes")
    return nodes


def _largest_sizes(
    index: NeighborIndex,
    rows: np.ndarray,
    extra: np.ndarray | None,
    batch_size: int,
    num_extra: int,
    hops: tuple[int | None, ...],
) -> PaddingSizes:
    """The most that any batch can have: the largest degrees at the first hop, the fan-out after."""
    if None in hops[1:]:
        raise ValueError(
            f"padding=True needs a bound for every hop after the first; fanout={hops} has None "
            "there. Give "
            "integers, or name the sizes: padding=gnn.graphs.PaddingSizes(...)"
        )

    num_rows = min(batch_size, len(rows))
    edges = 0
    if hops:
        cap = np.iinfo(np.int64).max if hops[0] is None else hops[0]
        degrees = np.sort(np.minimum(index.degrees(rows), cap))
        edges = int(degrees[-num_rows:].sum())
        if extra is not None:
            # A batch can span two rounds over the unlabeled nodes, so one may come twice.
            edges += num_extra * int(np.minimum(index.degrees(extra), cap).max())
    reached = edges
    for most in hops[1:]:
        reached *= most or 0
        edges += reached
    seeds = num_rows + num_extra
    return PaddingSizes(seeds + edges + 1, edges, seeds + 1, num_rows)
