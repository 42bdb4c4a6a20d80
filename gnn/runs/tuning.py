"""A search for settings that validate best, kept in a folder, and the best one as a run."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gnn.files import Manifest
from gnn.runs import run_folder
from gnn.runs.config_files import OptionError
from gnn.runs.data_loading import with_absolute_paths
from gnn.runs.job_folder import SETTINGS, SUMMARY, check_job, job_folder, stored_settings
from gnn.runs.preparing import Prepared, prepare
from gnn.runs.recipes import resolve
from gnn.runs.reporting import Report, RunLog
from gnn.runs.run import Run, load_run
from gnn.runs.run_config import RunConfig
from gnn.runs.search_spaces import Choice, Range, Space, as_plain, default_space, space_of
from gnn.runs.search_summary import (
    best_trial,
    complete_trials,
    judged_text,
    search_summary,
    setting_text,
    trial_line,
    why_none,
)
from gnn.runs.series import first_seeds, series_path
from gnn.runs.trainer import train
from gnn.runs.trial_log import TrialLog, check_optuna, setting
from gnn.runs.trials import Member, Trials

KIND = "tuning"
TRIALS, BEST, BEST_CONFIG = "trials.log", "best", "best.json"
_MANIFEST = Manifest(
    KIND,
    frozenset({SETTINGS, SUMMARY, TRIALS, BEST_CONFIG}),
    {BEST: run_folder.KIND, f"{BEST}.partial": run_folder.KIND},
)
_TRIALS = 30
# What the best setting's file leaves to those who use it.
_OF_FOLDER = {"output": None, "resume": None, "overwrite": None}


@dataclasses.dataclass(frozen=True, eq=False)
class Tuned:
    """What `gnn.runs.tune` found.

    Attributes:
        path: the folder of the search.
        best: the run of the best setting.
        setting: the options of it that differ from what the recipe and the configuration say.
        summary: plain values: how many trials, each trial, the best one, and the test of its run.
    """

    path: Path
    best: Run
    setting: dict[str, Any]
    summary: dict[str, Any]

    def info(self) -> str:
        """Describes the search in a few lines for a person to read."""
        found, counts = self.summary["best"], self.summary["counts"]
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        lines = [
            f"{told}; the best is trial {found['number']}",
            f"setting: {setting_text(self.setting)}",
            f"validation: accuracy {judged_text(found['validation'], self.summary['nodes'])}",
        ]
        if self.summary["default"] is not None:
            lines[2] += f"; of the recipe {self.summary['default']:.4f}"
        lines += [
            f"train it by: gnn train --config {self.path / BEST_CONFIG}",
            self.best.info(),
        ]
        return "\n".join(lines)


def tune(
    config: RunConfig,
    *,
    trials: int | None = None,
    timeout: float | None = None,
    seeds: int | Sequence[int] | None = None,
    space: Mapping[str, Any] | None = None,
    report: Report | None = None,
    progress: bool = False,
) -> Tuned:
    """Searches for the setting that validates best, and trains it as a run.

    The data are read and encoded once. The first trial is the recipe's own setting. Others are
    drawn by the tree-structured Parzen estimator (Bergstra et al., 2011) as Optuna has it. A trial
    whose validation is below the median of the earlier ones at the same epoch ends early. The test
    split is looked at once: when the best setting is trained into `OUTPUT/best`.

    A process that is killed is carried on by the same call with `resume=True`: no trial is lost or
    counted twice, and what is drawn is what would have been drawn. The training that was running
    begins again, under the same number. More `trials` carry a finished search on. With `overwrite`,
    an older search is removed before the first trial, once the data have been read and the options
    fit.

    A setting that cannot be trained, since the model refuses it, its loss is not finite or memory
    does not suffice, is a trial that failed: it says why, and the search goes on.

    Args:
        config: what to train; options that are given are fixed. `output` names the folder of the
            search. With `folds`, the validation of a trial is the mean over the folds.
        trials: how many there will be in all; None takes as many as a search that is carried on
            was to have, and else 30.
        timeout: after so many seconds no other trial is begun.
        seeds: how many trainings a setting, from `config.seed` on, or their seeds. All have the
            same splits. None takes those of a search that is carried on, and else one.
        space: what to try, as `gnn.runs.search_spaces.space_of` reads it; None takes the space of
            the model and its recipe.
        report: is called with each line.
        progress: whether the training of the best setting shows a bar on a terminal.

    Raises:
        ImportError: Optuna is not installed (`pip install 'gnn[tune]'`).
        FileExistsError: the folder holds a search, and neither `resume` nor `overwrite` is set, or
            something else.
        ValueError: as `gnn.runs.train`; or the model is distilled or starts from a run, the data
            have nothing to validate on, the space is wrong, or, with `resume`, space or seeds are
            others.

    Example:

    >>> config = RunConfig(dataset="digits", model="mlp", output="runs/tuned")
    >>> tune(config, trials=20).setting  # doctest: +SKIP
    {'learning_rate': 0.011, 'dropout': 0.3, 'l2': 2.1e-05, 'hidden_units': [256]}
    """
    started = time.monotonic()
    check_optuna()
    if trials is not None and trials < 1:
        raise OptionError(f"trials must be at least 1, got {trials}")
    if timeout is not None and not timeout > 0:
        raise OptionError(f"timeout must be above 0 seconds, got {timeout}")
    if config.model == "distilled":
        raise OptionError(
            "a distilled model is not tuned: its teacher would be trained for each trial. Tune the "
            "teacher, or 'mlp', and train the student with what was found"
        )
    if config.start_from is not None:
        raise OptionError(
            "start_from has no use for a search: its trials begin with new weights, and the widths "
            "of a run that is started from are fixed. Search without it"
        )
    config = with_absolute_paths(config)
    path, resume = series_path(config, "-tuned"), bool(config.resume)
    check_job(path, KIND, resume=resume, overwrite=bool(config.overwrite))
    before = stored_settings(path, KIND)
    stored = before if resume else None
    if stored is not None:
        config_before = RunConfig.from_dict(stored["config"], str(path / SETTINGS))
        config = run_folder.carried_on(config_before, config, path)
        trials = trials or stored.get("trials")
        seeds = stored["seeds"] if seeds is None else seeds
    trials = trials or _TRIALS
    if config.fold is not None:
        raise OptionError(f"fold must not be given: each is validated on; got {config.fold}")
    config = dataclasses.replace(config, **_OF_FOLDER)
    wanted = first_seeds(config, 1 if seeds is None else seeds)
    if stored is not None and wanted != stored["seeds"]:
        raise OptionError(
            f"cannot resume {str(path)!r} with other seeds, {wanted}: each trial was trained with "
            f"{stored['seeds']}"
        )
    if config.split_seed is None:
        config = dataclasses.replace(config, split_seed=wanted[0])
    prepared = prepare(dataclasses.replace(config, folds=None, seed=wanted[0]), None)
    if "validation" not in prepared.graph.splits:
        raise ValueError("tuning needs labeled nodes to validate on, and the data leave none")
    tried = _space(config, prepared, space, stored)
    settings: dict[str, Any] = {
        "config": config.to_dict(),
        "seeds": wanted,
        "space": as_plain(tried),
        "trials": trials,
    }
    if stored is not None and settings["space"] != stored["space"]:
        raise OptionError(
            f"cannot resume {str(path)!r} with another space; it was {json.dumps(stored['space'])}"
        )
    folds = [None] if config.folds is None else range(config.folds)
    members = [Member(seed, fold) for seed, fold in itertools.product(wanted, folds)]
    settings = json.loads(json.dumps(settings))
    say = RunLog(report)
    with job_folder(path, _MANIFEST, settings, before=before, resume=resume):
        for note in prepared.notes if stored is None else []:
            say(note)
        log = TrialLog(path / TRIALS, tried, wanted[0])
        deadline = math.inf if timeout is None else started + timeout
        job = Trials(config, prepared, members)
        nodes = _nodes(config, prepared)
        say(f"trying {', '.join(tried)}: {len(log.finished)} of {trials} trials are done")
        while len(log.finished) < trials and (
            time.monotonic() < deadline or not complete_trials(log)
        ):
            trial = log.next(prepared.config.to_dict())
            job.run(log, trial)
            say(trial_line(log, trial.number, trials, nodes))
        if not complete_trials(log):
            raise ValueError(f"no trial could be trained to its end: {why_none(log)}")
        best = best_trial(log)
        run = _train_best(path, config, wanted[0], setting(best), report, progress)
        summary = search_summary(log, best, run, nodes)
        run_folder.write_json(path / SUMMARY, summary)
    return Tuned(path, run, setting(best), summary)


def is_tuning(path: Path) -> bool:
    """Whether a search was begun in a folder.

    Example:

    >>> is_tuning(Path("no such folder"))
    False
    """
    return stored_settings(path, KIND) is not None


def _space(
    config: RunConfig,
    prepared: Prepared,
    given: Mapping[str, Any] | None,
    stored: Mapping[str, Any] | None,
) -> Space:
    if given is None and stored is not None:
        return space_of(stored["space"])
    space = default_space(prepared.config) if given is None else space_of(given)
    fixed = config.to_dict()
    if given is not None:
        twice = [name for name in space if name in fixed]
        if twice:
            raise OptionError(f"{twice[0]} is both given and in the space: leave one out")
    space = {name: values for name, values in space.items() if name not in fixed}
    for name, values in space.items():
        _check_use(config, prepared, name, values)
    if not space:
        raise OptionError("there is nothing to try: all options of the space are given")
    return space


def _check_use(config: RunConfig, prepared: Prepared, name: str, values: Choice | Range) -> None:
    """Raises where the model takes none of the values of an option."""
    tried = values.values if isinstance(values, Choice) else (values.low, values.high)
    refused = []
    for value in tried:
        asked = dataclasses.replace(config, **{name: value})
        try:
            resolve(asked, prepared.graph, encoded=prepared.encoder is not None)
        except OptionError as error:
            refused.append(error)
    if len(refused) == len(tried):
        raise refused[0]


def _nodes(config: RunConfig, prepared: Prepared) -> int:
    """How many nodes judge a setting."""
    splits = prepared.graph.splits
    return len(splits["validation"]) + (0 if config.folds is None else len(splits["train"]))


def _train_best(
    path: Path,
    config: RunConfig,
    seed: int,
    values: Mapping[str, Any],
    report: Report | None,
    progress: bool,
) -> Run:
    given = {**config.to_dict(), **values, "seed": seed}
    given.pop("folds", None)
    chosen = RunConfig(**given)
    run_folder.write_json(path / BEST_CONFIG, chosen.to_dict())
    output = path / BEST
    # More trials may have found another best than that of a run which is there.
    same = all(
        _fits(folder, chosen)
        for folder in (output, run_folder.RunFolder(output).partial)
        if (folder / run_folder.CONFIG).is_file()
    )
    asked = dataclasses.replace(chosen, output=str(output), resume=same, overwrite=not same)
    if same and output.is_dir():
        return load_run(output)
    return train(asked, report=report, progress=progress)


def _fits(run: Path, config: RunConfig) -> bool:
    try:
        run_folder.carried_on(run_folder.read_config(run), config, run)
    except OptionError:
        return False
    return True
