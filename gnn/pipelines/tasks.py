"""Functions for executors, under names that say what they compute."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np


def task(function: Callable[..., Any], **arguments: Any) -> Callable[..., Any]:
    """A function with arguments, and a name of its own for them.

    Spark writes the name into its plans, by which `gnn.pipelines.stages` knows a job again.

    Args:
        function: the function.
        arguments: numbers, text, None, arrays, or configurations.

    Example:

    >>> task(max, key=None).__name__ == task(max, key=None).__name__ != task(max, key=1).__name__
    True
    """
    said = json.dumps(arguments, sort_keys=True, default=_as_json)
    digest = hashlib.sha256(said.encode()).hexdigest()
    made = functools.partial(function, **arguments)
    made.__name__ = f"{function.__name__}_{digest[:16]}"  # type: ignore[attr-defined]
    return made


def group_task(function: Callable[..., Any], **arguments: Any) -> Callable[[Any], Any]:
    """As `task`, for a function of a group: Spark looks at its signature, and knows no partials.

    Example:

    >>> group_task(max, default=0)([1, 5])
    5
    """
    made = task(function, **arguments)

    def of_group(table: Any) -> Any:
        return made(table)

    of_group.__name__ = made.__name__
    return of_group


def _as_json(value: Any) -> Any:
    """What JSON does not know."""
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.shape, hashlib.sha256(value.tobytes()).hexdigest()]
    return dataclasses.asdict(value)
