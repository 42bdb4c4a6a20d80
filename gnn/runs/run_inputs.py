"""The data that a finished run is asked about, and whether they fit it."""

from __future__ import annotations

import dataclasses
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from gnn.datasets.node_tables import read_nodes
from gnn.graphs.graph import Graph
from gnn.models.columns.column_encoder import ColumnEncoder
from gnn.runs import run_folder
from gnn.runs.class_names import with_classes
from gnn.runs.data_loading import RunData, load_data, named_data, of_folder
from gnn.runs.encoding import cells_of_features, encoded
from gnn.runs.image_checks import warn_of_images
from gnn.runs.run_config import NETWORK_NAMES, RunConfig
from gnn.runs.run_data import DataFacts
from gnn.runs.versions import current_versions, stored_versions, version_changes
from gnn.tables.memory_tables import is_memory_table


class RunInputs:
    """Reads data as a run's own were read.

    Args:
        path: the folder of the run.
        config: its configuration.
        facts: what it knows of its data.
        encoder: of the columns of its tables; None where it has none.
    """

    def __init__(
        self, path: Path, config: RunConfig, facts: DataFacts, encoder: ColumnEncoder | None
    ):
        self._path, self._config, self._facts, self._encoder = path, config, facts, encoder
        self._has_said = False

    def read(self, data: Any, dataset: str | None = None, labels: bool = False) -> RunData:
        """The data that are meant, once their features are those of the run.

        Args:
            data: as in `gnn.runs.Run.predict`.
            dataset: likewise.
            labels: whether its labels are needed, and so have to fit.

        Raises:
            FileNotFoundError: there are no such data.
            TypeError: they are nothing that can be read.
            ValueError: they do not fit the run; or an image is broken, and it is strict.

        Warns:
            TableWarning: for broken images.
        """
        found = self._read(data, dataset, labels)
        if labels and self._config.start_from is not None:
            found = dataclasses.replace(
                found, graph=with_classes(found.graph, self._facts.class_names)
            )
        graph = encoded(found.graph, found, self._encoder)
        self._facts.check(graph)
        if labels:
            self._check_labels(graph)
        warn_of_images(graph, found, bool(self._config.strict))
        if set(graph.features) != set(self._facts.features):
            kept = {name: graph.features[name] for name in self._facts.features}
            graph = dataclasses.replace(graph, features=kept)
        return dataclasses.replace(found, graph=graph)

    def check_unchanged(self, graph: Graph) -> None:
        """Raises where the run's own data are others than those that it was trained on.

        A run of old that does not know says so, once.

        Raises:
            ValueError: as said.
        """
        same = self._facts.is_of(graph)
        if same is None and not self._has_said:
            self._has_said = True
            warnings.warn(
                f"the run {str(self._path)!r} was made before runs remembered their data: whether "
                "these have changed since is not known",
                stacklevel=3,
            )
        if same is False:
            stored = stored_versions(self._path / run_folder.CONFIG)
            changes = version_changes(stored, current_versions())
            why = f", or are read otherwise ({changes})" if changes else ""
            raise ValueError(
                f"the data of the run {str(self._path)!r} have changed since it was trained{why}: "
                "give them as data to judge them as they are now"
            )

    def _read(self, data: Any, dataset: str | None, labels: bool) -> RunData:
        if data is not None and dataset is not None:
            raise ValueError("one of data and dataset must be given, not both")
        config, columns = self._config, self._facts.columns
        if dataset is not None and dataset != config.dataset:
            return RunData(named_data(dataset, normalize=config.scaling == "rows"))
        if data is None:
            return load_data(config, columns, labels, self._path)
        if isinstance(data, Graph):
            return self._graph(data)
        if is_memory_table(data) or not os.path.isdir(data):
            return self._table(data, labels)
        return load_data(of_folder(config, os.fspath(data)), columns, labels, self._path)

    def _graph(self, graph: Graph) -> RunData:
        """A graph with features of the run, or with the numbers of its columns, still to encode."""
        columns = self._facts.columns
        known = self._facts.features.keys() <= graph.features.keys()
        if self._encoder is None or columns is None or known:
            return RunData(graph)
        return RunData(graph, columns, cells_of_features(graph, columns))

    def _table(self, data: Any, labels: bool) -> RunData:
        is_table = is_memory_table(data) or os.path.isfile(data)
        if self._config.model in NETWORK_NAMES and is_table:
            what = "the DataFrame" if is_memory_table(data) else repr(os.fspath(data))
            raise ValueError(
                f"a {self._config.model} predicts a node from its neighbors, and {what} is a table "
                "of nodes alone: give a folder with all nodes and edges, or train 'mlp' or "
                "'graph-regularization', which need no neighbors"
            )
        strict = bool(self._config.strict)
        # Nothing is joined by the ids of a table that is asked about alone.
        found = read_nodes(data, self._facts.columns, strict=strict, labels=labels, distinct=labels)
        nothing = np.zeros(0, np.int32)
        graph = Graph(  # The labels are numbered already, and nothing is to be guessed of them.
            features=found.features,
            senders=nothing,
            receivers=nothing,
            labels=found.labels,
            splits=found.splits,
            ids=np.array(found.ids) if labels else None,
            num_nodes=len(found.ids),
            class_names=found.columns.class_names,
        )
        root = None if is_memory_table(data) else Path(data).parent
        return RunData(graph, found.columns, found.table, root, found.ids)

    def _check_labels(self, graph: Graph) -> None:
        """Other data number their classes alike only where the names are the same."""
        names = self._facts.class_names
        if graph.labels is None:
            raise ValueError("evaluation needs labels, and these data have none")
        if graph.class_names is not None and graph.class_names != names:
            raise ValueError(
                f"the run's classes are {list(names)}, and these data have "
                f"{list(graph.class_names)}"
            )
        if graph.labels.size and graph.labels.max() >= len(names):
            raise ValueError(
                f"the run has {len(names)} classes, and these data have a label "
                f"{graph.labels.max()}"
            )
