"""Features of nodes: every kind that is taken, as arrays that TensorFlow takes, and finite."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from gnn.edges.checks import read_only
from gnn.edges.missing import missing_among
from gnn.graphs.batch.keys import RESERVED_KEYS
from gnn.graphs.image_files import ImageFiles
from gnn.graphs.sparse_features import as_csr
from gnn.memory_maps import as_array, blocks, cast, release

Feature: TypeAlias = np.ndarray | sparse.csr_array | ImageFiles

_ROWS_SHOWN = 5
# Arrays that a graph holds, by their id: they are read-only, and need no second look.
_HELD: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()


def as_features(features: Mapping[str, Any]) -> dict[str, Feature]:
    """Features by name, checked and converted.

    Args:
      features: name -> what `as_feature` takes.

    Raises:
      TypeError: they are no dict, or a name is no string; else as `as_feature`.
      ValueError: a name is reserved; else as `as_feature`.

    >>> as_features({"x": [[1.0], [2.0]]})["x"].dtype.name
    'float32'
    """
    if not isinstance(features, Mapping):
        raise TypeError(f"features must be a dict of name to array, got {type(features).__name__}")
    for name in features:
        if not isinstance(name, str) or not name:
            raise TypeError(f"features must be named by non-empty strings, got the name {name!r}")
        if name in RESERVED_KEYS:
            raise ValueError(
                f"features must not be named {name!r}: a batch has that key for the graph itself "
                f"(reserved: {sorted(RESERVED_KEYS)})"
            )
    return {name: as_feature(f"features[{name!r}]", value) for name, value in features.items()}


def as_feature(title: str, value: Any) -> Feature:
    """One feature: a dense array, a sparse matrix, or images in files.

    Args:
      title: what errors call it.
      value: an array `[num_nodes, ...]` of numbers, booleans or strings; a column or a table of
        pandas, whose index is not looked at; a list; a SciPy sparse matrix `[num_nodes, d]`; or
        `gnn.graphs.ImageFiles`.
        Objects are taken where they are all strings, all numbers, or arrays of one shape.

    Returns:
      A read-only array: float64 as float32, strings as Unicode, other types as they are. Or a
      float32 `csr_array` with sorted indices and no duplicates. Images in files as they are.

    Raises:
      TypeError: for another type, such as dates.
      ValueError: for a rank that does not suit, or values that are missing or not finite in
        float32; their number is told, and the first rows that hold one.

    >>> as_feature("word", np.array(["tea", "cup"], object)).dtype.kind
    'U'
    """
    if isinstance(value, ImageFiles) or _HELD.get(id(value)) is value:
        return value
    held = _as_sparse(title, value) if sparse.issparse(value) else _as_dense(title, value)
    _HELD[id(held)] = held
    return held


def describe(array: Feature) -> str:
    """The dtype and the shape.

    >>> describe(np.zeros((2, 3)))
    'float64[2, 3]'
    """
    kind = "sparse " if sparse.issparse(array) else ""
    if isinstance(array, ImageFiles):
        kind = "files of images, "
    return f"{kind}{array.dtype}[{', '.join(map(str, array.shape))}]"


def _as_dense(title: str, value: Any) -> np.ndarray:
    if hasattr(value, "iloc") and np.ndim(value) == 2:  # A DataFrame.
        columns = [
            as_plain(f"{title}, column {name!r}", value.iloc[:, place])
            for place, name in enumerate(value.columns)
        ]
        kinds = {column.dtype.kind in "SU" for column in columns}
        if len(kinds) > 1:
            raise TypeError(
                f"{title} must have columns of numbers or of strings, got both; give each kind a "
                "name of its own"
            )
        array = np.column_stack(columns) if columns else np.zeros((len(value), 0), np.float32)
    else:
        array = as_plain(title, value)
    if array.ndim < 1:
        raise ValueError(f"{title} must have a row a node, got a scalar")
    wide = array.dtype.kind == "f" and array.dtype.itemsize > 4
    # TensorFlow takes no foreign byte order.
    dtype = np.dtype(np.float32) if wide else array.dtype.newbyteorder("=")
    with np.errstate(over="ignore"):  # Too large for float32 is infinite, and refused as such.
        array = cast(array, dtype)
    if array.dtype.kind == "f":
        _check_finite(title, array)
    return read_only(array)


def as_plain(title: str, values: Any) -> np.ndarray:
    """Values as an array of numbers, booleans or strings, whatever they come in.

    Args:
      title: what errors call them.
      values: an array, a list, or a column of pandas.

    Raises:
      TypeError: they are of another type, such as dates.
      ValueError: some are missing.

    >>> as_plain("x", np.array([[1, 2], [3, 4]], object)).dtype.kind
    'i'
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        mask = np.ma.getmaskarray(values).reshape(len(values), -1)
        _refuse_rows(title, "have a value at each node, got none", np.any(mask, axis=1))
    array = as_array(values)
    if array.dtype.kind in "OT":
        return _of_objects(title, array.astype(object, copy=False))
    if array.dtype.kind not in "biufSU":
        raise TypeError(_wrong_type(title, str(getattr(values, "dtype", array.dtype))))
    return array


