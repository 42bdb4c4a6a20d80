"""Numbers of integers that lie close together, by an array with an entry for each value."""

from __future__ import annotations

import numpy as np

# A table may have so many entries, and so many more for each name in it: it then takes no more
# memory than a dict.
_FREE_ENTRIES = 1 << 22
_ENTRIES_A_NAME = 16


class IntegerTable:
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

    def __len__(self) -> int:
        """How many values there are."""
        return self.count

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
