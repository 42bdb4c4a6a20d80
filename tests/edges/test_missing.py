"""The table of missing texts is that of pandas' CSV reader."""

from __future__ import annotations

import io

import pandas as pd

from gnn.edges.missing import NA_VALUES, is_missing


def test_table_is_that_of_pandas() -> None:
    others = ["none", "Na", "na", "Nan", "missing", "?", "-", "0", " NA"]
    cells = [*sorted(NA_VALUES), *others]
    column = pd.read_csv(io.StringIO("a\n" + "\n".join(f'"{cell}"' for cell in cells)))["a"]
    assert column.isna().tolist() == [cell in NA_VALUES for cell in cells]


def test_values_that_are_none() -> None:
    missing = [None, float("nan"), pd.NA, pd.NaT]
    assert [is_missing(value) for value in missing] == [True] * 4
    assert not any(is_missing(value) for value in ["NA", "", 0, False, [], (1, 2)])
