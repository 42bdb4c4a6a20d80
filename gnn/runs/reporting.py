"""What a run says while it trains: lines of a log, and that it diverged."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

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
