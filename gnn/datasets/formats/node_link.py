"""Node-link JSON, as NetworkX, D3, GraphSAGE, Cytoscape.js and graphology write it."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gnn.datasets.formats.bounded_json import read_json
from gnn.datasets.formats.bounded_text import MAX_BYTES
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.json_graphs import Link, Name, Node, listed
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.network_builder import AUTO, Choices, NetworkBuilder

_ENDS = (AUTO, "ids", "positions")


def read_node_link(
    path: str | os.PathLike[str],
    *,
    label: str | None = AUTO,
    weight: str | None = AUTO,
    max_bytes: int = MAX_BYTES,
    ends: str = AUTO,
) -> Network:
    """Reads node-link JSON.

    - An object with `nodes` and `links` or `edges` (NetworkX, D3, GraphSAGE, sigma.js), or
      `elements` (Cytoscape.js), or nodes with `key` and `attributes` (graphology).
    - Undirected unless `directed` is true; of graphology as `options.type` and the edges say.
    - A node is named by its `id` (of D3 3 its `name`), and else by its place from 0.
    - Ends of links are ids, or places from 0 where no end is an id (NetworkX 1, GraphSAGE, D3 3).
    - The weight is `weight`, or `value` as in D3's files.
    - Where `multigraph` is false, the last link of a pair counts, as in NetworkX.
    - The marks `test` and `val` of GraphSAGE are splits.

    Args:
      path: the file, plain or compressed (`.gz`, `.bz2`, `.xz`, `.zst`).
      label: as in `Choices`.
      weight: as in `Choices`.
      max_bytes: as in `Choices`.
      ends: what the ends of links are: `"ids"`, `"positions"`, or `"auto"`.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is no such file, too large or nested too deep, an adjacency list, or a link
        ends at no node.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.json")
    ...     _ = path.write_text(
    ...         '{"nodes": [{"id": "tea"}, {"id": "cup"}],'
    ...         ' "links": [{"source": "cup", "target": "tea", "value": 3}]}'
    ...     )
    ...     network = read_node_link(path)
    >>> network.ids, network.weights.tolist(), network.directed
    (['tea', 'cup'], [3.0], False)
    """
    if ends not in _ENDS:
        raise ValueError(f"ends must be one of {_ENDS}, got {ends!r}")
    path = Path(path)
    builder = NetworkBuilder(path.name, Choices(label, weight, max_bytes))
    graph = listed(read_json(path, max_bytes), path.name)
    ids = _ids(graph.nodes)
    builder.unit = "node"
    for number, (name, node) in enumerate(zip(ids, graph.nodes, strict=True)):
        builder.add_node(name, node.cells, number)
    by_place = _are_places(path.name, ids, graph.links, ends)
    if by_place:
        builder.about.append("ends of links are places of nodes, from 0")
    builder.unit = "link"
    links = dict(enumerate(graph.links))
    if graph.once:
        links = _last_of_each(graph.links)
        repeats = len(graph.links) - len(links)
        builder.count("links that a later one of the pair replaces", repeats)
    for number, link in links.items():
        source, target = link.source, link.target
        if by_place:
            source, target = ids[_place(source, len(ids))], ids[_place(target, len(ids))]
        builder.add_edge(source, target, link.directed, link.cells, number)
    return _with_splits(builder.build(graph.directed))


def _ids(nodes: Sequence[Node]) -> Sequence[Name]:
    """The ids of nodes: those given, or distinct names of D3 3, or places."""
    given = [node.id for node in nodes if node.id is not None]
    if given:
        return [node.id for node in nodes]  # One that is missing is told of by the builder.
    names = [node.cells.get("name") for node in nodes]
    if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
        return names
    return range(len(nodes))


def _are_places(file: str, ids: Sequence[Name], links: Sequence[Link], ends: str) -> bool:
    """Whether the ends of links are places of nodes.

    Raises:
      ValueError: they may be, and some are ids.
    """
    if ends != AUTO:
        return ends == "positions"
    known = set(ids)
    listed_ends = [end for link in links for end in (link.source, link.target)]
    strange = next((end for end in listed_ends if end not in known), None)
    if strange is None or not all(type(e) is int and 0 <= e < len(ids) for e in listed_ends):
        return False
    if known.isdisjoint(listed_ends):
        return True
    raise ValueError(
        f"{file}: a link ends at {strange!r}, which is no id, and others end at ids; "
        'ends="positions" takes all of them for places of nodes'
    )


def _last_of_each(links: Sequence[Link]) -> dict[int, Link]:
    """The links by their numbers, those of one pair as the last of them, in the place of the first.

    What the last does not say is as it was before.
    """
    found: dict[Any, tuple[int, Link]] = {}
    for number, link in enumerate(links):
        ends = (link.source, link.target)
        pair = ends if link.directed else frozenset(ends)
        if pair in found:
            link = link._replace(cells={**found[pair][1].cells, **link.cells})
        found[pair] = (number, link)
    return dict(found.values())


def _with_splits(network: Network) -> Network:
    """The marks of GraphSAGE as splits."""
    marks = {name: network.columns.get(name, ()) for name in ("test", "val")}
    if network.label in marks or not all({bool} == set(map(type, m)) for m in marks.values()):
        return network
    test, validation = (np.array(mark, bool) for mark in marks.values())
    masks = {"train": ~(test | validation), "validation": validation & ~test, "test": test}
    return dataclasses.replace(
        network,
        columns={k: cells for k, cells in network.columns.items() if k not in marks},
        splits={name: np.flatnonzero(mask) for name, mask in masks.items() if mask.any()},
        about=(*network.about, "the marks test and val are splits"),
    )


def _place(end: Name, count: int) -> int:
    if type(end) is not int or not 0 <= end < count:
        raise ValueError(f"an end of a link must be a place from 0 to {count - 1}, got {end!r}")
    return end


def _claims(sample: Sample) -> bool:
    head = sample.head.lstrip("\ufeff \r\n\t")
    if re.match(r'\[\s*\{\s*"(data|group)"\s*:', head):
        return '"data"' in head  # The elements of Cytoscape.js.
    if not head.startswith("{") or re.match(r"\{.*\}\s*\n\s*\{", head):
        return False  # An object a line is a table.
    keys = set(re.findall(r'"(nodes|links|edges|elements|multigraph|adjacency)"\s*:', head))
    return bool(keys - {"edges"}) or (sample.suffix == ".json" and bool(keys))


NODE_LINK = FileFormat(
    name="node-link",
    about=(
        "Node-link JSON (NetworkX, D3, GraphSAGE, Cytoscape.js, graphology): undirected unless it "
        "says directed; ends are ids, or places from 0 where none is an id; an undirected pair "
        "stands once; weights of repeats are added, or with multigraph false the last counts; "
        "loops stay; the weight is weight, or value."
    ),
    claims=_claims,
    read=read_node_link,
)
