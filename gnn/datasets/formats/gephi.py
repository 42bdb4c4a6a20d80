"""Gephi's tables of nodes and edges, as its data laboratory exports and imports them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gnn.datasets.formats.field_table import (
    FieldTable,
    header_of,
    names_in,
    read_fields,
    typed_cells,
    weights_of,
)
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.named_ends import NamedEnds, NamedNodes
from gnn.datasets.formats.network import Network

_SUFFIXES = (".csv", ".tsv", ".txt")
_ENDS = ("Source", "Target")
# In lower case: Gephi takes these as they are written.
_OF_EDGES = ("source", "target", "type", "id", "label", "weight", "timeset")
_OF_NODES = ("Id", "Label")
# Gephi takes an edge without a type for a directed one.
_TYPES = {"": True, "directed": True, "undirected": False, "mutual": False}
_ABOUT = (
    "Gephi's tables: Type says of each edge whether it is directed; weights of repeats are added, "
    "loops stay; Label is the name to show, never the class; ends that the table of nodes lacks "
    "become nodes"
)


def _claims(sample: Sample) -> bool:
    if sample.names:
        return _tables_in(sample.path, sample.names) is not None
    line = next((line for line in sample.head.splitlines() if line.strip()), "")
    return sample.suffix in _SUFFIXES and {*_ENDS, "Type"} <= set(names_in(line))


def _read(path: Path) -> Network:
    """Reads a folder with both tables, or a table of edges."""
    nodes_path, edges_path = None, path
    if path.is_dir():
        found = _tables_in(path, sorted(each.name for each in path.iterdir()))
        if found is None:
            raise ValueError(
                f"the folder {str(path)!r} must have one table with the columns Source and Target, "
                "and at most one with Id and Label"
            )
        nodes_path, edges_path = found
    edges = read_fields(edges_path)
    table = None if nodes_path is None else read_fields(nodes_path)
    names = [] if table is None else list(table.columns["Id"])
    nodes = NamedNodes.of(names)
    new = dict.fromkeys(
        name
        for pair in zip(edges.columns["Source"], edges.columns["Target"], strict=True)
        for name in pair
        if name not in nodes.places
    )
    places = {**nodes.places, **{name: len(nodes.places) + k for k, name in enumerate(new)}}
    counts = {"nodes of edges alone": len(new)} if new and table is not None else {}
    nodes = NamedNodes(places, nodes.rows, nodes.counts)
    ends, directed = _directions(
        nodes.ends(
            edges.columns["Source"], edges.columns["Target"], weights_of(edges, _weight(edges))
        ),
        _one_way(edges),
    )
    columns, shown = {}, None
    for name, cells in (table.columns if table is not None else {}).items():
        own = nodes.take(cells) + [""] * len(new)
        if name == "Label":
            shown = [cell or name for cell, name in zip(own, places, strict=True)]
        elif name != "Id" and any(own):
            columns[name] = typed_cells(own)
    left = [n for n in edges.columns if n.lower() not in _OF_EDGES and any(edges.columns[n])]
    about = [
        "directed as each edge says" if directed else "undirected",
        "Label is the name to show",
    ]
    about += [f"attributes of edges left out: {', '.join(left)}"] if left else []
    return ends.network(
        nodes,
        about,
        counts,
        directed=directed,
        columns=columns,
        names=None if shown is None or shown == list(places) else shown,
    )


GEPHI = FileFormat("gephi", _ABOUT, _claims, _read)


def _tables_in(folder: Path, files: Sequence[str]) -> tuple[Path | None, Path] | None:
    """The tables of nodes and of edges; None unless there is one of edges, and one of nodes."""
    nodes, edges = [], []
    for file in files:
        path = folder / file
        if path.suffix.lower() in _SUFFIXES and path.is_file():
            header = header_of(path)
            if set(_ENDS) <= set(header):
                edges.append(path)
            elif set(_OF_NODES) <= set(header):
                nodes.append(path)
    return (nodes[0], edges[0]) if (len(nodes), len(edges)) == (1, 1) else None


def _weight(edges: FieldTable) -> str | None:
    return next((name for name in edges.columns if name.lower() == "weight"), None)


def _one_way(edges: FieldTable) -> np.ndarray:
    """Whether each edge holds in its direction alone."""
    kinds = edges.columns.get("Type", [""] * len(edges.lines))
    for row, kind in enumerate(kinds):
        if kind.strip().lower() not in _TYPES:
            raise edges.error(row, f"Type must be Directed or Undirected, got {kind!r}")
    return np.array([_TYPES[kind.strip().lower()] for kind in kinds], bool)


def _directions(ends: NamedEnds, one_way: np.ndarray) -> tuple[NamedEnds, bool]:
    """Edges as a network has them, and whether it is directed.

    Pairs of an undirected network run from the node that comes first, so that they are the same
    pair in whatever order they stand. Among directed edges they are there in both directions.
    """
    senders, receivers, weights = ends.senders, ends.receivers, ends.weights
    if not one_way.any() and one_way.size:
        senders, receivers = np.minimum(senders, receivers), np.maximum(senders, receivers)
        return NamedEnds(senders, receivers, weights, ends.counts), False
    both = np.flatnonzero(~one_way & (senders != receivers))
    counts = dict(ends.counts)
    if both.size:
        counts["undirected edges among directed ones, in both directions"] = int(both.size)
    return NamedEnds(
        np.concatenate([senders, receivers[both]]),
        np.concatenate([receivers, senders[both]]),
        None if weights is None else np.concatenate([weights, weights[both]]),
        counts,
    ), True
