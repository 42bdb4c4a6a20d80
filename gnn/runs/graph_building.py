"""A graph folder out of a log."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from gnn.files import check_replaceable
from gnn.graphs.graph import Graph
from gnn.graphs.storage.graph_files import open_graph, write_graph
from gnn.graphs.storage.graph_writer import KIND


def build_graph(
    sessions: Any,
    output: str | os.PathLike[str],
    config: Any = None,
    *,
    missing: str = "raise",
    na_values: Collection[str] | None = None,
    strict: bool = False,
    memory: int | str | None = None,
    overwrite: bool = False,
    verbose: str | bool = "auto",
) -> Graph:
    """Makes a graph of the items of a log, and writes it to a folder, whole or not at all.

    The folder keeps the configuration and the report in the notes of the graph.

    Args:
        sessions: as in `gnn.Graph.from_sessions`, such as a pattern of files.
        output: the folder to make.
        config: a `gnn.SessionGraphConfig` or a dict of its fields.
        missing: as in `gnn.Graph.from_sessions`, and so are the next.
        na_values: the texts that mean missing.
        strict: whether a malformed row is an error.
        memory: how much of it to keep to, such as `"2GB"`; None takes what it takes.
        overwrite: whether a graph that is there is replaced; nothing else is.
        verbose: whether to show progress.

    Returns:
        The graph of the folder, its arrays left in the files.

    Raises:
        FileExistsError: as `gnn.graphs.write_graph`, before anything is read.
        FileNotFoundError, KeyError, TypeError, ValueError: as `gnn.Graph.from_sessions`; nothing is
            written.
        OSError: the folder cannot be written.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     graph = build_graph([["a", "b"], ["b", "a"]], folder + "/graph", verbose=False)
    ...     graph.ids.tolist(), graph.weights.tolist(), graph.notes["config"]["weighting"]
    (['a', 'b'], [2.0, 2.0], 'count')
    """
    check_replaceable(output, KIND, overwrite=overwrite)
    graph = Graph.from_sessions(
        sessions,
        config=config,
        missing=missing,
        na_values=na_values,
        strict=strict,
        memory=memory,
        verbose=verbose,
    )
    write_graph(graph, output, overwrite=overwrite)
    return open_graph(output)
