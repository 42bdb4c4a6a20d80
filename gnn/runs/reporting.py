"""What a run says while it trains: lines of a log, a bar on a terminal, and that it diverged."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

Report = Callable[[str], None]


class RunLog:
    """Lines for the user and, once it is open, for the run's log.

    Args:
        report: is called with each line that is said aloud; None says nothing.

    Example:

    >>> RunLog(print)("training")
    training
    """

    def __init__(self, report: Report | None):
        self._report = report
        self._path: Path | None = None

    @property
    def is_heard(self) -> bool:
        """Whether anybody is told what is said aloud."""
        return self._report is not None

    def open(self, path: Path) -> None:
        """Writes all that follows to this file too, at its end."""
        self._path = path

    def close(self) -> None:
        """Ends with the file."""
        self._path = None

    def __call__(self, text: str, aloud: bool = True) -> None:
        """Says a line."""
        if aloud and self._report is not None:
            self._report(text)
        if self._path is not None:
            now = datetime.datetime.now().isoformat(sep=" ", timespec="seconds")
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{now} {text}\n")


class EpochBar(keras.callbacks.Callback):
    """A bar of epochs on standard error, where that is a terminal; a context manager.

    Args:
        epochs: how many there can be.
        done: how many are done.
        shown: False for no bar at all.

    Example:

    >>> with EpochBar(2, 0, shown=False) as bar:
    ...     bar.on_epoch_end(0, {"loss": 0.5})
    """

    def __init__(self, epochs: int, done: int, shown: bool):
        super().__init__()
        # None asks whether there is a terminal.
        self._bar = tqdm(
            total=epochs, initial=done, unit="epoch", leave=False, disable=None if shown else True
        )

    def __enter__(self) -> EpochBar:
        """The bar itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Takes the bar away, also after an error."""
        self._bar.close()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """One epoch more."""
        shown = {k: f"{v:.3f}" for k, v in (logs or {}).items() if k in ("loss", "val_accuracy")}
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()


class FiniteLoss(keras.callbacks.Callback):
    """Ends a training whose loss is no number any more.

    Example:

    >>> FiniteLoss().on_epoch_end(0, {"loss": 0.5})
    """

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the loss.

        Raises:
            FloatingPointError: it is not finite.
        """
        loss = float((logs or {}).get("loss", 0.0))
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"the loss is {loss} after epoch {epoch + 1}: lower the learning rate, or look for "
                "features of very different scales"
            )
