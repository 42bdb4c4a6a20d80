"""Features: every kind that is taken, and what is refused, by name and row."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from gnn import memory_maps
from gnn.graphs.graph import Graph

NAN, INF = float("nan"), float("inf")


def held(value: Any) -> Any:
    return Graph.from_edges([], [], {"x": value}).features["x"]


@pytest.mark.parametrize(
    ("given", "dtype", "values"),
    [
        (np.array(["tea", "cup"], object), "U3", ["tea", "cup"]),
        (np.array(["tea", "cup"], np.dtypes.StringDType()), "U3", ["tea", "cup"]),
        (pd.Series(["tea", "cup"], index=[7, 3]), "U3", ["tea", "cup"]),
        (pd.Series(["tea", "cup"], dtype="category"), "U3", ["tea", "cup"]),
        (pd.Series([1, 2], dtype="Int64"), np.int64, [1, 2]),
        (pd.Series([True, False], dtype="boolean"), bool, [True, False]),
        (np.array([1, 2.5], object), np.float32, [1, 2.5]),
        (np.array([b"a", b"bc"], object), "S2", [b"a", b"bc"]),
        ([[1, 2], [3, 4]], np.int64, [[1, 2], [3, 4]]),
        (pd.Series([[1.0, 2.0], [3.0, 4.0]]), np.float32, [[1, 2], [3, 4]]),
        (pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]}), np.float32, [[1, 0.5], [2, 1.5]]),
        (pd.DataFrame({"a": [1, 2], "b": [True, False]}), np.int64, [[1, 1], [2, 0]]),
        (pd.DataFrame({"a": ["x", "y"], "b": ["z", "w"]}), "U1", [["x", "z"], ["y", "w"]]),
        (np.array([["x", "y"]] * 2, object), "U1", [["x", "y"]] * 2),
        (np.ma.masked_array([1, 2]), np.int64, [1, 2]),
    ],
)
def test_taken(given: Any, dtype: Any, values: Any) -> None:
    feature = held(given)
    assert type(feature) is np.ndarray or isinstance(feature, np.ma.MaskedArray)
    assert feature.dtype == np.dtype(dtype) and feature.tolist() == values


def test_a_table_is_a_feature_by_itself() -> None:
    graph = Graph.from_edges([], [], pd.DataFrame({"a": [1.0], "b": [2.0]}, index=["n"]))
    assert graph.features["features"].tolist() == [[1, 2]]


DAY = pd.Timestamp("2026-11-30")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.array([1.0, NAN, INF, 2.0]), ValueError, "2 values that are not, in rows 1, 2$"),
        (np.array([[1, NAN], [NAN, NAN]]), ValueError, "3 values that are not, in rows 0, 1$"),
        (np.array([1e39, 1.0]), ValueError, "float32, got 1 value that is not, in row 0$"),
        (np.full(9, NAN, np.float16), ValueError, "9 values .* rows 0, 1, 2, 3, 4 and 4 more$"),
        (sparse.csr_array([[0, 1], [0, NAN]]), ValueError, "1 value that is not, in row 1$"),
        (sparse.coo_array([[0, INF], [0, NAN]]), ValueError, "2 values .* in rows 0, 1$"),
        (np.array(["a", None], object), ValueError, "value at each node, got none in row 1$"),
        (pd.Series([1, None], dtype="Int64"), ValueError, "1 value that is not, in row 1$"),
        (np.ma.masked_array([1, 2], [True, False]), ValueError, "got none in row 0$"),
        (np.array([DAY] * 2, object), TypeError, "dtype object .Timestamp, at row 0.: give dates"),
        (pd.Series([DAY, DAY]), TypeError, "dtype datetime64.*: give dates as numbers"),
        (pd.Series([DAY]).dt.tz_localize("UTC"), TypeError, "Timestamp, at row 0"),
        (np.array([1, 2], "m8[s]"), TypeError, "dtype timedelta64"),
        (pd.DataFrame({"a": [1], "when": [DAY]}), TypeError, r"\['x'\], column 'when' must hold"),
        (pd.DataFrame({"a": [1], "b": ["x"]}), TypeError, "numbers or of strings, got both"),
        (pd.DataFrame({"a": [1.0, NAN]}), ValueError, r"features\['x'\] must be finite"),
        (np.array([1j]), TypeError, "dtype complex128"),
        (np.array([1, "a"], object), TypeError, "dtype object"),
        (np.array([object()]), TypeError, "dtype object .object, at row 0."),
    ],
)
def test_refused(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        held(given)
    assert str(caught.value).startswith("features['x']")


def test_files_are_looked_at_in_blocks_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_maps, "_BLOCK", 6)  # Two rows of three a time.
    values = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (9, 3))
    values[:] = 1
    values[[4, 8], 1] = NAN
    values.flush()
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    with pytest.raises(ValueError, match="got 2 values that are not, in rows 4, 8$"):
        held(mapped)
    values[:] = 2
    values.flush()
    graph = Graph.from_edges([], [], {"x": np.load(tmp_path / "x.npy", mmap_mode="r")})
    assert isinstance(graph.features["x"], np.memmap)
    assert "density 100.0%" in graph.info()
    monkeypatch.setattr(np, "isfinite", None)  # Looking again would fail.
    assert dataclasses.replace(graph, splits={"a": [0]}).features["x"] is graph.features["x"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (np.array(["a", ""]), "<U1[2], 8 B"),  # A share of text says nothing.
        (np.array([[0.0, 2.0]] * 2), "float32[2, 2], density 50.0%, 16 B"),
        (np.zeros((2, 0)), "float32[2, 0], 0 B"),
        (sparse.coo_array(([0.0, 3.0], ([0, 1], [0, 1])), shape=(2, 2)), "density 25.0%"),
    ],
)
def test_density(given: Any, text: str) -> None:
    assert text in Graph.from_edges([], [], {"x": given}).info()
