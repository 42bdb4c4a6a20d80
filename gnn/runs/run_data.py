"""What a run knows of its data without them, and whether a model can learn from them."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from gnn.datasets.node_schema import NodeSchema
from gnn.files import whole_file
from gnn.graphs.graph import Graph
from gnn.graphs.image_files import ImageFiles
from gnn.models.export import check_name
from gnn.runs.recipes import number_of_classes
from gnn.runs.run_folder import DATA, START
from gnn.runs.tables import as_csv

# Up to as many, classes may be numbers with gaps between them.
_MOST_UNASKED_CLASSES = 10_000


@dataclasses.dataclass(frozen=True)
class DataFacts:
    """What a run knows of its data without them.

    Attributes:
        features: name -> the shape of a row.
        class_names: by number; the numbers themselves where the classes have no names.
        columns: the columns of the folder's table of nodes; None for a named data set.
        fingerprint: a checksum of everything in the graph; None in runs of old.

    Example:

    >>> facts = DataFacts({"x": (3,)}, ("cat", "dog"), None, "")
    >>> DataFacts.from_dict(facts.to_dict()) == facts
    True
    """

    features: dict[str, tuple[int, ...]]
    class_names: tuple[str, ...]
    columns: NodeSchema | None
    fingerprint: str | None

    @classmethod
    def of(cls, graph: Graph, columns: NodeSchema | None) -> DataFacts:
        """The facts of a graph with labels."""
        names = graph.class_names or tuple(str(k) for k in range(number_of_classes(graph)))
        shapes = {name: tuple(feature.shape[1:]) for name, feature in graph.features.items()}
        return cls(shapes, names, columns, _fingerprint(graph))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "features": {name: list(shape) for name, shape in self.features.items()},
            "class_names": list(self.class_names),
            "columns": None if self.columns is None else self.columns.to_dict(),
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DataFacts:
        """Reads `to_dict` back."""
        columns = values["columns"]
        return cls(
            {name: tuple(shape) for name, shape in values["features"].items()},
            tuple(values["class_names"]),
            None if columns is None else NodeSchema.from_dict(columns),
            values.get("fingerprint"),
        )

    def is_of(self, graph: Graph) -> bool | None:
        """Whether a graph, as it was read, is the one that the run was trained on.

        None where that is not known.
        """
        return None if self.fingerprint is None else self.fingerprint == _fingerprint(graph)

    def check(self, graph: Graph) -> None:
        """Raises unless a graph has the features that the run was trained on.

        Raises:
            ValueError: a feature is missing or has another width; those there are are named.
        """
        found = {name: tuple(feature.shape[1:]) for name, feature in graph.features.items()}
        for name, shape in self.features.items():
            if found.get(name) != shape:
                raise ValueError(
                    f"the run was trained on the feature {name!r} of shape {list(shape)} a node; "
                    f"these data have { ({k: list(v) for k, v in found.items()}) }"
                )


def stored_facts(run: Path) -> DataFacts:
    """The facts that lie in the folder of a run, whole or partial.

    Raises:
        FileNotFoundError: the folder has none.
        ValueError: they are damaged.
    """
    try:
        return DataFacts.from_dict(json.loads((run / DATA).read_text(encoding="utf-8")))
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{run / DATA} is damaged: {error}") from error


def stored_start(run: Path) -> dict[str, Any] | None:
    """What a run, whole or partial, keeps of the one that it started from; None of others.

    Raises:
        ValueError: the file is damaged.
    """
    path = run / START
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def check_labels(graph: Graph, name: str) -> None:
    """Raises unless the labels of a graph are classes that can be learned.

    Args:
        graph: the data.
        name: what errors call them.

    Raises:
        ValueError: there are none, they are no classes, there is one class, or far more numbers of
            classes than classes.

    Example:

    >>> check_labels(Graph.from_edges([], [], labels=[0, 1]), "mine")
    """
    labels = graph.labels
    if labels is None:
        raise ValueError(
            f"{name} has no labels, and training needs some: a column 'label' in the table of "
            "nodes, or another data set"
        )
    if labels.ndim != 1 or labels.dtype.kind != "i":
        raise ValueError(
            f"the labels of {name} must be one class a node, got {labels.dtype} of shape "
            f"{labels.shape}; label_kind says what labels are"
        )
    classes, found = number_of_classes(graph), len(np.unique(labels[labels >= 0]))
    if classes < 2:
        raise ValueError(f"{name} must have at least two classes, got {classes}")
    # Numbers such as those of articles would make a layer that no memory holds.
    if graph.class_names is None and classes > max(_MOST_UNASKED_CLASSES, 10 * found):
        raise ValueError(
            f"the labels of {name} are numbers up to {classes - 1}, which makes {classes} classes, "
            f"and only {found} of them occur: number the classes from 0, or label them by text"
        )


def check_features(graph: Graph, name: str) -> None:
    """Raises unless a model can learn from the features of a graph.

    Args:
        graph: the data.
        name: what errors call them.

    Raises:
        ValueError: there are none, or one holds no numbers, or has a name that a SavedModel cannot
            have.

    Example:

    >>> check_features(Graph.from_edges([], [], np.eye(2)), "mine")
    """
    if not graph.features:
        raise ValueError(f"{name} has no features, and a model needs some to learn from")
    for feature, values in graph.features.items():
        check_name(feature)
        if values.dtype.kind not in "biuf" or values.ndim not in (2, 4):
            raise ValueError(
                f"the feature {feature!r} of {name} must hold numbers, a row a node; got "
                f"{values.dtype} of shape {values.shape}"
            )


def node_ids(graph: Graph) -> list[Any]:
    """The ids of the nodes, or their numbers where they have none.

    Example:

    >>> node_ids(Graph.from_edges([0], [1]))
    [0, 1]
    """
    return list(range(graph.num_nodes)) if graph.ids is None else graph.ids.tolist()


def write_splits(path: Path, graph: Graph) -> None:
    """Writes which node is in which split, by the nodes' ids."""
    ids = node_ids(graph)
    rows = [(str(ids[node]), name) for name, nodes in graph.splits.items() for node in nodes]
    text = as_csv({"id": [row[0] for row in rows], "split": [row[1] for row in rows]})
    with whole_file(path, overwrite=True) as partial:
        partial.write_text(text, encoding="utf-8")


