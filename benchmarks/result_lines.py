"""Files of results: a JSON line a run, resumed, and their means with standard errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf


def read(path: Path | None) -> list[dict[str, Any]]:
    """The lines of a file; none where there is no file."""
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run_missing(
    path: Path | None,
    wanted: Iterable[dict[str, Any]],
    run: Callable[..., dict[str, Any]],
    defaults: dict[str, Any] | None = None,
) -> None:
    """Runs what a file lacks, and appends each run as soon as it is done.

    Args:
        path: the file; None only prints.
        wanted: what names a run, such as its model and its seed: the arguments of `run`.
        run: returns the figures.
        defaults: names that older lines lack, with what they were run with.
    """
    lines = [{**(defaults or {}), **line} for line in read(path)]
    for names in wanted:
        if any(all(line.get(key) == value for key, value in names.items()) for line in lines):
            continue
        line = {**names, **run(**names)}
        line |= {"tensorflow": tf.__version__, "keras": keras.__version__}
        text = json.dumps(line)
        print(text[:300], flush=True)
        if path is not None:
            with path.open("a", encoding="utf-8") as file:
                file.write(text + "\n")


def mean_and_error(scores: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error, which is NaN for a single score."""
    values = np.asarray(scores, float)
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
    return float(values.mean()), float(error)


def in_percent(scores: Sequence[float], digits: int = 2) -> str:
    """The mean and its standard error in percent, as a table has it; `?` for that of one score."""
    mean, error = mean_and_error([100 * score for score in scores])
    return f"{mean:.{digits}f} ± {'?' if np.isnan(error) else f'{error:.{digits}f}'}"
