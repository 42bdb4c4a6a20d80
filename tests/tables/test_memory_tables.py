"""Tables in memory, by one door."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from gnn.configs.session_columns import SessionColumns
from gnn.datasets.node_tables import read_nodes
from gnn.edges.missing import NA_VALUES
from gnn.edges.records.read_sessions import read_sessions
from gnn.graphs.graph import Graph
from gnn.tables import arrow_batches
from gnn.tables.memory_tables import is_memory_table, memory_table, read_often

COLUMNS = {"id": ["a", "b", "c"], "price": [1.5, None, 3.0], "kind": ["tea", "cup", None]}


def polars(columns: dict[str, Any]) -> Any:
    return pytest.importorskip("polars").DataFrame(columns)


def polars_categories(columns: dict[str, Any]) -> Any:
    kind = pytest.importorskip("polars").Categorical
    return polars(columns).cast({"kind": kind})


def relation(columns: dict[str, Any]) -> Any:
    return pytest.importorskip("duckdb").from_arrow(pa.table(columns))


FORMS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "mapping": dict,
    "pandas": pd.DataFrame,
    "pandas objects": lambda columns: pd.DataFrame(columns, dtype=object),
    "polars": polars,
    "polars categories": polars_categories,
    "duckdb": relation,
    "arrow": pa.table,
    "arrow batch": pa.RecordBatch.from_pydict,
    "arrow reader": lambda columns: pa.table(columns).to_reader(),
}


@pytest.mark.parametrize("form", FORMS)
def test_cells_of_every_form(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_batches, "CHUNK_ROWS", 2)
    value = FORMS[form](COLUMNS)
    assert is_memory_table(value)
    table = memory_table(value)
    assert table.header == ["id", "price", "kind"]
    chunks = list(table.chunks_of(["price", "kind"]))
    assert [chunk.lines.tolist() for chunk in chunks] == [[0, 1], [2]]
    assert table.problems.num_rows == 3
    prices = [chunk.columns["price"].floats(NA_VALUES) for chunk in chunks]
    np.testing.assert_array_equal(np.concatenate([each[0] for each in prices]), [1.5, np.nan, 3])
    assert [wrong for _, wrong in prices] == [{}, {}]
    kinds = [chunk.columns["kind"].texts(NA_VALUES).text().tolist() for chunk in chunks]
    assert kinds == [["tea", "cup"], [""]]


@pytest.mark.parametrize("form", FORMS)
def test_nodes_of_every_form(form: str) -> None:
    """A schema is guessed, which may read columns twice: a stream is kept."""
    found = read_nodes(FORMS[form](COLUMNS), schema={"kind": "category"})
    assert found.ids == ["a", "b", "c"]
    assert found.table.filled() == ["", "price", "kind"]
    texts = found.table.columns["kind"]
    assert not isinstance(texts, np.ndarray)
    assert texts.text().tolist() == ["tea", "cup", ""]


@pytest.mark.parametrize("form", FORMS)
def test_logs_of_every_form(form: str) -> None:
    columns = {"session": [7, 7, 9], "item": ["b", "a", "b"], "kind": ["x", "x", "y"]}
    records = read_sessions(FORMS[form](columns), SessionColumns())
    assert (records.sessions.tolist(), records.items.tolist()) == ([0, 0, 1], [0, 1, 0])


@pytest.mark.parametrize("form", ["pandas", "polars", "duckdb", "arrow", "arrow reader"])
def test_edges_of_every_form(form: str) -> None:
    edges = {"source": ["a", "c"], "target": ["b", "a"], "weight": [0.5, 2.0]}
    nodes = {"id": ["a", "b", "c"], "size": [1, 2, 3]}
    graph = Graph.from_pandas(FORMS[form](nodes), FORMS[form](edges), id="id")
    assert graph.ids is not None and graph.ids.tolist() == ["a", "b", "c"]
    assert graph.senders.tolist() == [0, 2] and graph.receivers.tolist() == [1, 0]
    assert graph.weights.tolist() == [0.5, 2.0]


def test_the_index_of_pandas_names_the_nodes() -> None:
    found = read_nodes(pd.DataFrame({"price": [1.0, 2.0]}, index=["x", "y"]))
    assert found.ids == ["x", "y"]


def test_pandas_needs_no_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame(COLUMNS, dtype=object)
    reader = pa.table(COLUMNS)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (chunk,) = memory_table(frame).chunks
    assert chunk.columns["kind"].texts(NA_VALUES).text().tolist() == ["tea", "cup", ""]
    for make in (memory_table, read_often):
        with pytest.raises(ImportError, match=r"a Table needs PyArrow: pip install gnn\[parquet\]"):
            make(reader)


def test_what_is_no_table() -> None:
    with pytest.raises(ValueError, match="the table: the columns a and b must have equal lengths"):
        list(memory_table({"a": [1], "b": [1, 2]}).chunks)
    with pytest.raises(ValueError, match="the table has more than one column named 'x'"):
        memory_table(pd.DataFrame([[1, 2]], columns=["x", "x"]))
    with pytest.raises(TypeError, match="the table must be a DataFrame, a mapping .* got a list"):
        memory_table([[1, 2]])
    assert not is_memory_table("nodes.csv")
