"""Sampled neighborhoods, one component a seed node, vectorized in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gnn.graphs.narrow import narrow
from gnn.graphs.sampling.draws import mix
from gnn.graphs.sampling.neighbor_index import NeighborIndex


def sample_neighborhoods(
    index: NeighborIndex,
    seeds: np.ndarray,
    fanout: Sequence[int | None],
    streams: np.ndarray,
) -> dict[str, np.ndarray]:
    """One component a seed: the nodes that reach it within `len(fanout)` hops along sampled edges.

    Hop k draws up to `fanout[k]` incoming edges, without replacement, of every node first reached
    at hop k - 1 (GraphSAGE's sampling: Hamilton et al., NeurIPS 2017, section 3.1, which draws with
    replacement). A node is in a component once, and its edges are drawn once there; components
    share nothing. The seed is the last node of its component.

    Args:
        index: the edges.
        seeds: int `[n_seeds]`; a seed may come twice.
        fanout: the most neighbors at each hop; None takes all, 0 none.
        streams: uint64 `[n_seeds]`, a random seed for each component (`mix` makes them). A
            component is a function of its stream and its seed node, whatever batch it is in.

    Returns:
        The graph keys of a batch (`gnn.graphs.batch.graphs_tuple`) with edges sorted by receiver,
        with `graph_degrees`, `readout` (the seeds), and `node_ids` int32 `[n_nodes]`, where each
        row comes from.

    Example:

    >>> index = NeighborIndex(np.array([1, 2]), np.array([0, 0]), np.array([1.0, 1.0]), 3)
    >>> star = sample_neighborhoods(index, np.array([0]), [None], np.zeros(1, np.uint64))
    >>> star["node_ids"].tolist(), star["senders"].tolist(), star["receivers"].tolist()
    ([1, 2, 0], [0, 1], [2, 2])
    """
    # A key names a node within a component, and sorts by component first.
    stride = np.int64(index.num_nodes)
    seed_keys = np.arange(len(seeds), dtype=np.int64) * stride + seeds
    known = frontier = seed_keys
    sender_keys, receiver_keys, weighed = [], [], []
    for hop, most in enumerate(fanout):
        own = mix(streams[frontier // stride], hop)
        drawn, counts = index.sample_edges(frontier % stride, most, own)
        ends = np.repeat(frontier, counts)
        starts = ends // stride * stride + index.senders[drawn]
        sender_keys.append(starts)
        receiver_keys.append(ends)
        weighed.append(index.drawn_weights(drawn, frontier % stride, counts))
        if hop + 1 < len(fanout):
            frontier = np.setdiff1d(starts, known)
        known = np.union1d(known, starts)

    component = known // stride
    n_node = np.bincount(component, minlength=len(seeds)).astype(np.int32)
    centers = narrow("readout", np.cumsum(n_node, dtype=np.int64) - 1)
    is_seed = known == seed_keys[component]
    layout = np.lexsort((known, is_seed, component))
    row_of = np.empty(known.size, np.int32)
    row_of[layout] = np.arange(known.size, dtype=np.int32)

    senders = row_of[np.searchsorted(known, _joined(sender_keys))]
    receivers = row_of[np.searchsorted(known, _joined(receiver_keys))]
    weights = np.concatenate(weighed) if weighed else np.zeros(0, np.float32)
    order = np.lexsort((senders, receivers))
    senders, receivers, weights = senders[order], receivers[order], weights[order]
    edge_component = component[layout][receivers]
    node_ids = (known % stride).astype(np.int32)[layout]
    return {
        "n_node": n_node,
        "n_edge": np.bincount(edge_component, minlength=len(seeds)).astype(np.int32),
        "edges": weights[:, np.newaxis],
        "senders": senders,
        "receivers": receivers,
        "globals": np.zeros((len(seeds), 0), np.float32),
        "readout": centers,
        "graph_degrees": index.weighted_degrees[node_ids],
        "node_ids": node_ids,
    }


def components(batch: dict[str, np.ndarray], start: int, stop: int) -> dict[str, np.ndarray]:
    """Some consecutive components of a batch that `sample_neighborhoods` made, as a batch.

    Args:
        batch: the graph keys, `readout` and `node_ids`.
        start: the first component.
        stop: the one after the last.

    Example:

    >>> index = NeighborIndex(np.array([1, 2]), np.array([0, 0]), np.array([1.0, 1.0]), 3)
    >>> both = sample_neighborhoods(index, np.array([1, 0]), [None], np.zeros(2, np.uint64))
    >>> components(both, 1, 2)["senders"].tolist(), components(both, 1, 2)["node_ids"].tolist()
    ([0, 1], [1, 2, 0])
    """
    # The seed is the last node of its component.
    first = int(batch["readout"][start - 1]) + 1 if start else 0
    last = int(batch["readout"][stop - 1]) + 1 if stop else 0
    before = int(batch["n_edge"][:start].sum())
    edges = slice(before, before + int(batch["n_edge"][start:stop].sum()))
    return {
        "n_node": batch["n_node"][start:stop],
        "n_edge": batch["n_edge"][start:stop],
        "edges": batch["edges"][edges],
        "senders": batch["senders"][edges] - np.int32(first),
        "receivers": batch["receivers"][edges] - np.int32(first),
        "globals": batch["globals"][start:stop],
        "readout": batch["readout"][start:stop] - np.int32(first),
        "graph_degrees": batch["graph_degrees"][first:last],
        "node_ids": batch["node_ids"][first:last],
    }


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
