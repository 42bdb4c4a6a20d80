"""Values as numbers of the distinct ones among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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
