"""One fit of a run: its model on its data, carried on where it was stopped."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from gnn.data.by_id import in_both_forms
from gnn.graphs.graph import Graph
from gnn.models.base.harm import GraphLossWarning, harm_to_model
from gnn.runs.class_weighing import class_weights
from gnn.runs.compiling import best_epoch, compile_model
from gnn.runs.feeding import training_batches
from gnn.runs.judging import Judge, Validation
from gnn.runs.progress import EpochBar, Progress
from gnn.runs.recipes import build_model
from gnn.runs.reporting import FiniteLoss
from gnn.runs.results import History
from gnn.runs.run_config import RunConfig
from gnn.training.exact_resume import ExactResume
from gnn.training.snapshots import read_position

if TYPE_CHECKING:  # It has its teacher fitted here.
    from gnn.runs.distilling import Lesson


@dataclasses.dataclass(frozen=True, eq=False)
class Fitted:
    """What a fit leaves.

    Attributes:
        model: with the weights of the best epoch.
        judge: measures it on the data.
        history: key to a number an epoch.
        best_epoch: which was the best, from 1 on.
        harm: what the graph loss seems to have done, in words; None where it did none.
    """

    model: keras.Model
    judge: Judge
    history: History
    best_epoch: int
    harm: str | None

    @property
    def epochs(self) -> int:
        """How many there were."""
        return len(next(iter(self.history.values())))


def fit(
    config: RunConfig,
    graph: Graph,
    state: Path | None,
    progress: bool = False,
    lesson: Lesson | None = None,
    *,
    begin: Callable[[keras.Model, Judge, bool], None] | None = None,
    stages: Progress | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Fitted:
    """Builds, compiles and fits the model that a configuration describes.

    Args:
        config: resolved.
        graph: encoded, with all splits.
        state: the folder of its snapshots; what is there is carried on. None keeps none.
        progress: whether to show a bar on a terminal.
        lesson: of a teacher, which the model learns in place of the labels.
        begin: gives the model its first weights; is told whether snapshots have later ones.
        stages: is told of the epochs, to say so where there is no terminal.
        callbacks: others, which come last.

    Raises:
        FloatingPointError: the loss is no finite number any more.
        KeyboardInterrupt: as pressed; the snapshots stay.
        ValueError: the snapshots are of another training.
    """
    model = build_model(config, graph)
    compile_model(model, config)
    validates = "validation" in graph.splits
    best = best_epoch(config, validates)
    done = None if state is None else read_position(state)
    judge = Judge(model, config, graph)
    if begin is not None:
        begin(model, judge, done is not None)
    # What a teacher says has another loss than that of the labels, which only the judge knows.
    data = judge.validation_data() if lesson is None else None
    learner = model if lesson is None else lesson.learner(model, config)
    validation = Validation(judge, validates=validates and data is None)
    batches = training_batches(config, graph) if lesson is None else lesson.batches(config)
    keeping: keras.callbacks.Callback = best
    if state is not None:
        resume = ExactResume(state, [best], every_seconds=config.snapshot_seconds or 0.0)
        batches, keeping = resume.batches(batches), resume
    with (
        warnings.catch_warnings(),
        EpochBar(config.epochs or 1, done.epoch if done else 0, progress, stages) as bar,
    ):
        # The run says it in its own way.
        warnings.simplefilter("ignore", GraphLossWarning)
        history = learner.fit(
            in_both_forms(batches, tf.data.Dataset.repeat) if config.steps_per_epoch else batches,
            validation_data=data,
            epochs=config.epochs,
            steps_per_epoch=config.steps_per_epoch or None,
            callbacks=[FiniteLoss(), validation, keeping, bar, *callbacks],
            class_weight=class_weights(config, graph) if lesson is None else None,
            shuffle=False,
            verbose=0,
        ).history
    return Fitted(model, judge, history, best.best_epoch + 1, harm_to_model(learner, history))
