"""Pairs of nodes for the agreement loss, by whether the labels of their nodes are known."""

from __future__ import annotations

import dataclasses

import numpy as np

from gnn.configs import PairWeights
from gnn.graphs.graph import Graph


@dataclasses.dataclass(frozen=True, eq=False)
class PairKind:
    """Pairs of one kind.

    Attributes:
        weight: how much the kind counts.
        labeled_left: whether the label of the first node stands in for its prediction.
        trusted: whether a pair counts in full, without the agreement model: its two labels are
            known and equal.
        edges: int32 `[n, 2]`; None where pairs are drawn from `left` and `right`.
        cumulative: float64 `[n]`, the running sum of the edges' weights.
        left: int32, the nodes that are drawn as first of a random pair.
        right: the same for the second.
    """

    weight: float
    labeled_left: bool
    trusted: bool
    edges: np.ndarray | None = None
    cumulative: np.ndarray | None = None
    left: np.ndarray | None = None
    right: np.ndarray | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        if self.edges is not None:
            return not len(self.edges)
        assert self.left is not None and self.right is not None
        return not (len(self.left) and len(self.right))

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draws pairs with replacement, edges in proportion to their weights.

        Args:
            count: how many.
            rng: NumPy's generator.

        Returns:
            int32 `[count, 2]`, zeros where there is nothing to draw.

        Example:

        >>> kind = PairKind(0.1, True, False, left=np.array([4]), right=np.array([7]))
        >>> kind.draw(2, np.random.default_rng(0)).tolist()
        [[4, 7], [4, 7]]
        """
        if self.is_empty:
            return np.zeros((count, 2), np.int32)
        if self.edges is None:
            assert self.left is not None and self.right is not None
            ends = [side[rng.integers(len(side), size=count)] for side in (self.left, self.right)]
            return np.stack(ends, axis=1).astype(np.int32)
        assert self.cumulative is not None
        place = rng.random(count) * self.cumulative[-1]
        chosen = np.searchsorted(self.cumulative, place, side="right")
        return self.edges[np.minimum(chosen, len(self.edges) - 1)]


def edges_by_kind(graph: Graph, labels: np.ndarray, weights: PairWeights) -> list[PairKind]:
    """The edges of each kind: of two labeled nodes, of one, of none.

    An edge of one labeled node has it first. Of those of two, only they take part whose labels are
    equal (Stretcu et al., "Graph agreement models", NeurIPS 2019, section 3.2). Self loops and
    edges of weight 0 are left out.

    Args:
        graph: the graph; its own labels are not looked at.
        labels: int `[n_nodes]`, -1 where unknown.
        weights: of the kinds.

    Example:

    >>> graph = Graph.from_edges([0, 1, 2, 2], [1, 2, 1, 3])
    >>> kinds = edges_by_kind(graph, np.array([5, 5, -1, -1]), PairWeights())
    >>> [kind.edges.tolist() for kind in kinds]
    [[[0, 1]], [[1, 2], [1, 2]], [[2, 3]]]
    """
    senders, receivers = np.asarray(graph.senders), np.asarray(graph.receivers)
    counted = np.asarray(graph.weights)
    kept = np.flatnonzero((senders != receivers) & (counted > 0))
    senders, receivers, counted = senders[kept], receivers[kept], counted[kept]
    known = labels >= 0
    # A labeled receiver of an unlabeled sender comes first: the label must be that of a node whose
    # label is known.
    turned = known[receivers] & ~known[senders]
    pairs = np.stack(
        [np.where(turned, receivers, senders), np.where(turned, senders, receivers)], axis=1
    ).astype(np.int32)
    first, second = known[pairs[:, 0]], known[pairs[:, 1]]
    equal = labels[pairs[:, 0]] == labels[pairs[:, 1]]

    def kind(chosen: np.ndarray, weight: float, labeled: bool, trusted: bool) -> PairKind:
        total = np.cumsum(counted[chosen], dtype=np.float64)
        return PairKind(weight, labeled, trusted, edges=pairs[chosen], cumulative=total)

    return [
        kind(first & second & equal, weights.labeled_labeled, True, True),
        kind(first & ~second, weights.labeled_unlabeled, True, False),
        kind(~first & ~second, weights.unlabeled_unlabeled, False, False),
    ]


def random_pairs_by_kind(labels: np.ndarray, weights: PairWeights) -> list[PairKind]:
    """Random pairs of each kind, for data without a graph (GAM* of the paper).

    Pairs of two labeled nodes are judged by the agreement model like the others: most random ones
    differ in label.

    Args:
        labels: int `[n_nodes]`, -1 where unknown.
        weights: of the kinds.

    Example:

    >>> kinds = random_pairs_by_kind(np.array([3, -1, -1]), PairWeights())
    >>> [(kind.left.tolist(), kind.right.tolist()) for kind in kinds]
    [([0], [0]), ([0], [1, 2]), ([1, 2], [1, 2])]
    """
    known, unknown = np.flatnonzero(labels >= 0), np.flatnonzero(labels < 0)
    return [
        PairKind(weights.labeled_labeled, True, False, left=known, right=known),
        PairKind(weights.labeled_unlabeled, True, False, left=known, right=unknown),
        PairKind(weights.unlabeled_unlabeled, False, False, left=unknown, right=unknown),
    ]


def shares(kinds: list[PairKind]) -> np.ndarray:
    """What a kind's mean counts in the loss: its weight over the number of kinds not empty.

    The loss is the mean over as many pairs of each kind, side by side.

    Example:

    >>> graph = Graph.from_edges([0, 1], [1, 2])
    >>> shares(edges_by_kind(graph, np.array([5, 5, -1]), PairWeights(1.0, 0.5, 0.25))).tolist()
    [0.5, 0.25, 0.0]
    """
    full = np.array([not kind.is_empty for kind in kinds])
    weights = np.array([kind.weight for kind in kinds], np.float32)
    return weights * full / np.float32(max(full.sum(), 1))
