"""Features as users have them, made what Keras takes: strings, pandas, sparse matrices."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.graphs.features import as_feature, as_plain
from gnn.ops.sparse import sparse_tensor

_PLAIN = (str, bytes, bool, int, float, np.generic)


def given_features(x: Any, names: Collection[str] | None = None, *, to_call: bool = False) -> Any:
    """What `fit`, `evaluate`, `predict` or a call are given, with every feature that `Graph` takes.

    Strings, Unicode or objects, become string tensors; columns of pandas and lists, arrays. What
    Keras takes as it is stays as it is.

    Args:
        x: one feature or a dict of them; a DataFrame; or anything else, such as a data set, which
            is handed on.
        names: the features that the model has names for, or None where it has none. A DataFrame
            gives these columns; to a model without names, its columns side by side, as in Keras, or
            where some are no numbers, all columns by their names.
        to_call: whether a model is to be called on it, which takes no SciPy matrix.

    Raises:
        TypeError: a feature is of another type, such as dates.
        ValueError: values of a column or list are missing.
        KeyError: a DataFrame lacks a column of `names`.

    Example:

    >>> given_features({"word": np.array(["tea", "cup"])})["word"].dtype
    tf.string
    """
    if _is_table(x):
        if names is not None:
            missing = [name for name in names if name not in x.columns]
            if missing:
                raise KeyError(f"x must have the columns {list(names)}; it lacks {missing}")
            return {name: _given(f"x[{name!r}]", x[name], to_call) for name in names}
        if all(getattr(dtype, "kind", "O") in "biuf" for dtype in x.dtypes):
            return _given("x", x, to_call)
        return {name: _given(f"x[{name!r}]", x[name], to_call) for name in x.columns}
    if isinstance(x, Mapping):
        given = {name: _given(f"x[{name!r}]", value, to_call) for name, value in x.items()}
        return x if all(given[name] is x[name] for name in x) else given
    # A list by itself is Keras' way to say several inputs.
    return x if isinstance(x, list) else _given("x", x, to_call)


def _given(title: str, value: Any, to_call: bool) -> Any:
    if sparse.issparse(value):
        return sparse_tensor(as_feature(title, value)) if to_call else value
    if _is_table(value):
        array = as_feature(title, value)
    elif _is_column(value) or isinstance(value, list) and _is_plain(value):
        array = as_plain(title, value)
    elif isinstance(value, np.ndarray) and value.dtype.kind not in "biufc":
        array = as_plain(title, value)
    else:
        return value
    return tf.constant(array) if array.dtype.kind in "SU" else array


def _is_table(value: Any) -> bool:
    return hasattr(value, "iloc") and np.ndim(value) == 2


def _is_column(value: Any) -> bool:
    return hasattr(value, "iloc") and np.ndim(value) == 1


def _is_plain(values: list[Any]) -> bool:
    """Whether a list holds numbers or strings, and lists of them, but no tensors."""
    return all(
        _is_plain(value) if isinstance(value, list) else value is None or isinstance(value, _PLAIN)
        for value in values
    )
