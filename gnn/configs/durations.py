"""Lengths of time: numbers of seconds, or texts such as "30min"."""

from __future__ import annotations

import math
import numbers
import re
from typing import Any

_SECONDS = {"s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_TEXT = re.compile(rf"(\d+\.?\d*|\.\d+)\s*({'|'.join(_SECONDS)})?")


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
        found = _TEXT.fullmatch(value.strip())
        if found is None:
            raise ValueError(
                f"{name} must be a number and one of {', '.join(_SECONDS)}, such as '30min'; "
                f"got {value!r}"
            )
        return float(found[1]) * _SECONDS[found[2] or "s"]
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be seconds or a text such as '30min', got {value!r}")
    seconds = float(value)
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{name} must be finite and at least 0, got {seconds}")
    return seconds
