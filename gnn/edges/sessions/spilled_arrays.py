"""Arrays that grow in files, and are then read from there as they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike


class SpilledArrays:
    """Some arrays of equal lengths, in a file each, to which entries are added.

    Args:
        path: what the files' names begin with.
        dtypes: of the arrays.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     arrays = SpilledArrays(Path(folder) / "pairs", (np.int32, np.float32))
    ...     arrays.append(np.array([1, 2]), np.array([0.5, 1.5]))
    ...     arrays.append(np.array([3]), np.array([2.0]))
    ...     [array.tolist() for array in arrays.finished()]
    [[1, 2, 3], [0.5, 1.5, 2.0]]
    """

    def __init__(self, path: Path, dtypes: tuple[DTypeLike, ...]):
        self._dtypes = [np.dtype(dtype) for dtype in dtypes]
        self._paths = [path.with_name(f"{path.name}.{number}") for number in range(len(dtypes))]
        self._files: list[Any] = [part.open("wb") for part in self._paths]
        self._size = 0

    def append(self, *arrays: np.ndarray) -> None:
        """Adds as many entries to each array, in their order."""
        for file, array, dtype in zip(self._files, arrays, self._dtypes, strict=True):
            np.ascontiguousarray(array, dtype).tofile(file)
        self._size += arrays[0].size

    def close(self) -> None:
        """Closes the files; nothing can be added any more."""
        for file in self._files:
            file.close()

    def read(self, start: int, stop: int) -> list[np.ndarray]:
        """Some entries of each array, once the files are closed.

        They are copied: of a file that is mapped, what was read once would stay in memory.
        """
        return [
            np.fromfile(path, dtype, stop - start, offset=start * dtype.itemsize)
            for path, dtype in zip(self._paths, self._dtypes, strict=True)
        ]

    def finished(self) -> list[np.ndarray]:
        """The arrays, read-only; nothing can be added any more.

        They are read from their files as they are used, also when the files are removed where the
        system keeps those that are open, as Linux and macOS do.
        """
        self.close()
        if not self._size:  # No file can be mapped of which there is nothing.
            return [np.zeros(0, dtype) for dtype in self._dtypes]
        return [
            np.memmap(path, dtype, "r")
            for path, dtype in zip(self._paths, self._dtypes, strict=True)
        ]
