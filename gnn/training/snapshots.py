"""Snapshots of a training on disk: all that it takes to carry on as if it had not been stopped."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.files import (
    MANIFEST,
    Manifest,
    followed,
    is_free,
    read_manifest,
    remove_folder,
    remove_temporaries,
    whole_folder,
    write_manifest,
)

SNAPSHOTS, CO_TRAINING = "snapshots", "co-training"
_SNAPSHOT = "snapshot"
_ARRAYS, _PLAIN = "arrays.npz", "state.json"
_RUNNING, _FINISHED = "step", "end"


@dataclasses.dataclass(frozen=True)
class Position:
    """How far a training is.

    Attributes:
        epoch: the epoch that it is in, from 0.
        step: the steps of that epoch that are done.
        total: the steps that are done in all epochs.
        steps: the steps of an epoch; None where that is not known.

    Example:

    >>> print(Position(epoch=1, step=4, total=14, steps=10), Position(1, 10, 20, 10), sep="; ")
    step 4 of epoch 2; epoch 2
    """

    epoch: int
    step: int
    total: int
    steps: int | None

    def __str__(self) -> str:
        """As a sentence needs it, counted from 1."""
        name = f"epoch {self.epoch + 1}"
        return name if self.step == self.steps else f"step {self.step} of {name}"


@dataclasses.dataclass(frozen=True, eq=False)
class Snapshot:
    """The state of a training at a step.

    Attributes:
        position: where it is.
        state: nested dicts and lists of numbers, strings and arrays.
        path: the folder that it was read from.
    """

    position: Position
    state: dict[str, Any]
    path: Path | None = None


def write_snapshot(
    folder: Path, snapshot: Snapshot, finished: bool = False, kind: str = SNAPSHOTS
) -> None:
    """Writes a snapshot under its own name, whole or not at all, and then removes older ones.

    The snapshot of a finished training lies beside the last one of its way there, from which more
    epochs could be carried on. Only snapshots are ever removed, by their manifests.

    Args:
        folder: where the snapshots of one training are.
        snapshot: what to write.
        finished: whether nothing is left to do.
        kind: what the folder is, as in `claim_folder`.

    Raises:
        FileExistsError: as `claim_folder`.
        OSError: it cannot be written; the older snapshots are left.
    """
    claim_folder(folder, kind)
    folder = followed(folder)
    if not (folder / MANIFEST).exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_manifest(folder, _manifest(kind))
    # What a process left that was killed as it wrote or removed one is as large as a snapshot.
    for name in (_RUNNING, _FINISHED):
        remove_temporaries(folder, f"{name}-*")
    state = _FINISHED if finished else _RUNNING
    path = folder / f"{state}-{snapshot.position.total:09d}"
    arrays: list[np.ndarray] = []
    plain = {
        "position": dataclasses.asdict(snapshot.position),
        "state": _without_arrays(snapshot.state, arrays),
    }
    with whole_folder(path, _SNAPSHOT, overwrite=True) as partial:
        named: dict[str, Any] = {str(i): array for i, array in enumerate(arrays)}
        np.savez(partial / _ARRAYS, **named)
        (partial / _PLAIN).write_text(json.dumps(plain), encoding="utf-8")
    for other in _folders(folder, state):
        if other != path:
            remove_folder(other, _SNAPSHOT)


def claim_folder(folder: Path, kind: str = SNAPSHOTS) -> None:
    """Raises unless snapshots may be written to a folder: its own, an empty one, or one not there.

    A folder of snapshots that has no manifest, since an older version wrote it, gets one.

    Args:
        folder: where the snapshots of one training are, or will be.
        kind: `SNAPSHOTS` or `CO_TRAINING`.

    Raises:
        FileExistsError: it is a file, or a folder that holds something else; that is named.
        ValueError: it is the folder of another kind of training.
    """
    shown, folder = repr(str(folder)), followed(folder)
    if not os.path.lexists(folder) or (folder.is_dir() and is_free(folder)):
        return
    if not folder.is_dir():
        raise FileExistsError(f"snapshots need a folder, and {shown} is a file")
    try:
        manifest = read_manifest(folder)
    except ValueError as error:
        raise FileExistsError(
            f"no snapshots are written to {shown}: its {MANIFEST} {error}"
        ) from error
    found = adopt_snapshots(folder) if manifest is None else manifest.kind
    if found is None:
        raise FileExistsError(
            f"no snapshots are written to {shown}: it holds "
            f"{sorted(os.listdir(folder))[0]!r} and no snapshot. Give a folder of its own"
        )
    if found not in (SNAPSHOTS, CO_TRAINING):
        raise FileExistsError(
            f"no snapshots are written to {shown}: it is of the kind {found!r}. Give a "
            "folder of its own"
        )
    if found != kind:
        name = "co-training" if kind == CO_TRAINING else "one of ExactResume"
        raise ValueError(f"{shown} is of another kind of training than {name}. Give another folder")


def adopt_snapshots(folder: Path) -> str | None:
    """Gives manifests to the snapshots of a folder that an older version wrote, and to the folder.

    Args:
        folder: any.

    Returns:
        The kind of the folder; None where there is no snapshot in it, and nothing was written.

    Raises:
        ValueError: a snapshot, or a manifest, is damaged.
    """
    paths = [*_folders(folder, _RUNNING), *_folders(folder, _FINISHED)]
    snapshots = [
        (path, _read(path, with_arrays=True))
        for path in paths
        if {_ARRAYS, _PLAIN} <= set(os.listdir(path))
    ]
    if not snapshots:
        return None
    kind = CO_TRAINING if "rounds" in snapshots[0][1].state else SNAPSHOTS
    for path, _ in snapshots:
        if read_manifest(path) is None:
            write_manifest(path, Manifest(_SNAPSHOT, frozenset({_ARRAYS, _PLAIN})))
    write_manifest(folder, _manifest(kind))
    return kind


def _manifest(kind: str) -> Manifest:
    names = (f"{state}-*" for state in (_RUNNING, _FINISHED))
    return Manifest(kind, folders=dict.fromkeys(names, _SNAPSHOT))


def has_snapshot(folder: Path) -> bool:
    """Whether there is one.

    Example:

    >>> has_snapshot(Path("no such folder"))
    False
    """
    return bool(_folders(folder, _RUNNING) + _folders(folder, _FINISHED))


def read_position(folder: Path) -> Position | None:
    """How far the newest snapshot of a folder is; None if there is none.

    Raises:
        ValueError: the snapshot is damaged; the message names it.
    """
    paths = [*_folders(folder, _FINISHED), *_folders(folder, _RUNNING)]
    positions = [_read(path, with_arrays=False).position for path in paths]
    return max(positions, key=lambda position: position.total, default=None)


def read_snapshot(folder: Path, finished: bool = False) -> Snapshot | None:
    """Reads the newest snapshot of a folder; None if there is none.

    Args:
        folder: where the snapshots of one training are.
        finished: whether to read that of the finished training.

    Raises:
        ValueError: it is damaged; the message names it.
    """
    paths = _folders(folder, _FINISHED if finished else _RUNNING)
    return _read(paths[-1], with_arrays=True) if paths else None


def _read(path: Path, with_arrays: bool) -> Snapshot:
    try:
        plain = json.loads((path / _PLAIN).read_text(encoding="utf-8"))
        position = Position(**plain["position"])
        if not with_arrays:
            return Snapshot(position, {}, path)
        # Opened here: NumPy leaves a damaged file open.
        with (path / _ARRAYS).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return Snapshot(position, _with_arrays(plain["state"], arrays), path)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"the snapshot {str(path)!r} is damaged ({error}); remove it to start anew"
        ) from error


def _folders(folder: Path, kind: str) -> list[Path]:
    named = (path for path in folder.glob(f"{kind}-*") if re.fullmatch(r"\w+-\d+", path.name))
    return sorted(path for path in named if path.is_dir())


def _without_arrays(value: Any, arrays: list[np.ndarray]) -> Any:
    """The value as JSON has it; arrays go to the list, and leave their place in it."""
    if isinstance(value, dict):
        return {key: _without_arrays(inner, arrays) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_arrays(inner, arrays) for inner in value]
    if isinstance(value, tuple):
        return {"__tuple__": [_without_arrays(inner, arrays) for inner in value]}
    if isinstance(value, np.ndarray | np.generic):
        arrays.append(np.asarray(value))
        # NumPy's files forget the names of types that are not its own, such as bfloat16.
        return {
            "__array__": len(arrays) - 1,
            "dtype": value.dtype.name,
            "scalar": isinstance(value, np.generic),
        }
    return value


def _with_arrays(value: Any, arrays: Any) -> Any:
    if isinstance(value, list):
        return [_with_arrays(inner, arrays) for inner in value]
    if not isinstance(value, dict):
        return value
    if "__tuple__" in value:
        return tuple(_with_arrays(inner, arrays) for inner in value["__tuple__"])
    if "__array__" in value:
        array = arrays[str(value["__array__"])]
        if array.dtype.kind == "V":
            array = array.view(tf.as_dtype(value["dtype"]).as_numpy_dtype)
        return array[()] if value["scalar"] else array
    return {key: _with_arrays(inner, arrays) for key, inner in value.items()}
