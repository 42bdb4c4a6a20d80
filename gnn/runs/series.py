"""One configuration trained several times: over seeds, and over the folds of cross-validation."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gnn.files import Manifest
from gnn.runs import run_folder
from gnn.runs.accuracies import Accuracies, OverRuns
from gnn.runs.config_files import OptionError
from gnn.runs.data_loading import with_absolute_paths
from gnn.runs.job_folder import SETTINGS, SUMMARY, check_job, job_folder, stored_settings
from gnn.runs.judged_splits import split_sizes
from gnn.runs.preparing import prepare
from gnn.runs.reporting import Report, RunLog
from gnn.runs.run import Run, load_run
from gnn.runs.run_config import RunConfig
from gnn.runs.starting import with_options_of_start
from gnn.runs.trainer import train

KIND = "runs"
_MEMBERS = "seed-*"
_MANIFEST = Manifest(KIND, frozenset({SETTINGS, SUMMARY}), {_MEMBERS: run_folder.KIND})


@dataclasses.dataclass(frozen=True, eq=False)
class Series:
    """Runs of one configuration, as `gnn.runs.train_series` leaves them.

    Attributes:
        path: the folder that holds them.
        runs: seed by seed and, in it, fold by fold.
        accuracies: those on `"validation"` and `"test"`, as far as there are such splits.
    """

    path: Path
    runs: tuple[Run, ...]
    accuracies: dict[str, Accuracies]

    @property
    def lift(self) -> OverRuns | None:
        """By how much the graph lifts the accuracy; None where no model without it was trained."""
        lifts = [run.metrics["lift"] for run in self.runs if "lift" in run.metrics]
        if len(lifts) < len(self.runs):
            return None
        return OverRuns(tuple(found["difference"] for found in lifts))

    def summary(self) -> dict[str, Any]:
        """Plain values for JSON: names of the runs, each split's accuracies, and the lift."""
        accuracies = {name: found.to_dict() for name, found in self.accuracies.items()}
        lift = {} if self.lift is None else {"lift": self.lift.to_dict()}
        return {"runs": [run.path.name for run in self.runs], **accuracies, **lift}

    def info(self) -> str:
        """Describes the runs in a few lines for a person to read."""
        names = ", ".join(run.path.name for run in self.runs)
        lines = [f"{len(self.runs)} runs in {self.path}: {names}"]
        lines += [f"{name}: accuracy {found}" for name, found in self.accuracies.items()]
        lift = self.lift
        if lift is not None:
            error = "" if lift.standard_error is None else f" ± {lift.standard_error:.4f}"
            lines.append(f"the graph lifts the accuracy by {lift.mean:+.4f}{error}")
        return "\n".join(lines)


def train_series(
    config: RunConfig,
    seeds: int | Sequence[int] = 1,
    *,
    new_splits: bool = False,
    report: Report | None = None,
    progress: bool = False,
) -> Series:
    """Trains one configuration several times, each time into a run folder of its own.

    Where `config.folds` is given, a run is trained for each fold, so that each node to train or to
    validate on is validated once for each seed. The same call with `resume` carries on a series
    that was stopped, trains no finished run again, and may add seeds. With `overwrite`, older runs
    are removed before the first one is trained, once the data have been read and the options fit.

    The model without the graph, `baseline`, is trained with each seed, which takes its time again;
    the summary has the mean of what the graph is worth.

    Args:
        config: of all; `output` names the folder that the runs come to lie in. `seed` is the first
            seed where `seeds` is a number. `fold` is not given.
        seeds: how many from the first one, or which ones.
        new_splits: whether each seed draws splits of its own, where the data have none. Otherwise
            all have the splits of `split_seed`, or else of the first seed: then what differs is the
            training alone, and settings can be compared node by node.
        report: is called with each line that the log gets.
        progress: whether to show bars on a terminal.

    Raises:
        FileExistsError: the folder holds such runs, and neither `resume` nor `overwrite` is set, or
            something else.
        ValueError: as `gnn.runs.train`; or no seeds, a repeated seed, a fold, or `new_splits`
            beside `split_seed` or, with `resume`, of a series without.

    Example:

    >>> config = RunConfig(dataset="digits", model="mlp", output="runs/five")
    >>> train_series(config, 5).accuracies["test"].mean  # doctest: +SKIP
    0.91
    """
    config = with_absolute_paths(with_options_of_start(config))
    path = series_path(config)
    say = RunLog(report)
    resume, overwrite = bool(config.resume), bool(config.overwrite)
    check_job(path, KIND, resume=resume, overwrite=overwrite)
    before = stored_settings(path, KIND)
    stored = before if resume else None
    if stored is not None:
        config_before = RunConfig.from_dict(stored["config"], str(path / SETTINGS))
        config = dataclasses.replace(
            run_folder.carried_on(config_before, config, path), resume=True, overwrite=None
        )
        if new_splits and not stored["new_splits"]:
            raise OptionError(
                f"cannot resume {str(path)!r} with new_splits: its runs have the same splits"
            )
        new_splits = stored["new_splits"]
    members = list(_members(config, _seeds(config, seeds, stored), new_splits))
    kept = dataclasses.replace(config, resume=None, output=None, overwrite=None)
    settings = {
        "config": kept.to_dict(),
        "seeds": sorted({member.seed or 0 for member in members}),
        "new_splits": new_splits,
    }
    names = [_name(member) for member in members]
    if overwrite and before is not None:  # What does not fit is found before older runs are gone.
        prepare(members[0], None)
    with job_folder(path, _MANIFEST, settings, before=before, resume=resume):
        if stored is not None and set(_names(stored)) != set(names):
            # Its figures would pass for those of all.
            (path / SUMMARY).unlink(missing_ok=True)
        runs = []
        for number, member in enumerate(members, start=1):
            name = _name(member)
            say(f"run {number} of {len(members)}: {name}")
            output = str(path / name)
            asked = dataclasses.replace(member, output=output, resume=True, overwrite=None)
            runs.append(train(asked, report=report, progress=progress))
        series = Series(path, tuple(runs), accuracies_of(runs))
        run_folder.write_json(path / SUMMARY, series.summary())
    return series


