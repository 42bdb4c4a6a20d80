"""Tables of results, written by the suffix of the file's name."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from gnn.files import check_file, whole_file

Columns = Mapping[str, Sequence[Any] | np.ndarray]


def write_table(columns: Columns, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Writes named columns of equal length to a file, whole or not at all.

    Args:
        columns: by name, a list or an array `[n]`, or an array `[n, d]`, which becomes a column
            of lists (Parquet), one array (NPZ) or d columns `name_0`, `name_1` ... (CSV).
        path: a name that ends in `.csv`, `.parquet`, `.json` or `.npz`. JSON is a list of objects.
        overwrite: whether a file that is there is replaced.

    Raises:
        FileExistsError: there is such a file, and `overwrite` is False.
        ImportError: it is Parquet, and PyArrow is not installed.
        ValueError: another suffix.
        OSError: it cannot be written.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table({"id": ["a", "b"], "x": np.array([0.5, 1])}, Path(folder) / "x.csv")
    ...     (Path(folder) / "x.csv").read_text().splitlines()
    ['id,x', 'a,0.5', 'b,1.0']
    """
    path = Path(path)
    writers = {".csv": _write_csv, ".json": _write_json, ".npz": _write_npz}
    writers[".parquet"] = _write_parquet
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise ValueError(f"output must end in one of {sorted(writers)}, got {str(path)!r}")
    with whole_file(path, overwrite=overwrite) as partial:
        writer(columns, partial)


def check_output(
    path: str | os.PathLike[str], suffixes: Sequence[str], overwrite: bool = False
) -> None:
    """Raises unless a table may be written to this file, before any work is done for it.

    Args:
        path: the file.
        suffixes: those that its name may end in.
        overwrite: whether a file that is there is replaced.

    Raises:
        FileExistsError: there is such a file, and `overwrite` is False.
        ValueError: another suffix.

    Example:

    >>> check_output("no such.csv", [".csv", ".npz"])
    """
    if Path(path).suffix.lower() not in suffixes:
        raise ValueError(f"output must end in one of {list(suffixes)}, got {str(path)!r}")
    check_file(path, overwrite=overwrite)


def as_csv(columns: Columns) -> str:
    r"""The table as the text of a CSV file.

    Example:

    >>> as_csv({"id": ["a"], "x": np.array([0.5])})
    'id,x\na,0.5\n'
    """
    text = io.StringIO()
    _write_rows(columns, text)
    return text.getvalue()


def as_records(columns: Columns) -> list[dict[str, Any]]:
    """A dict a row, of plain Python values.

    Example:

    >>> as_records({"id": ["a"], "x": np.array([0.5])})
    [{'id': 'a', 'x': 0.5}]
    """
    plain = [_plain(values) for values in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*plain, strict=True)]


def as_json(values: Any, indent: int = 2) -> str:
    """Plain values as JSON, which has no NaN and no infinity: these become null.

    Example:

    >>> as_json([1.5, float("nan")], indent=0).split()
    ['[', '1.5,', 'null', ']']
    """
    return json.dumps(_finite(values), indent=indent, allow_nan=False)


def _finite(values: Any) -> Any:
    if isinstance(values, dict):
        return {key: _finite(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [_finite(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values


def _plain(values: Sequence[Any] | np.ndarray) -> list[Any]:
    if isinstance(values, np.ndarray) and values.dtype == np.float32:
        # The shortest decimal that is this float32; the float64 beside it has nine digits more.
        values = values.astype(str).astype(np.float64)
    return np.asarray(values).tolist() if isinstance(values, np.ndarray) else list(values)


def _write_csv(columns: Columns, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        _write_rows(columns, file)


def _write_rows(columns: Columns, file: TextIO) -> None:
    flat: dict[str, Sequence[Any]] = {}
    for name, values in columns.items():
        if isinstance(values, np.ndarray) and values.ndim == 2:
            flat |= {f"{name}_{i}": _plain(values[:, i]) for i in range(values.shape[1])}
        else:
            flat[name] = _plain(values)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(flat)
    writer.writerows(zip(*flat.values(), strict=True))


def _write_json(columns: Columns, path: Path) -> None:
    path.write_text(as_json(as_records(columns), indent=1) + "\n", encoding="utf-8")


def _write_npz(columns: Columns, path: Path) -> None:
    arrays: dict[str, Any] = {name: np.asarray(values) for name, values in columns.items()}
    # Text has a dtype of its own, so that no pickle is needed to read it.
    np.savez(path, **{k: v.astype(str) if v.dtype == object else v for k, v in arrays.items()})


def _write_parquet(columns: Columns, path: Path) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError("Parquet needs PyArrow: pip install 'gnn[parquet]'") from error
    arrays = {
        name: list(values)
        if isinstance(values, np.ndarray) and values.ndim == 2
        else pyarrow.array(values)
        for name, values in columns.items()
    }
    parquet.write_table(pyarrow.table(arrays), path)
