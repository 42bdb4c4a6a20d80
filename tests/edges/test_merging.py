"""The one rule of edges, by hand; the constructors' fuzz has it by an oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn.edges.edges import Edges
from gnn.edges.merging import merge_edges


def triples(edges: Edges) -> list[tuple[int, int, float]]:
    arrays = (edges.senders, edges.receivers, edges.weights)
    return list(zip(*(array.tolist() for array in arrays), strict=True))


# 0 -> 1 three times, and once back; a loop twice; 2 -> 0 without weight, then with one.
LISTED = (
    [0, 1, 0, 2, 2, 0, 2, 2],
    [1, 0, 1, 2, 0, 1, 2, 0],
    [2.0, 7.0, 4.0, 1.0, 0.0, 3.0, 1.0, 5.0],
)


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        ("sum", [(0, 1, 9), (1, 0, 7), (2, 2, 2), (2, 0, 5)]),
        ("max", [(0, 1, 4), (1, 0, 7), (2, 2, 1), (2, 0, 5)]),
        ("first", [(0, 1, 2), (1, 0, 7), (2, 2, 1), (2, 0, 5)]),
        ("keep", [(0, 1, 2), (1, 0, 7), (0, 1, 4), (2, 2, 1), (0, 1, 3), (2, 2, 1), (2, 0, 5)]),
    ],
)
def test_repeats_are_merged_in_the_place_of_the_first(merge: str, expected: Any) -> None:
    edges = merge_edges(*LISTED, merge=merge)
    assert triples(edges) == expected
    assert (edges.report.given, edges.report.zeros, edges.report.repeats) == (8, 1, 3)
    assert edges.senders.dtype == edges.receivers.dtype == np.int32
    assert edges.weights.dtype == np.float32


@pytest.mark.parametrize(
    ("merge", "expected", "added", "raised"),
    [
        ("sum", [(0, 1, 9), (1, 0, 9), (2, 2, 2), (2, 0, 5), (0, 2, 5)], 1, 1),
        ("max", [(0, 1, 7), (1, 0, 7), (2, 2, 1), (2, 0, 5), (0, 2, 5)], 1, 1),
        (
            # 1 -> 0 is the way back of the first 0 -> 1; the second and the third have none.
            "keep",
            [(0, 1, 7), (1, 0, 7), (0, 1, 4), (2, 2, 1), (0, 1, 3), (2, 2, 1), (2, 0, 5)]
            + [(1, 0, 4), (1, 0, 3), (0, 2, 5)],
            3,
            1,
        ),
    ],
)
def test_then_directions_are_added_and_the_larger_weight_holds(
    merge: str, expected: Any, added: int, raised: int
) -> None:
    edges = merge_edges(*LISTED, merge=merge, undirected=True)
    assert triples(edges) == expected
    assert (edges.report.added, edges.report.raised) == (added, raised)
    again = merge_edges(
        edges.senders, edges.receivers, edges.weights, merge="keep", undirected=True
    )
    assert triples(again) == expected and again.report.added == again.report.raised == 0


def test_what_is_right_already_is_not_copied() -> None:
    senders, weights = np.array([0, 1], np.int32), np.ones(2, np.float32)
    edges = merge_edges(senders, [1, 0], weights, undirected=True)
    assert np.shares_memory(edges.senders, senders) and np.shares_memory(edges.weights, weights)
    assert edges.report.text() == ""
    assert senders.flags.writeable


def test_the_caller_s_weights_stay() -> None:
    weights = np.array([1, 2], np.float32)
    assert merge_edges([0, 1], [1, 0], weights, undirected=True).weights.tolist() == [2, 2]
    assert weights.tolist() == [1, 2]


def test_the_largest_numbers_of_nodes() -> None:
    last = 2**31 - 2
    edges = merge_edges([last, last - 1, last], [last - 1, last, last], undirected=True)
    assert edges.report.added == 0 and edges.senders.tolist() == [last, last - 1, last]


def test_report() -> None:
    text = merge_edges(*LISTED, undirected=True).report.text()
    assert text == (
        "8 edges: 1 of weight 0 dropped, 3 repeats merged (sum), 1 direction added, "
        "1 pair raised to the larger weight"
    )
    assert "3 repeats kept apart" in merge_edges(*LISTED, merge="keep").report.text()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0], [1], None, {"merge": "mean"}), ValueError, "merge must be one of .* got 'mean'"),
        (([0, 0], [1, 1], [3e38, 3e38], {}), ValueError, "sum .* got 6e[+]38 from 0 to 1"),
        (([0, 2**31], [1, 1], None, {}), ValueError, "from 0 to 2147483646 .* at position 1"),
        (([0, -1], [1, 1], None, {}), ValueError, "senders .* got -1 at position 1"),
        (([0, 1], [1], None, {}), ValueError, "senders and receivers .* got 2 and 1"),
        (([0], [1], [1.0, 2.0], {}), ValueError, "senders and weights .* got 1 and 2"),
        (([0], [1], [np.nan], {}), ValueError, "weights .* got nan at position 0"),
    ],
)
def test_refused(arguments: Any, error: type[Exception], message: str) -> None:
    *listed, options = arguments
    with pytest.raises(error, match=message):
        merge_edges(*listed, **options)
