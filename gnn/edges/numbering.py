"""Names of nodes to numbers: by order of appearance, or by the names that there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np

# A table of integers may have so many entries, and so many more for each name in it: it then takes
# no more memory than a dict.
_FREE_ENTRIES = 1 << 22
_ENTRIES_A_NAME = 16


class Names:
    """Numbers names as they come in parts: by order of first appearance, or their place among ids.

    >>> names = Names()
    >>> names.numbers_of(["b", "a", "b"]).tolist(), names.numbers_of(np.array([7, 7])).tolist()
    ([0, 1, 0], [2, 2])
    >>> names.listed()
    ['b', 'a', 7]
    >>> Names(["a", "b"]).numbers_of(["b", "x"]).tolist()
    [1, -1]
    """

    def __init__(self, ids: Sequence[Any] | None = None) -> None:
        """Takes the names that there are; None lets new ones come."""
        self._is_fixed = False
        self._table: _IntegerTable | None = _IntegerTable()
        self._numbers: defaultdict[Any, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        if ids is not None:
            whole = all(type(name) is int for name in ids)
            self.numbers_of(_as_integers(ids) if whole else ids)
            self._is_fixed = True

    def numbers_of(self, values: Sequence[Any] | np.ndarray) -> np.ndarray:
        """The number of each name, int64 `[n]`; -1 for one that is not among fixed ones.

        Args:
          values: hashable names, none of them missing; or an array of integers.
        """
        if isinstance(values, np.ndarray):
            if self._table is not None:
                numbers = self._table.numbers_of(values, grows=not self._is_fixed)
                if numbers is not None:
                    return numbers
            values = values.tolist()
        if self._table is not None:  # From here on a dict, which takes any name.
            for name in self._table.names().tolist():
                self._numbers[name]
            self._table = None
        find: Any = self._numbers.__getitem__
        if self._is_fixed:
            found = map(self._numbers.get, values, repeat(-1))
            return np.fromiter(found, np.int64, len(values))
        return np.fromiter(map(find, values), np.int64, len(values))

    def __len__(self) -> int:
        """How many names there are."""
        return len(self._numbers) if self._table is None else self._table.count

    def listed(self) -> list[Any]:
        """The names in the order of their numbers."""
        return list(self._numbers) if self._table is None else self._table.names().tolist()


class _IntegerTable:
    """The numbers of integers that lie close together, in an array with an entry for each value."""

    def __init__(self) -> None:
        self.count = 0
        self._low = 0
        self._numbers = np.zeros(0, np.int32)

    def numbers_of(self, values: np.ndarray, *, grows: bool) -> np.ndarray | None:
        """The number of each value, -1 where it has none; None where a table will not do."""
        if not values.size:
            return np.zeros(0, np.int64)
        low, high = int(values.min()), int(values.max())
        if high >= 2**63 or (grows and not self._reaches(low, high, values.size)):
            return None
        places = values.astype(np.int64, copy=False) - self._low
        if not grows:
            inside = (places >= 0) & (places < self._numbers.size)
            found = np.full(values.size, -1, np.int64)
            found[inside] = self._numbers[places[inside]]
            return found
        new = places[self._numbers[places] < 0]
        if new.size:
            # Of equal values the first stays: of what is written to one place, the last.
            at = np.arange(new.size, dtype=np.int32)
            self._numbers[new[::-1]] = at[::-1]
            first = new[self._numbers[new] == at]
            self._numbers[first] = np.arange(self.count, self.count + first.size)
            self.count += first.size
        return self._numbers[places].astype(np.int64)

    def names(self) -> np.ndarray:
        """The values in the order of their numbers."""
        places = np.flatnonzero(self._numbers >= 0)
        names = np.empty(self.count, np.int64)
        names[self._numbers[places]] = places + self._low
        return names

    def _reaches(self, low: int, high: int, size: int) -> bool:
        """Makes the table reach from one value to another, unless it would get too large."""
        stop = self._low + self._numbers.size
        if self._numbers.size:
            if self._low <= low and high < stop:
                return True
            low, high = min(low, self._low), max(high, stop - 1)
        most = _FREE_ENTRIES + _ENTRIES_A_NAME * (self.count + size)
        if high - low >= most:
            return False
        # Some room on the side to which it grows, so that a log whose numbers ascend moves it
        # seldom.
        spare = min((high - low) // 2, most - (high - low))
        if self._numbers.size and high >= stop:
            high = min(high + spare, 2**63 - 1)
        grown = np.full(high - low + 1, -1, np.int32)
        if self._numbers.size:
            grown[self._low - low : stop - low] = self._numbers
        self._low, self._numbers = low, grown
        return True


class Indices:
    """Nodes that are named by their numbers, 0 to `num_nodes - 1`.

    >>> Indices(3).numbers_of([2, 3, -1]).tolist()
    [2, -1, -1]
    """

    def __init__(self, num_nodes: int) -> None:
        """Takes the number of nodes."""
        self._num_nodes = num_nodes

    def __len__(self) -> int:
        """How many nodes there are."""
        return self._num_nodes

    def numbers_of(self, values: Sequence[Any] | np.ndarray) -> np.ndarray:
        """The number of each node, int64 `[n]`; -1 where there is none.

        Args:
          values: integers.

        Raises:
          TypeError: if one is no integer.
        """
        if isinstance(values, np.ndarray):
            return np.where((values >= 0) & (values < self._num_nodes), values, -1).astype(np.int64)
        for kind in set(map(type, values)):
            if kind is bool or not issubclass(kind, (int, np.integer)):
                item = next(item for item in values if type(item) is kind)
                raise TypeError(
                    f"sessions must hold node indices (integers) where features or labels are "
                    f"given without ids, got {item!r}"
                )
        found = (value if 0 <= value < self._num_nodes else -1 for value in values)
        return np.fromiter(found, np.int64, len(values))

    def listed(self) -> None:
        """None: numbers are no names."""
        return None


def _as_integers(names: Sequence[int]) -> np.ndarray | Sequence[int]:
    try:
        return np.fromiter(names, np.int64, len(names))
    except OverflowError:
        return names
