"""Pairs of labeled nodes: which edges, what is drawn, by brute force."""

from __future__ import annotations

import collections
import dataclasses

import numpy as np
import pytest

from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels, known_labels_of
from gnn.graphs.label_pairs import (
    LabelPairs,
    balanced_pairs,
    labeled_edges,
    random_pairs,
    split_nodes,
    split_pairs,
)

RNG = np.random.default_rng(3)
LABELS = np.where(RNG.random(30) < 0.3, -1, RNG.integers(0, 3, 30)).astype(np.int32)
GRAPH = Graph.from_edges(*RNG.integers(0, 30, (2, 120)), num_nodes=30, undirected=True)
EDGES = labeled_edges(GRAPH, LABELS)


def rows(pairs: np.ndarray) -> list[tuple[int, ...]]:
    return [tuple(row) for row in pairs.tolist()]


def either_way(pairs: LabelPairs) -> set[tuple[int, ...]]:
    return {tuple(sorted(row)) for row in rows(pairs.nodes)}


def check_kinds(pairs: LabelPairs, labels: np.ndarray = LABELS) -> None:
    for kind, equal in ((pairs.agree, True), (pairs.disagree, False)):
        first, second = kind.T
        assert (labels[kind] >= 0).all() and (first != second).all()
        assert ((labels[first] == labels[second]) == equal).all()


def test_known_labels_are_those_of_the_split() -> None:
    graph = Graph.from_edges([], [], labels=[2, 0, 1, -1], splits={"train": [0, 3], "test": [1, 2]})
    assert known_labels(graph).tolist() == [2, -1, -1, -1]
    assert known_labels(graph, "test").tolist() == [-1, 0, 1, -1]
    assert known_labels(graph).dtype == np.int32
    with pytest.raises(KeyError, match="unknown split 'rest'"):
        known_labels(graph, "rest")


@pytest.mark.parametrize("labels", [None, np.zeros((2, 3), np.int32), np.full(2, 0.5)])
def test_known_labels_are_one_integer_a_node(labels: np.ndarray | None) -> None:
    graph = Graph.from_edges([0], [1], labels=labels, splits={"train": [0]})
    with pytest.raises(TypeError, match="one integer a node"):
        known_labels(graph)


def test_known_labels_of_padding_are_unknown() -> None:
    batch = {"node_ids": np.array([2, 0, 0]), "node_mask": np.array([True, True, False])}
    assert known_labels_of(np.array([4, 5, 6], np.int32), batch).tolist() == [6, 4, -1]


def test_labeled_edges_against_a_loop() -> None:
    agree, disagree = [], []
    for s, r in zip(GRAPH.senders.tolist(), GRAPH.receivers.tolist(), strict=True):
        if s != r and LABELS[s] >= 0 and LABELS[r] >= 0:
            (agree if LABELS[s] == LABELS[r] else disagree).append((s, r))
    assert rows(EDGES.agree) == agree and rows(EDGES.disagree) == disagree
    assert len(EDGES) == len(agree) + len(disagree) > 0
    np.testing.assert_array_equal(EDGES.agreement, [1] * len(agree) + [0] * len(disagree))
    assert EDGES.agreement.dtype == np.float32


def test_edges_of_weight_0_are_none() -> None:
    graph = Graph.from_edges([0, 1], [1, 0], weights=[0.0, 2.0])
    assert rows(labeled_edges(graph, np.array([1, 1])).agree) == [(1, 0)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 0.9])
def test_split_keeps_both_directions_together(share: float) -> None:
    training, validation = split_pairs(EDGES, share, seed=1)
    assert sorted(rows(training.nodes) + rows(validation.nodes)) == sorted(rows(EDGES.nodes))
    assert not either_way(training) & either_way(validation)
    assert len(either_way(validation)) == int(share * len(either_way(EDGES)))
    check_kinds(training)
    check_kinds(validation)
    again = split_pairs(EDGES, share, seed=1)[1]
    np.testing.assert_array_equal(again.nodes, validation.nodes)


