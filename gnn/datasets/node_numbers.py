"""The numbers of ids: rows of a table of nodes, or the order of appearance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress

import numpy as np

from gnn.datasets.row_names import RowNames
from gnn.tables.cells import quoted
from gnn.tables.problems import RowCheck


class NodeNumbers:
    """The number of each id: its row in the table of nodes, or else its order of appearance.

    Args:
      file: the name of the table of nodes.
      names: the ids of its rows; None where there is no such table.
      left_out: ids of which it has malformed rows alone.

    Attributes:
      is_fixed: whether other ids are none.
    """

    def __init__(
        self, file: str = "", names: RowNames | None = None, left_out: Iterable[str] = ()
    ) -> None:
        self._file, self._left_out = file, frozenset(left_out)
        self.is_fixed = names is not None
        self._names = names
        self._numbers: defaultdict[str, int] = defaultdict(None)
        self._numbers.default_factory = self._numbers.__len__

    def __len__(self) -> int:
        return len(self._numbers if self._names is None else self._names)

    @property
    def names(self) -> RowNames:
        """The ids in the order of their numbers."""
        return RowNames(list(self._numbers)) if self._names is None else self._names

    def of(self, columns: Mapping[str, Sequence[str]], check: RowCheck) -> np.ndarray:
        """Numbers the ids of well-formed rows, and rejects rows with an id that is not there.

        Args:
          columns: name -> an id of each row.
          check: the rows.

        Returns:
          int64 `[k, n]`, of `k` columns and the `n` rows that are well-formed in the end.
        """
        if self._names is None:
            rows = list(compress(zip(*columns.values(), strict=True), check.good))
            ids = chain.from_iterable(rows)
            size = len(rows) * len(columns)
            numbers = np.fromiter(map(self._numbers.__getitem__, ids), np.int64, size)
            return numbers.reshape(-1, len(columns)).T
        found = [self._names.find(cells) for cells in columns.values()]
        for (what, cells), numbers in zip(columns.items(), found, strict=True):
            for row in np.flatnonzero(numbers < 0).tolist():
                is_malformed = cells[row] in self._left_out
                which = "in a malformed row of" if is_malformed else "not in"
                reason = f"{what} {quoted(cells[row])} is {which} {self._file}"
                check.reject(row, "no node" if is_malformed else "unknown", reason)
        return np.stack(found)[:, check.good]
