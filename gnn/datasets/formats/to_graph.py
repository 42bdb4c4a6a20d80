"""From what a file of the field holds to a graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gnn.datasets.columns.dense_features import dense_features
from gnn.datasets.formats.network import Network
from gnn.datasets.node_schema import NodeSchema
from gnn.edges.missing import NA_VALUES, is_missing
from gnn.graphs.graph import Graph
from gnn.tables.schema import Column, Schema
from gnn.tables.typed_table import TypedTable

_HELD_OUT = ("validation", "test")


def to_graph(
    network: Network,
    *,
    format: str = "",
    undirected: bool | None = None,
    label: str | None = None,
    merge: str | None = None,
) -> Graph:
    """Makes a graph of what a reader found.

    Attributes that are numbers are stacked in their order into one float32 feature, `"features"`,
    and lists of numbers of one length are a feature each. A gap is the mean of the nodes that are
    not held out, and columns with gaps have a flag each after all numbers. Other attributes are
    told of in the notes.

    Args:
      network: the nodes, edges and attributes.
      format: its name, for the notes.
      undirected: whether the reverse of each edge is added where it lacks; None goes by the file.
      label: the attribute that is the label; None takes the one that the reader has found.
      merge: what becomes of repeats, as in `Graph.from_edges`; None goes by the format.

    Returns:
      The graph. Its notes have `"format"`, `"reading"`, how it was read, and `"counts"`, what the
      reader merged and dropped; `Graph.info` tells them.

    Raises:
      ValueError: there is no such attribute; a weight is negative or not finite.

    >>> pair = Network(["a", "b"], np.array([0]), np.array([1]), columns={"kind": ["x", None]})
    >>> graph = to_graph(pair, undirected=True, label="kind")
    >>> graph.senders.tolist(), graph.labels.tolist(), graph.class_names
    ([0, 1], [0, -1], ('x',))
    """
    if label is not None and label not in network.columns:
        raise ValueError(
            f"label must be one of the nodes' attributes {list(network.columns)}, got {label!r}"
        )
    label = network.label if label is None else label
    labels = network.labels
    if label is not None:
        labels = [None if is_missing(cell, NA_VALUES) else cell for cell in network.columns[label]]
    others = {name: cells for name, cells in network.columns.items() if name != label}
    held_out = [nodes for name, nodes in network.splits.items() if name in _HELD_OUT]
    counted = np.ones(len(network.ids), bool)
    for nodes in held_out:
        counted[nodes] = False
    features, left = _features(others, counted)
    directed = network.directed if undirected is None else not undirected
    graph = Graph.from_edges(
        network.senders,
        network.receivers,
        {**features, **network.features} or None,
        weights=network.weights,
        labels=labels,
        splits=dict(network.splits) or None,
        ids=network.ids if isinstance(network.ids, range) else list(network.ids),
        undirected=not directed,
        merge=network.merge if merge is None else merge,
        num_nodes=len(network.ids),
        class_names=network.class_names if label is None else None,
    )
    reading = [*network.about]
    if network.label is not None and label == network.label:
        reading.append(f"labels: the attribute {label!r}")
    if left:
        reading.append(f"attributes that are no numbers: {', '.join(left)}")
    notes = {
        "format": format,
        "reading": "; ".join(reading),
        "counts": _counts(network.counts),
    }
    found = {name: note for name, note in notes.items() if note}
    return dataclasses.replace(graph, notes={**graph.notes, **found})


def _features(
    columns: Mapping[str, Sequence[Any]], counted: np.ndarray
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Attributes as features, and the names of those that are none."""
    cells = {name: _as_numbers(values) for name, values in columns.items()}
    numbers = {name: array for name, array in cells.items() if array is not None}
    kinds = {
        name: Column("number") if array.ndim == 1 else Column("vector", length=array.shape[1])
        for name, array in numbers.items()
    }
    schema, table = NodeSchema(Schema(kinds)), TypedTable(Schema(kinds), numbers, len(counted))
    left = [name for name in columns if name not in {*schema.numbers, *schema.lists}]
    _, features = dense_features(table, schema, False, counted)
    return features, left


def _as_numbers(cells: Sequence[Any]) -> np.ndarray | None:
    """A column as float32 `[n]` or `[n, k]`, NaN where there is none; None if it is no numbers."""
    there = [cell for cell in cells if cell is not None]
    if not there or any(isinstance(cell, str | bytes) for cell in there):
        return None
    gap: Any = np.nan if np.ndim(there[0]) == 0 else np.full(np.shape(there[0]), np.nan)
    try:
        with np.errstate(over="ignore"):
            array = np.asarray([gap if cell is None else cell for cell in cells], np.float32)
    except (TypeError, ValueError):
        return None
    if array.ndim not in (1, 2) or 0 in array.shape or np.isinf(array).any():
        return None
    return array


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what}: {number:,}" for what, number in counts.items() if number)
