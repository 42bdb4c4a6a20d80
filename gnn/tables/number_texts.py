"""Texts as numbers: which notations count, and which numbers float32 holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_TRUTHS = {"true": 1.0, "false": 0.0}


def as_numbers(cells: Sequence[str]) -> np.ndarray:
    """Texts as float64, in the notations of Python's `float` without underscores.

    "true" and "false" in any case are 1 and 0. What is no number is NaN.

    >>> as_numbers(["1.5", "x", "", "True", "1_0"]).tolist()
    [1.5, nan, nan, 1.0, nan]
    """
    try:
        values = np.fromiter(map(float, cells), np.float64, len(cells))
        if "_" in "".join(cells):
            raise ValueError
    except ValueError:
        values = np.fromiter(map(_number, cells), np.float64, len(cells))
    return values


def is_infinite(values: np.ndarray) -> np.ndarray:
    """Which numbers are NaN, or infinite in float32.

    >>> is_infinite(np.array([1.5, np.nan, 1e39])).tolist()
    [False, True, True]
    """
    with np.errstate(over="ignore"):
        return ~np.isfinite(values.astype(np.float32))


def _number(cell: str) -> float:
    try:
        return float(cell) if "_" not in cell else np.nan
    except ValueError:
        return _TRUTHS.get(cell.strip().lower(), np.nan)
