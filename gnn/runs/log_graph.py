"""The graph that a run made of a log: kept in its folder, and told of."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from gnn.edges.edges import counted
from gnn.graphs.graph import Graph
from gnn.graphs.storage.graph_files import holds_graph, open_graph, write_graph
from gnn.runs.run_folder import LOG_GRAPH


def write_log_graph(run: Path, graph: Graph) -> None:
    """Keeps the graph of a log in the folder of a run; nothing where the data have no log.

    The features stay where they are, in the data.

    Args:
        run: the folder.
        graph: the data.
    """
    if "log" in graph.notes:
        write_graph(dataclasses.replace(graph, features={}), run / LOG_GRAPH)


def read_log_graph(run: Path) -> Graph | None:
    """The graph that a run, whole or partial, has made of a log; None where it has made none."""
    path = run / LOG_GRAPH
    return open_graph(path) if holds_graph(path) else None


def describe_log(graph: Graph) -> list[str]:
    r"""What was made of the log of a folder, in two lines; none where it has no log.

    Malformed rows are not among it: warnings tell of them.

    Example:

    >>> graph = Graph.from_sessions([["a", "b"], ["a", "b"]], config={"weighting": "cosine"})
    >>> log = {"log": {"file": "sessions.csv"}}
    >>> print(*describe_log(dataclasses.replace(graph, notes={**graph.notes, **log})), sep="\n")
    sessions.csv gave 2 edges, and 0 of 2 nodes have none
    4 records in 2 sessions: weights by cosine
    """
    if "log" not in graph.notes:
        return []
    joined = np.zeros(graph.num_nodes, bool)
    joined[graph.senders] = joined[graph.receivers] = True
    alone = graph.num_nodes - int(joined.sum())
    report, is_count = graph.notes["report"], graph.notes["config"]["weighting"] == "count"
    done = ["weights by count", *report["remarks"]] if is_count else report["remarks"]
    return [
        f"{graph.notes['log']['file']} gave {counted(graph.num_edges, 'edge')}, and {alone:,} of "
        f"{counted(graph.num_nodes, 'node')} have none",
        f"{counted(report['given'], 'record')} in {counted(report['sessions'], 'session')}: "
        f"{', '.join(done)}",
    ]
