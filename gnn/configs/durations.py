"""Lengths of time: numbers of seconds, or texts such as "30min"."""

from __future__ import annotations

import numbers
import re
from collections.abc import Mapping
from typing import Any

from gnn.configs.fields import not_negative

_TEXT = re.compile(r"(\d+\.?\d*|\.\d+)\s*([A-Za-z]*)")

_SECONDS = {"s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def as_seconds(name: str, value: Any) -> float:
    """A length of time in seconds, 0 or more.

    Args:
        name: what errors call it.
        value: seconds, or a number and a unit: s (or sec), min, h, d or w.

    Raises:
        TypeError: it is neither a number nor text.
        ValueError: it is negative, not finite, or no such text.

    Example:

    >>> as_seconds("gap", "30min"), as_seconds("gap", "1.5 h"), as_seconds("gap", 90)
    (1800.0, 5400.0, 90.0)
    """
    if isinstance(value, str):
        return with_unit(name, value, {**_SECONDS, "": 1.0}, "30min")
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be seconds or a text such as '30min', got {value!r}")
    return not_negative(name, value)


def with_unit(name: str, text: str, units: Mapping[str, float], example: str) -> float:
    """An amount that text gives as a number and a unit.

    Args:
        name: what errors call it.
        text: the text.
        units: what each unit is; that of the empty name, if there is one, may be left out.
        example: of such a text.

    Raises:
        ValueError: the text is no number and unit.

    Example:

    >>> with_unit("length", "2 km", {"km": 1000.0}, "3km")
    2000.0
    """
    found = _TEXT.fullmatch(text.strip())
    if found is None or found[2] not in units:
        raise ValueError(
            f"{name} must be a number and one of {', '.join(filter(None, units))}, such as "
            f"{example!r}; got {text!r}"
        )
    return float(found[1]) * units[found[2]]
