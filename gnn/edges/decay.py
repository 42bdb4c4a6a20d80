"""Edges that count less the older they are."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

from gnn.configs.durations import as_seconds
from gnn.edges.checks import as_weights, check_equal_lengths
from gnn.edges.records.record_times import seconds_of
from gnn.tables.object_cells import ObjectCells


def decayed_weights(weights: Any, times: Any, half_life: Any, *, now: Any = None) -> np.ndarray:
    """Weights that halve with each half-life that an edge is old.

        w * 2^(-(now - time) / half_life)

    What is too old for float32 weighs 0, and is no edge.

    Args:
        weights: `[n]`, finite and not negative; None gives ones.
        times: `[n]`, seconds since 1970, or dates, times or text, as logs have them
            (`gnn.edges.records.record_times`).
        half_life: seconds, or text such as `"30d"`.
        now: the time at which an edge has its whole weight; None takes the latest one.

    Returns:
        float32 `[n]`.

    Raises:
        TypeError: weights are no numbers, or `half_life` is no length of time.
        ValueError: a time is missing, none, or after `now`; lengths differ; `half_life` is 0; or no
            edge is left with a weight.

    Example:

    >>> decayed_weights([8, 8, 8], ["2026-01-01", "2026-01-31", "2026-03-02"], "30d").tolist()
    [2.0, 4.0, 8.0]
    >>> decayed_weights(None, [0, 60], 60, now=120).tolist()
    [0.25, 0.5]
    """
    seconds = times_in_seconds("times", times)
    weights = np.ones(seconds.size, np.float32) if weights is None else as_weights(weights)
    check_equal_lengths("times", seconds, "weights", weights)
    life = as_seconds("half_life", half_life)
    if not life:
        raise ValueError("half_life must be above 0, got 0")
    if not seconds.size:
        return weights
    latest = float(seconds.max())
    end = latest if now is None else float(times_in_seconds("now", [now])[0])
    if latest > end:
        raise ValueError(
            f"times must not be after now, {as_text(end)}; got {as_text(latest)}, and "
            f"{int((seconds > end).sum()):,} of {seconds.size:,} are"
        )
    decayed = (weights.astype(np.float64) * np.exp2((seconds - end) / life)).astype(np.float32)
    if weights.any() and not decayed.any():
        raise ValueError(
            f"half_life of {life:g} seconds leaves no edge a weight: the latest is of "
            f"{as_text(latest)}, and now is {as_text(end)}"
        )
    return decayed


def times_in_seconds(name: str, times: Any) -> np.ndarray:
    """Times as seconds since 1970.

    Args:
        name: what errors call them.
        times: as in `decayed_weights`.

    Raises:
        ValueError: a time is missing or none; the first is named.

    Example:

    >>> times_in_seconds("times", ["1970-01-02", 60]).tolist()
    [86400.0, 60.0]
    """
    held = times if hasattr(times, "__len__") else list(times)
    seconds, strange = seconds_of(ObjectCells(name, held))
    gaps = np.flatnonzero(np.isnan(seconds)).tolist()
    if strange or gaps:
        row = min([*strange, *gaps])
        raise ValueError(f"{name}[{row}]: {strange.get(row, 'no time')}")
    return seconds


def as_text(seconds: float) -> str:
    """A time for a person to read, in UTC.

    Example:

    >>> as_text(86400), as_text(90000.5)
    ('1970-01-02', '1970-01-02T01:00:00.500000')
    """
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    text = moment.isoformat()
    return text.removesuffix("T00:00:00")
