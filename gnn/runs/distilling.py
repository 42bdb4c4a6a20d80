"""The teacher of a distilled run, trained in its folder or a finished run, and what it teaches."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.distillation.distillation_loss import DistillationLoss
from gnn.distillation.learners import learner_of, noise_of
from gnn.distillation.lessons import lesson_batches, lesson_graph
from gnn.files import whole_file
from gnn.graphs.graph import Graph
from gnn.runs import run_folder
from gnn.runs.config_files import OptionError
from gnn.runs.data_loading import load_data
from gnn.runs.data_options import LOG
from gnn.runs.feeding import fanout_of
from gnn.runs.fitting import fit
from gnn.runs.judging import Judge
from gnn.runs.preparing import Prepared
from gnn.runs.recipes import graph_loss, resolve
from gnn.runs.reporting import RunLog
from gnn.runs.run import Run, load_run
from gnn.runs.run_config import NETWORK_NAMES, RunConfig
from gnn.runs.run_data import node_ids, read_splits
from gnn.training.seeding import as_in_new_process

# Of the soft labels; the teacher has seen the known ones.
WEIGHT = 1.0
# Of dense features in training, as a share of their deviation. Other values are not measured yet.
NOISE = 0.5
# Options of the model or of its training that teacher and student share.
_SHARED = ("recipe", "backbone", "backbone_weights", "loss", "class_weight", "seed")


@dataclasses.dataclass(frozen=True, eq=False)
class Lesson:
    """What a student is fitted on.

    Attributes:
        graph: whose labels are the targets of `gnn.distillation.DistillationLoss`.
        teacher: what is known of the teacher: `model`, `epochs`, `best_epoch`, and `accuracy` and
            `loss` a split.
    """

    graph: Graph
    teacher: dict[str, Any]

    @property
    def note(self) -> str:
        """The teacher in a line."""
        found = [
            f"{split} accuracy {self.teacher[split]['accuracy']:.4f}"
            for split in ("validation", "test")
            if split in self.teacher
        ]
        return f"teacher: {', '.join([self.teacher['model'], *found])}"

    def learner(self, student: keras.Model, config: RunConfig) -> keras.Model:
        """The model to call `fit` on, compiled; its weights are the student's."""
        loss = graph_loss(config) if config.multiplier else None
        learner = learner_of(
            student, noise_of(self.graph, NOISE), loss, config.regularize or "logits"
        )
        learner.compile(
            student.optimizer,  # So the student's file holds its state.
            DistillationLoss(config.temperature or 1.0, WEIGHT),
            run_eagerly=student.run_eagerly,
        )
        return learner

    def batches(self, config: RunConfig) -> tf.data.Dataset:
        """The batches of an epoch."""
        return lesson_batches(
            self.graph,
            batch_size=config.batch_size or 0,
            fanout=fanout_of(config),
            with_graph=bool(config.multiplier),
            seed=config.seed or 0,
        )


def lesson_of(prepared: Prepared, run: Path, say: RunLog, progress: bool = False) -> Lesson:
    """Trains the teacher, or opens the finished run that it is, and asks it about all nodes.

    The teacher's model and figures are kept in the folder, and of a finished run its answers too;
    once they are there, a run that is carried on goes on with its student, whatever has become of
    the finished run.

    Args:
        prepared: what the run starts from.
        run: its folder, while it trains.
        say: is told of the teacher.
        progress: whether to show a bar on a terminal.

    Raises:
        FileNotFoundError: the finished run is not there.
        OptionError: it is of other data or classes, or was trained on nodes that judge this one.
    """
    config, graph = prepared.config, prepared.graph
    told = run / run_folder.TEACHER_FIGURES
    if config.teacher in NETWORK_NAMES:
        taught, own = _taught(prepared)
        if not told.is_file():
            _train_teacher(taught, own, run, say, progress)
        model = keras.models.load_model(run / run_folder.TEACHER)
        logits = Judge(model, taught, own, progress=progress).predict()
    else:
        if not told.is_file():
            _take_over(prepared, run)
        # A row a node: that the data are the same as before is found out by who resumes.
        logits = np.load(run / run_folder.TEACHER_ANSWERS, allow_pickle=False)
    teacher = json.loads(told.read_text(encoding="utf-8"))
    lesson = lesson_graph(
        graph, logits, temperature=config.temperature or 1.0, weight=WEIGHT, nodes=None
    )
    made = Lesson(lesson, teacher)
    say(made.note)
    return made


