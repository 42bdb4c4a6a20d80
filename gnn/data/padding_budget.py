"""How large the batches are: the sizes to pad them to, measured or at most."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.data.sampling_plan import SamplingPlan
from gnn.graphs.batch.padding import PaddingSizes
from gnn.graphs.sampling.neighbor_index import NeighborIndex

# Of the measured sizes: so many standard deviations above the largest, and at least this share.
DEVIATIONS, LEAST_SHARE = 3.0, 0.01


def measure_padding(
    dataset: tf.data.Dataset, *, batches: int | None = None, margin: float = DEVIATIONS
) -> PaddingSizes:
    """The sizes to pad the batches of a data set to, measured on the batches themselves.

    Nodes and edges get the largest number seen and, above it, `margin` standard deviations of the
    numbers seen, at least 1%: sampled neighborhoods differ from epoch to epoch. Components and rows
    get the largest number seen. A node and a component are added for the padding itself.

    Args:
        dataset: batches that are not padded, such as of `neighborhoods` or `records.read`. It is
            read, which draws an epoch of a data set that shuffles: make one for this alone.
        batches: how many batches to read, from the first; None reads one epoch.
        margin: how many standard deviations above the largest; 0 adds nothing, for batches that are
            the same each epoch.

    Returns:
        What `padding=` takes.

    Raises:
        ValueError: an argument is out of range, or the data set is empty or padded.

    Example:

    >>> from gnn.data.neighborhoods import neighborhoods
    >>> from gnn.graphs.graph import Graph
    >>> graph = Graph.from_edges([0, 1, 2], [1, 2, 0], np.eye(3))
    >>> measure_padding(neighborhoods(graph, batch_size=2, fanout=1), margin=0)
    PaddingSizes(n_node=5, n_edge=2, n_graph=3, n_row=2)
    """
    if batches is not None:
        check_count("batches", batches)
    if not margin >= 0:
        raise ValueError(f"margin must be a number of at least 0; got {margin!r}")
    measured = []
    for element in dataset if batches is None else dataset.take(batches):
        inputs = element[0] if isinstance(element, tuple) else element
        if "readout_mask" in inputs:
            raise ValueError(
                "dataset must not be padded, or its padding is what is measured; it has the key "
                "'readout_mask'"
            )
        graphs = len(inputs["n_node"])
        # Without `readout` rows are components, and so those of the padding are rows too.
        rows = len(inputs["readout"]) if "readout" in inputs else graphs + 1
        nodes = int(np.sum(inputs["n_node"]))
        measured.append((nodes, len(inputs["senders"]), graphs, rows))
    if not measured:
        raise ValueError("dataset must hold a batch to measure; got none")
    return with_margin(np.array(measured), margin)


def with_margin(measured: np.ndarray, margin: float) -> PaddingSizes:
    """Sizes for batches like those measured.

    Args:
        measured: int `[n_batches, 4]`: nodes, edges, components and rows, without padding.
        margin: standard deviations above the largest; 0 adds nothing.

    Example:

    >>> with_margin(np.array([[90, 200, 1, 8], [110, 220, 1, 8]]), 3.0)
    PaddingSizes(n_node=141, n_edge=250, n_graph=2, n_row=8)
    """
    largest = measured.max(axis=0)
    added = np.maximum(margin * measured.std(axis=0), LEAST_SHARE * largest if margin else 0.0)
    nodes, edges = np.ceil(largest + added)[:2].astype(int).tolist()
    return PaddingSizes(nodes + 1, edges, int(largest[2]) + 1, int(largest[3]))


def largest_sizes(index: NeighborIndex, plan: SamplingPlan) -> PaddingSizes | None:
    """The most that any batch can have, or None where only a component's whole reach bounds it.

    The largest degrees count at the first hop, the fan-out after. A merged batch has each node once
    and draws its edges once, so it has no more than the graph.

    Args:
        index: the edges.
        plan: what is sampled.

    Example:

    >>> index = NeighborIndex(np.array([1, 2]), np.array([0, 0]), np.ones(2), 3)
    >>> largest_sizes(index, SamplingPlan(rows=np.arange(3), batch_size=2, hops=(1,)))
    PaddingSizes(n_node=4, n_edge=1, n_graph=3, n_row=2)
    """
    hops, merge = plan.hops, plan.merge
    if None in hops[1:] and not merge:
        return None
    num_rows = min(plan.batch_size, len(plan.rows))
    seeds = num_rows + plan.num_extra
    edges = 0
    if hops:
        cap = np.iinfo(np.int64).max if hops[0] is None else hops[0]
        degrees = np.sort(np.minimum(index.degrees(plan.rows), cap))
        edges = int(degrees[-num_rows:].sum())
        if plan.extra is not None:
            # A batch can span two rounds over the unlabeled nodes, so one may come twice.
            edges += plan.num_extra * int(np.minimum(index.degrees(plan.extra), cap).max())
    reached = edges
    everything = len(index.senders)
    for most in hops[1:]:
        reached = everything if most is None else reached * most
        edges += reached
    if not merge:
        return PaddingSizes(seeds + edges + 1, edges, seeds + 1, num_rows)
    return PaddingSizes(
        min(seeds + edges, index.num_nodes) + 1, min(edges, everything), 2, num_rows
    )
