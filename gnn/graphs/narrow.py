"""Integers as int32, which batches and METIS take, or an error where they do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np

_LEAST, _MOST = np.iinfo(np.int32).min, np.iinfo(np.int32).max


def narrow(name: str, values: Any) -> np.ndarray:
    """Integers as int32; an array that is int32 already is not copied.

    Raises:
        ValueError: one of them has more than 32 bits; NumPy alone would let it wrap around.

    Example:

    >>> narrow("n_edge", [3]).dtype.name
    'int32'
    """
    array = np.asarray(values)
    if array.dtype == np.int32:
        return array
    if array.size and (array.min() < _LEAST or array.max() > _MOST):
        at = int(np.argmax((array < _LEAST) | (array > _MOST)))
        raise ValueError(
            f"{name} must fit in 32 bits, and so be below 2**31; got {array.flat[at]} at position "
            f"{at}"
        )
    return array.astype(np.int32)