def test_split_takes_no_more_than_most() -> None:
    assert len(either_way(split_pairs(EDGES, 0.5, most=3)[1])) == 3


def test_of_eight_edges_a_tenth_is_none() -> None:
    pairs = LabelPairs(np.arange(16).reshape(8, 2), np.empty((0, 2)))
    training, validation = split_pairs(pairs)
    assert (len(training), len(validation)) == (8, 0)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_share_out_of_range(share: float) -> None:
    with pytest.raises(ValueError, match="share must be at least 0 and below 1"):
        split_pairs(EDGES, share)
    with pytest.raises(ValueError, match="share must be at least 0 and below 1"):
        split_nodes(LABELS, share=share)


def test_nodes_held_out_are_in_every_validation_pair_and_no_other() -> None:
    labels = np.concatenate([np.repeat(np.arange(7), 20), [-1] * 5])
    training, validation = split_nodes(labels, 101, seed=2)
    held_out = np.flatnonzero(training != labels)
    # A tenth of 20 nodes of each of 7 classes.
    np.testing.assert_array_equal(np.bincount(labels[held_out]), [2] * 7)
    assert (training[held_out] == -1).all()
    assert (len(validation.agree), len(validation.disagree)) == (50, 50)
    check_kinds(validation, labels)
    assert len(either_way(validation)) == 100
    assert np.isin(validation.nodes, held_out).any(axis=1).all()
    again = split_nodes(labels, 101, seed=2)
    np.testing.assert_array_equal(again[0], training)
    np.testing.assert_array_equal(again[1].nodes, validation.nodes)
    assert (split_nodes(labels, 101, seed=3)[0] != training).any()


def test_nodes_of_edges_are_held_out_last() -> None:
    labels = np.repeat([0, 1], 10)
    # All of class 0 but nodes 3 and 7 have an edge.
    ends = np.array([0, 1, 2, 4, 5, 6, 8, 9])
    edges = LabelPairs(ends.reshape(-1, 2), np.empty((0, 2)))
    for seed in range(20):
        training, _ = split_nodes(labels, 2, 0.2, edges=edges, seed=seed)
        np.testing.assert_array_equal(np.flatnonzero(training[:10] < 0), [3, 7])


def test_two_nodes_of_a_class_are_not_held_out() -> None:
    training, validation = split_nodes(np.array([0, 0, 0, 1, 1, 2]), 100, 0.9)
    np.testing.assert_array_equal(np.bincount(training[training >= 0]), [2, 2, 1])
    # The node held out agrees with two, and disagrees with three.
    assert (len(validation.agree), len(validation.disagree)) == (2, 3)


@pytest.mark.parametrize(
    ("labels", "share"), [(np.repeat([0, 1], 9), 0.0), (np.array([0, 0, 1]), 0.1)]
)
def test_no_node_held_out_no_validation(labels: np.ndarray, share: float) -> None:
    training, validation = split_nodes(labels, 100, share)
    np.testing.assert_array_equal(training, labels)
    assert len(validation) == 0


def test_balanced_pairs_top_up_with_different_labels() -> None:
    training, validation = split_pairs(EDGES, 0.5)
    few = LabelPairs(training.agree, training.disagree[:3])
    pairs = balanced_pairs(few, LABELS, exclude=validation, seed=5, epoch=1)
    check_kinds(pairs)
    assert sorted(rows(pairs.agree)) == sorted(rows(few.agree))
    assert len(pairs.disagree) == len(pairs.agree)
    assert not either_way(pairs) & either_way(validation)
    assert set(rows(few.disagree)) <= set(rows(pairs.disagree))


def test_balanced_pairs_are_a_function_of_seed_and_epoch() -> None:
    def drawn(seed: int, epoch: int) -> list[tuple[int, ...]]:
        return rows(balanced_pairs(EDGES, LABELS, seed=seed, epoch=epoch).nodes)

    assert drawn(1, 2) == drawn(1, 2)
    assert len({tuple(drawn(seed, epoch)) for seed in (1, 2) for epoch in (0, 1)}) == 4


