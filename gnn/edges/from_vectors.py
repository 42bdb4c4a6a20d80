"""Edges from vectors: each is joined to those most similar to it."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

from gnn.configs.neighbors import NeighborGraphConfig, as_neighbor_graph_config
from gnn.edges.edges import EdgeReport, Edges, counted
from gnn.edges.neighbors.approximate import approximate
from gnn.edges.neighbors.copies import copies_of, with_copies, with_itself
from gnn.edges.neighbors.exact import near_pairs
from gnn.edges.neighbors.metrics import Vectors, as_vectors, farthest, similarities
from gnn.edges.neighbors.pairs import Near
from gnn.edges.top_neighbors import in_both_directions, sort_senders

# Up to so many different vectors all pairs are compared unless one says otherwise.
MOST_EXACT = 50_000


def edges_from_vectors(vectors: Any, config: Any = None) -> Edges:
    """Joins each vector to its nearest ones, as a configuration says.

    Vectors that are equal are as near to another as each other, and the smallest index comes first:
    a vector is joined to at most `k` copies of itself. Those found that are of similarity 0 or
    less, or less similar than `min_similarity`, are left out and not replaced.

    Args:
      vectors: finite real numbers `[num_nodes, width]`; row i is node i.
      config: a `gnn.NeighborGraphConfig`, or a dict of its fields; None takes the defaults.

    Returns:
      The edges, in both directions, sorted by receiver and then sender, without loops. The weights
      are the similarities, measured in float64 and kept as float32. How neighbors were found, and
      what was left out, is in the remarks of the report.

    Raises:
      ImportError: for `method="approximate"`, if `faiss` is not installed.
      TypeError: if the vectors are no real numbers.
      ValueError: if they have another rank, or one is not finite; its row is named.

    >>> edges = edges_from_vectors([[1, 0], [1, 0.1], [0, 1], [0, 0]], {"k": 1})
    >>> edges.senders.tolist(), edges.receivers.tolist(), edges.weights.round(3)
    ([1, 0, 2, 1], [0, 1, 1, 2], array([0.995, 0.995, 0.1  , 0.1  ], dtype=float32))
    >>> edges.report.text()
    '4 vectors: 1 nearest neighbor of each by cosine, exact, 1 vector of zeros without neighbors'
    """
    config = as_neighbor_graph_config(config)
    given = as_vectors("vectors", vectors)
    vectors = Vectors.of(given, config.metric)
    _refuse_long(vectors)
    # What is nowhere is similar to nothing.
    real = vectors.lengths > 0 if config.metric != "l2" else np.ones(len(given), bool)
    nodes = None if real.all() else np.flatnonzero(real)
    kept = given if nodes is None else given[nodes]
    copies = copies_of(kept)
    kept = kept[copies.first] if copies.any else kept
    distinct = vectors if kept is given else Vectors.of(kept, config.metric)
    near, how = _nearest(distinct, config)
    remarks = [how]
    if copies.any:
        near = with_itself(near, distinct)
        near = with_copies(near, copies, config.k, each=True, without_self=True)
        remarks.append(f"{copies.number.size - copies.first.size:,} equal to an earlier one")
    if nodes is not None:
        near = near._replace(rows=nodes[near.rows], columns=nodes[near.columns])
        zeros = counted(len(given) - nodes.size, "vector")
        remarks.append(f"{zeros} of zeros without neighbors")
    del kept, copies, distinct
    senders, receivers, weights, left_out = _similar_enough(near, config)
    del near
    chosen = senders.size
    sort_senders(senders, receivers, weights, len(given))
    senders, receivers, weights = in_both_directions(
        senders, receivers, weights, len(given), mutual=config.symmetric == "mutual"
    )
    if config.symmetric == "mutual":
        alone = chosen - senders.size
        left_out.append(f"{counted(alone, 'pair')} that one end alone chose left out")
    report = EdgeReport(len(given), unit="vector", remarks=(*remarks, *left_out))
    return Edges(senders, receivers, weights, None, report)


def _nearest(vectors: Vectors, config: NeighborGraphConfig) -> tuple[Near, str]:
    """The nearest others of each of some different vectors; how they were found, in words."""
    k, how = config.k, "exact"
    if k is None:
        bound = config.min_similarity or 0.0
        within = farthest(max(bound, 0.0), config.metric)
        near = near_pairs(vectors, vectors, within=within, without_self=True)
        return near, f"all of similarity {bound:g} or more by {config.metric}, exact"
    found = f"{counted(k, 'nearest neighbor')} of each by {config.metric}"
    large = config.method == "auto" and len(vectors) > MOST_EXACT
    if large and importlib.util.find_spec("faiss") is None:
        large, how = False, "exact, since faiss is not installed (pip install 'gnn[retrieval]')"
    if large or config.method == "approximate":
        near, how = approximate(vectors, k, target_recall=config.target_recall, seed=config.seed)
    else:
        near = near_pairs(vectors, vectors, k, without_self=True)
    return near, f"{found}, {how}"


def _similar_enough(
    near: Near, config: NeighborGraphConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Senders, receivers and weights of the pairs that are edges; remarks on those that are not."""
    similar = similarities(near.distances, config.metric)
    with np.errstate(over="ignore"):
        weights = similar.astype(np.float32)
    if np.isinf(weights).any():
        at = int(np.argmax(np.isinf(weights)))
        raise ValueError(
            "vectors must have products that are finite in float32, got "
            f"{similar[at]:g} of rows {near.rows[at]} and {near.columns[at]}"
        )
    edges, remarks = weights > 0, []
    if config.k is not None and not edges.all():
        none = counted(int(np.sum(~edges)), "neighbor")
        remarks.append(f"{none} of similarity 0 or less left out")
    if config.min_similarity is not None:
        enough = similar >= config.min_similarity
        few = int(np.sum(edges & ~enough))
        if config.k is not None and few:
            less = f"of similarity below {config.min_similarity:g}"
            remarks.append(f"{counted(few, 'neighbor')} {less} left out")
        edges &= enough
    senders = near.columns.astype(np.int32, copy=False)
    receivers = near.rows.astype(np.int32, copy=False)
    if not edges.all():
        senders, receivers, weights = senders[edges], receivers[edges], weights[edges]
    return senders, receivers, weights, remarks


def _refuse_long(vectors: Vectors) -> None:
    """Raises ValueError where a vector is longer than float32 can say."""
    long = vectors.lengths > np.finfo(np.float32).max
    if long.any():
        raise ValueError(f"vectors must be finite in float32; row {np.argmax(long)} is not")
