"""Spans of time, as numbers of seconds or as text."""

from __future__ import annotations

import math
import numbers
import re
from typing import Any

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_TEXT = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]+)\s*")


def as_seconds(name: str, value: Any) -> float:
    """A span of time in seconds.

    Args:
        name: what it is called in an error.
        value: seconds, or a number and a unit: s, min, h, d (of 24 hours) or w.

    Raises:
        TypeError: it is neither a number nor text.
        ValueError: it is not above 0 and finite, or the text is none of these.

    Example:
        >>> as_seconds("half_life", "1.5h"), as_seconds("half_life", 90)
        (5400.0, 90.0)
    """
    seconds = value
    if isinstance(value, str):
        found = _TEXT.fullmatch(value)
        if found is None or found[2] not in _SECONDS:
            raise ValueError(
                f"{name} must be seconds, or a number and one of {', '.join(_SECONDS)}, as in "
                f"'30min'; got {value!r}"
            )
        seconds = float(found[1]) * _SECONDS[found[2]]
    elif isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be seconds or text such as '30min', got {value!r}")
    if not 0 < seconds < math.inf:
        raise ValueError(f"{name} must be above 0 and finite, got {value!r}")
    return float(seconds)
