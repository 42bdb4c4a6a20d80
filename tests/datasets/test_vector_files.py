"""Vectors in files of NumPy and in tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from gnn.datasets import TableWarning
from gnn.datasets.vector_files import read_vectors

ROWS = [[1.0, 0.0], [0.5, 2.0], [-1.0, 4.0]]


def test_numpy_files(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", ROWS)
    found = read_vectors(tmp_path / "v.npy")
    assert isinstance(found.vectors, np.memmap) and found.vectors.tolist() == ROWS
    assert (found.ids, found.labels) == (None, None)
    np.savez(tmp_path / "v.npz", embedding=ROWS, id=["a", "b", "c"])
    found = read_vectors(tmp_path / "v.npz")
    assert found.vectors.tolist() == ROWS and found.ids.tolist() == ["a", "b", "c"]


def test_tables(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("x,label,y,id\n1,cat,0,a\n0.5,,2,b\n-1,dog,4,c\n")
    found = read_vectors(tmp_path / "v.csv")
    assert (found.vectors.tolist(), found.ids) == (ROWS, ["a", "b", "c"])
    assert found.labels is not None and found.labels.tolist() == [0, -1, 1]
    assert found.class_names == ("cat", "dog")
    parquet.write_table(
        pa.table({"v": pa.array(ROWS), "name": ["x", "y", "z"]}), tmp_path / "v.parquet"
    )
    with pytest.warns(TableWarning, match="v.parquet: columns left out: 'name'"):
        found = read_vectors(str(tmp_path / "v.parquet"))
    assert (found.vectors.tolist(), found.ids) == (ROWS, None)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "v.csv",
            "x,y\n1,2\n1,nan\n3,4\n",
            r"v.csv: 1 gap in the column 'y', the first in row 1, counted from 0",
        ),
        ("v.csv", "x,y\n1,2\n1,?\n3,4\n", r"1 wrong cell: line 3 \(y '\?' is not a number\)"),
        ("v.csv", "id,x\na,1\na,2\nb,3\n", r"v.csv: 1 malformed row: line 3 \(id 'a' is on line 2"),
        ("v.csv", "id,name\na,x\nb,y\n", "v.csv must hold columns of numbers, or one of lists of"),
        ("v.npy", "no array", "v.npy is no whole .npy file of numbers: "),
        ("v.npz", "no archive", "v.npz is no whole .npz file of numbers: "),
        ("v.txt", "1 2", r"vectors must be a .npy, .npz, .csv or .parquet file, got '.*v.txt'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        read_vectors(tmp_path / name)


def test_arrays_that_are_no_vectors(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", [1.0, 2.0])
    with pytest.raises(ValueError, match=r"v.npy must hold one array of rank 2, vectors; it has"):
        read_vectors(tmp_path / "v.npy")
    np.savez(tmp_path / "v.npz", x=ROWS, y=ROWS)
    with pytest.raises(ValueError, match=r"it has \{'x': \[3, 2\], 'y': \[3, 2\]\}"):
        read_vectors(tmp_path / "v.npz")
    np.save(tmp_path / "o.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="o.npy is no whole .npy file of numbers"):
        read_vectors(tmp_path / "o.npy")
    with pytest.raises(FileNotFoundError, match="no file '.*nowhere.npy'"):
        read_vectors(tmp_path / "nowhere.npy")
