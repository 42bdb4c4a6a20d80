"""Amounts of memory, as numbers of bytes or as text."""

from __future__ import annotations

import numbers
from typing import Any

from gnn.configs.durations import with_unit

_BYTES = {"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def as_bytes(name: str, value: Any) -> int:
    """An amount of memory in bytes.

    Args:
        name: what errors call it.
        value: bytes, or a number and a unit: KB, MB, GB or TB, powers of 1,000.

    Raises:
        TypeError: it is neither an integer nor text.
        ValueError: it is less than 1, or no such text.

    Example:

    >>> as_bytes("memory", "1.5GB"), as_bytes("memory", 4096)
    (1500000000, 4096)
    """
    if isinstance(value, str):
        return max(1, int(with_unit(name, value, _BYTES, "2GB")))
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be bytes or a text such as '2GB', got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return int(value)
