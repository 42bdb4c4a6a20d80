"""Names of nodes to numbers: by order of appearance, or by the names that there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np


def numbered(values: Sequence[Any]) -> tuple[np.ndarray, list[Any]]:
    """The number of each value, in order of first appearance, and the distinct values.

    >>> codes, distinct = numbered(["b", "a", "b"])
    >>> codes.tolist(), distinct
    ([0, 1, 0], ['b', 'a'])
    """
    numbers: defaultdict[Any, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    codes = np.fromiter(map(numbers.__getitem__, values), np.int64, len(values))
    return codes, list(numbers)


def looked_up(values: Sequence[Any], names: Sequence[Any]) -> np.ndarray:
    """The place of each value among the names, -1 where it is not there.

    >>> looked_up(["b", "x"], ["a", "b"]).tolist()
    [1, -1]
    """
    places = {name: place for place, name in enumerate(names)}
    return np.fromiter(map(places.get, values, repeat(-1)), np.int64, len(values))
