"""Wrong edges, added to a graph to see what a model makes of them."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from gnn.graphs.graph import Graph
from gnn.graphs.homophily import counted_edges


def add_wrong_edges(graph: Graph, share: float, *, seed: int = 0) -> Graph:
    """Adds edges between nodes of different classes, until a share of right ones is reached.

    An edge is right if it joins nodes of one class: the share is what `homophily(graph)` measures,
    over edges that are no self loop and whose ends are labeled (not -1). Of `correct` right edges
    among `total`, `n_add = floor(correct / share - total)` are added, drawn evenly from the pairs
    of labeled nodes of different classes that no edge joins yet; so the new share is the least one
    that is not below `share`. Where every such edge has its reverse, pairs are counted, and each
    new one is added in both directions. This is the robustness experiment of Stretcu et al. 2019,
    "Graph Agreement Models for Semi-Supervised Learning"; there new edges weigh 1.

    A new edge takes the weight of an edge drawn from those that count, the same in both directions,
    so that weights do not tell which edges are wrong; in a graph of ones it weighs 1. True labels
    decide what is added, test labels too: it is meant for experiments.

    Args:
        graph: a graph with one integer label a node. The edges may be a memory map; those of the
            result are in memory.
        share: the share of right edges to reach, in (0, 1] and not above the present one.
        seed: of `np.random.default_rng`. With one seed, what is added for a share is added for a
            lower one too, as long as less than half of the pairs of different classes are joined.

    Returns:
        The graph with the new edges after its own, and without `offsets`.

    Raises:
        TypeError: `graph` is no `gnn.Graph`, or `share` no number.
        ValueError: `share` is outside (0, 1] or above the present share; the labels are missing or
            are no class a node; no edge joins two labeled nodes; or there are fewer pairs than it
            takes.

    Example:

    >>> graph = Graph.from_edges([0, 2], [1, 3], labels=[0, 0, 1, 1], undirected=True)
    >>> noisy = add_wrong_edges(graph, 0.5)
    >>> noisy.num_edges - graph.num_edges
    4
    >>> set(noisy.senders[4:].tolist()) <= {0, 1, 2, 3}
    True
    """
    share = _as_share(share)
    classes, counts = counted_edges(graph)
    senders = graph.senders[counts].astype(np.int64)
    receivers = graph.receivers[counts].astype(np.int64)
    equal = classes[senders] == classes[receivers]
    right = int(np.sum(equal))
    if right < share * equal.size * (1 - 1e-9):
        raise ValueError(
            f"share must be at most the present share of right edges, {right / equal.size:.4g}; "
            f"got {share:g}"
        )
    number_of = graph.num_nodes  # A pair is one number: sender * number_of + receiver.
    back = np.unique(receivers * number_of + senders)
    both_ways = np.array_equal(np.unique(senders * number_of + receivers), back)
    # The small number keeps 3 / 0.6 from being less than 5.
    number = math.floor((right / share - equal.size) / (2 if both_ways else 1) + 1e-6)
    if number <= 0:
        return graph
    mixed = _MixedPairs.of(classes, ordered=not both_ways)
    a, b = senders[~equal], receivers[~equal]
    if both_ways:  # Once, from the lower class to the higher, as `mixed` has them.
        lower = classes[a] < classes[b]
        a, b = a[lower], b[lower]
    taken = np.unique(a * number_of + b)
    free = mixed.total - taken.size
    if number > free:
        raise ValueError(
            f"share must leave enough pairs to join: {share:g} takes {number:,} new pairs of "
            f"labeled nodes of different classes, and {free:,} are free"
        )
    drawing, weighing = np.random.default_rng(seed).spawn(2)
    a, b = np.divmod(_draw(number, mixed, taken, number_of, drawing), number_of)
    weights = graph.weights[counts][weighing.integers(equal.size, size=number)]
    if both_ways:
        a, b, weights = np.append(a, b), np.append(b, a), np.append(weights, weights)
    made = graph.notes.get("edges") or f"{graph.num_edges:,} edges"
    return dataclasses.replace(
        graph,
        senders=np.append(graph.senders, a),
        receivers=np.append(graph.receivers, b),
        weights=np.append(graph.weights, weights),
        offsets=None,
        notes={**graph.notes, "edges": f"{made}; then {number:,} between different classes"},
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _MixedPairs:
    """The pairs of labeled nodes of different classes, numbered, without a list of them.

    Attributes:
        nodes: the labeled nodes by class.
        ordered: whether (i, j) and (j, i) are two; else a pair runs from the lower class.
        start: of each class, where its nodes begin in `nodes`.
        size: of each class, how many nodes it has.
        partners: of each class, how many nodes one of its nodes is paired with.
        first: of each class, the number of its first pair.
        total: how many pairs there are.
    """

    nodes: np.ndarray
    ordered: bool
    start: np.ndarray
    size: np.ndarray
    partners: np.ndarray
    first: np.ndarray
    total: int

    @classmethod
    def of(cls, classes: np.ndarray, *, ordered: bool) -> _MixedPairs:
        labeled = np.flatnonzero(classes >= 0)
        nodes = labeled[np.argsort(classes[labeled], kind="stable")]
        _, size = np.unique(classes[labeled], return_counts=True)
        start = np.cumsum(size) - size
        partners = nodes.size - size - (0 if ordered else start)
        ends = np.cumsum(size * partners)
        return cls(nodes, ordered, start, size, partners, ends - size * partners, int(ends[-1]))

    def __getitem__(self, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The two nodes of each pair of these numbers."""
        k = np.searchsorted(self.first, pairs, side="right") - 1
        place, partner = np.divmod(pairs - self.first[k], self.partners[k])
        start, size = self.start[k], self.size[k]
        # The partners of a class lie before and after it in `nodes`, or after it only.
        partner += np.where(partner >= start, size, 0) if self.ordered else start + size
        return self.nodes[start + place], self.nodes[partner]


def _draw(
    number: int,
    mixed: _MixedPairs,
    taken: np.ndarray,
    number_of: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draws so many pairs that are not taken, each at most once, as numbers; `taken` is sorted."""

    def keys(pairs: np.ndarray) -> np.ndarray:
        a, b = mixed[pairs]
        found = a * number_of + b
        return found[~np.isin(found, taken)]

    if 2 * (number + taken.size) >= mixed.total:  # Few are free: draws would mostly be in vain.
        return rng.choice(keys(np.arange(mixed.total)), number, replace=False)
    drawn = np.empty(0, np.int64)
    while drawn.size < number:
        more = keys(rng.integers(mixed.total, size=2 * (number - drawn.size) + 16))
        drawn = np.append(drawn, more)
        _, place = np.unique(drawn, return_index=True)
        drawn = drawn[np.sort(place)]
    return drawn[:number]


def _as_share(share: Any) -> float:
    """A number in (0, 1]."""
    if isinstance(share, (bool, np.bool_)) or not isinstance(share, (int, float, np.number)):
        raise TypeError(f"share must be a number, got {share!r}")
    if not 0 < share <= 1:
        raise ValueError(f"share must be in (0, 1], got {share}")
    return float(share)
