"""The data of a run: the graph it is trained on, and what is needed to read more alike."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from gnn.configs.sessions import SessionGraphConfig
from gnn.datasets.digits import digits
from gnn.datasets.from_folder import read_folder
from gnn.datasets.groceries import groceries
from gnn.datasets.node_schema import NodeSchema
from gnn.datasets.planetoid import planetoid
from gnn.files import whole_file
from gnn.graphs.graph import Graph
from gnn.models.export import check_name
from gnn.runs.config_files import OptionError
from gnn.runs.log_graph import read_log_graph
from gnn.runs.recipes import number_of_classes
from gnn.runs.run_config import PLANETOID, RunConfig
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


def load_data(
    config: RunConfig,
    columns: NodeSchema | None = None,
    labels: bool = True,
    run: Path | None = None,
) -> tuple[Graph, NodeSchema | None]:
    """Reads the data set or the folder that a configuration names.

    Args:
        config: with `dataset` or `data`.
        columns: the columns of the folder that a model was trained on.
        labels: whether the labels and splits of a folder are read, and so have to be right.
        run: the folder of a run that is there, whole or partial, by which a log is read as it was
            for that: one without `session_config` is of before, and counted. Where nothing has
            changed, the edges are those that it has kept.

    Returns:
        The graph, and the columns of a folder's table of nodes (None for a named data set).

    Raises:
        FileNotFoundError: there are no such files.
        ValueError: not one of `dataset` and `data`, a `session_config` and no log, or as
            `gnn.datasets.from_folder`.

    Warns:
        TableWarning: for malformed rows and columns left out.
    """
    if (config.dataset is None) == (config.data is None):
        raise ValueError("one of dataset and data must be given, a name or a folder")
    if config.dataset is not None:
        _check_has_log(config, False)
        return named_data(config.dataset, normalize=config.scaling == "rows"), None
    is_of_before = run is not None and config.session_config is None
    found = read_folder(
        config.data or "",
        strict=bool(config.strict),
        undirected=not config.directed,
        columns=columns,
        labels=labels,
        label_kind=config.label_kind,
        session_config=SessionGraphConfig("count") if is_of_before else config.session_config,
        built=None if run is None else read_log_graph(run),
    )
    if run is None:
        _check_has_log(config, "log" in found.graph.notes)
    return found.graph, found.columns


def _check_has_log(config: RunConfig, has_log: bool) -> None:
    if config.session_config is not None and not has_log:
        raise OptionError(
            f"session_config is for a log, sessions.csv, and {config.dataset or config.data!r} has "
            f"none; got {config.session_config}"
        )


def named_data(name: str, normalize: bool = True) -> Graph:
    """A named data set.

    Args:
        name: one of `gnn.runs.run_config.DATASETS`.
        normalize: whether the words of each paper of a citation graph are made to sum to 1.
    """
    if name in PLANETOID:
        return planetoid(name, normalize=normalize)
    return digits() if name == "digits" else groceries()


def check_trainable(graph: Graph, name: str) -> None:
    """Raises unless a classifier of nodes can be trained on a graph.

    Raises:
        ValueError: it has no labels, labels that are no classes, or no features that are numbers,
            or one under a name that a SavedModel cannot have.

    Example:

    >>> check_trainable(Graph.from_edges([], [], np.eye(2), labels=[0, 1]), "mine")
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
    if not graph.features:
        raise ValueError(f"{name} has no features, and a model needs some to learn from")
    for feature, values in graph.features.items():
        check_name(feature)
        if values.dtype.kind not in "biuf" or values.ndim != 2:
            raise ValueError(
                f"the feature {feature!r} of {name} must hold numbers, a row a node; got "
                f"{values.dtype} of shape {values.shape}"
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
    splits: dict[str, list[int]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["id"] not in place:
                raise ValueError(
                    f"the node {row['id']!r} of the split {row['split']!r} ({path}) is not in the "
                    "data any more"
                )
            splits.setdefault(row["split"], []).append(place[row["id"]])
    return dataclasses.replace(graph, splits={k: np.array(v) for k, v in splits.items()})


def _fingerprint(graph: Graph) -> str:
    """A checksum of everything that a model could learn from."""
    found = hashlib.sha256()
    arrays: list[Any] = [graph.senders, graph.receivers, graph.weights, graph.labels]
    for name, feature in sorted(graph.features.items()):
        found.update(name.encode())
        if isinstance(feature, np.ndarray):
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
