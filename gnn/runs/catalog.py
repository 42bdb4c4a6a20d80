"""The named data sets, and what a graph holds, for people and for scripts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from gnn.configs.neighbors import NeighborGraphConfig
from gnn.configs.sessions import SessionGraphConfig
from gnn.datasets.download import data_folder
from gnn.edges.edges import counted
from gnn.graphs.graph import Graph

_PLANETOID = tuple(
    f"planetoid/ind.{{name}}.{part}"
    for part in ("x", "y", "tx", "ty", "allx", "ally", "graph", "test.index")
)


@dataclasses.dataclass(frozen=True)
class CatalogEntry:
    """A named data set.

    Attributes:
        name: what `--dataset` takes.
        about: what it is.
        is_here: whether it can be read without a download.
        has_labels: whether a classifier can be trained on it.
    """

    name: str
    about: str
    is_here: bool
    has_labels: bool


_ABOUT: Mapping[str, tuple[str, tuple[str, ...], bool]] = {
    "cora": (
        "2,708 papers on machine learning, their words and citations; 7 fields",
        _PLANETOID,
        True,
    ),
    "citeseer": (
        "3,327 papers on computer science, their words and citations; 6 fields",
        _PLANETOID,
        True,
    ),
    "pubmed": (
        "19,717 papers on diabetes, their words and citations; 3 kinds",
        _PLANETOID,
        True,
    ),
    "digits": (
        "1,797 images of handwritten digits, and simulated sessions of clicks; 10 digits",
        (),
        True,
    ),
    "groceries": (
        "169 products of a grocery, and 9,835 real baskets; no labels",
        ("groceries.csv",),
        False,
    ),
}


# What the notes of a graph say of its making, for scripts.
_MAKING = ("config", "report")
# What is told of a configuration even where it is as usual.
_ALWAYS_TOLD = ("weighting", "k", "metric")


def catalog() -> list[CatalogEntry]:
    """The named data sets, and which of them are on this machine.

    Example:

    >>> [entry.name for entry in catalog()]
    ['cora', 'citeseer', 'pubmed', 'digits', 'groceries']
    """
    folder = data_folder()
    return [
        CatalogEntry(
            name,
            about,
            all((folder / file.format(name=name)).is_file() for file in files),
            has_labels,
        )
        for name, (about, files, has_labels) in _ABOUT.items()
    ]


def describe(graph: Graph) -> dict[str, Any]:
    """The counts, names and shapes of a graph as plain values.

    Example:

    >>> describe(Graph.from_edges([0], [1], {"x": np.eye(2)}, labels=["cat", None]))["classes"]
    {'cat': 1}
    """
    classes: dict[str, int] | None = None
    if graph.labels is not None and graph.labels.ndim == 1 and graph.labels.dtype.kind == "i":
        found, counts = np.unique(graph.labels[graph.labels >= 0], return_counts=True)
        names = graph.class_names
        classes = {
            str(k) if names is None else names[k]: int(count)
            for k, count in zip(found, counts, strict=True)
        }
    return {
        "num_nodes": graph.num_nodes,
        "num_edges": graph.num_edges,
        "features": {name: list(value.shape[1:]) for name, value in graph.features.items()},
        "classes": classes,
        "splits": {name: len(nodes) for name, nodes in graph.splits.items()},
    } | {key: graph.notes[key] for key in _MAKING if key in graph.notes}


def describe_making(graph: Graph) -> str:
    """What a graph was made from, and what sets its configuration apart; "" without such notes.

    Example:

    >>> print(describe_making(Graph.from_sessions([["a", "b"]], config={"max_neighbors": 5})))
      made from       2 records: 1 session, 2 items, 1 pair
      made by         weighting=cosine, max_session_items=50, min_count=2, max_neighbors=5, \
join_isolated=True
    >>> print(describe_making(Graph.from_embeddings([[1, 0], [0, 1]], k=1)))
      made from       2 vectors
      made by         k=1, metric=cosine
    """
    config = graph.notes.get("config")
    if not config:
        return ""
    is_log = "weighting" in config
    plain = (SessionGraphConfig("count") if is_log else NeighborGraphConfig()).to_dict()
    # The columns of a log say nothing of the graph.
    set_ = {
        name: value
        for name, value in config.items()
        if not name.endswith("_column") and (name in _ALWAYS_TOLD or value != plain.get(name))
    }
    report = graph.notes["report"]
    made_from = counted(report["given"], report["unit"])
    if is_log:
        counts = [counted(report[f"{what}s"], what) for what in ("session", "item", "pair")]
        made_from += f": {', '.join(counts)}"
    lines = {
        "made from": made_from,
        "made by": ", ".join(f"{name}={value}" for name, value in set_.items()),
    }
    return "\n".join(f"  {title:<15} {text}" for title, text in lines.items())
