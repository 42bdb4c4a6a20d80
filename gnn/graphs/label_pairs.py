"""Pairs of labeled nodes, parted into those that share a label and those that do not.

Agreement models are trained on them (Stretcu et al., "Graph agreement models", NeurIPS 2019,
section 3). Everything here takes labels with -1 where they are unknown, such as
`gnn.graphs.known_labels` gives, and is a function of its arguments alone.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from gnn.graphs.graph import Graph
from gnn.graphs.narrow import narrow
from gnn.graphs.pair_draws import PairDraws, distinct_pairs, in_turn, undirected_keys

# Of the seeds of draws to validate on. NumPy takes `[seed, 0]` for `seed`, and draws of epoch 0
# would be those left out, one after the other.
_VALIDATION, _HELD_OUT = 1, 2


@dataclasses.dataclass(frozen=True, eq=False)
class LabelPairs:
    """Pairs of nodes with known labels.

    Attributes:
        agree: int32 `[n_agree, 2]`, sender and receiver of pairs of equal labels.
        disagree: int32 `[n_disagree, 2]`, of pairs of different labels.

    Example:

    >>> pairs = LabelPairs(np.array([[0, 1]]), np.array([[0, 2], [1, 2]]))
    >>> len(pairs), pairs.agreement.tolist()
    (3, [1.0, 0.0, 0.0])
    """

    agree: np.ndarray
    disagree: np.ndarray

    def __post_init__(self) -> None:
        for name in ("agree", "disagree"):
            given = np.asarray(getattr(self, name))
            # NumPy makes float64 of an empty list.
            rows = narrow(name, given if given.size else given.astype(np.int32)).reshape(-1, 2)
            object.__setattr__(self, name, rows)

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.agree) + len(self.disagree)

    @property
    def nodes(self) -> np.ndarray:
        """int32 `[n_pairs, 2]`: those that agree, then the others."""
        return np.concatenate([self.agree, self.disagree])

    @property
    def agreement(self) -> np.ndarray:
        """float32 `[n_pairs]`: 1 for each row of `nodes` that agrees, else 0."""
        return np.repeat(np.array([1, 0], np.float32), [len(self.agree), len(self.disagree)])


def labeled_edges(graph: Graph, labels: np.ndarray) -> LabelPairs:
    """The edges between nodes of known labels, in the graph's order and directions.

    Self loops are left out, for a node agrees with itself whatever its label, and so are edges of
    weight 0. An edge held in both directions is two pairs.

    Args:
        graph: the graph; its own labels are not looked at.
        labels: int `[n_nodes]`, -1 where unknown.

    Raises:
        ValueError: `labels` is not one integer a node.

    Example:

    >>> graph = Graph.from_edges([0, 1, 2, 3, 0], [1, 2, 3, 0, 0])
    >>> pairs = labeled_edges(graph, np.array([5, 5, 6, -1]))
    >>> pairs.agree.tolist(), pairs.disagree.tolist()
    ([[0, 1]], [[1, 2]])
    """
    labels = _checked(labels)
    if len(labels) != graph.num_nodes:
        raise ValueError(f"labels must have one entry a node, {graph.num_nodes}; got {len(labels)}")
    senders, receivers = np.asarray(graph.senders), np.asarray(graph.receivers)
    known = (labels[senders] >= 0) & (labels[receivers] >= 0)
    kept = np.flatnonzero(known & (senders != receivers) & (np.asarray(graph.weights) > 0))
    return _parted(np.stack([senders[kept], receivers[kept]], axis=1), labels)


def split_pairs(
    pairs: LabelPairs, share: float = 0.1, *, most: int = 10_000, seed: int = 0
) -> tuple[LabelPairs, LabelPairs]:
    """Parts labeled edges into training and validation, both directions of an edge together.

    Of few edges little is left to judge by, or nothing: Cora's public split has 21 of them, its
    validation share 2. `split_nodes` gives more.

    Args:
        pairs: such as `labeled_edges` gives.
        share: of the undirected edges for validation, in `[0, 1)`; rounded down.
        most: the most undirected edges for validation.
        seed: of the draw.

    Returns:
        Two `LabelPairs`, training and validation, each in the order of `pairs`.

    Raises:
        ValueError: `share` is out of range or `most` negative.

    Example:

    >>> both_ways = [[i, i + 1] for i in range(10)] + [[i + 1, i] for i in range(10)]
    >>> training, validation = split_pairs(LabelPairs(np.array(both_ways), np.empty((0, 2))))
    >>> len(training), len(validation)
    (18, 2)
    """
    _check_share(share)
    if most < 0:
        raise ValueError(f"most must be at least 0, got {most!r}")
    keys = np.unique(undirected_keys(pairs.nodes))
    count = min(int(share * len(keys)), int(most))
    chosen = np.random.default_rng(seed).choice(keys, count, replace=False)
    held_out = [np.isin(undirected_keys(rows), chosen) for rows in (pairs.agree, pairs.disagree)]
    agree, disagree = held_out
    return (
        LabelPairs(pairs.agree[~agree], pairs.disagree[~disagree]),
        LabelPairs(pairs.agree[agree], pairs.disagree[disagree]),
    )


def split_nodes(
    labels: np.ndarray,
    num_pairs: int = 200,
    share: float = 0.1,
    *,
    edges: LabelPairs | None = None,
    seed: int = 0,
) -> tuple[np.ndarray, LabelPairs]:
    """Holds out labeled nodes, and draws pairs with them to validate on, half of equal labels.

    Validation pairs between nodes of training pairs look right to a model that knows these nodes
    by heart; an agreement model is for pairs with a node that it has not seen. The authors of graph
    agreement models hold out nodes too where they have no graph; their validation pairs lie between
    two of them, which are fewer.

    Args:
        labels: int `[n_nodes]`, -1 where unknown.
        num_pairs: the validation pairs, rounded down to an even number. There are fewer of a half
            where there are not so many.
        share: of the labeled nodes of each class, in `[0, 1)`; rounded up, but two nodes of a
            class stay.
        edges: labeled edges, whose nodes are taken last, for training needs them.
        seed: of the draw.

    Returns:
        The labels to train on, -1 at the nodes held out as well, and the validation pairs: distinct
        pairs of labeled nodes, one at least of each held out.

    Raises:
        ValueError: `share` is out of range, or `labels` is not one integer a node.

    Example:

    >>> training, validation = split_nodes(np.array([0, 0, 0, 1, 1, 1, -1]), 4)
    >>> (training >= 0).sum(), len(validation.agree), len(validation.disagree)
    (np.int64(4), 2, 2)
    """
    labels = _checked(labels)
    nodes = _held_out(labels, share, edges, np.random.default_rng([seed, 0, _HELD_OUT]))
    training = labels.copy()
    training[nodes] = -1
    rng = np.random.default_rng([seed, 0, _VALIDATION])
    agree, disagree = (
        distinct_pairs(PairDraws(labels, equal, None, rng), nodes, int(num_pairs) // 2)
        for equal in (True, False)
    )
    return training, LabelPairs(agree, disagree)


def balanced_pairs(
    edges: LabelPairs,
    labels: np.ndarray,
    num_pairs: int | None = None,
    *,
    exclude: LabelPairs | None = None,
    seed: int = 0,
    epoch: int = 0,
) -> LabelPairs:
    """The training pairs of an epoch: labeled edges, with as many that disagree as that agree.

    Those that agree are the edges of equal labels. Those that disagree are the edges of different
    labels, topped up by random labeled pairs of different labels, drawn anew each epoch; where
    there are more such edges than are wanted, some of them, others in each epoch. Where edges that
    agree come again, those that disagree do as often.

    Args:
        edges: such as `labeled_edges` or `split_pairs` gives.
        labels: int `[n_nodes]`, -1 where unknown.
        num_pairs: pairs of the epoch, rounded down to an even number; None takes every edge that
            agrees once. For more than that they come again.
        exclude: pairs that are not drawn, in both directions: those of the validation.
        seed: with `epoch`, decides on order and draws.
        epoch: int, the number of the epoch.

    Returns:
        `LabelPairs` with as many of either kind, in random order; none where no edge agrees, or no
        two labels differ.

    Example:

    >>> edges = LabelPairs(np.array([[0, 1], [1, 0]]), np.array([[0, 2]]))
    >>> pairs = balanced_pairs(edges, np.array([0, 0, 1, 1]))
    >>> len(pairs.agree), len(pairs.disagree)
    (2, 2)
    """
    labels = _checked(labels)
    rng = np.random.default_rng([seed, epoch])
    half = len(edges.agree) if num_pairs is None else int(num_pairs) // 2
    agree = in_turn(edges.agree, half, rng)
    wanted = min(len(edges.disagree), half)
    if half > len(edges.agree) > 0:  # As many in each turn as one epoch has.
        wanted = half * min(len(edges.disagree), len(edges.agree)) // len(edges.agree)
    disagree = in_turn(edges.disagree, wanted, rng)
    missing = len(agree) - len(disagree)
    if missing > 0:
        drawn = PairDraws(labels, False, _nodes_of(exclude), rng)(missing)
        disagree = np.concatenate([disagree, drawn])
        disagree = in_turn(disagree, half, rng) if len(drawn) < missing else disagree
    half = min(len(agree), len(disagree))
    return LabelPairs(agree[:half], rng.permutation(disagree[:half]))


def random_pairs(
    labels: np.ndarray,
    num_pairs: int,
    *,
    exclude: LabelPairs | None = None,
    seed: int = 0,
    epoch: int = 0,
) -> LabelPairs:
    """The training pairs of an epoch where there is no graph: random, half of them of equal labels.

    Each half is drawn uniformly, with replacement, from all such pairs of two nodes.

    Args:
        labels: int `[n_nodes]`, -1 where unknown.
        num_pairs: pairs of the epoch, rounded down to an even number.
        exclude: pairs that are not drawn, in both directions: those of the validation.
        seed: with `epoch`, decides on the draws.
        epoch: int, the number of the epoch.

    Returns:
        `LabelPairs` with as many of either kind; none where no two labels are equal, or none
        differ.

    Example:

    >>> pairs = random_pairs(np.array([0, 0, 1, 1, -1]), 6)
    >>> len(pairs.agree), len(pairs.disagree)
    (3, 3)
    """
    labels, rng = _checked(labels), np.random.default_rng([seed, epoch])
    agree, disagree = (
        PairDraws(labels, equal, _nodes_of(exclude), rng)(int(num_pairs) // 2)
        for equal in (True, False)
    )
    half = min(len(agree), len(disagree))
    return LabelPairs(agree[:half], disagree[:half])


def _held_out(
    labels: np.ndarray, share: float, edges: LabelPairs | None, rng: np.random.Generator
) -> np.ndarray:
    """A share of the labeled nodes of each class."""
    _check_share(share)
    nodes = rng.permutation(np.flatnonzero(labels >= 0))
    if edges is not None:
        nodes = nodes[np.argsort(np.isin(nodes, edges.nodes), kind="stable")]
    nodes = nodes[np.argsort(labels[nodes], kind="stable")]
    _, first, own, sizes = np.unique(
        labels[nodes], return_index=True, return_inverse=True, return_counts=True
    )
    # A tenth of 30 is not 3 to a computer, but a little more.
    counts = np.minimum(np.ceil(share * sizes - 1e-9), sizes - 2)
    return nodes[np.arange(len(nodes)) - first[own] < counts[own]]


def _nodes_of(pairs: LabelPairs | None) -> np.ndarray | None:
    return None if pairs is None else pairs.nodes


def _parted(rows: np.ndarray, labels: np.ndarray) -> LabelPairs:
    agree = labels[rows[:, 0]] == labels[rows[:, 1]]
    return LabelPairs(rows[agree], rows[~agree])


def _check_share(share: float) -> None:
    if not 0 <= share < 1:
        raise ValueError(f"share must be at least 0 and below 1, got {share!r}")


def _checked(labels: np.ndarray) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(
            "labels must be one integer a node, -1 where unknown; got "
            f"{labels.dtype} of shape {labels.shape}"
        )
    return labels
