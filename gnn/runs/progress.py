"""How far a training is: a bar on a terminal; elsewhere a line from time to time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

import keras
from tqdm import tqdm

# Between two lines where there is no terminal, as in the log of a job, or in a notebook.
_SECONDS = 10.0


class Progress:
    """What a training is at, said where nobody sees a bar; a context manager.

    On a terminal it says nothing, and `EpochBar` shows a bar. Elsewhere a thread says a line every
    few seconds, whatever the training is waiting for; from the first of them on, so is each stage.

    Args:
        shown: False says nothing at all.
        seconds: between two lines.
        stream: where to; None is standard error.
        clock: seconds that only grow.

    Example:

    >>> import sys
    >>> with Progress(True, stream=sys.stdout, clock=lambda: 60.0) as progress:
    ...     progress.stage("reading shop")
    ...     print(progress.line())
    ...     progress.begin_epochs(0)
    ...     progress.epoch(2, 10, {"loss": 0.5, "val_accuracy": 0.75})
    ...     print(progress.line())
    reading shop: 0 s
    epoch 2 of at most 10: loss 0.5000, validation accuracy 0.7500, best 0.7500, at most 0 s left
    """

    def __init__(
        self,
        shown: bool,
        *,
        seconds: float = _SECONDS,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._stream = sys.stderr if stream is None else stream
        self._in_lines = shown and not self._stream.isatty()
        self._seconds, self._clock = seconds, clock
        self._stage, self._begun, self._since = "", clock(), 0
        self._first = self._begun
        self._epoch: tuple[int, int, dict[str, float]] | None = None
        self._best: float | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True, name="gnn-progress")

    def __enter__(self) -> Progress:
        """Begins to say."""
        if self._in_lines:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Says no more, also after an error."""
        self._ended.set()
        if self._in_lines:
            self._thread.join()

    def stage(self, name: str) -> None:
        """What is done next."""
        self._stage, self._begun, self._epoch = name, self._clock(), None
        if self._begun - self._first >= self._seconds:
            self._say(name)

    def begin_epochs(self, done: int) -> None:
        """The epochs begin, after those that an earlier process has done."""
        self._stage, self._begun, self._since = "the first epoch", self._clock(), done

    def epoch(self, number: int, most: int, logs: dict[str, Any]) -> None:
        """An epoch has ended.

        Args:
            number: of the epoch, from 1.
            most: how many there can be.
            logs: its figures.
        """
        figures: dict[str, float] = {}
        figures |= {name: float(logs[name]) for name in ("loss", "val_accuracy") if name in logs}
        if "val_accuracy" in figures:
            found = figures["val_accuracy"]
            self._best = found if self._best is None else max(self._best, found)
        self._epoch = number, most, figures

    def line(self) -> str:
        """What is to be said now."""
        passed = self._clock() - self._begun
        if self._epoch is None:
            return f"{self._stage}: {passed:.0f} s"
        number, most, figures = self._epoch
        shown = [
            f"{name} {figures[key]:.4f}"
            for key, name in (("loss", "loss"), ("val_accuracy", "validation accuracy"))
            if key in figures
        ]
        shown += [] if self._best is None else [f"best {self._best:.4f}"]
        left = passed / max(number - self._since, 1) * (most - number)
        return f"epoch {number} of at most {most}: {', '.join(shown)}, at most {left:.0f} s left"

    def _tick(self) -> None:
        while not self._ended.wait(self._seconds):
            self._say(self.line())

    def _say(self, text: str) -> None:
        if self._in_lines:
            print(text, file=self._stream, flush=True)


class EpochBar(keras.callbacks.Callback):
    """A bar of epochs on standard error, where that is a terminal; a context manager.

    Args:
        epochs: how many there can be.
        done: how many are done.
        shown: False for no bar at all.
        progress: is told of the epochs, to say so where there is no terminal.

    Example:

    >>> with EpochBar(2, 0, shown=False) as bar:
    ...     bar.on_epoch_end(0, {"loss": 0.5})
    """

    def __init__(self, epochs: int, done: int, shown: bool, progress: Progress | None = None):
        super().__init__()
        self._epochs, self._done, self._progress = epochs, done, progress
        # None asks whether there is a terminal.
        self._bar = tqdm(
            total=epochs, initial=done, unit="epoch", leave=False, disable=None if shown else True
        )

    def __enter__(self) -> EpochBar:
        """The bar itself."""
        if self._progress is not None:
            self._progress.begin_epochs(self._done)
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
        if self._progress is not None:
            self._progress.epoch(epoch + 1, self._epochs, logs or {})
