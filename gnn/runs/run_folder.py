"""The folder of a run: its names, who writes to it, and how it becomes whole."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gnn.files import put_folder, whole_file
from gnn.runs.run_config import OptionError, RunConfig
from gnn.training.snapshots import has_snapshot

CONFIG, DATA, HISTORY, METRICS = "config.json", "data.json", "history.csv", "metrics.json"
MODEL, SAVED_MODEL, PLOT, LOG, SPLITS = (
    "model.keras",
    "saved_model",
    "training.png",
    "log.txt",
    "splits.csv",
)
_STATE = "state"
_NAMES = {CONFIG, DATA, HISTORY, METRICS, MODEL, SAVED_MODEL, PLOT, LOG, SPLITS, _STATE}
# Where a run lies and how often it is kept have no bearing on what it computes.
_NOT_COMPARED = ("output", "overwrite", "resume", "snapshot_seconds")


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """The names of a run that is being trained, and of the finished one.

    Attributes:
        path: the finished run.
    """

    path: Path

    @property
    def partial(self) -> Path:
        """Where everything lies while it trains."""
        return self.path.with_name(f"{self.path.name}.partial")

    @property
    def state(self) -> Path:
        """Where its snapshots lie."""
        return self.partial / _STATE

    @property
    def is_begun(self) -> bool:
        """Whether there is a training to carry on, were it from its start."""
        return (self.partial / CONFIG).is_file()

    @property
    def is_worth_keeping(self) -> bool:
        """Whether starting anew would lose something."""
        return self.is_begun and (has_snapshot(self.state) or self.is_written)

    @property
    def is_written(self) -> bool:
        """Whether only the final name is missing: the metrics are written last."""
        return (self.partial / METRICS).is_file()

    def check_partial_is_ours(self) -> None:
        """Raises where the name is taken by a folder that no training has made.

        Raises:
            FileExistsError: as said; what is there is named.
        """
        _check_is_run(self.partial, "a run is trained there")

    def check_path_is_ours(self) -> None:
        """Raises where the finished run would replace a folder that is no run.

        Raises:
            FileExistsError: as said; what is there is named.
        """
        _check_is_run(self.path, "overwrite replaces nothing but runs")

    def finish(self) -> None:
        """Gives the run its final name, in place of an older one."""
        removed = self.partial / f".{_STATE}"
        shutil.rmtree(removed, ignore_errors=True)
        if self.state.exists():
            os.replace(self.state, removed)
            shutil.rmtree(removed)
        put_folder(self.partial, self.path)

    def remove_remains(self) -> None:
        """Removes what was left of an older run when a newer one had taken its name already."""
        if self.path.is_dir() and self.partial.is_dir():
            begun = _started(self.partial)
            if begun is None or begun < (_started(self.path) or ""):
                with locked(self):
                    shutil.rmtree(self.partial)


def folder_of(config: RunConfig) -> RunFolder:
    """The folder that a configuration names, or a name made of data and model.

    Example:

    >>> str(folder_of(RunConfig(output="runs/mine")).path)
    'runs/mine'
    """
    if config.output is not None:
        path = Path(os.path.normpath(config.output))
        if path.name in ("", ".."):
            raise OptionError(f"output must be the name of a folder, got {config.output!r}")
        return RunFolder(path)
    data = config.dataset or Path(os.path.abspath(config.data or "data")).name
    name = f"{data}-{config.model}"
    found = None
    number = 1
    while True:
        folder = RunFolder(Path("runs") / (name if number == 1 else f"{name}-{number}"))
        if not folder.path.exists() and not folder.partial.exists():
            # The last one that was stopped is the one to carry on.
            return found if config.resume and found is not None else folder
        if folder.is_begun:
            found = folder
        number += 1


@contextlib.contextmanager
def locked(folder: RunFolder) -> Iterator[None]:
    """Makes the partial folder and keeps other processes out of it, as long as this one lives.

    Raises:
        FileExistsError: another process trains there.
    """
    folder.partial.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows: there it is up to the user.
        yield
        return
    descriptor = os.open(folder.partial, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FileExistsError(
                f"another process is training into {str(folder.partial)!r}; wait for it, or "
                "choose another output"
            ) from error
        # It may have been renamed or removed just before it was locked.
        if not _is_at(descriptor, folder.partial):
            raise FileExistsError(
                f"another process has just trained into {str(folder.partial)!r}; try again"
            )
        yield
    finally:
        os.close(descriptor)


def write_config(folder: RunFolder, config: RunConfig, versions: dict[str, str]) -> None:
    """Writes the resolved configuration; from then on the run can be carried on."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
    kept = dataclasses.replace(config, resume=None, output=None)
    write_json(
        folder.partial / CONFIG, {"started": now, "versions": versions, "config": kept.to_dict()}
    )


def read_config(run: Path) -> RunConfig:
    """The configuration of a run folder, whole or partial.

    Raises:
        FileNotFoundError: it is no run folder.
        ValueError: the file is damaged.
    """
    path = run / CONFIG
    if not path.is_file():
        raise FileNotFoundError(
            f"{str(run)!r} is no run folder: it has no {CONFIG}. `gnn train --output` makes one."
        )
    try:
        return RunConfig.from_dict(json.loads(path.read_text(encoding="utf-8"))["config"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def carried_on(stored: RunConfig, asked: RunConfig, where: Path) -> RunConfig:
    """The configuration of a run that is carried on: the stored one, which nothing may contradict.

    Args:
        stored: resolved.
        asked: with the options that were given this time.
        where: the run, for the error.

    Raises:
        OptionError: an option differs; all that do are named.

    Example:

    >>> carried_on(RunConfig(seed=1, epochs=5), RunConfig(epochs=5), Path("runs/x")).seed
    1
    """
    before, now = stored.to_dict(), asked.to_dict()
    differ = [
        f"{name} (was {before.get(name)!r}, now {value!r})"
        for name, value in now.items()
        if name not in _NOT_COMPARED and before.get(name) != value
    ]
    if differ:
        raise OptionError(
            f"cannot resume {str(where)!r} with other options: {', '.join(differ)}. Leave them "
            "out, or start anew with overwrite"
        )
    ours = {name: now[name] for name in _NOT_COMPARED if name in now}
    return RunConfig(**{**before, **ours})


def write_json(path: Path, values: Any) -> None:
    """Writes a JSON file whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _check_is_run(path: Path, why: str) -> None:
    """Raises unless a folder is a run, or what is left of one, or empty, or not there."""
    if not path.is_dir() or _started(path) is not None:
        return
    names = sorted(found.name for found in path.iterdir())
    others = [name for name in names if name not in _NAMES and not name.startswith(".")]
    if others:
        raise FileExistsError(
            f"{str(path)!r} is no run folder, it has {others[0]!r}; {why}: choose another output"
        )


def _started(run: Path) -> str | None:
    try:
        return str(json.loads((run / CONFIG).read_text(encoding="utf-8"))["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
