"""Amounts of memory, as numbers of bytes or as text."""

from __future__ import annotations

import numbers
import re
from typing import Any

_BYTES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_TEXT = re.compile(rf"(\d+\.?\d*|\.\d+)\s*({'|'.join(_BYTES)})")


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
        found = _TEXT.fullmatch(value.strip())
        if found is None:
            raise ValueError(
                f"{name} must be a number and one of {', '.join(_BYTES)}, such as '2GB'; "
                f"got {value!r}"
            )
        return max(1, int(float(found[1]) * _BYTES[found[2]]))
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be bytes or a text such as '2GB', got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return int(value)
