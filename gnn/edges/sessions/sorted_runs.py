"""Entries of items in files, sorted by item: what is merged by ranges of items."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from gnn.edges.sessions.spilled_arrays import SpilledArrays


class SortedRun:
    """Columns of entries, those of item 0 first, then those of item 1, ...

    Args:
        path: what the files' names begin with.
        num_items: how many items may have entries.
        dtypes: of the columns.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = SortedRun(Path(folder) / "run", 3, (np.int32,))
    ...     run.write(np.array([0, 2]), np.array([7, 8]))
    ...     run.write(np.array([2]), np.array([9]))
    ...     run.finish()
    ...     run.sizes().tolist(), [array.tolist() for array in run.rows(1, 3)]
    ([1, 0, 2], [[0, 0, 2], [8, 9]])
    """

    def __init__(self, path: Path, num_items: int, dtypes: tuple[DTypeLike, ...]):
        self._arrays = SpilledArrays(path, dtypes)
        self._sizes = np.zeros(num_items, np.int64)
        self._ends = path.with_name(f"{path.name}.ends.npy")

    def write(self, items: np.ndarray, *columns: np.ndarray) -> None:
        """Adds entries of items that do not descend, none of them below those there are."""
        self._arrays.append(*columns)
        if items.size:
            first = int(items[0])
            sizes = np.bincount(items - first)
            self._sizes[first : first + sizes.size] += sizes

    def finish(self) -> None:
        """Lets go of what memory need not hold."""
        self._arrays.close()
        np.save(self._ends, np.cumsum(self._sizes))
        del self._sizes

    def sizes(self) -> np.ndarray:
        """How many entries each item has."""
        return np.diff(np.load(self._ends), prepend=0)

    def rows(self, start: int, stop: int) -> tuple[np.ndarray, ...]:
        """Of some items: where the entries of each begin, and the end; then the columns."""
        ends = np.load(self._ends, mmap_mode="r")
        first = int(ends[start - 1]) if start else 0
        starts = np.concatenate([[0], ends[start:stop] - first])
        return starts, *self._arrays.read(first, first + int(starts[-1]))