def test_balanced_pairs_take_some_of_many_that_disagree() -> None:
    few = LabelPairs(EDGES.agree[:2], EDGES.disagree)
    seen = set()
    for epoch in range(200):
        pairs = balanced_pairs(few, LABELS, epoch=epoch)
        assert (len(pairs.agree), len(pairs.disagree)) == (2, 2)
        seen |= set(rows(pairs.disagree))
    assert seen == set(rows(EDGES.disagree))


def test_balanced_pairs_come_again_for_more() -> None:
    few = LabelPairs(EDGES.agree[:2], EDGES.disagree[:1])
    pairs = balanced_pairs(few, LABELS, 12)
    assert sorted(collections.Counter(rows(pairs.agree)).values()) == [3, 3]
    assert len(pairs.disagree) == 6
    check_kinds(pairs)


def test_balanced_pairs_repeat_edges_that_disagree_as_often() -> None:
    few = LabelPairs(EDGES.agree[:4], EDGES.disagree[:1])
    # Random pairs are no such edges, so that the two can be told apart.
    pairs = balanced_pairs(few, LABELS, 80, exclude=few)
    drawn = collections.Counter(rows(pairs.disagree))
    assert drawn[rows(few.disagree)[0]] == 10  # Once an epoch of 8 pairs.
    assert len(pairs.disagree) == 40
    more = LabelPairs(EDGES.agree[:2], EDGES.disagree[:5])
    counts = collections.Counter(rows(balanced_pairs(more, LABELS, 20).disagree))
    assert sorted(counts.values()) == [2] * 5


def test_nothing_to_balance() -> None:
    one_class = np.zeros(4, np.int32)
    edges = LabelPairs(np.array([[0, 1]]), np.empty((0, 2)))
    assert len(balanced_pairs(edges, one_class)) == 0
    assert len(balanced_pairs(LabelPairs(edges.disagree, edges.agree), one_class)) == 0
    assert len(random_pairs(one_class, 10)) == 0


def test_random_pairs_are_uniform() -> None:
    labels = np.array([0, 1, 0, -1, 2, 1, 0])
    pairs = random_pairs(labels, 40_000)
    check_kinds(pairs, labels)
    for kind, equal in ((pairs.agree, True), (pairs.disagree, False)):
        possible = [
            (i, j)
            for i in range(7)
            for j in range(7)
            if i != j and min(labels[i], labels[j]) >= 0 and (labels[i] == labels[j]) == equal
        ]
        counts = collections.Counter(rows(kind))
        assert set(counts) == set(possible) and len(kind) == 20_000
        expected = 20_000 / len(possible)
        # Within 6 standard deviations of a binomial.
        assert all(abs(count - expected) < 6 * np.sqrt(expected) for count in counts.values())


def test_random_pairs_leave_out_the_excluded() -> None:
    # Of the six ordered pairs of labels 0, 0, 0 only those between 0 and 2 are left.
    exclude = LabelPairs(np.array([[0, 1], [2, 1]]), np.empty((0, 2)))
    pairs = random_pairs(np.array([0, 0, 0, 1]), 40, exclude=exclude)
    assert set(rows(pairs.agree)) == {(0, 2), (2, 0)}


@pytest.mark.parametrize("labels", [np.zeros(3), np.zeros((3, 1), int)])
def test_labels_of_another_kind(labels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="labels must be one integer a node"):
        random_pairs(labels, 4)


def test_labels_of_another_length() -> None:
    with pytest.raises(ValueError, match="one entry a node, 30; got 5"):
        labeled_edges(GRAPH, np.zeros(5, int))


def test_labels_of_other_splits_are_not_looked_at() -> None:
    splits = {"train": np.arange(10), "test": np.arange(10, 30)}
    full = np.random.default_rng(0).integers(0, 3, 30)
    graph = dataclasses.replace(GRAPH, labels=full, splits=splits)
    other = dataclasses.replace(graph, labels=np.r_[full[:10], np.roll(full[10:], 1)])
    np.testing.assert_array_equal(known_labels(graph), known_labels(other))
