"""Beginning with a finished run: its options, classes, splits, encoder and weights."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np

from gnn.datasets.node_schema import NodeSchema
from gnn.files import read_manifest
from gnn.graphs.graph import Graph
from gnn.models.columns.column_encoder import FEATURES, TOKENS, ColumnEncoder
from gnn.models.columns.growing import grown_encoder, growth_lines, slots_before
from gnn.models.warm_start import WarmStart, warm_start
from gnn.runs import run_folder
from gnn.runs.class_names import with_classes
from gnn.runs.config_files import OptionError
from gnn.runs.data_loading import RunData, of_folder
from gnn.runs.feeding import training_batches
from gnn.runs.judging import Judge
from gnn.runs.recipes import number_of_classes
from gnn.runs.reporting import RunLog
from gnn.runs.run import Run, load_run
from gnn.runs.run_config import DISTILLED, RunConfig
from gnn.runs.run_data import read_splits, stored_start
from gnn.runs.splitting import nodes_to_learn_from

# What weights and columns were made for.
_FIXED = (
    "model",
    "hidden_units",
    "backbone",
    "scaling",
    "columns",
    "exclude",
    "schema",
    "label_kind",
    "image_size",
    "image_channels",
    "keep_aspect",
)
# Nodes that were validated on would be trained on, and the other way round.
_OF_FOLDS = ("folds", "fold")
# Of the run that was: where it lay, and what is a matter of its week. A perceptron beside a run
# that begins with trained weights would have to begin anew.
_NOT_TAKEN = (
    "start_from",
    "output",
    "overwrite",
    "resume",
    "backbone_weights",
    "baseline",
    *_OF_FOLDS,
)
_FIGURES = ("accuracy", "loss")
_TABLES = ("nodes", "labels", "edges", "sessions")


def with_options_of_start(config: RunConfig) -> RunConfig:
    """The options that were given, and else those of the run that it starts from.

    Args:
        config: as it was given; without `start_from` it is returned as it is.

    Raises:
        FileNotFoundError: there is no such finished run.
        OptionError: an option does not fit the weights or the splits of that run; it is named.
    """
    if config.start_from is None:
        return config
    check_no_folds(config)
    path = os.path.abspath(config.start_from)
    before = _opened(path).config
    given, held = config.to_dict(), before.to_dict()
    for name in _FIXED:
        if name in given and given[name] != held.get(name):
            raise OptionError(
                f"{name} must be that of the run {path!r} that it starts from, "
                f"{held.get(name)!r}, got {given[name]!r}: leave it out, or train without "
                "start_from"
            )
    before = dataclasses.replace(before, **dict.fromkeys(_NOT_TAKEN))
    has_log = before.session_config is not None
    if config.data is not None:
        before = of_folder(before, config.data)
    elif config.dataset is not None:
        before = dataclasses.replace(before, data=None, **dict.fromkeys(_TABLES))
    if config.split not in (None, before.split):
        before = dataclasses.replace(before, node_time=None)
    taken = dataclasses.replace(config, start_from=path).over(before)
    # `until` is of the week that was, and the column of times may have been there for it alone.
    is_timed = has_log or taken.half_life is not None or taken.until is not None
    if not is_timed and config.time_column is None:
        taken = dataclasses.replace(taken, time_column=None)
    return taken


def check_no_folds(config: RunConfig) -> None:
    """Raises where a run that starts from another one is to divide its nodes into folds.

    Raises:
        OptionError: as said.

    Example:

    >>> check_no_folds(RunConfig(start_from="runs/shop"))
    """
    for name in _OF_FOLDS:
        if config.start_from is not None and getattr(config, name) is not None:
            raise OptionError(
                f"{name} has no use beside start_from, got {getattr(config, name)}: the nodes that "
                "the weights were trained on would be validated on; leave it out"
            )


def _opened(path: str) -> Run:
    try:
        return load_run(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"start_from must be the folder of a run: {error}") from error


@dataclasses.dataclass(frozen=True, eq=False)
class Start:
    """A finished run that another one begins with. Nothing is written into it.

    Attributes:
        run: the run.
        checksum: SHA-256 of its model.
    """

    run: Run
    checksum: str

    @classmethod
    def of(cls, path: str) -> Start:
        """Opens a run to start from.

        Raises:
            FileNotFoundError: there is no such finished run.
        """
        run = _opened(path)
        with (run.path / run_folder.MODEL).open("rb") as file:
            return cls(run, hashlib.file_digest(file, "sha256").hexdigest())

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of its classes."""
        return self.run.facts.class_names

    @property
    def columns(self) -> NodeSchema | None:
        """Its columns, by which the new table is read; labels are looked at anew."""
        columns = self.run.facts.columns
        if columns is None:
            return None
        return dataclasses.replace(columns, class_names=None, num_classes=0)

    @property
    def splits(self) -> dict[str, list[str]]:
        """The ids of its nodes, split by split."""
        return read_splits(self.run.path / run_folder.SPLITS)

    def encoder(self, data: RunData, completed: Graph) -> ColumnEncoder | None:
        """Its encoder, grown by the new training nodes; None where it has none.

        Args:
            data: as they were read.
            completed: their graph, with all splits.
        """
        if self.run.encoder is None or data.table is None:
            return None
        rows = nodes_to_learn_from(completed)
        return grown_encoder(self.run.encoder, data.table, rows, root=data.root)

    def lines(self, data: RunData, graph: Graph, encoder: ColumnEncoder | None) -> list[str]:
        """What is new in the data, a line each.

        Args:
            data: with the cells.
            graph: their graph, encoded.
            encoder: what `encoder` made.
        """
        lines = [f"starts with the weights of {self._named()}"]
        names = graph.class_names or ()
        new = [str(name) for name in names[len(self.classes) :]]
        if new:
            lines.append(f"new classes: {', '.join(new)}")
        before = self.run.encoder
        if before is not None and encoder is not None and data.table is not None:
            lines += growth_lines(before, encoder)
            drift = before.drift(data.table, root=data.root, features=graph.features)
            lines += [f"drift: {line}" for line in drift.lines()]
        return lines

    def facts(self) -> dict[str, Any]:
        """What a run keeps of the one that it started from."""
        return {"run": str(self.run.path), "id": self._id(), "sha256": self.checksum}

    def _id(self) -> str | None:
        manifest = read_manifest(self.run.path)
        return None if manifest is None else manifest.id

    def _named(self) -> str:
        name = self._id()
        return str(self.run.path) + ("" if name is None else f" (id {name})")

    def give_weights(
        self, model: keras.Model, config: RunConfig, graph: Graph, encoder: ColumnEncoder | None
    ) -> WarmStart:
        """Copies its weights into a model that is made for the new data.

        Args:
            model: that of the run that begins.
            config: of this run.
            graph: its data, encoded.
            encoder: of these.

        Raises:
            ValueError: the features, or the layers, are others.
        """
        if encoder is None:
            self.run.facts.check(graph)
        if config.model != DISTILLED:  # Whose student learns from no such batches, and is built.
            model(next(iter(training_batches(config, graph)))[0])
        old, num_classes = len(self.classes), number_of_classes(graph)
        outputs = np.where(np.arange(num_classes) < old, np.arange(num_classes), -1)
        found = warm_start(
            model, self.run.model, inputs=self._inputs(model, encoder), outputs=outputs
        )
        if found.unused or found.fresh:
            raise ValueError(
                f"the run {str(self.run.path)!r} has other layers than the model that starts from "
                f"it: {found}"
            )
        return found

    def _inputs(self, model: keras.Model, encoder: ColumnEncoder | None) -> np.ndarray | None:
        """For each number that the first layer sees, the old one whose weights it takes."""
        before = self.run.encoder
        if before is None or encoder is None:
            return None
        slots, parts, start = slots_before(before, encoder), [np.zeros(0, np.int64)], 0
        for feature in (FEATURES, TOKENS):
            found = slots.get(feature, parts[0])
            parts.append(np.where(found < 0, -1, found + start))
            start += len(before.feature_names.get(feature, ()))
        # Images come last, and what their networks make of them stays.
        of_images = sum(
            layer.output.shape[-1]
            for layer in model._flatten_layers()
            if layer.name.startswith("backbone-")
        )
        return np.concatenate([*parts, start + np.arange(of_images)])