def _taught(prepared: Prepared) -> tuple[RunConfig, Graph]:
    """The teacher's configuration, by its recipe, and the graph as it reads it."""
    config, graph = prepared.config, prepared.graph
    groups = {field.name: field.metadata["group"] for field in dataclasses.fields(RunConfig)}
    given = {
        name: value
        for name, value in config.to_dict().items()
        if groups[name] in ("data", LOG, "run") or name in _SHARED
    }
    asked = RunConfig(**{**given, "model": config.teacher, "baseline": False})
    taught = resolve(asked, graph, encoded=prepared.encoder is not None)
    if taught.scaling == "rows" and config.scaling != "rows":
        graph = dataclasses.replace(graph, features=load_data(taught).graph.features)
    return taught, graph


def _train_teacher(config: RunConfig, graph: Graph, run: Path, say: RunLog, progress: bool) -> None:
    started = time.perf_counter()
    say(f"training the teacher, {config.model}")
    with as_in_new_process(config.seed or 0):
        fitted = fit(config, graph, run / run_folder.TEACHER_STATE, progress)
        splits = [name for name in ("validation", "test") if name in graph.splits]
        figures = _figures({name: fitted.judge.evaluate(name) for name in splits})
        with whole_file(run / run_folder.TEACHER, overwrite=True) as path:
            fitted.model.save(path)
    seconds = round(time.perf_counter() - started, 2)
    found = {"model": config.model, "epochs": fitted.epochs, "best_epoch": fitted.best_epoch}
    # Last: that it is there says that the model is.
    run_folder.write_json(
        run / run_folder.TEACHER_FIGURES, {**found, **figures, "seconds": seconds}
    )


def _take_over(prepared: Prepared, run: Path) -> None:
    """Keeps the model, the answers and the figures of the finished run that is the teacher."""
    config = prepared.config
    finished = load_run(config.teacher or "")
    logits = _answers(finished, config, prepared.graph, prepared.facts.class_names)
    with whole_file(run / run_folder.TEACHER, overwrite=True) as path:
        shutil.copyfile(finished.path / run_folder.MODEL, path)
    with whole_file(run / run_folder.TEACHER_ANSWERS, overwrite=True) as path, path.open("wb") as f:
        np.save(f, logits)
    metrics = finished.metrics
    found = {"model": finished.config.model, "run": os.path.abspath(finished.path)}
    found |= {key: metrics[key] for key in ("epochs", "best_epoch")}
    # Last: that it is there says that the others are.
    run_folder.write_json(run / run_folder.TEACHER_FIGURES, found | _figures(metrics))


def _figures(metrics: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Accuracy and loss of the splits that a run is judged on."""
    return {
        split: {key: metrics[split][key] for key in ("accuracy", "loss")}
        for split in ("validation", "test")
        if split in metrics
    }


def _answers(
    teacher: Run, config: RunConfig, graph: Graph, class_names: tuple[str, ...]
) -> np.ndarray:
    """The logarithms of a finished run's probabilities, by our order of nodes and classes."""
    name = f"the teacher {str(teacher.path)!r}"
    theirs, ours = (each.dataset or each.data for each in (teacher.config, config))
    if theirs != ours:
        raise OptionError(f"{name} was trained on {theirs!r}, and this run is on {ours!r}")
    if sorted(teacher.facts.class_names) != sorted(class_names):
        raise OptionError(
            f"{name} has the classes {list(teacher.facts.class_names)[:10]}, and these data have "
            f"{list(class_names)[:10]}"
        )
    _check_judges_nothing_learned(teacher, graph, name)
    found = teacher.predict()
    if list(found.ids) != node_ids(graph):
        raise OptionError(f"{name} was trained on other nodes of {ours!r} than there are now")
    order = [found.class_names.index(each) for each in class_names]
    return np.log(np.maximum(found.probabilities[:, order], np.finfo(np.float32).tiny))


def _check_judges_nothing_learned(teacher: Run, graph: Graph, name: str) -> None:
    """Raises where a label that judges the student was learned, by the teacher or on its way.

    What it began with, and its own teacher, are looked at where their folders are still there.
    """
    splits, ids = (
        read_splits(teacher.path / run_folder.SPLITS),
        np.array(node_ids(graph)).astype(str),
    )
    # A teacher's epoch is chosen by its validation labels.
    for split, theirs in (("validation", ["train"]), ("test", ["train", "validation"])):
        used = [name for each in theirs for name in splits.get(each, [])]
        judged = ids[graph.splits.get(split, np.zeros(0, int))]
        known = np.intersect1d(used, judged)
        if len(known):
            raise OptionError(
                f"{name} learned from the labels of {len(known)} nodes of this run's split "
                f"{split!r}, which would flatter the student: give both runs the same split_seed, "
                "folds and fold, or data with splits"
            )
    for before in (teacher.config.teacher, teacher.config.start_from):
        if before is not None and os.path.isdir(before):
            earlier = load_run(before)
            _check_judges_nothing_learned(earlier, graph, f"{name}, by {str(earlier.path)!r},")
