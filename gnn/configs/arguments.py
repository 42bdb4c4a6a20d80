"""Arguments that many parts take, checked: integers, counts and rates."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any


def check_integer(name: str, value: Any) -> int:
    """An integer, of Python or NumPy, as an int; a boolean is none.

    Raises:
        TypeError: it is no integer.

    Example:

    >>> check_integer("sum_over_axis", -1)
    -1
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    return int(value)


def check_count(name: str, value: Any, least: int = 1) -> int:
    """An integer, `least` or more.

    Raises:
        TypeError: it is no integer.
        ValueError: it is less.

    Example:

    >>> check_count("hops", 2)
    2
    """
    count = check_integer(name, value)
    if count < least:
        raise ValueError(f"{name} must be at least {least}, got {count}")
    return count


def check_counts(name: str, values: Sequence[Any]) -> tuple[int, ...]:
    """Integers, each 1 or more.

    Raises:
        TypeError: one of them is no integer.
        ValueError: one of them is less than 1.

    Example:

    >>> check_counts("hidden_units", (16, 8))
    (16, 8)
    """
    return tuple(check_count(name, value) for value in values)


def check_rate(argument: str, value: float) -> float:
    """The value as a float in `[0, 1)`.

    Raises:
        ValueError: it is outside.

    Example:

    >>> check_rate("dropout_rate", 0)
    0.0
    """
    if not 0 <= value < 1:
        raise ValueError(f"{argument} must be in [0, 1); got {value}")
    return float(value)


def check_verbose(value: Any) -> None:
    """Raises unless a value says whether to show progress: "auto", True or False.

    Raises:
        ValueError: it is something else.

    Example:

    >>> check_verbose("auto")
    """
    if value not in ("auto", True, False):
        raise ValueError(f"verbose must be 'auto', True or False; got {value!r}")
