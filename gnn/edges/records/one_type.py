"""Names that lie in several files must be of one type: 1 and "1" would be two nodes."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np


class OneType:
    """Refuses names of another type than those before.

    >>> items = OneType("items")
    >>> items.check(np.array([1, 2]), "a.parquet")
    >>> items.check(["1"], "b.csv")
    Traceback (most recent call last):
    ...
    ValueError: items must be of one type, got numbers in a.parquet and text in b.csv
    """

    def __init__(self, what: str) -> None:
        """Takes what errors call the names."""
        self._what = what
        self._seen: dict[str, str] = {}

    def check(self, values: Any, where: str) -> None:
        """Looks at some names.

        Args:
          values: names, none of them missing: a list, integers in an array, or text in an Arrow
            array.
          where: what they lie in.

        Raises:
          ValueError: if they are numbers where others are text, or the like.
        """
        if isinstance(values, list):
            kinds = set(map(type, values))
        else:
            kinds = {int if isinstance(values, np.ndarray) else str} if len(values) else set()
        for kind in kinds:
            self._seen.setdefault(_called(kind), where)
        if len(self._seen) > 1:
            found = " and ".join(f"{kind} in {file}" for kind, file in self._seen.items())
            raise ValueError(f"{self._what} must be of one type, got {found}")


def _called(kind: type) -> str:
    if issubclass(kind, str):
        return "text"
    return "numbers" if issubclass(kind, numbers.Number) else f"{kind.__name__}s"
