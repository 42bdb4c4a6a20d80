"""Arrays that lie in files: keeping them there while they are checked and read."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

_BLOCK = 2**21


def is_memory_mapped(values: Any) -> bool:
    """Whether an array is, or is a part of, a file.

    Example:

    >>> is_memory_mapped(np.zeros(3))
    False
    """
    return _file_of(values) is not None


def as_array(values: Any) -> np.ndarray:
    """`np.asarray` that leaves a `np.memmap` one, so that it is known for what it is.

    Example:

    >>> as_array([1, 2]).tolist()
    [1, 2]
    """
    return values if isinstance(values, np.memmap) else np.asarray(values)


def cast(array: np.ndarray, dtype: Any) -> np.ndarray:
    """The array itself if it has the dtype, else a copy, which is in memory.

    Example:

    >>> cast(np.arange(2), np.float32).dtype.name
    'float32'
    """
    return array if array.dtype == dtype else np.asarray(array).astype(dtype)


def blocks(array: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Some rows at a time, and where they start: what is computed of them takes little memory.

    Example:

    >>> [(start, part.size) for start, part in blocks(np.zeros(5))]
    [(0, 5)]
    """
    plain = np.asarray(array)
    rows = max(_BLOCK // max(math.prod(plain.shape[1:]), 1), 1)
    for start in range(0, len(plain), rows):
        yield start, plain[start : start + rows]


def release(array: np.ndarray) -> None:
    """Gives back the memory through which a read-only map was read; the system keeps its cache.

    Example:

    >>> release(np.zeros(3))
    """
    file = _file_of(array)
    # Of a map that is written to in private, this would drop what was written.
    if file is None or getattr(array, "mode", None) != "r":
        return
    if hasattr(file, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
        file.madvise(mmap.MADV_DONTNEED)


def path_of(values: Any) -> str | None:
    """The path of the file that an array is, or is a part of; None for one in memory.

    Example:

    >>> path_of(np.zeros(3)) is None
    True
    """
    while isinstance(values, np.ndarray):
        filename = getattr(values, "filename", None)
        if filename is not None:
            return str(filename)
        values = values.base
    return None


def _file_of(values: Any) -> mmap.mmap | None:
    while isinstance(values, np.ndarray):
        values = values.base
    return values if isinstance(values, mmap.mmap) else None
