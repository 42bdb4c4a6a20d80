"""How much of a graph its embeddings tell."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from scipy import sparse

from gnn.configs.arguments import check_count
from gnn.edges.neighbors.metrics import as_vectors
from gnn.evaluation.neighbors import METRICS
from gnn.evaluation.ranking import ranked_items


@dataclasses.dataclass(frozen=True)
class Reconstruction:
    """Means over nodes that have neighbors.

    Attributes:
        num_nodes: how many have.
        r_precision: of a node with R neighbors, the share of them among the R nearest nodes.
        map_at_r: likewise, the average precision up to R.

    Example:

    >>> graph_reconstruction([[0.0], [1.0], [9.0]], [0], [1], metric="l2").r_precision
    1.0
    """

    num_nodes: int
    r_precision: float
    map_at_r: float


def graph_reconstruction(
    embeddings: Any, senders: Any, receivers: Any, hops: int = 1, metric: str = "cosine"
) -> Reconstruction:
    """Rebuilds the neighbors of each node as the nodes whose embeddings are nearest.

    The idea is that of RESTORE (Yap et al., "Graph embedding assessment through reconstruction",
    2023), who measure the mean average precision of k-hop neighborhoods. Ours is cut at R, as
    `retrieval_figures`, and takes edges both ways.

    Args:
        embeddings: finite numbers `[num_nodes, width]`.
        senders: int `[num_edges]`.
        receivers: likewise.
        hops: neighbors are nodes within so many steps.
        metric: "cosine" or "l2".

    Raises:
        TypeError: rows that are not real numbers.
        ValueError: a node is out of range, there is no edge between two nodes, or the metric is
            another.

    Example:

    >>> graph_reconstruction([[0], [1], [2], [9]], [0, 1], [1, 2], metric="l2").map_at_r
    1.0
    """
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}; got {metric!r}")
    rows = as_vectors("embeddings", embeddings)
    ends = [np.asarray(each, np.int64).reshape(-1) for each in (senders, receivers)]
    for name, each in zip(("senders", "receivers"), ends, strict=True):
        if each.size and (each.min() < 0 or each.max() >= len(rows)):
            raise ValueError(f"{name} must be from 0 to {len(rows) - 1}, the nodes embedded")
    ones = np.ones(ends[0].size, np.int64)
    step = sparse.csr_array((ones, ends), shape=(len(rows), len(rows)))
    step = ((step + step.T) > 0).astype(np.int64)
    within = step
    for _ in range(check_count("hops", hops) - 1):
        within = ((within + within @ step) > 0).astype(np.int64)
    within = sparse.csr_array(within - sparse.diags_array(within.diagonal(), dtype=np.int64))
    within.eliminate_zeros()
    within.sort_indices()
    counts = np.diff(within.indptr)
    nodes = np.flatnonzero(counts)
    if not nodes.size:
        raise ValueError("no edge joins two different nodes")
    pairs = np.repeat(np.arange(len(rows)), counts) * len(rows) + within.indices
    found = np.zeros((nodes.size, 2))
    for some, near in ranked_items(rows[nodes], rows, counts[nodes], metric, nodes):
        asked = nodes[some]
        keys = asked[:, np.newaxis] * len(rows) + near
        place = np.minimum(np.searchsorted(pairs, keys), pairs.size - 1)
        ranks = np.arange(1, near.shape[1] + 1)
        right = pairs[place] == keys
        inside = right & (ranks <= counts[asked, np.newaxis])
        precision = np.cumsum(right, axis=1) / ranks
        found[some, 0] = inside.sum(axis=1) / counts[asked]
        found[some, 1] = (precision * inside).sum(axis=1) / counts[asked]
    r_precision, average = found.mean(axis=0)
    return Reconstruction(nodes.size, float(r_precision), float(average))
