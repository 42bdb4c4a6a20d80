"""A trial of a search: a setting, trained once for each seed and fold, and pruned on the way."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from gnn.graphs.graph import Graph
from gnn.runs.fitting import fit
from gnn.runs.preparing import Prepared
from gnn.runs.recipes import resolve
from gnn.runs.run_config import RunConfig
from gnn.runs.splitting import fold_splits, seed_of_splits
from gnn.runs.trial_log import TrialLog, add_result, results, setting
from gnn.training.seeding import as_in_new_process

if TYPE_CHECKING:
    import optuna

# Of each training, a trial reports so often.
RUNGS = 10
# What a setting may come to, while others can be trained.
_FAILURES = (ValueError, FloatingPointError, MemoryError, tf.errors.ResourceExhaustedError)


@dataclasses.dataclass(frozen=True)
class Member:
    """One training of a trial.

    Attributes:
        seed: of weights, dropout and batches.
        fold: which fold is validated on; None without cross-validation.
    """

    seed: int
    fold: int | None

    @property
    def name(self) -> str:
        """Under which its result is kept."""
        return f"seed {self.seed}" + ("" if self.fold is None else f" fold {self.fold}")


class Trials:
    """Trains settings on data that were read once.

    Args:
        config: what is not searched for; not resolved, without a fold.
        prepared: the data, with their splits.
        members: the trainings of a trial.
    """

    def __init__(self, config: RunConfig, prepared: Prepared, members: Sequence[Member]):
        self._config, self._prepared, self._members = config, prepared, members

    def run(self, log: TrialLog, trial: optuna.trial.Trial) -> None:
        """Trains what a trial lacks, and ends it.

        Args:
            log: is told how it ended.
            trial: may have been stopped on the way: trainings that ended are not run again.
        """
        done = results(trial)
        # Of the first trials, in which there is nothing to compare with, no training is cut.
        for place, member in enumerate(self._members):
            if member.name in done:
                continue
            earlier = [done[other.name][0] for other in self._members[:place]]
            try:
                epochs = self._resolved(setting(trial), member).epochs or 1
                rungs = Rungs(trial, earlier, epochs)
                found = self.train(setting(trial), member, [rungs])
            except _FAILURES as error:
                log.fail(trial, str(error))
                return
            if rungs.pruned:
                log.prune(trial)
                return
            done[member.name] = found
            add_result(trial, member.name, *found)
        accuracies = [done[member.name][0] for member in self._members]
        log.complete(trial, math.fsum(accuracies) / len(accuracies))

    def train(
        self,
        values: Mapping[str, Any],
        member: Member,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> tuple[float, float]:
        """Trains a setting once: the accuracy and the loss on validation of the best epoch.

        They are those of a run of the same options (`gnn.runs.train`), but where columns of a table
        are encoded and there are folds: here an encoder learns once from the nodes to train on
        before they are divided anew, some of which are then validated on. Nothing is tested, and no
        model without the graph is trained.
        """
        config, graph = self._resolved(values, member), self.graph_of(member)
        with as_in_new_process(config.seed or 0):
            fitted = fit(config, graph, None, callbacks=callbacks)
            found = fitted.judge.evaluate("validation")
        return found["accuracy"], found["loss"]

    def graph_of(self, member: Member) -> Graph:
        """The data with the splits of a fold."""
        graph, config = self._prepared.graph, self._config
        if member.fold is None or config.folds is None:
            return graph
        seed = seed_of_splits(config)
        return fold_splits(graph, config.folds, member.fold, seed=seed)[0]

    def _resolved(self, values: Mapping[str, Any], member: Member) -> RunConfig:
        given = {**self._config.to_dict(), **values}
        given |= {"seed": member.seed, "fold": member.fold}
        # What the data were read and encoded with holds for all trials.
        given["scaling"] = self._prepared.config.scaling
        config = RunConfig(**{name: value for name, value in given.items() if value is not None})
        encoded = self._prepared.encoder is not None
        return resolve(config, self.graph_of(member), encoded=encoded)


class Rungs(keras.callbacks.Callback):
    """Reports the best validation accuracy so far at tenths of the epochs, and ends what is behind.

    Args:
        trial: is told; a step that it knows already is not reported again.
        earlier: the accuracies of the trainings of this trial that ended.
        epochs: at most so many.
    """

    def __init__(self, trial: optuna.trial.Trial, earlier: Sequence[float], epochs: int):
        super().__init__()
        self._trial, self._earlier, self._epochs = trial, list(earlier), epochs
        self._best = -math.inf
        self.pruned = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Reports where a tenth is over."""
        self._best = max(self._best, float((logs or {})["val_accuracy"]))
        rung = (epoch + 1) * RUNGS // self._epochs
        if rung == epoch * RUNGS // self._epochs:
            return
        step = len(self._earlier) * RUNGS + rung - 1
        accuracies = [*self._earlier, self._best]
        if step not in self._reported():
            self._trial.report(math.fsum(accuracies) / len(accuracies), step)
        if self._trial.should_prune():
            self.pruned = self.model.stop_training = True

    def _reported(self) -> Mapping[int, float]:
        trials = self._trial.study.get_trials(deepcopy=False)
        return trials[self._trial.number].intermediate_values
