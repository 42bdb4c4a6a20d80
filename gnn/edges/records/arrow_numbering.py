"""Names to numbers by Arrow's dictionaries, without an object of Python for each name."""

from __future__ import annotations

from typing import Any

import numpy as np

# So many names are put aside before they are joined with those that are known.
_MOST_PENDING = 1 << 21


class ArrowNames:
    """Numbers names of one type in order of first appearance, part by part.

    Numbers are provisional: names that come in two parts get two. `settle` tells what becomes of
    them. The names of each part are put aside until then, and joined with the known ones in one
    pass over both; Arrow has no dictionary that can be asked and grows.
    """

    def __init__(self, known: Any) -> None:
        """Takes the names that have numbers, an Arrow array of which no two are equal."""
        self._known = known
        self._pending: list[Any] = []
        self._count = len(known)

    @property
    def kind(self) -> Any:
        """The type of the names."""
        return self._known.type

    @property
    def is_due(self) -> bool:
        """Whether so many names are put aside that it is time to settle."""
        return self._count - len(self._known) >= max(_MOST_PENDING, len(self._known))

    @property
    def is_settled(self) -> bool:
        """Whether no number is provisional."""
        return not self._pending

    def numbers_of(self, values: Any, *, distinct: bool) -> np.ndarray:
        """The provisional number of each name, int64 `[n]`.

        Args:
          values: an Arrow array of the type of the names, without null.
          distinct: whether no two of them are equal.
        """
        import pyarrow.compute as pc

        places = np.arange(len(values))
        if not distinct:
            coded = pc.dictionary_encode(values)
            places, values = coded.indices.to_numpy().astype(np.int64), coded.dictionary
        numbers = places + self._count
        self._pending.append(values)
        self._count += len(values)
        return numbers

    def settle(self) -> np.ndarray:
        """The number that each provisional one stands for, int32, by provisional number."""
        import pyarrow as pa

        parts = [
            pa.DictionaryArray.from_arrays(pa.array(np.arange(len(names), dtype=np.int32)), names)
            for names in [self._known, *self._pending]
        ]
        joined = pa.chunked_array(parts).unify_dictionaries()
        self._known = joined.chunk(0).dictionary
        self._pending = []
        self._count = len(self._known)
        return np.concatenate([part.indices.to_numpy() for part in joined.chunks])

    def names(self) -> Any:
        """The names in the order of their numbers, once they are settled; an Arrow array."""
        return self._known
