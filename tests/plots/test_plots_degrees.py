"""Bars of in-degrees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gnn.graphs.graph import Graph
from gnn.plots import degree_distribution


def star(*degrees: int, others: int = 0) -> Graph:
    """Node i receives `degrees[i]` edges, all from the last node, before which are idle ones."""
    receivers = np.repeat(np.arange(len(degrees)), degrees)
    count = len(degrees) + others + 1
    return Graph.from_edges(
        np.full(receivers.size, count - 1), receivers, num_nodes=count, merge="keep"
    )


def bars(ax: Any) -> dict[tuple[float, float], int]:
    """(first, end) of each bar that is higher than 0, to its height."""
    return {
        (bar.get_x(), bar.get_x() + bar.get_width()): bar.get_height()
        for bar in ax.patches
        if bar.get_height()
    }


def test_counts_parallel_edges_and_loops() -> None:
    # Node 0 receives from 1 twice and from itself, node 1 from 0; nodes 2 and 3 have no edges.
    graph = Graph.from_edges([1, 1, 0, 0], [0, 0, 0, 1], num_nodes=4, merge="keep")
    ax = degree_distribution(graph)
    assert bars(ax) == {(-0.5, 0.5): 2, (0.5, 1.5): 1, (2.5, 3.5): 1}
    assert ax.get_title() == "4 nodes, mean in-degree 1\n2 receive no edge, 2 are isolated"
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "linear")


def test_a_sender_is_not_isolated() -> None:
    ax = degree_distribution(star(2, 1, others=1))
    assert ax.get_title() == "4 nodes, mean in-degree 0.75\n2 receive no edge, 1 are isolated"


def test_two_decades_are_still_linear() -> None:
    ax = degree_distribution(star(1, 100))
    assert ax.get_xscale() == "linear"
    # 0 to 100 are 101 degrees: bins of 2.
    assert bars(ax) == {(-0.5, 1.5): 2, (99.5, 101.5): 1}
    assert ax.get_ylabel() == "nodes in a bin of 2 degrees"


def test_more_than_two_decades_are_logarithmic() -> None:
    ax = degree_distribution(star(1, 2, 3, 3, 4, 127, 128))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    # 1 | 2, 3, 3 | 4 | nothing from 8 to 63 | 127 | 128; the sender receives nothing.
    assert bars(ax) == {(1, 2): 1, (2, 4): 3, (4, 8): 1, (64, 128): 1, (128, 256): 1}
    assert "1 receive no edge, 0 are isolated" in ax.get_title()


def test_smallest_degree_starts_the_bins() -> None:
    assert list(bars(degree_distribution(star(3, 303)))) == [(2, 4), (256, 512)]


def test_no_edges() -> None:
    ax = degree_distribution(Graph.from_edges([], [], num_nodes=3))
    assert bars(ax) == {(-0.5, 0.5): 3}
    assert "3 receive no edge, 3 are isolated" in ax.get_title()


def test_refuses_what_is_no_graph() -> None:
    with pytest.raises(TypeError, match="graph must be a gnn.Graph, got dict"):
        degree_distribution({})
