"""Tables of results in four formats."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gnn.runs.tables import check_output, write_table

COLUMNS = {
    "id": ["a,b", 'say "c"', "Zoë"],
    "p": np.array([0.1, 0.25, 1], np.float32),
    "x": np.array([[1, 2], [3, 4], [5, 6]], np.float32),
}


def test_csv_quotes_and_spreads_vectors(tmp_path: Path) -> None:
    write_table(COLUMNS, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines() == [
        "id,p,x_0,x_1",
        '"a,b",0.1,1.0,2.0',
        '"say ""c""",0.25,3.0,4.0',
        "Zoë,1.0,5.0,6.0",
    ]


def test_json_is_a_list_of_objects(tmp_path: Path) -> None:
    write_table(COLUMNS, tmp_path / "t.json")
    rows = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert rows[0] == {"id": "a,b", "p": 0.1, "x": [1.0, 2.0]}
    assert len(rows) == 3


def test_json_has_no_nan(tmp_path: Path) -> None:
    write_table({"id": ["a", "b"], "p": np.array([np.nan, np.inf])}, tmp_path / "t.json")
    text = (tmp_path / "t.json").read_text()
    assert [row["p"] for row in json.loads(text, parse_constant=pytest.fail)] == [None, None]


def test_npz_needs_no_pickle(tmp_path: Path) -> None:
    write_table(COLUMNS, tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as arrays:
        assert arrays["id"].tolist() == COLUMNS["id"]
        np.testing.assert_array_equal(arrays["x"], COLUMNS["x"])


def test_parquet_holds_lists(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_table(COLUMNS, tmp_path / "t.parquet")
    table = parquet.read_table(tmp_path / "t.parquet").to_pydict()
    assert table["id"] == COLUMNS["id"]
    assert table["x"] == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


def test_unknown_suffix_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in one of \['.csv', .*got '.*t.xls'"):
        write_table(COLUMNS, tmp_path / "t.xls")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match=r"must end in one of \['.csv'\], got 't.npz'"):
        check_output("t.npz", [".csv"])
