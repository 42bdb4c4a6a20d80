"""Snapshots of a training: all that it takes to carry on as if it had not been stopped."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from gnn.files import whole_folder
from gnn.training.best_epoch import BestEpoch

_ARRAYS, _PLAIN = "arrays.npz", "state.json"


@dataclasses.dataclass(frozen=True, eq=False)
class Snapshot:
    """The state of a training after an epoch.

    Attributes:
        epoch: epochs done.
        stopped: whether the training is over.
        model, optimizer: the values of their variables, dropout's seeds among them.
        best: the state of the `BestEpoch` callback, without its weights.
        best_weights: the weights of the best epoch so far.
        history: key to a number an epoch.
    """

    epoch: int
    stopped: bool
    model: list[np.ndarray]
    optimizer: list[np.ndarray]
    best: dict[str, Any]
    best_weights: list[np.ndarray]
    history: dict[str, list[float]]

    @classmethod
    def of(
        cls, model: keras.Model, best: BestEpoch, history: dict[str, list[float]], stopped: bool
    ) -> Snapshot:
        """The state that a model in training is in."""
        return cls(
            epoch=max((len(values) for values in history.values()), default=0),
            stopped=stopped,
            model=_values(model.variables),
            optimizer=_values(model.optimizer.variables),
            best=best.state(),
            best_weights=best.best_weights or [],
            history=history,
        )

    def restore(self, model: keras.Model, best: BestEpoch) -> None:
        """Puts a built and compiled model, and the callback, into this state.

        Raises:
            ValueError: the variables are not those of this model.
        """
        model.optimizer.build(model.trainable_variables)
        _assign("the model", model.variables, self.model)
        _assign("the optimizer", model.optimizer.variables, self.optimizer)
        best.carry_on(self.best, self.best_weights)


def write_snapshot(folder: Path, snapshot: Snapshot) -> None:
    """Writes a snapshot under its own name, whole or not at all, and then removes older ones.

    Args:
        folder: where the snapshots of one training are.
        snapshot: what to write.

    Raises:
        OSError: it cannot be written; the older snapshots are left.
    """
    path = folder / f"epoch-{snapshot.epoch:06d}"
    plain = {
        "epoch": snapshot.epoch,
        "stopped": snapshot.stopped,
        "best": snapshot.best,
        "history": snapshot.history,
    }
    groups = {
        "model": snapshot.model,
        "optimizer": snapshot.optimizer,
        "best": snapshot.best_weights,
    }
    arrays: dict[str, Any] = {}
    for name, values in groups.items():
        arrays |= {f"{name}/{i}": value for i, value in enumerate(values)}
    with whole_folder(path, overwrite=True) as partial:
        np.savez(partial / _ARRAYS, **arrays)
        (partial / _PLAIN).write_text(json.dumps(plain), encoding="utf-8")
    for other in _folders(folder):
        if other != path:
            # Under its own name a snapshot is whole, to the end.
            removed = other.with_name(f".{other.name}.removed")
            shutil.rmtree(removed, ignore_errors=True)
            os.replace(other, removed)
            shutil.rmtree(removed, ignore_errors=True)


def has_snapshot(folder: Path) -> bool:
    """Whether there is one.

    Example:

    >>> has_snapshot(Path("no such folder"))
    False
    """
    return bool(_folders(folder))


def read_snapshot(folder: Path) -> Snapshot | None:
    """Reads the newest snapshot of a folder; None if there is none.

    Raises:
        ValueError: it is damaged; the message names it.
    """
    folders = _folders(folder)
    if not folders:
        return None
    try:
        plain = json.loads((folders[-1] / _PLAIN).read_text(encoding="utf-8"))
        # Opened here: NumPy leaves a damaged file open.
        with (
            (folders[-1] / _ARRAYS).open("rb") as file,
            np.load(file, allow_pickle=False) as arrays,
        ):
            names = list(arrays)
            groups = {
                group: [arrays[f"{group}/{i}"] for i in range(_count(names, group))]
                for group in ("model", "optimizer", "best")
            }
        return Snapshot(
            epoch=plain["epoch"],
            stopped=plain["stopped"],
            model=groups["model"],
            optimizer=groups["optimizer"],
            best=plain["best"],
            best_weights=groups["best"],
            history=plain["history"],
        )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"the snapshot {str(folders[-1])!r} is damaged ({error}); remove it to start anew"
        ) from error


class Snapshots(keras.callbacks.Callback):
    """Keeps the history and writes snapshots at ends of epochs, the last one always.

    Args:
        folder: where to.
        best: the callback whose state they hold; it comes before this one.
        history: what the epochs so far gave; it grows.
        seconds: at most one snapshot in so many.

    Example:

    >>> Snapshots(Path("state"), BestEpoch(patience=3), {}, seconds=5).history
    {}
    """

    def __init__(
        self, folder: Path, best: BestEpoch, history: dict[str, list[float]], seconds: float
    ):
        super().__init__()
        self._folder, self._best, self.history, self._seconds = folder, best, history, seconds
        self._written = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds an epoch, and writes if it is time.

        Raises:
            FloatingPointError: the loss is no finite number any more.
        """
        loss = float((logs or {}).get("loss", 0.0))
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"the loss is {loss} after epoch {epoch + 1}: lower the learning rate, or look for "
                "features of very different scales"
            )
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(float(value))
        stopped = bool(self.model.stop_training) or epoch + 1 == self.params["epochs"]
        if stopped or time.monotonic() - self._written >= self._seconds:
            write_snapshot(self._folder, Snapshot.of(self.model, self._best, self.history, stopped))
            self._written = time.monotonic()


def _folders(folder: Path) -> list[Path]:
    return sorted(folder.glob("epoch-*"))


def _count(names: Sequence[str], group: str) -> int:
    return sum(name.startswith(f"{group}/") for name in names)


def _values(variables: Sequence[keras.Variable]) -> list[np.ndarray]:
    return [np.asarray(keras.ops.convert_to_numpy(variable.value)) for variable in variables]


def _assign(what: str, variables: Sequence[keras.Variable], values: Sequence[np.ndarray]) -> None:
    mine = [tuple(variable.shape) for variable in variables]
    theirs = [value.shape for value in values]
    if mine != theirs:
        raise ValueError(
            f"the snapshot is of another model: the variables of {what} have shapes {mine}, and "
            f"there {theirs}"
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
