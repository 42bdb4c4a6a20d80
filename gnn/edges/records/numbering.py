"""Names of nodes to numbers: by order of appearance, or by the names that there are."""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np

from gnn.edges.records.arrow_numbering import ArrowNames
from gnn.edges.records.integer_table import IntegerTable


class Names:
    """Numbers names as they come in parts: by order of first appearance, or their place among ids.

    Integers that lie close together go by a table, text and other integers that Arrow holds by its
    dictionaries, and anything else by a dict. Numbers of new names are provisional until `settle`.

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
        self._held: IntegerTable | ArrowNames | defaultdict[Any, int] = IntegerTable()
        if ids is not None:
            self.numbers_of(list(ids))
            self._is_fixed = True

    @property
    def is_due(self) -> bool:
        """Whether it is time to settle, for the sake of memory."""
        return isinstance(self._held, ArrowNames) and self._held.is_due

    def takes(self, values: Any) -> bool:
        """Whether some names can be numbered before provisional numbers are settled.

        Args:
          values: as in `numbers_of`.
        """
        held = self._held
        if not isinstance(held, ArrowNames) or held.is_settled or not len(values):
            return True
        return _as_arrow(values, held.kind) is not None

    def numbers_of(self, values: Any) -> np.ndarray:
        """The number of each name, int64 `[n]`; -1 for one that is not among fixed ones.

        Args:
          values: hashable names, none of them missing; or an array of integers; or an Arrow array
            of text, no two of which are equal.

        Raises:
          ValueError: if they cannot be numbered before `settle`.
        """
        if not len(values):
            return np.zeros(0, np.int64)
        if isinstance(self._held, IntegerTable):
            integers = _as_integers(values)
            if integers is not None:
                numbers = self._held.numbers_of(integers, grows=not self._is_fixed)
                if numbers is not None:
                    return numbers
        if not self._is_fixed and not isinstance(self._held, defaultdict):
            held = self._as_arrow_names(values)
            if held is not None:
                self._held = held[0]
                given = isinstance(values, (list, tuple, np.ndarray))
                return held[0].numbers_of(held[1], distinct=not given)
        if not isinstance(self._held, defaultdict):
            self._held = self._as_dict()
        listed = values if isinstance(values, (list, tuple)) else values.tolist()
        if self._is_fixed:
            return np.fromiter(map(self._held.get, listed, repeat(-1)), np.int64, len(listed))
        return np.fromiter(map(self._held.__getitem__, listed), np.int64, len(listed))

    def settle(self) -> np.ndarray | None:
        """The number of each provisional one, by provisional number; None where all stay."""
        held = self._held
        if not isinstance(held, ArrowNames) or held.is_settled:
            return None
        return held.settle()

    def __len__(self) -> int:
        """How many names there are, once they are settled."""
        return len(self.listed()) if isinstance(self._held, ArrowNames) else len(self._held)

    def listed(self) -> list[Any]:
        """The names in the order of their numbers, once they are settled."""
        if isinstance(self._held, defaultdict):
            return list(self._held)
        return self._held.names().tolist()

    def _as_arrow_names(self, values: Any) -> tuple[ArrowNames, Any] | None:
        """What numbers these names and those before by Arrow, and these as an Arrow array."""
        held = self._held
        if isinstance(held, ArrowNames):
            array = _as_arrow(values, held.kind)
            return None if array is None else (held, array)
        begins = not isinstance(values, (list, tuple)) and bool(importlib.util.find_spec("pyarrow"))
        assert isinstance(held, IntegerTable)
        if not begins or (len(held) and not isinstance(values, np.ndarray)):
            return None
        array = _as_arrow(values, None)
        if array is None:
            return None
        import pyarrow

        known = pyarrow.array(held.names()) if len(held) else pyarrow.array([], array.type)
        return ArrowNames(known), array

    def _as_dict(self) -> defaultdict[Any, int]:
        if isinstance(self._held, ArrowNames) and not self._held.is_settled:
            raise ValueError("names of another type must not come before `settle`")
        numbers: defaultdict[Any, int] = defaultdict()
        numbers.default_factory = numbers.__len__
        for name in self.listed():
            numbers[name]
        return numbers


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

    def numbers_of(self, values: Any) -> np.ndarray:
        """The number of each node, int64 `[n]`; -1 where there is none.

        Args:
          values: integers.

        Raises:
          TypeError: if one is no integer.
        """
        if isinstance(values, np.ndarray):
            return np.where((values >= 0) & (values < self._num_nodes), values, -1).astype(np.int64)
        values = values if isinstance(values, (list, tuple)) else values.tolist()
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

    def takes(self, values: Any) -> bool:
        """True: no number is provisional."""
        del values
        return True

    def settle(self) -> None:
        """None: all numbers stay."""
        return None

    @property
    def is_due(self) -> bool:
        """False: there is nothing to settle."""
        return False


def _as_integers(values: Any) -> np.ndarray | None:
    """Names as an array, if they are integers that NumPy holds."""
    if isinstance(values, np.ndarray):
        return values
    if not isinstance(values, (list, tuple)) or set(map(type, values)) != {int}:
        return None
    try:
        return np.fromiter(values, np.int64, len(values))
    except OverflowError:
        return None


def _as_arrow(values: Any, kind: Any) -> Any:
    """Names as an Arrow array of integers or text, of a given type or any; None if they are none.

    Without PyArrow no array of Arrow comes here, and none is asked for.
    """
    import pyarrow
    import pyarrow.compute as pc

    integers, text = pyarrow.int64(), pyarrow.large_string()
    found: Any = None
    if isinstance(values, np.ndarray):
        if not values.size or int(values.max()) < 2**63:
            found = pyarrow.array(values.astype(np.int64, copy=False))
    elif not isinstance(values, (list, tuple)):
        found = pc.cast(values, text)
    elif values and set(map(type, values)) == {str}:
        found = pyarrow.array(values, text)
    elif values and set(map(type, values)) == {int} and max(map(abs, values)) < 2**63:
        found = pyarrow.array(values, integers)
    return found if found is not None and kind in (None, found.type) else None