def with_splits_of(path: Path, graph: Graph) -> Graph:
    """The graph with the splits that `write_splits` wrote.

    Raises:
        ValueError: a node of a split is not in the graph any more.
    """
    place = {str(name): node for node, name in enumerate(node_ids(graph))}
    splits = {}
    for split, ids in read_splits(path).items():
        gone = next((name for name in ids if name not in place), None)
        if gone is not None:
            raise ValueError(
                f"the node {gone!r} of the split {split!r} ({path}) is not in the data any more"
            )
        splits[split] = np.array([place[name] for name in ids])
    return dataclasses.replace(graph, splits=splits)


def read_splits(path: Path) -> dict[str, list[str]]:
    """The ids of the nodes of each split, as `write_splits` wrote them."""
    splits: dict[str, list[str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            splits.setdefault(row["split"], []).append(row["id"])
    return splits


def _fingerprint(graph: Graph) -> str:
    """A checksum of everything that a model could learn from."""
    found = hashlib.sha256()
    arrays: list[Any] = [graph.senders, graph.receivers, graph.weights, graph.labels]
    for name, feature in sorted(graph.features.items()):
        found.update(name.encode())
        if isinstance(feature, ImageFiles):
            for piece in feature.pieces():
                found.update(piece)
        elif isinstance(feature, np.ndarray):
            arrays.append(feature)
        else:
            arrays += [feature.indptr, feature.indices, feature.data]
    for name, nodes in sorted(graph.splits.items()):
        found.update(name.encode())
        arrays.append(nodes)
    for array in arrays:
        found.update(f"{array.dtype}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    for name in node_ids(graph) if graph.ids is not None else []:
        found.update(os.fsencode(f"{name}\0"))
    return found.hexdigest()
