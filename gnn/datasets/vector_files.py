"""Vectors in files: what `gnn embed` and other programs write, with the names of the rows."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gnn.datasets.columns.column_names import id_columns
from gnn.datasets.node_tables import NodeTable, load_nodes
from gnn.edges.edges import counted
from gnn.tables.opening import open_table

_TABLES = (".csv", ".parquet")
_USED = ("number", "boolean", "vector", "id", "label", "split", "mask")


class NamedVectors(NamedTuple):
    """Vectors, a row a node.

    Attributes:
      vectors: numbers `[n, width]`; those of a `.npy` file are left in it.
      ids: the names of the rows; None where the file has none.
      labels: as `Graph` holds them; None where the file has none.
      class_names: the names of the classes, where labels are text.
    """

    vectors: np.ndarray
    ids: Any = None
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] | None = None


def read_vectors(path: str | os.PathLike[str]) -> NamedVectors:
    r"""Reads vectors from a file.

    - `.npy`: an array `[n, width]`.
    - `.npz`: one array `[n, width]` of any name, and perhaps the names of the rows, `id`.
    - `.csv`, `.parquet`: columns of numbers side by side, or one column of vectors; and perhaps an
      id and a label, which are read as in `gnn.datasets.read_nodes`. Other columns are left out
      with a warning.

    Args:
      path: the file.

    Raises:
      FileNotFoundError: there is no such file.
      ImportError: it is Parquet, and PyArrow is not installed.
      ValueError: another suffix, a file that is damaged, not one array or list of vectors, or a row
        that is no vector: a row is never left out, for its place may be its name.

    Warns:
      TableWarning: for columns left out.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "vectors.csv"
    ...     _ = path.write_text("id,x,y\na,1,0\nb,0.5,2\n")
    ...     found = read_vectors(path)
    >>> found.ids, found.vectors.tolist()
    (['a', 'b'], [[1.0, 0.0], [0.5, 2.0]])
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {str(path)!r}")
    if path.suffix in _TABLES:
        return _of_table(path)
    if path.suffix not in (".npy", ".npz"):
        raise ValueError(f"vectors must be a .npy, .npz, .csv or .parquet file, got {str(path)!r}")
    arrays = _arrays(path)
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    tables = [name for name, array in arrays.items() if array.ndim == 2]
    if len(tables) != 1:
        raise ValueError(f"{path.name} must hold one array of rank 2, vectors; it has {shapes}")
    return NamedVectors(arrays[tables[0]], arrays.get("id"))


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file of NumPy by their names; a single one is left in the file."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        if isinstance(found, np.ndarray):
            return {"vectors": found}
        with found:
            return {name: found[name] for name in found.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path.name} is no whole {path.suffix} file of numbers: {error}"
        ) from error


def _of_table(path: Path) -> NamedVectors:
    has_ids = bool(id_columns(open_table(path).header))
    table, _ = load_nodes(path, None, False, needs_ids=False)
    problems = table.problems
    _refuse_gaps(table)
    if len(table.features) != 1:
        found = {name: list(values.shape) for name, values in table.features.items()}
        raise ValueError(
            f"{path.name} must hold columns of numbers, or one of lists of numbers; it has {found}"
        )
    columns = table.columns.schema.columns
    others = [name for name, column in columns.items() if column.type not in _USED]
    problems.columns |= dict.fromkeys(others, "not numbers")
    problems.warn(stacklevel=4)
    (vectors,) = table.features.values()
    ids = table.ids if has_ids else None
    return NamedVectors(vectors, ids, table.labels, table.columns.class_names)


def _refuse_gaps(table: NodeTable) -> None:
    """Raises where a row is no vector, or is none of the table's."""
    table.problems.check_rows(strict=True)
    for name in (*table.columns.numbers, *table.columns.lists):
        gaps = np.flatnonzero(table.table.gaps(name))
        if gaps.size:
            raise ValueError(
                f"{table.problems.file}: {counted(gaps.size, 'gap')} in the column {name!r}, the "
                f"first in row {gaps[0]}, counted from 0: a vector has none"
            )
