"""What a run says of its edges, by the labels of training nodes and by what it learned."""

from __future__ import annotations

import numpy as np
import pytest

import gnn
from gnn.runs.edge_checks import LEAST_EDGES, told_of_edges, told_of_harm
from gnn.runs.reporting import RunLog


def graph_of(senders: np.ndarray, receivers: np.ndarray, train: np.ndarray) -> gnn.Graph:
    """400 nodes, class 0 and 1 in turn."""
    nodes = np.arange(400)
    return gnn.Graph.from_edges(
        senders,
        receivers,
        np.ones([400, 1], np.float32),
        labels=nodes % 2,
        splits={"train": train},
        undirected=True,
    )


NODES = np.arange(400)


def test_edges_within_classes_are_well() -> None:
    assert told_of_edges(graph_of(NODES, (NODES + 2) % 400, NODES)) == []


def test_edges_at_random_are_told() -> None:
    # Half to the own class and half to the other one: as by chance.
    graph = graph_of(NODES, (NODES + 1 + NODES // 200) % 400, NODES)
    (line,) = told_of_edges(graph)
    assert line.startswith("the graph may not help: of 400 edges")
    assert line.endswith("50% join one class, and by chance 50% would")


@pytest.mark.parametrize(("count", "told"), [(LEAST_EDGES, 0), (LEAST_EDGES + 1, 1)])
def test_few_edges_say_nothing(count: int, told: int) -> None:
    """A chain of so many training nodes has an edge less, and all of it between classes."""
    graph = graph_of(NODES, (NODES + 1) % 400, NODES[:count])
    assert len(told_of_edges(graph)) == told


def test_labels_of_other_splits_are_not_looked_at() -> None:
    across = graph_of(NODES, (NODES + 1) % 400, NODES[:2])
    assert told_of_edges(across) == []


def test_harm_is_said_or_warned_of() -> None:
    lines: list[str] = []
    assert told_of_harm(RunLog(lines.append), "too much") == ["too much"]
    assert lines == ["warning: too much"]
    with pytest.warns(gnn.GraphLossWarning, match="too much"):
        assert told_of_harm(RunLog(None), "too much") == ["too much"]
    assert told_of_harm(RunLog(None), None) == []
