"""Splits by time: the newest labeled nodes are tested on, and those before them validated on."""

from __future__ import annotations

import dataclasses

import numpy as np

from gnn.edges.decay import as_text
from gnn.edges.records.record_times import seconds_of
from gnn.graphs.graph import Graph
from gnn.graphs.splits import time_split
from gnn.runs.config_files import OptionError
from gnn.runs.data_loading import RunData
from gnn.runs.run_config import RunConfig
from gnn.tables.cells import TextCells
from gnn.tables.typed_table import Texts


def check_node_time(config: RunConfig) -> None:
    """Raises where a column of times is named that nothing is split by.

    Raises:
        OptionError: as said.

    Example:

    >>> check_node_time(RunConfig(split="time", node_time="released"))
    """
    if config.node_time is not None and config.split != "time":
        raise OptionError(
            f"node_time is for split='time'; got {config.node_time!r} and split={config.split!r}"
        )


def node_times(data: RunData, column: str | None) -> tuple[str, np.ndarray]:
    """The times of nodes.

    Args:
        data: as they were read.
        column: that with the times; None takes the only one of dates.

    Returns:
        The name of the column, and float64 `[n]` seconds since 1970, NaN where there is none.

    Raises:
        OptionError: there is no such column among those of features, or not one of dates.
    """
    table = data.table
    dates = [] if table is None else table.schema.of_type("date")
    name = column or (dates[0] if len(dates) == 1 else None)
    if table is None or name is None or name not in table.columns:
        there = [] if table is None else sorted(table.columns)
        if column is not None:
            raise OptionError(f"node_time must be a column of the nodes, {there}, got {column!r}")
        found = f"are {len(dates)} columns of dates, {dates}" if dates else "is no column of dates"
        raise OptionError(
            f"split='time' needs the times of nodes, and there {found}; node_time "
            f"(--node-time) says which of {there}"
        )
    cells = table.columns[name]
    if not isinstance(cells, Texts):
        if np.ndim(cells) != 1:
            raise OptionError(f"node_time must be a column of times, and {name!r} holds vectors")
        return name, np.asarray(cells, np.float64)
    # What is none is a gap, as it is in the features.
    return name, seconds_of(TextCells(cells.text().tolist()))[0]


def split_by_time(
    graph: Graph,
    name: str,
    times: np.ndarray,
    *,
    validation_share: float = 0.2,
    test_share: float = 0.2,
) -> tuple[Graph, list[str]]:
    r"""Divides the labeled nodes by their times.

    Args:
        graph: with integer labels; its splits do not count.
        name: of the column.
        times: as `node_times` gives them.
        validation_share: of the labeled nodes.
        test_share: likewise.

    Returns:
        The graph, without splits that are empty, and a sentence for what was done. Of few nodes,
        none may be left to train on.

    Raises:
        OptionError: the shares leave nothing to train on.
        ValueError: no labeled node has a time.

    Example:

    >>> graph = Graph.from_edges([], [], labels=[0, 1, 0, 1])
    >>> times = np.array([0.0, 3.0, 1.0, 2.0]) * 86400
    >>> graph, notes = split_by_time(graph, "sold", times, validation_share=0.25, test_share=0.25)
    >>> {name: nodes.tolist() for name, nodes in graph.splits.items()}
    {'train': [0, 2], 'validation': [3], 'test': [1]}
    >>> print(notes[0].replace(": ", ":\n"))
    split by time, 'sold':
    2 nodes to train up to 1970-01-02, 1 to validate up to 1970-01-03, 1 to test up to 1970-01-04
    """
    rest = 1.0 - validation_share - test_share
    if rest <= 0:
        raise OptionError(
            "validation_share and test_share must leave nodes to train on, got "
            f"{validation_share} and {test_share}"
        )
    shares = {"train": rest, "validation": validation_share, "test": test_share}
    graph = time_split(graph, times, shares)
    parts = []
    for split, what in (("train", "train"), ("validation", "validate"), ("test", "test")):
        nodes = graph.splits[split]
        known = times[nodes][~np.isnan(times[nodes])]
        last = f" up to {as_text(float(known.max()))}" if known.size else ""
        parts.append(f"{len(nodes)}{' nodes' if split == 'train' else ''} to {what}{last}")
    splits = {split: nodes for split, nodes in graph.splits.items() if len(nodes)}
    note = f"split by time, {name!r}: {', '.join(parts)}"
    return dataclasses.replace(graph, splits=splits), [note]