def load_series(path: str | os.PathLike[str]) -> Series:
    """Opens what `train_series` wrote.

    Raises:
        FileNotFoundError: there is no such folder, or it is not finished.
        ValueError: a file in it is damaged.
    """
    path = Path(path)
    settings = stored_settings(path, KIND)
    if settings is None or _summarized(path) != set(_names(settings)):
        raise FileNotFoundError(
            f"{str(path)!r} holds no finished series of runs; `gnn train --seeds --output` makes "
            "one, and --resume carries it on"
        )
    found = [load_run(member) for member in path.glob(_MEMBERS) if not member.suffix]
    runs = sorted(found, key=lambda run: (run.config.seed or 0, run.config.fold or 0))
    return Series(path, tuple(runs), accuracies_of(runs))


def is_series(path: str | os.PathLike[str]) -> bool:
    """Whether a series of runs was begun in a folder.

    Example:

    >>> is_series("no such folder")
    False
    """
    return stored_settings(Path(path), KIND) is not None


def accuracies_of(runs: Sequence[Run]) -> dict[str, Accuracies]:
    """The accuracies of runs of one setting, by split.

    Each seed judges the same nodes, but each fold validates others.
    """
    sizes = [split_sizes(run.path) for run in runs]
    found = {}
    for split in ("validation", "test"):
        if all(split in run.metrics for run in runs):
            nodes = {
                run.config.fold if split == "validation" else None: size[split]
                for run, size in zip(runs, sizes, strict=True)
            }
            accuracies = tuple(float(run.metrics[split]["accuracy"]) for run in runs)
            found[split] = Accuracies(accuracies, sum(nodes.values()))
    return found


def series_path(config: RunConfig, suffix: str = "-runs") -> Path:
    """The folder of several runs that a configuration names, or a name made of data and model.

    Example:

    >>> str(series_path(RunConfig(dataset="cora", model="gcn")))
    'runs/cora-gcn-runs'
    """
    if config.output is not None:
        return run_folder.folder_of(config).path
    if config.model is None or not (config.dataset or config.data):
        missing = "model" if config.dataset or config.data else "dataset or data"
        raise OptionError(f"{missing} must be given (or output and resume, to carry on)")
    data = config.dataset or Path(os.path.abspath(config.data or "data")).name
    return Path("runs") / f"{data}-{config.model}{suffix}"


def first_seeds(config: RunConfig, seeds: int | Sequence[int]) -> list[int]:
    """The seeds that are meant: so many from that of the configuration on, or those given.

    Raises:
        OptionError: there are none, or one twice.

    Example:

    >>> first_seeds(RunConfig(seed=3), 2)
    [3, 4]
    """
    if isinstance(seeds, int):
        first = config.seed or 0
        seeds = range(first, first + seeds)
    if not len(seeds) or len(set(seeds)) != len(seeds):
        raise OptionError(f"seeds must be at least one seed, each once, got {list(seeds)}")
    return list(seeds)


def _seeds(
    config: RunConfig, seeds: int | Sequence[int], settings: dict[str, Any] | None
) -> list[int]:
    wanted = first_seeds(config, seeds)
    return wanted if settings is None else sorted({*settings["seeds"], *wanted})


def _members(config: RunConfig, seeds: Sequence[int], new_splits: bool) -> Iterator[RunConfig]:
    if config.fold is not None:
        raise OptionError(f"fold must not be given: each is trained; got {config.fold}")
    if new_splits and config.split_seed is not None:
        raise OptionError("new_splits has no use beside split_seed, which fixes the splits")
    for seed in seeds:
        split_seed = config.split_seed
        if split_seed is None and not new_splits:
            split_seed = config.seed if config.seed is not None else seeds[0]
        for fold in [None] if config.folds is None else range(config.folds):
            yield dataclasses.replace(config, seed=seed, split_seed=split_seed, fold=fold)


def _names(settings: dict[str, Any]) -> list[str]:
    """The names of the runs that were asked for."""
    config = RunConfig.from_dict(settings["config"], SETTINGS)
    return [_name(member) for member in _members(config, settings["seeds"], settings["new_splits"])]


def _summarized(path: Path) -> set[str] | None:
    """The names of the runs whose figures the summary of a folder has; None without one.

    Raises:
        ValueError: it is damaged.
    """
    if not (path / SUMMARY).is_file():
        return None
    try:
        return set(json.loads((path / SUMMARY).read_text(encoding="utf-8"))["runs"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path / SUMMARY} is damaged: {error}") from error


def _name(config: RunConfig) -> str:
    return f"seed-{config.seed}" + ("" if config.fold is None else f"-fold-{config.fold}")
