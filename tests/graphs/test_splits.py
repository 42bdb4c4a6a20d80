"""Random splits: sizes, disjointness, and that a seed decides them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn.graphs.graph import Graph
from gnn.graphs.splits import labels_per_class, random_split


def unlabeled(num_nodes: int) -> Graph:
    return Graph.from_edges([0], [0], num_nodes=num_nodes)


def labeled(counts: list[int], missing: int = 0) -> Graph:
    """A graph with so many nodes of each class, in a mixed order, and some unlabeled."""
    labels = np.repeat([*range(len(counts)), -1], [*counts, missing])
    return Graph.from_edges([], [], labels=np.random.default_rng(7).permutation(labels))


def sizes(graph: Graph) -> dict[str, int]:
    return {name: nodes.size for name, nodes in graph.splits.items()}


def splits_as_lists(graph: Graph) -> dict[str, list[int]]:
    return {name: nodes.tolist() for name, nodes in graph.splits.items()}


class TestRandomSplit:
    @pytest.mark.parametrize(
        ("parts", "expected"),
        [
            ({"train": 0.8, "test": 0.2}, {"train": 8, "test": 2}),
            ({"a": 0.25, "b": 0.25, "c": 0.5}, {"a": 3, "b": 2, "c": 5}),  # Ends 2.5, 5, 10.
            ({"a": 0.1, "b": 0.2, "c": 0.7}, {"a": 1, "b": 2, "c": 7}),
            ({"a": 0.3}, {"a": 3}),
            ({"a": 1.0}, {"a": 10}),
            ({"a": 4, "b": 6}, {"a": 4, "b": 6}),
            ({"a": 1, "b": 0}, {"a": 1, "b": 0}),
            ({}, {}),
        ],
    )
    def test_sizes(self, parts: dict[str, float], expected: dict[str, int]) -> None:
        assert sizes(random_split(unlabeled(10), parts, seed=1)) == expected

    def test_parts_are_disjoint_and_sorted(self) -> None:
        graph = random_split(unlabeled(101), {"a": 0.3, "b": 0.7}, seed=3)
        assert sorted([*graph.split("a"), *graph.split("b")]) == list(range(101))
        assert all(np.all(np.diff(nodes) > 0) for nodes in graph.splits.values())

    def test_the_seed_decides(self) -> None:
        draw = [
            random_split(unlabeled(50), {"a": 0.5}, seed=seed).split("a").tolist()
            for seed in (0, 0, 1)
        ]
        assert draw[0] == draw[1] != draw[2]

    def test_a_smaller_first_part_lies_within_a_larger(self) -> None:
        small, large = (
            random_split(unlabeled(50), {"a": share}, seed=4).split("a") for share in (0.2, 0.6)
        )
        assert set(small) < set(large)

    def test_unlabeled_nodes_are_left_out(self) -> None:
        graph = random_split(labeled([6, 4], missing=5), {"a": 0.5, "b": 0.5})
        assert graph.labels is not None and sizes(graph) == {"a": 5, "b": 5}
        assert all((graph.labels[nodes] >= 0).all() for nodes in graph.splits.values())

    def test_targets_that_are_nan_are_left_out(self) -> None:
        graph = Graph.from_edges([], [], labels=[1.0, np.nan, -1.0])
        assert random_split(graph, {"a": 1.0}).split("a").tolist() == [0, 2]

    def test_replaces_the_splits_and_keeps_the_rest(self) -> None:
        graph = Graph.from_edges([0], [1], np.eye(2), splits={"old": [0]})
        other = random_split(graph, {"new": 2})
        assert splits_as_lists(other) == {"new": [0, 1]}
        assert splits_as_lists(graph) == {"old": [0]}
        assert np.shares_memory(other.features["features"], graph.features["features"])

    @pytest.mark.parametrize(
        ("parts", "error", "message"),
        [
            ({"a": 0.7, "b": 0.5}, ValueError, "at most 1, got .*0.7"),
            ({"a": -0.1}, ValueError, "fractions .* got .*-0.1"),
            ({"a": float("nan")}, ValueError, "fractions .* got .*nan"),
            ({"a": 11}, ValueError, "at most the 10 nodes .* got .*11"),
            ({"a": -1}, ValueError, r"parts\['a'\] must be at least 0, got -1"),
            ({"a": 0.5, "b": 2}, TypeError, "all fractions or all counts"),
            ({"a": "half"}, TypeError, r"parts\['a'\] must be an integer, got 'half'"),
            ({"a": True}, TypeError, r"parts\['a'\] must be an integer, got True"),
        ],
    )
    def test_refused(self, parts: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            random_split(unlabeled(10), parts)

    def test_nothing_labeled(self) -> None:
        with pytest.raises(ValueError, match="labeled nodes, got none among 3"):
            random_split(labeled([], missing=3), {"a": 0.5})


class TestLabelsPerClass:
    def test_as_many_of_each_class(self) -> None:
        graph = labels_per_class(labeled([9, 5, 7], missing=4), 4, validation=3, test=6, seed=2)
        assert graph.labels is not None
        assert np.bincount(graph.labels[graph.split("train")]).tolist() == [4, 4, 4]
        assert sizes(graph) == {"train": 12, "validation": 3, "test": 6}
        taken = np.concatenate(list(graph.splits.values()))
        assert len(set(taken.tolist())) == taken.size == 21
        assert (graph.labels[taken] >= 0).all()

    def test_test_takes_all_that_is_left(self) -> None:
        graph = labels_per_class(labeled([9, 5], missing=4), 2, validation=3)
        assert sizes(graph) == {"train": 4, "validation": 3, "test": 14 - 4 - 3}

    def test_a_class_may_be_used_up(self) -> None:
        graph = labels_per_class(labeled([3, 3]), 3)
        assert sizes(graph) == {"train": 6, "validation": 0, "test": 0}

    def test_the_seed_decides(self) -> None:
        draw = [
            splits_as_lists(labels_per_class(labeled([20, 20]), 5, validation=5, seed=seed))
            for seed in (0, 0, 1)
        ]
        assert draw[0] == draw[1] != draw[2]

    def test_more_labels_add_to_fewer(self) -> None:
        few, more = (labels_per_class(labeled([20, 30]), k, seed=5).split("train") for k in (3, 8))
        assert set(few) < set(more)

    def test_every_node_of_a_class_can_be_drawn(self) -> None:
        # 200 draws of 1 of 4: a node is never drawn with probability 0.75**200 < 1e-24.
        graph = labeled([4])
        drawn = {labels_per_class(graph, 1, seed=s).split("train").item() for s in range(200)}
        assert drawn == {0, 1, 2, 3}

    @pytest.mark.parametrize(
        ("graph", "fields", "error", "message"),
        [
            (labeled([5, 2]), {"per_class": 3}, ValueError, "got 3; class 1 has 2"),
            (
                Graph.from_edges([], [], labels=["cat", "dog", "dog"]),
                {"per_class": 2},
                ValueError,
                "got 2; class 'cat' has 1",
            ),
            (labeled([5]), {"per_class": 0}, ValueError, "per_class must be at least 1, got 0"),
            (labeled([5]), {"per_class": 1.5}, TypeError, "per_class must be an integer, got 1.5"),
            (
                labeled([5]),
                {"per_class": 2, "validation": 2, "test": 2},
                ValueError,
                "at most the 3 labeled nodes .* got 2 and 2",
            ),
            (labeled([5]), {"per_class": 2, "validation": 4}, ValueError, "got 4 and 0"),
            (labeled([5]), {"per_class": 2, "validation": -1}, ValueError, "validation .* got -1"),
            (labeled([5]), {"per_class": 2, "test": -1}, ValueError, "test must .* got -1"),
            (labeled([], missing=3), {"per_class": 1}, ValueError, "got none among 3"),
            (unlabeled(3), {"per_class": 1}, TypeError, "one integer a node, got none"),
            (
                Graph.from_edges([], [], labels=[0.5, 1.5]),
                {"per_class": 1},
                TypeError,
                r"got float32 of shape \(2,\)",
            ),
            (
                Graph.from_edges([], [], labels=[[0, 1], [1, 1]]),
                {"per_class": 1},
                TypeError,
                r"got int32 of shape \(2, 2\)",
            ),
        ],
    )
    def test_refused(
        self, graph: Graph, fields: dict[str, Any], error: type[Exception], message: str
    ) -> None:
        with pytest.raises(error, match=message):
            labels_per_class(graph, **fields)
