"""Parts of a graph by label propagation with a limit on sizes, on coarser and coarser graphs."""

from __future__ import annotations

import numpy as np
from scipy import sparse

# How much larger than the average a part may be.
_IMBALANCE = 0.05
# Coarsening ends at this many nodes a part; a coarse node is at most an eighth of a part.
_COARSE_NODES = 20
_COARSE_SHARE = 0.125
_COARSENING_ROUNDS = 4
_REFINING_ROUNDS = 10


def label_propagation_parts(
    adjacency: sparse.csr_array, num_parts: int, rng: np.random.Generator
) -> np.ndarray:
    """Divides the nodes into parts of about equal size with few edges between them.

    Nodes move to the part that most of their edges lead to, as long as it has room. That is done
    on clusters first, then on the clusters of these, and so on; the smallest graph is divided
    greedily (heaviest first, linear deterministic greedy: Stanton and Kliot, "Streaming graph
    partitioning for large distributed graphs", KDD 2012), and the division is refined on the way
    back. The scheme is that of Meyerhenke, Sanders and Schulz, "Partitioning complex networks via
    size-constrained clustering", SEA 2014. Ours moves all nodes of a round at once, half of them a
    round, so that a round is a few NumPy calls.

    Args:
        adjacency: `[n, n]`, symmetric, with an empty diagonal; the values are the numbers of edges.
        num_parts: from 1 to n.
        rng: decides ties, and who moves first.

    Returns:
        int64 `[n]`, the part of each node. No part has more than `ceil(1.05 n / num_parts)` nodes.

    Example:

    >>> pairs = sparse.csr_array(np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]))
    >>> parts = label_propagation_parts(pairs, 2, np.random.default_rng(0))
    >>> bool(parts[0] == parts[1] != parts[2] == parts[3])
    True
    """
    num_nodes = adjacency.shape[0]
    capacity = int(np.ceil((1 + _IMBALANCE) * num_nodes / num_parts))
    parts = np.full(num_nodes, -1, np.int64)
    # Nodes without edges say nothing, and fill up what is left.
    connected = np.flatnonzero(np.diff(adjacency.indptr))
    if connected.size:
        graph = adjacency[connected][:, connected]
        parts[connected] = _multilevel(graph, num_parts, capacity, num_nodes, rng)
    return _balanced(adjacency, parts, num_parts, capacity)


def _multilevel(
    adjacency: sparse.csr_array,
    num_parts: int,
    capacity: int,
    num_nodes: int,
    rng: np.random.Generator,
) -> np.ndarray:
    sizes = np.ones(adjacency.shape[0])
    limit = max(_COARSE_SHARE * num_nodes / num_parts, 2.0)
    levels = []
    while adjacency.shape[0] > _COARSE_NODES * num_parts:
        alone = np.arange(adjacency.shape[0])
        labels = _propagate(adjacency, sizes, alone, limit, _COARSENING_ROUNDS, rng)
        labels = np.unique(labels, return_inverse=True)[1]
        if labels.max() + 1 > 0.9 * len(labels):
            break
        levels.append((adjacency, sizes, labels))
        members = _members(labels)
        adjacency = sparse.csr_array(members.T @ adjacency @ members)
        adjacency.setdiag(0)
        adjacency.eliminate_zeros()
        sizes = np.bincount(labels, sizes)
    parts = _greedy(adjacency, sizes, num_parts, capacity)
    parts = _propagate(adjacency, sizes, parts, capacity, _REFINING_ROUNDS, rng)
    for adjacency, sizes, labels in reversed(levels):
        parts = _propagate(adjacency, sizes, parts[labels], capacity, _REFINING_ROUNDS, rng)
    return parts


def _members(labels: np.ndarray) -> sparse.csr_array:
    """`[n, n_labels]`, a one where a node has a label."""
    count = len(labels)
    shape = (count, int(labels.max()) + 1)
    return sparse.csr_array((np.ones(count), labels, np.arange(count + 1)), shape=shape)


