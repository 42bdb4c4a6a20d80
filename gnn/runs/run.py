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

from gnn.evaluation.answers import softmax
from gnn.files import MANIFEST, whole_file, whole_folder
from gnn.models.columns.column_encoder import ColumnEncoder
from gnn.models.export import KIND as EXPORT
from gnn.models.inference.exact import needs_graph, predict_nodes
from gnn.models.last_hidden import last_hidden
from gnn.runs import run_folder
from gnn.runs.answers import Embeddings, Predictions
from gnn.runs.calibrating import served_temperature
from gnn.runs.encoding import filled_in, read_encoder
from gnn.runs.evaluating import evaluate_run
from gnn.runs.figure_texts import accuracy_text, lift_text
from gnn.runs.judged_splits import split_sizes
from gnn.runs.judging import Judge
from gnn.runs.run_config import SAMPLED, RunConfig
from gnn.runs.run_data import DataFacts, node_ids, stored_facts
from gnn.runs.run_inputs import RunInputs


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

    @functools.cached_property
    def encoder(self) -> ColumnEncoder | None:
        """What makes the features of the columns of a table; None where there are no columns."""
        return read_encoder(self.path, self.facts)

    def evaluate(
        self,
        split: str | None = None,
        *,
        data: Any = None,
        inference: str | None = None,
        progress: bool = False,
        plots: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
    ) -> dict[str, Any]:
        """How good the run is on one split and, of other data, on each of their splits apart.

        Nodes that the run was trained on, by their ids, are judged as `"train"`, whatever other
        data call them. Where these have no splits, the others are judged by the run's own, or as
        `"new"`; where nothing is known of them, they are `"labeled"`.

        Args:
            split: its name. None takes `"test"`, or else `"validation"`, `"new"` or `"labeled"`.
            data: as in `predict`; None is what the run was trained on.
            inference: as in `predict`.
            progress: as in `predict`.
            plots: a folder for pictures of the figures: `confusion.png`, `calibration.png` and, of
                a graph with edges, `degree.png` and `homophily.png`; it is made if there is none.
            overwrite: whether pictures that are there are replaced.

        Returns:
            `split`, `nodes` (how many), `loss`, `accuracy`, its `interval`, `inference`, and by
            the keys of `gnn.runs.figures.as_figures` the figures of each class, the confusion, the
            calibration, and the accuracy by degree and by homophily; `calibrated_on`, the
            validation nodes that the temperature was fitted on, and `calibrated`, whether
            probabilities are served with it. Of the split that it was measured on, `lift`: what
            the graph is worth, as `gnn.runs.baseline.lift` has it. With `plots`, the files. Of
            other data, where no split is named, `splits`: the same figures by split.

        Raises:
            FileExistsError: there are such pictures, and `overwrite` is False.
            ImportError: there are to be pictures, and Matplotlib is not installed.
            KeyError: there is no such split.
            ValueError: the data do not fit the run, have no labels, or have changed.
            FileNotFoundError: the data are not where they were.
        """
        return evaluate_run(self, split, data, inference, progress, plots, overwrite)

    def predict(
        self,
        data: Any = None,
        *,
        dataset: str | None = None,
        inference: str | None = None,
        progress: bool = False,
    ) -> Predictions:
        """The class of every node. Labels are not looked at.

        Args:
            data: a `gnn.Graph`, a folder as `gnn.datasets.from_folder` reads it, or, for a model
                that needs no graph, a table of nodes: a `.csv` or `.parquet` file, or a pandas
                DataFrame (its index names the nodes where it has no column `id`). None is what the
                run was trained on, as it is now.
            dataset: a named data set, in place of `data`.
            inference: `"exact"`: all neighbors count, whatever that takes (see
                `gnn.models.predict_nodes`); `"sampled"`: the fanout of the run, which estimates.
                None is as the run was validated.
            progress: whether to show a bar on a terminal, where a large graph takes long.

        Raises:
            FileNotFoundError: there are no such data.
            ValueError: they do not fit the run, or the model needs a graph and was given a table.
        """
        asked = self.inputs.read(data, dataset)
        graph = asked.graph
        judge = Judge(self.model, self.config, graph, inference, progress)
        logits = judge.predict()
        probabilities = softmax(logits, served_temperature(self.config, self.metrics))
        names = self.facts.class_names
        classes = [names[k] for k in logits.argmax(axis=1)]
        filled, drift = None, None
        if self.encoder is not None and asked.table is not None:
            filled = filled_in(asked)
            drift = self.encoder.drift(asked.table, root=asked.root, features=graph.features)
        ids = node_ids(graph) if asked.ids is None else asked.ids
        return Predictions(ids, classes, probabilities, names, judge.inference, filled, drift)

    def embed(
        self,
        data: Any = None,
        *,
        dataset: str | None = None,
        inference: str | None = None,
        progress: bool = False,
    ) -> Embeddings:
        """The activations of the last hidden layer for every node.

        Args:
            data: as in `predict`.
            dataset: as in `predict`.
            inference: as in `predict`.
            progress: as in `predict`.

        Raises:
            FileNotFoundError: as in `predict`.
            ValueError: as in `predict`; or the model has no hidden layer.
        """
        asked = self.inputs.read(data, dataset)
        graph = asked.graph
        ids = node_ids(graph) if asked.ids is None else asked.ids
        judge = Judge(self.model, self.config, graph, inference, progress)
        if needs_graph(self.model):
            return Embeddings(ids, judge.embed(), judge.inference)
        hidden = last_hidden(self.model)
        if hidden is None:
            raise ValueError("the model has no hidden layer, whose activations an embedding is")
        vectors = predict_nodes(hidden, graph)
        return Embeddings(ids, vectors, judge.inference)

    @functools.cached_property
    def inputs(self) -> RunInputs:
        """What reads the data that the run is asked about."""
        return RunInputs(self.path, self.config, self.facts, self.encoder)

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
        if (self.path / run_folder.LOG_GRAPH).is_dir():
            lines["graph"] = f"{self.path / run_folder.LOG_GRAPH}, made of a log"
        estimated = self.metrics.get("inference") == SAMPLED
        for split in ("validation", "test"):
            if split in self.metrics:
                found = self.metrics[split]
                nodes = found.get("nodes") or split_sizes(self.path)[split]
                lines[split] = accuracy_text(found["accuracy"], nodes)
                lines[split] += f", loss {found['loss']:.4f}"
                lines[split] += ", estimated on sampled neighbors" if estimated else ""
        if "lift" in self.metrics:
            lines["lift"] = lift_text(self.metrics["lift"])
        return "\n".join(["Run", *(f"  {key:<11} {text}" for key, text in lines.items())])


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
    try:
        facts = stored_facts(path)
        metrics = json.loads((path / run_folder.METRICS).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        name = Path(error.filename).name
        raise FileNotFoundError(f"{str(path)!r} is no finished run: no {name}") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{path / run_folder.METRICS} is damaged: {error}") from error
    return Run(path, config, facts, metrics)
