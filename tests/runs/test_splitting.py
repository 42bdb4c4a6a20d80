"""Splits that are drawn where the data have none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn import Graph
from gnn.runs.splitting import complete_splits


def graph_of(labels: Any, **splits: Any) -> Graph:
    return Graph.from_edges([], [], labels=labels, splits=splits)


def test_no_splits_are_drawn_class_by_class() -> None:
    # 10, 5, 3, 2 and 1 nodes of five classes, and two without a label. Shares of 0.2 and 0.2:
    # 6/2/2, 3/1/1, 1/1/1, then 1/1/0 and 1/0/0 since a node always stays to train on.
    labels = np.repeat([0, 1, 2, 3, 4, -1], [10, 5, 3, 2, 1, 2])
    graph, notes = complete_splits(graph_of(labels))
    counts = {
        name: np.bincount(labels[nodes], minlength=5).tolist()
        for name, nodes in graph.splits.items()
    }
    assert counts == {
        "train": [6, 3, 1, 1, 1],
        "validation": [2, 1, 1, 1, 0],
        "test": [2, 1, 1, 0, 0],
    }
    together = np.concatenate(list(graph.splits.values()))
    assert sorted(together.tolist()) == list(range(21))
    assert notes == [
        "no splits in the data: drew 12 nodes to train, 5 to validate, 4 to test (seed 0)"
    ]


def test_seed_decides() -> None:
    labels = np.repeat([0, 1], 20)
    one, again, other = (complete_splits(graph_of(labels), seed=s)[0] for s in (1, 1, 2))
    assert one.split("test").tolist() == again.split("test").tolist()
    assert one.split("test").tolist() != other.split("test").tolist()


def test_validation_comes_out_of_train_and_test_is_left_alone() -> None:
    labels = [0] * 10 + [1] * 10
    graph, (note,) = complete_splits(graph_of(labels, train=range(5, 15), test=[0, 19]))
    assert len(graph.split("validation")) == 2  # One of five of each class.
    merged = np.concatenate([graph.split("train"), graph.split("validation")])
    assert sorted(merged.tolist()) == list(range(5, 15))
    assert graph.split("test").tolist() == [0, 19]
    assert note == (
        "no split 'validation' in the data: drew 2 nodes of 'train' for it, 8 are left (seed 0)"
    )


def test_train_is_what_other_splits_leave() -> None:
    graph, (note,) = complete_splits(graph_of([0, 1, 0, 1, -1], validation=[0], test=[1]))
    assert graph.split("train").tolist() == [2, 3]
    assert "train on the 2 labeled nodes that are in no other" in note


def test_complete_splits_stay() -> None:
    given = {"train": [3, 0], "validation": [1], "test": [2], "rest": [4]}
    graph, notes = complete_splits(graph_of([0, 1, 0, 1, 0], **given))
    assert {name: nodes.tolist() for name, nodes in graph.splits.items()} == given
    assert notes == []


def test_nodes_without_a_label_leave_the_splits() -> None:
    splits = {"train": [0, 1, 2], "validation": [3]}
    graph, (note,) = complete_splits(graph_of([0, -1, 1, 0], **splits))
    assert graph.split("train").tolist() == [0, 2]
    assert note == "1 nodes of the split 'train' have no label and were left out"


def test_validation_split_without_labels_is_drawn_from_train() -> None:
    labels = [0, 1] * 5 + [-1] * 4
    splits = {"train": range(10), "validation": [10, 11], "test": [12, 13]}
    graph, notes = complete_splits(graph_of(labels, **splits))
    assert {name: len(nodes) for name, nodes in graph.splits.items()} == {
        "train": 8,
        "validation": 2,
    }
    assert notes[-1].startswith("no label in the split 'validation' in the data: drew 2 nodes of")


@pytest.mark.parametrize(
    ("count", "shares", "expected"),
    [(2, (0.9, 0.9), [1, 1, 0]), (3, (0.7, 0.3), [1, 1, 1]), (10, (0.9, 0.9), [1, 8, 1])],
)
def test_large_shares_leave_a_node_for_each_split(
    count: int, shares: tuple[float, float], expected: list[int]
) -> None:
    graph, _ = complete_splits(
        graph_of([0] * count), validation_share=shares[0], test_share=shares[1]
    )
    names = ("train", "validation", "test")
    assert [len(graph.splits.get(name, ())) for name in names] == expected


def test_share_of_zero_draws_none() -> None:
    graph, _ = complete_splits(graph_of([0] * 9 + [1] * 9), test_share=0.0)
    assert sorted(graph.splits) == ["train", "validation"]


@pytest.mark.parametrize(
    ("labels", "splits", "message"),
    [
        ([-1, -1], {}, "training needs labels, and no node of the data has one"),
        (
            [0, -1],
            {"train": [1]},
            r"labeled nodes in the split 'train', and it has none; .*'train'",
        ),
        ([0, 1], {"test": [0, 1]}, "labeled nodes in the split 'train', and it has none"),
    ],
)
def test_nothing_to_train_on(labels: Any, splits: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        complete_splits(graph_of(labels, **splits))
