"""The names of the rows of a table, of which Python's texts are made when somebody asks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, compress, count, repeat
from typing import Any

import numpy as np

from gnn.datasets.name_cells import name_cells
from gnn.tables.arrow_texts import is_text, without_gaps_of_arrow
from gnn.tables.cells import ArrowCells, Cells
from gnn.tables.row_hashes import arrow_hashes, repeated

# Of rows, the share whose names are asked for before a dict of all names is made.
_FEW = 1 / 16


class RowNames:
    """Names of rows, as text: a list, or an Arrow array.

    Args:
      names: a list; or an Arrow array of text, chunked perhaps, without nulls.

    >>> names = RowNames(["a", "b", "", "a"])
    >>> len(names), names[1], names.empty.tolist(), names.repeats(np.ones(4, bool))
    (4, 'b', [False, False, True, False], {3: 0})
    >>> names.find(["b", "c"]).tolist()
    [1, -1]
    """

    def __init__(self, names: Any) -> None:
        self._texts: list[str] | None = names if isinstance(names, list) else None
        self._array: Any = None if isinstance(names, list) else names
        self._places: dict[str, int] | None = None
        self._asked = 0

    @classmethod
    def of_cells(cls, parts: Sequence[Cells], na_values: frozenset[str]) -> RowNames:
        """The names in the cells of a column, chunk by chunk; a missing one is ""."""
        arrays = [_arrow_names(cells, na_values) for cells in parts]
        if parts and all(array is not None for array in arrays):
            import pyarrow

            kinds = {array.type for array in arrays}
            if len(kinds) > 1:
                arrays = [array.cast(pyarrow.large_string()) for array in arrays]
            return cls(pyarrow.chunked_array(arrays))
        return cls(list(chain.from_iterable(name_cells(cells, na_values) for cells in parts)))

    def __len__(self) -> int:
        return len(self._array) if self._texts is None else len(self._texts)

    def __getitem__(self, row: int) -> str:
        return self._array[row].as_py() if self._texts is None else self._texts[row]

    def tolist(self) -> list[str]:
        """The names; made when they are first asked for."""
        if self._texts is None:
            self._texts = self._array.to_pylist()
        return self._texts

    @property
    def empty(self) -> np.ndarray:
        """Which rows have no name, bool `[n]`."""
        if self._array is None:
            texts = self.tolist()
            return ~np.fromiter(map(bool, texts), bool, len(texts))
        import pyarrow.compute as pc

        return pc.equal(pc.binary_length(self._array), 0).to_numpy()

    def repeats(self, good: np.ndarray) -> dict[int, int]:
        """The rows whose name an earlier row has: row -> the first row of that name.

        Args:
          good: which rows count.
        """
        rows: Any = range(len(self))
        if self._array is not None:
            rows = repeated(arrow_hashes(self._array)).tolist()
        elif len(set(self.tolist())) == len(self):
            return {}
        first: dict[str, int] = {}
        found = {}
        for row in rows:
            if good[row] and first.setdefault(self[row], row) != row:
                found[row] = first[self[row]]
        return found

    def take(self, good: np.ndarray) -> RowNames:
        """The names of some rows, a mask."""
        if good.all():
            return self
        if self._array is None:
            return RowNames(list(compress(self.tolist(), good)))
        import pyarrow

        return RowNames(self._array.filter(pyarrow.array(good)))

    def array(self) -> np.ndarray:
        """The names as an array of NumPy."""
        if self._array is None or not len(self):
            return np.array(self.tolist(), None if len(self) else "U1")
        import pyarrow.compute as pc

        width = pc.max(pc.binary_length(self._array)).as_py()
        is_plain = all(pc.all(pc.string_is_ascii(chunk)).as_py() for chunk in self._array.chunks)
        if not is_plain or not width:
            return np.array(self.tolist())
        points = np.empty((len(self), width), np.uint32)
        start = 0
        for chunk in self._array.chunks:
            padded = pc.ascii_rpad(chunk, width=width, padding="\0")
            data = np.frombuffer(padded.buffers()[2], np.uint8)[: len(chunk) * width]
            points[start : start + len(chunk)] = data.reshape(-1, width)
            start += len(chunk)
        return points.view(f"U{width}").ravel()

    def find(self, names: Sequence[str]) -> np.ndarray:
        """The row of each of some names, int64, -1 where none has it."""
        self._asked += len(names)
        if self._places is None and self._array is not None and self._asked < _FEW * len(self):
            return self._find_few(names)
        if self._places is None:
            self._places = dict(zip(self.tolist(), count(), strict=False))
        return np.fromiter(map(self._places.get, names, repeat(-1)), np.int64, len(names))

    def _find_few(self, names: Sequence[str]) -> np.ndarray:
        """The same without a dict of all names: they are looked for among a few."""
        import pyarrow
        import pyarrow.compute as pc

        few = pyarrow.array(names, self._array.type).dictionary_encode()
        which = pc.index_in(self._array, value_set=few.dictionary)
        rows = np.flatnonzero(pc.is_valid(which).to_numpy())
        found = np.full(len(few.dictionary) + 1, -1, np.int64)
        found[which.take(pyarrow.array(rows)).to_numpy()] = rows
        return found[few.indices.to_numpy()]


def _arrow_names(cells: Cells, na_values: frozenset[str]) -> Any:
    """The names as an Arrow array; None where the cells lie in something else."""
    if not isinstance(cells, ArrowCells) or not is_text(cells.held.type):
        return None
    return without_gaps_of_arrow(cells.held, na_values, " \t" if cells.untyped else "")
