"""Counts, and nodes by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn.configs.arguments import check_count
from gnn.graphs.find_node import find_node
from gnn.graphs.graph import Graph

NAMED = Graph.from_edges([0], [1], ids=["a", "b"])
PLAIN = Graph.from_edges([0], [1])


@pytest.mark.parametrize("value", [2, np.int32(2)])
def test_counts(value: Any) -> None:
    count = check_count("k", value, 2)
    assert (count, type(count)) == (2, int)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (1, ValueError, "k must be at least 2, got 1"),
        (2.0, TypeError, "k must be an integer, got 2.0"),
        (True, TypeError, "k must be an integer, got True"),
    ],
)
def test_what_is_no_count(value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_count("k", value, 2)


def test_nodes() -> None:
    assert find_node(NAMED, "b") == 1
    assert find_node(PLAIN, np.int64(1)) == 1


@pytest.mark.parametrize(
    ("graph", "node", "error", "message"),
    [
        (NAMED, 1, KeyError, "node: no node has the id 1; the ids are 'a', 'b'"),
        (PLAIN, 2, ValueError, "node must be an index from 0 to 1, got 2"),
        (PLAIN, "a", TypeError, "node must be an integer, got 'a'"),
        ("graph", 0, TypeError, "graph must be a gnn.Graph, got str"),
    ],
)
def test_no_such_node(graph: Any, node: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        find_node(graph, node)
