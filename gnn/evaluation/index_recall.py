"""How much of what is nearest an index finds."""

from __future__ import annotations

from typing import Any

import numpy as np


def index_recall(found: Any, exact: Any) -> float:
    """The share of the exact neighbors that are among those found, averaged over queries.

    Args:
        found: ids `[num_queries, any number]`, in any order; -1 or less is none.
        exact: ids `[num_queries, k]`, of a search that compares all.

    Raises:
        ValueError: there are not as many rows, or none.

    Example:

    >>> index_recall([[3, 1, -1], [5, 2, 0]], [[1, 2], [2, 5]])
    0.75
    """
    given, wanted = np.asarray(found), np.asarray(exact)
    if given.ndim != 2 or wanted.ndim != 2 or len(given) != len(wanted) or not wanted.size:
        raise ValueError(
            f"found and exact must be ids of as many queries, one or more; got shapes "
            f"{list(given.shape)} and {list(wanted.shape)}"
        )
    is_found = [np.isin(row, some[some >= 0]) for row, some in zip(wanted, given, strict=True)]
    return float(np.mean(is_found))
