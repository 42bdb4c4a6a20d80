"""Times of records, however they are written, as seconds since 1970."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any

import numpy as np

from gnn.edges.missing import is_missing
from gnn.tables.cells import Cells, quoted

# Seconds from 1970 to the year 10000; a number beyond was not meant as seconds.
TOO_LATE = 253_402_300_800
# Milli-, micro- and nanoseconds in a second: the first unit that gives a year before is taken.
FINER_UNITS = (1e3, 1e6, 1e9)
_UTC = datetime.UTC


def seconds_of(cells: Cells, na_values: Collection[str] = ()) -> tuple[np.ndarray, dict[int, str]]:
    """The times in the cells of a column.

    Args:
      cells: numbers of seconds since 1970, or of milli-, micro- or nanoseconds where as seconds
        they would be beyond the year 9999; dates and times of Python, NumPy, pandas or Arrow, in
        any unit; or text: such a number, or ISO 8601. What has no time zone is UTC.
      na_values: the texts that mean missing.

    Returns:
      float64 `[n]`, seconds since 1970, NaN where the time is missing or strange; and the strange
      ones: position -> what is wrong with the cell.

    >>> from gnn.tables.cells import TextCells
    >>> seconds, strange = seconds_of(TextCells(["1970-01-02", "60", "noon"]))
    >>> seconds.tolist(), strange
    ([86400.0, 60.0, nan], {2: "time 'noon' is neither seconds nor ISO 8601"})
    >>> seconds_of(TextCells(["1764500000", "1764500000250"]))[0].tolist()
    [1764500000.0, 1764500000.25]
    """
    values = _numbers(cells.held)
    strange: dict[int, str] = {}
    if values is None:
        listed: list[Any] = _listed(cells.held)
        values = np.full(len(listed), np.nan)
        for row, cell in enumerate(listed):
            if is_missing(cell, na_values):
                continue
            try:
                values[row] = _seconds(cell)
            except (ValueError, TypeError, OverflowError):
                shown = quoted(cell) if isinstance(cell, str) else repr(cell)
                strange[row] = f"time {shown} is neither seconds nor ISO 8601"
    beyond = np.isinf(values) | (np.abs(values) >= TOO_LATE)
    for row in np.flatnonzero(beyond).tolist():
        strange[row] = f"time {values[row]:g} is no time: it is beyond the year 9999"
    if strange:
        values = np.where(beyond, np.nan, values)
    return values, strange


def _numbers(held: Any) -> np.ndarray | None:
    """All times at once as seconds, NaN for missing ones; None where each has to be looked at."""
    if hasattr(held, "null_count"):
        return _of_arrow(held)
    if hasattr(held, "iloc"):  # A column of pandas, with a zone perhaps.
        zone = getattr(held.dtype, "tz", None)
        held = (held if zone is None else held.dt.tz_convert("UTC").dt.tz_localize(None)).to_numpy()
    if isinstance(held, np.ndarray):
        if held.dtype.kind == "M":
            return (held - np.datetime64(0, "s")) / np.timedelta64(1, "s")
        return _in_seconds(held.astype(np.float64)) if held.dtype.kind in "iuf" else None
    kinds = set(map(type, held))
    if kinds <= {int, float}:
        return _in_seconds(np.array(held, np.float64))
    if kinds != {str} or "_" in "".join(held):
        return None
    try:
        values = np.fromiter(map(float, held), np.float64, len(held))
    except ValueError:
        return None
    return None if np.isnan(values).any() else _in_seconds(values)


def _in_seconds(numbers: np.ndarray) -> np.ndarray:
    """Numbers that are too large for seconds, as those of the coarsest unit that makes them fit."""
    largest = np.abs(numbers, where=np.isfinite(numbers), out=np.zeros(numbers.shape))
    if largest.max(initial=0) < TOO_LATE:
        return numbers
    seconds = numbers.copy()
    for unit in reversed(FINER_UNITS):
        fits = (largest >= TOO_LATE) & (largest < TOO_LATE * unit)
        seconds[fits] = numbers[fits] / unit
    return seconds


def _of_arrow(array: Any) -> np.ndarray | None:
    import pyarrow
    import pyarrow.compute as pc

    kinds, kind = pyarrow.types, array.type
    if kinds.is_string(kind) or kinds.is_large_string(kind):
        array = _parsed(array)
        kind = array.type
    if kinds.is_date(kind):
        array = pc.cast(array, pyarrow.timestamp("ms"))
    elif kinds.is_timestamp(kind):
        array = pc.cast(array, pyarrow.timestamp(kind.unit))  # Without its zone: Arrow holds UTC.
    elif not (kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind)):
        return None
    if not kinds.is_timestamp(array.type):
        numbers = pc.cast(array, pyarrow.float64(), safe=False)
        return _in_seconds(numbers.to_numpy(zero_copy_only=False))
    units = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[array.type.unit]
    counts = pc.cast(pc.cast(array, pyarrow.int64()), pyarrow.float64(), safe=False)
    return counts.to_numpy(zero_copy_only=False) / units


def _parsed(array: Any) -> Any:
    """Text as numbers or times, where all of it is of one kind; else as it is."""
    import pyarrow
    import pyarrow.compute as pc

    for kind in (pyarrow.float64(), pyarrow.timestamp("us"), pyarrow.timestamp("us", "UTC")):
        try:
            parsed = pc.cast(array, kind)
        except pyarrow.ArrowInvalid:
            continue
        if kind != pyarrow.float64() or not pc.any(pc.is_nan(parsed)).as_py():
            return parsed
    return array


def _listed(held: Any) -> list[Any]:
    for name in ("to_pylist", "tolist"):
        if hasattr(held, name):
            return getattr(held, name)()
    return list(held)


def _seconds(value: Any) -> float:
    """Seconds since 1970 of one cell."""
    if isinstance(value, str):
        try:
            if "_" in value:
                raise ValueError
            return _number(value)
        except ValueError:
            value = datetime.datetime.fromisoformat(value.strip())
    if isinstance(value, np.datetime64):
        return float((value - np.datetime64(0, "s")) / np.timedelta64(1, "s"))
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if isinstance(value, datetime.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=_UTC)).timestamp()
    if isinstance(value, bool):
        raise TypeError
    return _number(value)


def _number(value: Any) -> float:
    return float(_in_seconds(np.array([float(value)]))[0])
