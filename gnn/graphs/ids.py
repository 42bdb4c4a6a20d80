"""Ids of nodes: distinct names."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.edges.checks import read_only
from gnn.edges.missing import missing_among
from gnn.tables.row_hashes import repeated, unicode_hashes


def as_ids(ids: Any) -> np.ndarray:
    """Ids as a vector of distinct strings, integers, or objects where they are neither.

    Raises:
      ValueError: for a wrong rank, or an id that is missing (None, NaN) or there twice.

    >>> as_ids(["b", "a"]).tolist(), as_ids(range(1, 4)).tolist()
    (['b', 'a'], [1, 2, 3])
    """
    if isinstance(ids, range):  # Distinct as it stands, however long.
        return read_only(np.arange(ids.start, ids.stop, ids.step))
    if isinstance(ids, np.ndarray):
        array, values = ids, None
    else:
        values = list(ids)
        kinds = {str if issubclass(kind, str) else kind for kind in set(map(type, values))}
        plain = len(kinds) == 1 and issubclass(kinds.pop(), (str, int, np.integer))
        # From a list of tuples NumPy would make a matrix, from mixed types strings.
        array = np.asarray(values) if plain else np.fromiter(values, object, len(values))
    if array.ndim != 1:
        raise ValueError(f"ids must have rank 1, got shape {array.shape}")
    if values is None and array.dtype.kind in "iuSU":
        # Those that may be equal: a list of all would take many times the memory.
        hashes = unicode_hashes(array) if array.dtype.kind in "SU" else array
        values = array[repeated(hashes)].tolist()
    elif values is None or array.dtype.kind != "U":
        values = array.tolist()
    if array.dtype.kind not in "iuSU":
        none = missing_among(values)
        if none.any():
            at = int(np.argmax(none))
            raise ValueError(
                f"ids must be given for each node, got {values[at]!r} at position {at}"
            )
    if len(set(values)) < len(values):
        seen: set[Any] = set()
        twice = next(v for v in values if v in seen or seen.add(v))  # type: ignore[func-returns-value]
        raise ValueError(f"ids must be distinct, got {twice!r} more than once")
    return read_only(array)
