"""Batches of sampled neighborhoods: one component a node, or one a batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.data.padding_budget import largest_sizes
from gnn.data.sampled_batches import SampledBatches
from gnn.data.sampling_plan import SamplingPlan
from gnn.graphs.batch.padding import PaddingSizes
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels as labels_known
from gnn.graphs.sampling.neighbor_index import NeighborIndex

DRAWS = ("uniform", "weight")


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
    padding: bool | str | PaddingSizes = False,
    first_epoch: int = 0,
    merge: bool = False,
    oversize: str = "raise",
    known_labels: str | None = None,
    features: str = "auto",
    draw: str = "uniform",
) -> tf.data.Dataset:
    """A data set of batches in which every node of a split brings its sampled neighborhood along.

    Neighbors are the senders of a node's incoming edges, drawn without replacement
    (`gnn.graphs.sampling`); edges keep their weights (but see `draw`). Rows come in the order of
    the split; with `shuffle=True`, rows and neighbors are drawn anew each epoch, without it they
    are the same each time, as evaluation wants. The last batch may be smaller; none is dropped.

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
            bounded (one hop, or no None in `fanout`, or `merge`), and delivers features dense, for
            XLA and TPU. `"measured"` samples up to 128 batches of the first epoch, spread evenly
            over it, and pads to the largest and three standard deviations above it, at least 1%
            (nothing above it where these are all batches there will ever be), but to no more than
            True does: often several times less. `gnn.graphs.PaddingSizes` names the sizes, such as
            those of `gnn.data.measure_padding`.
        first_epoch: with `shuffle`, the number of the first epoch that is drawn: a run that is
            carried on gives the epochs that it has drawn, and goes on with what would have come.
        merge: False samples a component for each row. True samples one component a batch, without
            duplicate nodes, and edges sorted by receiver: hop k draws the edges of every node first
            reached at hop k - 1 once, however many rows it is a neighbor of. The rows come first,
            then the nodes of each hop, ascending. Smaller batches, for large graphs and fan-outs.
        oversize: of a batch that is larger than its padding, `"raise"` makes an error and `"split"`
            makes two or more batches, of half the rows each, until they fit; nothing is ever left
            out. The neighbors that a row draws stay those of the whole batch. Keras then warns at
            the end of an epoch, whose length it cannot know.
        known_labels: the name of a split whose labels losses may look at, such as `"train"`: the
            inputs then have the key `known_labels`, for `pair_weights` of the models. No other
            label gets into it, whatever `split` is.
        features: where a step of a model of this package has the features from. `"auto"`: `fit`,
            `evaluate` and `predict` that are given this data set as it is keep them in a table
            where the model is, and are fed ids. The numbers are the same. What you iterate over, or
            change by `map` and the like, has the features in it; so has a strategy of replicas,
            a graph whose features lie in files or are strings, and padded batches of sparse ones.
            `"auto"` asks a GPU to hold up to 2 GiB, `"device"` any number; `"batches"` makes no
            table.
        draw: how neighbors are drawn where a node has more than `fanout`: `"uniform"`, each as
            likely as another; or `"weight"`, in proportion to the weights of their edges, as
            Graph-RISE draws the one neighbor of a step (Juan et al., WSDM 2020). Edges drawn by
            weight all have the mean weight of the node's edges, so that weights count once.

    Returns:
        A `tf.data.Dataset` of `(inputs, labels)`, or of `inputs` where the graph has no labels, of
        known cardinality (unknown with `oversize="split"`). The keys are those of
        `gnn.graphs.batch.graphs_tuple`.

    Raises:
        KeyError: an unknown split.
        TypeError: `known_labels` of a graph whose labels are not one integer a node.
        ValueError: an argument is out of range, the split is empty, or the graph has no features.
        tf.errors.InvalidArgumentError: while iterating, where a batch, or a row alone with
        `oversize="split"`, is larger than the padding sizes.

    Example:

    >>> graph = Graph.from_edges(
    ...     [0, 1], [2, 2], np.eye(3), labels=[0, 1, 1], splits={"train": [2, 0]})
    >>> inputs, labels = next(iter(neighborhoods(graph, "train", batch_size=2, fanout=3)))
    >>> inputs["n_node"].numpy().tolist(), inputs["readout"].numpy().tolist()
    ([3, 1], [2, 3])
    >>> labels.numpy().tolist()
    [1, 0]
    """
    if seed is not None:
        check_count("seed", seed, 0)
    check_count("first_epoch", first_epoch, 0)
    hops = _hops(fanout)
    check_count("batch_size", batch_size)
    _check_padding(padding, oversize)
    rows = np.arange(graph.num_nodes, dtype=np.int32) if split is None else graph.split(split)
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
        check_count("unlabeled_batch_size", num_extra)
    if draw not in DRAWS:
        raise ValueError(f"draw must be one of {', '.join(DRAWS)}; got {draw!r}")
    index = NeighborIndex.of(graph)
    index.by_weight = draw == "weight"
    plan = SamplingPlan(
        rows=rows,
        batch_size=batch_size,
        hops=hops,
        extra=extra,
        num_extra=num_extra,
        shuffle=shuffle,
        seed=int(np.random.randint(2**31)) if seed is None else int(seed),
        first_epoch=int(first_epoch),
        merge=merge,
    )
    batches = SampledBatches(
        graph,
        index,
        plan,
        sizes=padding if isinstance(padding, PaddingSizes) else None,
        known=None if known_labels is None else labels_known(graph, known_labels),
        features=features,
    )
    if padding is True or padding == "measured":
        most = largest_sizes(index, plan)
        if most is None and padding is True:
            raise ValueError(
                f"padding=True needs a bound for every hop after the first; fanout={hops} has None "
                "there. Give integers, or name the sizes: padding=gnn.graphs.PaddingSizes(...) (or "
                'pass padding="measured")'
            )
        batches.pad_to(most if padding is True else batches.measured_sizes(most))
    return batches.split_dataset() if oversize == "split" else batches.dataset()


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


def _check_padding(padding: bool | str | PaddingSizes, oversize: str) -> None:
    if not isinstance(padding, (bool, PaddingSizes)) and padding != "measured":
        raise ValueError(
            f'padding must be True, False, "measured" or a gnn.graphs.PaddingSizes; got {padding!r}'
        )
    if oversize not in ("raise", "split"):
        raise ValueError(f'oversize must be "raise" or "split"; got {oversize!r}')
    if oversize == "split" and padding is False:
        raise ValueError('oversize="split" needs sizes that batches are to fit; padding is False')


def _unlabeled_nodes(graph: Graph, rows: np.ndarray, unlabeled: str | None) -> np.ndarray | None:
    if unlabeled is None:
        return None
    nodes = np.setdiff1d(np.arange(graph.num_nodes), rows)
    if unlabeled != "rest" or "rest" in graph.splits:
        nodes = graph.split(unlabeled)
    if not len(nodes):
        raise ValueError(f"unlabeled={unlabeled!r} holds no nodes")
    return nodes
