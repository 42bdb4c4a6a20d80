"""Sparse features as CSR matrices whose indices are checked: SciPy itself trusts them blindly."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from gnn.memory_maps import blocks, path_of


def as_csr(name: str, value: Any) -> sparse.csr_array:
    """A SciPy sparse matrix as a float32 `csr_array`, rows in order and each column once a row.

    Entries out of order are put in order and repeated ones added up, in a copy. Those that lie in a
    file are not: a file that has them was not written by `gnn.graphs.GraphWriter`, or was changed.

    Args:
        name: what errors call it.
        value: a sparse matrix or array of rank 2.

    Raises:
        ValueError: an index is out of range, row ends are out of order, or entries of a file are
            out of order or repeated; the file is named, and the first position.

    Example:

    >>> given = sparse.csr_array(([1.0, 2.0], [1, 0], [0, 2]), shape=(1, 2))
    >>> as_csr("x", given).indices.tolist()
    [0, 1]
    """
    _check_indices(name, value)
    matrix = sparse.csr_array(value, dtype=np.float32)
    if sparse.issparse(value) and value.format not in ("csr", "coo", "csc", "bsr"):
        _check_indices(name, matrix)
    at = _first_out_of_order(matrix)
    if at is None:
        return matrix
    path = path_of(matrix.indices)
    if path is not None:
        row = int(np.searchsorted(matrix.indptr, at, side="right")) - 1
        raise ValueError(
            f"{name} must have the columns of a row in order, each once, in {path!r}; got column "
            f"{matrix.indices[at]} after {matrix.indices[at - 1]} in row {row}, at position {at}"
        )
    matrix = matrix.copy()  # It may share its arrays with the caller's matrix.
    # SciPy remembers what it found before someone changed the indices.
    matrix.has_canonical_format = matrix.has_sorted_indices = False
    matrix.sum_duplicates()
    return matrix


def _check_indices(name: str, value: Any) -> None:
    """Raises where SciPy would read or write beyond its arrays, as it does without an error."""
    rows, columns = value.shape
    if value.format == "coo":
        for which, part, size in zip(("row", "column"), value.coords, value.shape, strict=True):
            _check_range(name, which, part, size)
    if value.format not in ("csr", "csc", "bsr"):
        return
    which, size = ("row", rows) if value.format == "csc" else ("column", columns)
    if value.format == "bsr":
        size //= value.blocksize[1]
    ends = np.asarray(value.indptr)
    falls = np.flatnonzero(ends[1:] < ends[:-1])
    if ends[0] != 0 or falls.size or ends[-1] > len(value.indices):
        at = int(falls[0]) + 1 if falls.size else (0 if ends[0] != 0 else ends.size - 1)
        raise ValueError(
            f"{name} must have row ends (indptr) that rise from 0 to the number of entries"
            f"{_in_file(value.indptr)}; got {ends[at]} at position {at}"
        )
    _check_range(name, which, value.indices[: ends[-1]], size)


def _check_range(name: str, which: str, indices: np.ndarray, size: int) -> None:
    for start, part in blocks(indices):
        if part.size and (part.min() < 0 or part.max() >= size):
            at = int(np.argmax((part < 0) | (part >= size)))
            raise ValueError(
                f"{name} must have {which} indices from 0 to {size - 1}{_in_file(indices)}; got "
                f"{part[at]} at position {start + at}"
            )


def _in_file(array: np.ndarray) -> str:
    path = path_of(array)
    return "" if path is None else f" in {path!r}"


def _first_out_of_order(matrix: sparse.csr_array) -> int | None:
    """The position of the first entry that is not to the right of the one before it in its row."""
    ends = np.asarray(matrix.indptr)
    indices = np.asarray(matrix.indices)[: ends[-1]]
    for start, part in blocks(indices):
        rises = np.empty(part.size, bool)
        rises[:1] = start == 0 or indices[start - 1] < part[0]
        np.greater(part[1:], part[:-1], out=rises[1:])
        first, last = np.searchsorted(ends, (start, start + part.size))
        rises[ends[first:last] - start] = True  # The first entry of a row has none before it.
        if not rises.all():
            return start + int(np.argmin(rises))
    return None
