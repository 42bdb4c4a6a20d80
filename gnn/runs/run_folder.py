"""The folder of a run: its names, who writes to it, and how it becomes whole."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gnn.configs.fields import field_defaults
from gnn.configs.session_columns import SessionColumns
from gnn.configs.sessions import as_session_graph_config
from gnn.files import (
    MANIFEST,
    Manifest,
    check_replaceable,
    clear_folder,
    followed,
    is_free,
    put_folder,
    read_manifest,
    remove_folder,
    remove_temporaries,
    whole_file,
    write_manifest,
)
from gnn.graphs.storage.graph_writer import KIND as GRAPH
from gnn.models.export import KIND as EXPORT
from gnn.runs.config_files import OptionError
from gnn.runs.locking import locked_folder
from gnn.runs.run_config import RunConfig
from gnn.training.snapshots import SNAPSHOTS, has_snapshot

CONFIG, DATA, HISTORY, METRICS = "config.json", "data.json", "history.csv", "metrics.json"
MODEL, SAVED_MODEL, PLOT, LOG, SPLITS = (
    "model.keras",
    "saved_model",
    "training.png",
    "log.txt",
    "splits.csv",
)
ENCODER, CARD, START = "columns.keras", "README.md", "start.json"
TEACHER, TEACHER_FIGURES, TEACHER_STATE = "teacher.keras", "teacher.json", "teacher_state"
TEACHER_ANSWERS = "teacher.npy"  # Of a finished run.
STATE, BASELINE_STATE, LOG_GRAPH = "state", "baseline_state", "log_graph"
# Of the folder, in its manifest.
KIND = "run"
_FILES = (CONFIG, DATA, HISTORY, METRICS, MODEL, PLOT, LOG, SPLITS, ENCODER, CARD, START)
_FILES_OF_TEACHER = (TEACHER, TEACHER_FIGURES, TEACHER_ANSWERS)
_STATES = (STATE, BASELINE_STATE, TEACHER_STATE)
_FOLDERS = {SAVED_MODEL: EXPORT, LOG_GRAPH: GRAPH, **dict.fromkeys(_STATES, SNAPSHOTS)}
# What a run that is trained will hold.
BEGUN = Manifest(KIND, frozenset((*_FILES, *_FILES_OF_TEACHER)), _FOLDERS)
# Where a run lies and how often it is kept have no bearing on what it computes.
_NOT_COMPARED = ("output", "overwrite", "resume", "snapshot_seconds")


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """The names of a run that is being trained, and of the finished one.

    Attributes:
        path: the finished run.
        overwrites: whether an older one is replaced.
    """

    path: Path
    overwrites: bool = False

    @property
    def partial(self) -> Path:
        """Where everything lies while it trains: beside the folder that a link leads to."""
        end = followed(self.path)
        return end.with_name(f"{end.name}.partial")

    @property
    def state(self) -> Path:
        """Where its snapshots lie."""
        return self.partial / STATE

    @property
    def is_begun(self) -> bool:
        """Whether there is a training to carry on, were it from its start."""
        return (self.partial / CONFIG).is_file()

    @property
    def is_worth_keeping(self) -> bool:
        """Whether starting anew would lose something."""
        begun = has_snapshot(self.state) or has_snapshot(self.partial / TEACHER_STATE)
        return self.is_begun and (begun or self.is_written)

    @property
    def is_written(self) -> bool:
        """Whether only the final name is missing: the metrics are written last."""
        return (self.partial / METRICS).is_file()

    def check_partial_is_ours(self) -> None:
        """Raises where the name is taken by something that no training has made.

        A training that an older version began has no manifest; its configuration tells.

        Raises:
            FileExistsError: as said; what is there is named.
        """
        if not os.path.lexists(self.partial):
            return
        if self.partial.is_symlink() or not self.partial.is_dir():
            raise FileExistsError(
                f"{str(self.partial)!r} is no folder, and a run is trained there: choose another "
                "output"
            )
        try:
            manifest = read_manifest(self.partial)
        except ValueError as error:
            raise FileExistsError(
                f"{str(self.partial)!r} is no run folder, its {MANIFEST} {error}; a run is trained "
                "there: choose another output"
            ) from error
        if manifest is None:
            ours = is_free(self.partial) or _is_run_without_manifest(self.partial)
        else:
            ours = manifest.kind == KIND
        if not ours:
            found = f"it has {sorted(os.listdir(self.partial))[0]!r}"
            if manifest is not None:
                found = f"it is of the kind {manifest.kind!r}"
            raise FileExistsError(
                f"{str(self.partial)!r} is no run folder, {found}; a run is trained there: choose "
                "another output"
            )

    def check_partial_is_replaceable(self) -> None:
        """Raises where starting anew would lose what is not ours.

        Raises:
            FileExistsError: as said; what is there is named.
        """
        if self.partial.is_dir() and not is_free(self.partial):
            check_replaceable(self.partial, KIND, overwrite=True)

    def begin(self) -> None:
        """Makes the partial folder one of ours, with nothing in it."""
        remove_temporaries(self.partial)
        clear_folder(self.partial, KIND)
        write_manifest(self.partial, BEGUN)

    def finish(self) -> None:
        """Gives the run its final name, in place of an older one.

        Raises:
            FileExistsError: an older one may not be replaced.
        """
        for name in _STATES:
            remove_folder(self.partial / name, SNAPSHOTS)
        end = followed(self.path)
        older = read_manifest(end) if end.is_dir() else None
        write_manifest(
            self.partial,
            dataclasses.replace(
                manifest_of(self.partial),
                id=uuid.uuid4().hex,
                replaces=None if older is None else older.id,
            ),
        )
        put_folder(self.partial, end, KIND, overwrite=self.overwrites)

    def discard(self) -> None:
        """Removes a training of which nothing can be carried on, as far as it is ours."""
        if self.partial.is_dir() and is_free(self.partial):
            with contextlib.suppress(OSError):
                self.partial.rmdir()
        else:
            remove_folder(self.partial, KIND)

    def remove_remains(self) -> None:
        """Removes what was left of an older run when a newer one had taken its name already."""
        end = followed(self.path)
        if not (end.is_dir() and self.partial.is_dir()):
            return
        with contextlib.suppress(ValueError):
            newer, older = read_manifest(end), read_manifest(self.partial)
            if newer and older and newer.replaces is not None and newer.replaces == older.id:
                with locked(self):
                    remove_folder(self.partial, KIND)


def manifest_of(run: Path) -> Manifest:
    """What the manifest of a run lists: those of the names that we give that are there."""
    files = (name for name in (*_FILES, *_FILES_OF_TEACHER) if (run / name).is_file())
    return Manifest(
        KIND, frozenset(files), {k: v for k, v in _FOLDERS.items() if (run / k).is_dir()}
    )


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
        if path.name.endswith(".partial"):
            raise OptionError(
                f"output must not end in .partial, where a run lies while it trains; got "
                f"{config.output!r}"
            )
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
    with locked_folder(folder.partial):
        yield


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
        stored = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(stored, dict) and "config" not in stored:
            raise FileNotFoundError(
                f"{str(run)!r} is no run folder: its {CONFIG} is of something else, it has no "
                "'config'"
            )
        return RunConfig.from_dict(stored["config"])
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
    if asked.session_config is not None:
        whole = as_session_graph_config(asked.session_config).to_dict()
        # A column that nobody names was found in the log; a half-life may be one of the data.
        found = stored.session_config or {}
        for name, default in {**field_defaults(SessionColumns), "half_life": None}.items():
            if whole[name] == default and name in found:
                whole[name] = found[name]
        asked = dataclasses.replace(asked, session_config=whole)
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
    with whole_file(path, overwrite=True) as partial:
        partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _is_run_without_manifest(run: Path) -> bool:
    try:
        return {"started", "config"} <= set(json.loads((run / CONFIG).read_bytes()))
    except (OSError, ValueError, TypeError):
        return False
