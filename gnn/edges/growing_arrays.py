"""Arrays that grow in memory, without being copied where the system can move them."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

# Memory is asked for of so many entries at most before they are there. What is never written to
# takes none.
_MOST_AHEAD = 1 << 28


class GrowingArrays:
    """Some arrays of equal lengths, to which entries are added.

    Args:
        dtypes: of the arrays.
        most: how many entries there may be.

    Example:

    >>> arrays = GrowingArrays((np.int32, np.float32), most=2)
    >>> arrays.append(np.array([1, 2]), np.array([0.5, 1.5]))
    >>> arrays.append(np.array([3]), np.array([2.0]))
    >>> [array.tolist() for array in arrays.finished()]
    [[1, 2, 3], [0.5, 1.5, 2.0]]
    """

    def __init__(self, dtypes: tuple[DTypeLike, ...], most: int):
        self._room, self._size = min(most, _MOST_AHEAD), 0
        self._arrays = [np.empty(self._room, dtype) for dtype in dtypes]

    def append(self, *arrays: np.ndarray) -> None:
        """Adds as many entries to each array, in their order."""
        stop = self._size + arrays[0].size
        if stop > self._room:
            self._resize(max(stop, self._room + self._room // 4))
        for array, entries in zip(self._arrays, arrays, strict=True):
            array[self._size : stop] = entries
        self._size = stop

    def finished(self) -> list[np.ndarray]:
        """The arrays; nothing can be added any more."""
        self._resize(self._size)
        arrays, self._arrays = self._arrays, []
        return arrays

    def _resize(self, room: int) -> None:
        for array in self._arrays:
            array.resize(room, refcheck=False)  # No one else has seen them.
        self._room = room
