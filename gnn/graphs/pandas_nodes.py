"""Columns of a pandas table of nodes as ids, features, labels and splits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.edges.from_table import column_of, numbers_of
from gnn.edges.missing import as_na_values, missing_among
from gnn.graphs.features import as_plain

if TYPE_CHECKING:
    import pandas as pd


def check_tables(**tables: Any) -> None:
    """Raises unless pandas is installed, and each of the tables is one of its own.

    Raises:
      ImportError: pandas is not installed.
      TypeError: a table is no DataFrame.

    >>> check_tables(nodes=[])
    Traceback (most recent call last):
    ...
    TypeError: nodes must be a pandas DataFrame, got list
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError("from_pandas needs pandas: pip install gnn[dev]") from error
    for name, table in tables.items():
        if not isinstance(table, pandas.DataFrame):
            raise TypeError(f"{name} must be a pandas DataFrame, got {type(table).__name__}")


def ids_of_table(
    nodes: pd.DataFrame, id: str | None, na_values: Collection[str] | None = None
) -> pd.Index:
    """The ids of the nodes: a column, or the index.

    Raises:
      KeyError: there is no such column.
      ValueError: an id is missing, or there twice.

    >>> import pandas as pd
    >>> ids_of_table(pd.DataFrame({"name": ["a", "b"]}), "name").tolist()
    ['a', 'b']
    """
    import pandas

    ids = pandas.Index(nodes.index if id is None else column_of(nodes, "nodes", "id", id))
    values = ids.tolist()
    none = missing_among(values, as_na_values(na_values))
    if none.any():
        row = int(np.argmax(none))
        hint = "; na_values=() takes it for an id" if isinstance(values[row], str) else ""
        raise ValueError(f"id must be given for each node, got {values[row]!r} at row {row}{hint}")
    if not ids.is_unique:
        twice = ids[ids.duplicated()].tolist()[0]
        raise ValueError(f"id must be unique, got {twice!r} more than once")
    return ids


def features_of_table(
    nodes: pd.DataFrame,
    features: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None,
    others: Sequence[str | None],
) -> dict[str, np.ndarray]:
    """Columns as features.

    Args:
      nodes: a row a node.
      features: as in `Graph.from_pandas`.
      others: the columns that are none where `features` is None.

    Raises:
      KeyError: there is no such column.
      TypeError: a column of a list is not of numbers.
      ValueError: a value is missing.

    >>> import pandas as pd
    >>> features_of_table(pd.DataFrame({"x": [1, 2]}), None, [])["features"].tolist()
    [[1.0], [2.0]]
    """
    if features is None:
        left = nodes.drop(columns=[c for c in others if c in nodes.columns])
        names = left.select_dtypes(["number", "bool"], exclude="timedelta").columns
        if not len(names):
            return {}
        return {"features": _feature(nodes, "features", list(names)).astype(np.float32)}
    chosen = features if isinstance(features, Mapping) else {"features": features}
    return {name: _feature(nodes, name, columns) for name, columns in chosen.items()}


def labels_of_table(nodes: pd.DataFrame, label: str | Sequence[str] | None) -> Any:
    """The column of the label, or several as a table, as `gnn.graphs.labels` takes them.

    Raises:
      KeyError: there is no such column.

    >>> import pandas as pd
    >>> labels_of_table(pd.DataFrame({"y": [1, None]}), "y").tolist()
    [1.0, nan]
    """
    if label is None:
        return None
    if isinstance(label, str):
        column = column_of(nodes, "nodes", "label", label)
        numbers = numbers_of(column)
        whole = column.dtype.kind in "biu" and numbers.dtype.kind == "f"
        # An integer column of pandas may have gaps, and is none of floats.
        return column.to_numpy(object) if whole else numbers
    columns = [column_of(nodes, "nodes", "label", name).to_numpy(object) for name in label]
    return np.column_stack(columns)


def splits_of_table(
    nodes: pd.DataFrame, split: str | None, na_values: Collection[str] | None = None
) -> dict[str, np.ndarray] | None:
    """The rows of each split that a column names.

    Raises:
      KeyError: there is no such column.

    >>> import pandas as pd
    >>> splits_of_table(pd.DataFrame({"part": ["train", None]}), "part")
    {'train': array([0])}
    """
    if split is None:
        return None
    import pandas

    column = column_of(nodes, "nodes", "split", split)
    codes, names = pandas.factorize(column)
    none = missing_among(list(names), as_na_values(na_values)).tolist()
    found = zip(names, none, strict=True)
    return {str(name): np.flatnonzero(codes == k) for k, (name, no) in enumerate(found) if not no}


def _feature(nodes: pd.DataFrame, name: str, columns: str | Sequence[str]) -> np.ndarray:
    """One column as it is, or several side by side."""
    parts = []
    for label in [columns] if isinstance(columns, str) else columns:
        column = column_of(nodes, "nodes", f"features[{name!r}]", label)
        if column.isna().any():
            row = int(np.argmax(column.isna()))
            raise ValueError(f"features[{name!r}]: column {label!r} has no value at row {row}")
        title = f"features[{name!r}]" if label == name else f"features[{name!r}], column {label!r}"
        parts.append(as_plain(title, column))
        if not isinstance(columns, str) and parts[-1].dtype.kind in "SU":
            raise TypeError(
                f"features[{name!r}]: columns in a list must be numeric, got {column.dtype} in "
                f"{label!r}; give it a name of its own"
            )
    return parts[0] if isinstance(columns, str) else np.column_stack(parts)