def _propagate(
    adjacency: sparse.csr_array,
    sizes: np.ndarray,
    labels: np.ndarray,
    capacity: float,
    rounds: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Moves nodes to the label of most of their edges, as far as `capacity` allows."""
    labels = labels.copy()
    for _ in range(rounds):
        filled = np.bincount(labels, sizes, labels.max() + 1)
        gains, targets = _best_moves(adjacency, labels, filled < capacity, rng)
        # If all moved at once, two neighbors could swap places for ever.
        movers = np.flatnonzero((gains > 0) & (rng.random(len(labels)) < 0.5))
        movers = movers[np.lexsort((-gains[movers], targets[movers]))]
        target, size = targets[movers], sizes[movers]
        ends = np.cumsum(size)
        first = np.searchsorted(target, target)
        arrived = ends - (ends - size)[first]
        admitted = filled[target] + arrived <= capacity
        labels[movers[admitted]] = target[admitted]
        if admitted.sum() < 0.001 * len(labels):
            break
    return labels


def _best_moves(
    adjacency: sparse.csr_array, labels: np.ndarray, is_open: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """For each node the open label with the most of its edges, and how many more than its own."""
    edges = sparse.csr_array(adjacency @ _members(labels))
    rows = np.repeat(np.arange(len(labels)), np.diff(edges.indptr))
    is_own = edges.indices == labels[rows]
    own = np.bincount(rows[is_own], edges.data[is_own], len(labels))
    # A little noise decides between equals.
    values = edges.data * (1 + 1e-3 * rng.random(edges.nnz))
    values[is_own | ~is_open[edges.indices]] = -1.0
    gains = np.full(len(labels), -1.0)
    targets = np.zeros(len(labels), np.int64)
    largest = np.full(len(labels), -1.0)
    filled = np.flatnonzero(np.diff(edges.indptr))
    if filled.size:
        largest[filled] = np.maximum.reduceat(values, edges.indptr[filled])
    at = np.flatnonzero((values == largest[rows]) & (values > 0))
    nodes, first = np.unique(rows[at], return_index=True)
    gains[nodes] = (largest - own)[nodes]
    targets[nodes] = edges.indices[at[first]]
    return gains, targets


def _greedy(
    adjacency: sparse.csr_array, sizes: np.ndarray, num_parts: int, capacity: float
) -> np.ndarray:
    """Gives each node, the heaviest first, to the part with most of its edges and room for it."""
    parts = np.full(len(sizes), -1, np.int64)
    filled = np.zeros(num_parts)
    for node in np.argsort(-sizes, kind="stable"):
        nearby = slice(adjacency.indptr[node], adjacency.indptr[node + 1])
        known = parts[adjacency.indices[nearby]]
        placed = known >= 0
        edges = np.bincount(known[placed], adjacency.data[nearby][placed], num_parts)
        scores = edges * (1 - filled / capacity)
        scores[filled + sizes[node] > capacity] = -1.0
        best = np.flatnonzero(scores == scores.max())
        part = best[np.argmin(filled[best])]
        parts[node] = part
        filled[part] += sizes[node]
    return parts


def _balanced(
    adjacency: sparse.csr_array, parts: np.ndarray, num_parts: int, capacity: int
) -> np.ndarray:
    """Places the nodes without a part, and those too many with the fewest edges in theirs."""
    senders = np.repeat(np.arange(len(parts)), np.diff(adjacency.indptr))
    inside = parts[senders] == parts[adjacency.indices]
    own = np.bincount(senders[inside], adjacency.data[inside], len(parts))
    order = np.lexsort((-own, parts))
    rank = np.arange(len(parts)) - np.searchsorted(parts[order], parts[order])
    spare = order[(rank >= capacity) | (parts[order] < 0)]
    parts = parts.copy()
    parts[spare] = -1
    filled = np.bincount(parts[parts >= 0], minlength=num_parts)
    # The emptiest parts are filled first, seat by seat.
    seats = np.concatenate([np.arange(count, capacity) for count in filled])
    owners = np.repeat(np.arange(num_parts), capacity - filled)
    parts[spare] = owners[np.lexsort((owners, seats))][: len(spare)]
    return parts