def _of_objects(title: str, array: np.ndarray) -> np.ndarray:
    values = array.ravel().tolist()
    missing = missing_among(values)
    if missing.any():
        rows = np.any(missing.reshape(len(array), -1), axis=1)
        _refuse_rows(title, "have a value at each node, got none", rows)
    kinds = set(map(type, values))
    for kind, dtype in ((str, np.str_), (bytes, np.bytes_)):
        if kinds and all(issubclass(found, kind) for found in kinds):
            return np.asarray(values, dtype).reshape(array.shape)
    if kinds and all(issubclass(k, (bool, int, float, np.number, np.bool_)) for k in kinds):
        return np.asarray(values).reshape(array.shape)
    if kinds and array.ndim == 1 and kinds <= {np.ndarray, list, tuple}:
        stacked = stack(title, values)
        if stacked.dtype.kind in "biufSU":
            return stacked
    odd = next((k for k in kinds if not issubclass(k, (str, int, float, np.number))), None)
    found = "" if odd is None else f" ({odd.__name__}, at row {_row_of(array, odd)})"
    raise TypeError(_wrong_type(title, f"object{found}"))


def _row_of(array: np.ndarray, kind: type) -> int:
    values = chain.from_iterable(array.reshape(len(array), -1).tolist())
    at = next(place for place, value in enumerate(values) if type(value) is kind)
    return at // max(array.size // len(array), 1)


def stack(title: str, values: list[Any]) -> np.ndarray:
    """Stacks one value a node, all of one shape.

    Raises:
      ValueError: the shapes differ.

    >>> stack("x", [[1, 2], [3, 4]]).tolist()
    [[1, 2], [3, 4]]
    """
    shapes = [np.shape(value) for value in values]
    odd = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), None)
    if odd is not None:
        raise ValueError(
            f"{title} must have one shape at all nodes, got {shapes[0]} at node 0 and "
            f"{shapes[odd]} at node {odd}"
        )
    return np.asarray(values)


def _as_sparse(title: str, value: Any) -> sparse.csr_array:
    if value.dtype.kind not in "biuf":
        raise TypeError(_wrong_type(title, str(value.dtype)))
    if value.ndim != 2:
        raise ValueError(f"{title} must have rank 2 to be sparse, got shape {value.shape}")
    with np.errstate(over="ignore"):
        matrix = as_csr(title, value)
    _check_finite(title, matrix.data, matrix.indptr)
    return matrix


def _check_finite(title: str, array: np.ndarray, starts: np.ndarray | None = None) -> None:
    """Raises where numbers are not finite; `starts` is where the rows of a sparse matrix begin."""
    count, rows = 0, np.zeros(0, np.int64)
    for start, part in blocks(array):
        bad = ~np.isfinite(part)
        if bad.any():
            count += int(np.sum(bad))
            where = start + np.flatnonzero(bad.reshape(len(part), -1).any(axis=1))
            if starts is not None:
                where = np.unique(np.searchsorted(starts, where, side="right") - 1)
            rows = np.union1d(rows, where)
        release(array)
    if count:
        found = "1 value that is" if count == 1 else f"{count:,} values that are"
        raise ValueError(
            f"{title} must be finite in float32, got {found} not, in {_named_rows(rows)}"
        )


def _refuse_rows(title: str, rule: str, bad: Any) -> None:
    raise ValueError(f"{title} must {rule} in {_named_rows(np.flatnonzero(bad))}")


def _named_rows(rows: np.ndarray) -> str:
    """The first rows by number, and how many more there are."""
    if rows.size == 1:
        return f"row {rows[0]}"
    more = f" and {rows.size - _ROWS_SHOWN:,} more" if rows.size > _ROWS_SHOWN else ""
    return f"rows {', '.join(map(str, rows[:_ROWS_SHOWN].tolist()))}{more}"


def _wrong_type(title: str, dtype: str) -> str:
    hint = ""
    if any(word in dtype.lower() for word in ("time", "date", "period")):
        hint = ": give dates as numbers, such as the days since one of them"
    return f"{title} must hold numbers, booleans or strings, got dtype {dtype}{hint}"
