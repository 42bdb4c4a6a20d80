"""A finished run: its figures, and predictions, embeddings and exports of its model."""

from __future__ import annotations

import csv
import dataclasses
import functools
import json
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.datasets.node_tables import read_nodes
from gnn.files import MANIFEST, whole_file, whole_folder
from gnn.graphs.graph import Graph
from gnn.layers.dense import FeatureDense
from gnn.models.classifiers.node_classifier import NodeClassifier
from gnn.models.export import KIND as EXPORT
from gnn.models.graph_regularization import GraphRegularizationModel
from gnn.runs import run_folder
from gnn.runs.feeding import evaluation_batches, inference_batches
from gnn.runs.run_config import NETWORK_NAMES, RunConfig
from gnn.runs.run_data import (
    DataFacts,
    load_data,
    named_data,
    node_ids,
    with_splits_of,
)


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says of some nodes.

    Attributes:
        ids: of the nodes.
        classes: the name of each node's most probable class.
        probabilities: float32 `[n, num_classes]`.
        class_names: of the columns of `probabilities`.
    """

    ids: list[Any]
    classes: list[str]
    probabilities: np.ndarray
    class_names: tuple[str, ...]

    def columns(self) -> dict[str, Any]:
        """Named columns: `id`, `class`, and `probability_NAME` of each class.

        Example:

        >>> found = Predictions(["a"], ["dog"], np.array([[0.25, 0.75]]), ("cat", "dog"))
        >>> list(found.columns())
        ['id', 'class', 'probability_cat', 'probability_dog']
        """
        each = {
            f"probability_{k}": self.probabilities[:, i] for i, k in enumerate(self.class_names)
        }
        return {"id": self.ids, "class": self.classes, **each}


@dataclasses.dataclass(frozen=True, eq=False)
class Embeddings:
    """Where a model puts some nodes.

    Attributes:
        ids: of the nodes.
        vectors: float32 `[n, width of the last hidden layer]`.
    """

    ids: list[Any]
    vectors: np.ndarray

    def columns(self) -> dict[str, Any]:
        """Named columns: `id` and `embedding`.

        Example:

        >>> list(Embeddings(["a"], np.zeros([1, 2])).columns())
        ['id', 'embedding']
        """
        return {"id": self.ids, "embedding": self.vectors}


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A finished run, as `gnn.runs.load_run` opens it.

    Attributes:
        path: its folder.
        config: the resolved configuration.
        facts: what is known of its data.
        metrics: of the best epoch on the validation split, of the test split, and the epochs.
    """

    path: Path
    config: RunConfig
    facts: DataFacts
    metrics: dict[str, Any]

    @property
    def history(self) -> dict[str, list[float]]:
        """Key to a number an epoch, as `fit` gives it."""
        with (self.path / run_folder.HISTORY).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return {key: [float(row[key]) for row in rows] for key in rows[0] if key != "epoch"}

    @functools.cached_property
    def model(self) -> keras.Model:
        """The Keras model of the best epoch."""
        return keras.models.load_model(self.path / run_folder.MODEL)

    def evaluate(self, split: str | None = None, *, data: Any = None) -> dict[str, Any]:
        """Loss and accuracy on one split.

        Args:
            split: its name. None takes `"test"`, or else `"validation"`; of other data without
                such splits, all labeled nodes.
            data: as in `predict`; None is what the run was trained on.

        Returns:
            `split`, `nodes` (how many), `loss` and `accuracy`.

        Raises:
            KeyError: there is no such split.
            ValueError: the data do not fit the run, have no labels, or have changed.
            FileNotFoundError: the data are not where they were.
        """
        graph = self._graph(data)
        if graph.labels is None:
            raise ValueError("evaluation needs labels, and these data have none")
        self._check_labels(graph)
        labeled = {name: nodes[graph.labels[nodes] >= 0] for name, nodes in graph.splits.items()}
        labeled = {name: nodes for name, nodes in labeled.items() if len(nodes)}
        if split is None:
            split = next((name for name in ("test", "validation") if name in labeled), "labeled")
            if split == "labeled":
                labeled = {split: np.flatnonzero(graph.labels >= 0)}
        graph = dataclasses.replace(graph, splits=labeled)
        nodes = graph.split(split)
        if not len(nodes):
            raise ValueError("evaluation needs labels, and no node of these data has one")
        batches = evaluation_batches(self.config, graph, split)
        found = self.model.evaluate(batches, verbose=0, return_dict=True)
        return {
            "split": split,
            "nodes": len(nodes),
            "loss": float(found["loss"]),
            "accuracy": float(found["accuracy"]),
        }

    def predict(self, data: Any = None, *, dataset: str | None = None) -> Predictions:
        """The class of every node.

        Args:
            data: a `gnn.Graph`, a folder as `gnn.datasets.from_folder` reads it, or, for a model
                that needs no graph, a `.csv` or `.parquet` table of nodes. None is what the run was
                trained on.
            dataset: a named data set, in place of `data`.

        Raises:
            FileNotFoundError: there are no such data.
            ValueError: they do not fit the run, or the model needs a graph and was given a table.
        """
        graph = self._graph(data, dataset)
        logits = self.model.predict(inference_batches(self.config, graph), verbose=0)
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = exponents / exponents.sum(axis=1, keepdims=True)
        names = self.facts.class_names
        classes = [names[k] for k in probabilities.argmax(axis=1)]
        return Predictions(node_ids(graph), classes, probabilities, names)

    def embed(self, data: Any = None, *, dataset: str | None = None) -> Embeddings:
        """The activations of the last hidden layer for every node.

        Args:
            data: as in `predict`.
            dataset: as in `predict`.

        Raises:
            FileNotFoundError: as in `predict`.
            ValueError: as in `predict`.
        """
        graph = self._graph(data, dataset)
        batches = inference_batches(self.config, graph)
        if graph.labels is not None:
            batches = batches.map(lambda inputs, labels: inputs)
        model = self.model
        if isinstance(model, NodeClassifier):
            rows = [model.embed(inputs).numpy() for inputs in batches]
        else:
            node_model = model.node_model if isinstance(model, GraphRegularizationModel) else model
            last = [layer for layer in node_model.layers if isinstance(layer, FeatureDense)][-1]
            hidden = keras.Model(node_model.input, last.output)
            rows = [tf.convert_to_tensor(hidden(inputs)).numpy() for inputs in batches]
        return Embeddings(node_ids(graph), np.concatenate(rows))

    def export(
        self,
        path: str | os.PathLike[str],
        *,
        format: str = "saved_model",
        overwrite: bool = False,
    ) -> Path:
        """Writes the model for others to serve, whole or not at all.

        Args:
            path: the folder of a SavedModel, or a file that ends in `.keras`.
            format: `"saved_model"` or `"keras"`.
            overwrite: whether an older export is replaced; no other folder is.

        Returns:
            The path.

        Raises:
            FileExistsError: there is one, and `overwrite` is False, or it is no export of ours.
            OSError: it cannot be written.
            ValueError: another format, or a `.keras` file of another name.
        """
        path = Path(path)
        if format not in ("saved_model", "keras"):
            raise ValueError(f"format must be 'saved_model' or 'keras', got {format!r}")
        if format == "saved_model":
            source = self.path / run_folder.SAVED_MODEL
            others = shutil.ignore_patterns(MANIFEST, ".*.partial-*")
            with whole_folder(path, EXPORT, overwrite=overwrite) as partial:
                shutil.copytree(source, partial, dirs_exist_ok=True, ignore=others)
            return path
        if path.suffix != ".keras":
            raise ValueError(f"the path of format 'keras' must end in .keras, got {str(path)!r}")
        with whole_file(path, overwrite=overwrite) as partial:
            shutil.copyfile(self.path / run_folder.MODEL, partial)
        return path

    def info(self) -> str:
        """Describes the run in a few lines for a person to read."""
        config = self.config
        shapes = ", ".join(f"{k!r} {list(v)}" for k, v in self.facts.features.items())
        names = self.facts.class_names
        shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        lines = {
            "folder": str(self.path),
            "model": f"{config.model}, recipe {config.recipe}, seed {config.seed}",
            "data": config.dataset or config.data or "",
            "features": shapes,
            "classes": f"{len(names)}: {shown}",
            "epochs": f"{self.metrics['epochs']}, best {self.metrics['best_epoch']}",
        }
        for split in ("validation", "test"):
            if split in self.metrics:
                found = self.metrics[split]
                lines[split] = f"accuracy {found['accuracy']:.4f}, loss {found['loss']:.4f}"
        return "\n".join(["Run", *(f"  {key:<11} {text}" for key, text in lines.items())])

    def _graph(self, data: Any = None, dataset: str | None = None) -> Graph:
        """The graph that is meant, once its features are those of the run."""
        if data is not None and dataset is not None:
            raise ValueError("one of data and dataset must be given, not both")
        if data is None and (dataset is None or dataset == self.config.dataset):
            graph, _ = load_data(self.config, self.facts.columns)
            graph = with_splits_of(self.path / run_folder.SPLITS, graph)
        elif dataset is not None:
            graph = named_data(dataset, normalize=self.config.scaling == "rows")
        elif isinstance(data, Graph):
            graph = data
        elif os.path.isdir(data):
            folder = dataclasses.replace(self.config, dataset=None, data=os.fspath(data))
            graph, _ = load_data(folder, self.facts.columns)
        else:
            graph = self._table(data)
        self.facts.check(graph)
        if set(graph.features) != set(self.facts.features):
            kept = {name: graph.features[name] for name in self.facts.features}
            graph = dataclasses.replace(graph, features=kept)
        return graph

    def _table(self, path: str | os.PathLike[str]) -> Graph:
        if self.config.model in NETWORK_NAMES and os.path.isfile(path):
            raise ValueError(
                f"a {self.config.model} predicts a node from its neighbors, and "
                f"{os.fspath(path)!r} is a table of nodes alone: give a folder with nodes and edges"
            )
        table = read_nodes(path, self.facts.columns, strict=bool(self.config.strict))
        return Graph(  # The labels are numbered already, and nothing is to be guessed of them.
            features=table.features,
            senders=np.zeros(0, np.int32),
            receivers=np.zeros(0, np.int32),
            labels=table.labels,
            splits=table.splits,
            ids=np.array(table.ids),
            class_names=table.columns.class_names,
        )

    def _check_labels(self, graph: Graph) -> None:
        """Other data number their classes alike only where the names are the same."""
        names = self.facts.class_names
        if graph.class_names is not None and graph.class_names != names:
            raise ValueError(
                f"the run's classes are {list(names)}, and these data have "
                f"{list(graph.class_names)}"
            )
        assert graph.labels is not None
        if graph.labels.size and graph.labels.max() >= len(names):
            raise ValueError(
                f"the run has {len(names)} classes, and these data have a label "
                f"{graph.labels.max()}"
            )


def load_run(path: str | os.PathLike[str]) -> Run:
    """Opens the folder of a finished run.

    Args:
        path: what `gnn.runs.train` wrote.

    Returns:
        The run; its model is loaded when it is first used.

    Raises:
        FileNotFoundError: there is no such folder, it is no run, or the run is not finished.
        ValueError: a file in it is damaged.
    """
    path = Path(os.path.normpath(path))
    folder = run_folder.RunFolder(path)
    if not path.is_dir():
        if folder.partial.is_dir():
            raise FileNotFoundError(
                f"the run {str(path)!r} is not finished: carry on with "
                f"`gnn train --output {shlex.quote(str(path))} --resume`"
            )
        raise FileNotFoundError(f"no run folder {str(path)!r}")
    config = run_folder.read_config(path)
    parts = {}
    for name in (run_folder.DATA, run_folder.METRICS):
        try:
            parts[name] = json.loads((path / name).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{str(path)!r} is no finished run: no {name}") from error
        except ValueError as error:
            raise ValueError(f"{path / name} is damaged: {error}") from error
    facts = DataFacts.from_dict(parts[run_folder.DATA])
    return Run(path, config, facts, parts[run_folder.METRICS])