@dataclasses.dataclass(frozen=True, eq=False)
class Beginning:
    """Gives a model the weights of the run that it starts from, and measures it with these.

    Attributes:
        start: that run.
        folder: of the run that begins, where it is told of.
        config: of the run that begins.
        graph: its data.
        encoder: of these.
        say: is told what was done.
    """

    start: Start
    folder: Path
    config: RunConfig
    graph: Graph
    encoder: ColumnEncoder | None
    say: RunLog

    def __call__(self, model: keras.Model, judge: Judge, is_carried_on: bool) -> None:
        """Does so.

        Args:
            model: of the run that begins.
            judge: measures it.
            is_carried_on: whether the weights will be those of a snapshot: the statistics of
                features, which are no variables, are still those of the run it starts from.

        Raises:
            ValueError: the run has been replaced since, or the features or layers are others.
        """
        known = stored_start(self.folder)
        if known is not None and known["sha256"] != self.start.checksum:
            raise ValueError(
                f"the run {known['run']!r} has been replaced since this one was begun with it: "
                "start anew with overwrite"
            )
        if known is None:
            run_folder.write_json(self.folder / run_folder.START, self.start.facts())
        done = self.start.give_weights(model, self.config, self.graph, self.encoder)
        if is_carried_on:
            return
        self.say(f"weights: {done}")
        figures = {
            split: {name: found[name] for name in _FIGURES}
            for split in ("validation", "test")
            if split in self.graph.splits and (found := judge.evaluate(split))
        }
        facts = {**self.start.facts(), "before": figures}
        run_folder.write_json(self.folder / run_folder.START, facts)
        for split, found in figures.items():
            self.say(
                f"before training: {split}: accuracy {found['accuracy']:.4f}, "
                f"loss {found['loss']:.4f}"
            )


def started_data(data: RunData, names: tuple[str, ...]) -> RunData:
    """Data whose classes are numbered as in a run that is started from, new ones behind.

    Args:
        data: as they were read.
        names: of the classes of that run.
    """
    graph = with_classes(data.graph, names)
    columns = data.columns
    if columns is not None and graph.class_names is not None:
        columns = dataclasses.replace(
            columns, class_names=graph.class_names, num_classes=len(graph.class_names)
        )
    return dataclasses.replace(data, graph=graph, columns=columns)
