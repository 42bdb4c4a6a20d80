"""One log in every form gives the same edges, by the same numbers."""

from __future__ import annotations

import csv
import gzip
import json
import random
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from gnn.configs import SessionColumns, SessionGraphConfig
from gnn.edges.from_sessions import edges_from_sessions
from gnn.edges.records import session_tables
from gnn.edges.records.read_sessions import read_sessions
from gnn.tables import arrow_batches, csv_rows, csv_tables, json_lines

NAMES = ["session", "item", "time"]
Record = tuple[Any, Any, float]


def log_of(seed: int, text: bool = True) -> list[Record]:
    """Records of sessions one after the other, as lists of sessions have them."""
    draw = random.Random(seed)
    records = []
    for session in range(12):
        for _ in range(draw.randrange(1, 6)):
            name, item = f"s{session}", f"i{draw.randrange(8)}"
            record = (name, item) if text else (100 - session, draw.randrange(8) * 1000 - 3000)
            records.append((*record, 1e9 + draw.randrange(10**6)))
    return records


def columns_of(records: list[Record]) -> dict[str, list[Any]]:
    return {name: [record[k] for record in records] for k, name in enumerate(NAMES)}


def table_of(records: list[Record]) -> pa.Table:
    return pa.table(columns_of(records))


def as_csv(records: list[Record], path: Path, quoting: int = csv.QUOTE_MINIMAL) -> Path:
    opens = gzip.open if path.suffix == ".gz" else open
    with opens(path, "wt", newline="") as file:
        csv.writer(file, quoting=quoting).writerows([NAMES, *records])
    return path


def as_json(records: list[Record], path: Path) -> Path:
    lines = [json.dumps(dict(zip(NAMES, record, strict=True))) for record in records]
    opens = gzip.open if path.suffix == ".gz" else open
    with opens(path, "wt") as file:
        file.write("\n".join(lines))
    return path


def as_parquet(records: list[Record], path: Path, table: pa.Table | None = None) -> Path:
    parquet.write_table(table_of(records) if table is None else table, path, row_group_size=7)
    return path


def in_parts(records: list[Record], folder: Path) -> list[tuple[list[Record], Path]]:
    """Halves of a log, under names of which the second sorts first."""
    folder.mkdir()
    half = len(records) // 2
    return [(records[:half], folder / "b"), (records[half:], folder / "a")]


def two_files(records: list[Record], folder: Path) -> list[Path]:
    (first, one), (second, other) = in_parts(records, folder / "two")
    return [as_csv(first, one.with_suffix(".csv")), as_json(second, other.with_suffix(".jsonl"))]


def a_pattern(records: list[Record], folder: Path) -> str:
    (first, one), (second, other) = in_parts(records, folder / "many")
    as_parquet(second, one.with_suffix(".parquet"))
    as_parquet(first, other.with_suffix(".parquet"))
    (folder / "many" / "_SUCCESS").touch()
    return str(folder / "many" / "*.parquet")


def dictionary(records: list[Record]) -> pa.Table:
    """Text as categories in an order of their own, some of which no record has."""
    categories = pa.array(["unused", *sorted({item for _, item, _ in records}, reverse=True)])
    table = table_of(records)
    codes = pa.array([categories.to_pylist().index(item) for _, item, _ in records], pa.int8())
    return table.set_column(1, "item", pa.DictionaryArray.from_arrays(codes, categories))


FORMS: dict[str, Callable[[list[Record], Path], Any]] = {
    "lists": lambda log, _: [[r[1] for r in g] for _, g in groupby(log, lambda r: r[0])],
    "dict": lambda log, _: columns_of(log),
    "dict of arrays": lambda log, _: {k: np.array(v) for k, v in columns_of(log).items()},
    "pandas": lambda log, _: pd.DataFrame(columns_of(log)),
    "pandas, objects": lambda log, _: pd.DataFrame(columns_of(log), dtype=object),
    "pandas, categories": lambda log, _: pd.DataFrame(columns_of(log)).astype("category"),
    "pandas, an index": lambda log, _: pd.DataFrame(
        columns_of(log), index=np.arange(len(log))[::-1]
    ),
    "PyArrow": lambda log, _: table_of(log),
    "PyArrow, chunked": lambda log, _: pa.concat_tables(
        [table_of(log)[:5], table_of(log)[5:5], table_of(log)[5:]]
    ),
    "PyArrow, a stream": lambda log, _: table_of(log).to_reader(max_chunksize=4),
    "PyArrow, a batch": lambda log, _: pa.record_batch(columns_of(log)),
    "Parquet": lambda log, folder: as_parquet(log, folder / "log.parquet"),
    "CSV": lambda log, folder: as_csv(log, folder / "log.csv"),
    "CSV, quoted": lambda log, folder: as_csv(log, folder / "quoted.csv", csv.QUOTE_ALL),
    "CSV, compressed": lambda log, folder: as_csv(log, folder / "log.csv.gz"),
    "JSON lines": lambda log, folder: str(as_json(log, folder / "log.jsonl")),
    "JSON lines, compressed": lambda log, folder: as_json(log, folder / "log.ndjson.gz"),
    "two files": two_files,
    "a pattern": a_pattern,
}
TEXT_FORMS = FORMS | {
    "PyArrow, categories": lambda log, _: dictionary(log),
    "Parquet, categories": lambda log, folder: as_parquet(
        log, folder / "categories.parquet", dictionary(log)
    ),
    "PyArrow, views": lambda log, _: table_of(log).cast(
        pa.schema([("session", pa.large_string()), ("item", pa.string_view()), ("time", "f8")])
    ),
}


@pytest.fixture(params=[3, 10**6], ids=["small chunks", "one chunk"])
def chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "_CHUNK_ROWS", request.param)
    monkeypatch.setattr(arrow_batches, "CHUNK_ROWS", request.param)
    monkeypatch.setattr(json_lines, "_BLOCK_BYTES", 30 * request.param)
    monkeypatch.setattr(session_tables, "_CHUNK_SESSIONS", request.param)
    monkeypatch.setattr(csv_tables, "_BLOCK_BYTES", 10 * request.param)


def described(edges: Any) -> tuple[Any, ...]:
    arrays = (edges.senders, edges.receivers, edges.weights)
    return (*(array.tolist() for array in arrays), edges.ids, edges.report.given)


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("form", list(TEXT_FORMS))
def test_text_in_every_form(form: str, tmp_path: Path) -> None:
    log = log_of(1)
    expected = described(edges_from_sessions(FORMS["lists"](log, tmp_path)))
    assert expected[3][:2] == list(dict.fromkeys(item for _, item, _ in log))[:2]
    assert described(edges_from_sessions(TEXT_FORMS[form](log, tmp_path))) == expected


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("form", [form for form in FORMS if form != "two files"])
def test_integers_in_every_form(form: str, tmp_path: Path) -> None:
    log = log_of(2, text=False)
    expected = described(edges_from_sessions(FORMS["lists"](log, tmp_path)))
    found = described(edges_from_sessions(FORMS[form](log, tmp_path)))
    if "CSV" in form:  # What a CSV file holds is text.
        assert found[3] == [str(item) for item in expected[3]]
        found = (*found[:3], expected[3], found[4])
    assert found == expected
    # Where the nodes are numbers, it is numbers.
    ids = sorted({item for _, item, _ in log})
    (tmp_path / "again").mkdir()
    found = described(edges_from_sessions(FORMS[form](log, tmp_path / "again"), ids=ids))
    assert found == described(edges_from_sessions(FORMS["lists"](log, tmp_path), ids=ids))


@pytest.mark.parametrize("form", ["dict", "CSV", "JSON lines", "Parquet"])
def test_items_are_indices_where_nodes_have_none(form: str, tmp_path: Path) -> None:
    log = [(s, (item + 3000) // 1000, t) for s, item, t in log_of(3, text=False)]
    expected = described(edges_from_sessions(FORMS["lists"](log, tmp_path), num_nodes=9))
    assert expected[3] is None
    assert described(edges_from_sessions(FORMS[form](log, tmp_path), num_nodes=9)) == expected


@pytest.mark.parametrize("form", [form for form in TEXT_FORMS if form != "lists"])
def test_users_and_times_in_every_form(form: str, tmp_path: Path) -> None:
    """The records of a user, a day apart at times, in no order of time."""
    draw = random.Random(4)
    log = [(f"u{draw.randrange(3)}", f"i{draw.randrange(6)}", 0.0) for _ in range(40)]
    log = [
        (user, item, draw.randrange(5) * 86_400.0 + draw.randrange(600)) for user, item, _ in log
    ]
    sessions: dict[tuple[str, float], list[str]] = {}
    for user, item, time in log:  # 600 seconds of each day.
        sessions.setdefault((user, time // 86_400), []).append(item)
    ids = list(dict.fromkeys(item for _, item, _ in log))
    expected = described(edges_from_sessions(list(sessions.values()), ids=ids))
    config = SessionGraphConfig(
        "count", user_column="session", time_column="time", session_gap="1h"
    )
    assert described(edges_from_sessions(TEXT_FORMS[form](log, tmp_path), config)) == expected


def test_records_by_hand() -> None:
    table = {"who": ["b", "a", "b", "b"], "what": ["x", "y", "y", "x"], "at": [100, 0, 10, 5]}
    columns = SessionColumns(
        user_column="who", item_column="what", time_column="at", session_gap="30s"
    )
    records = read_sessions(table, columns)
    # User b has number 0: 5 and 10 are one session, 100 the next; then comes user a.
    assert records.sessions.tolist() == [1, 2, 0, 0]
    assert records.items.tolist() == [0, 1, 1, 0]
    assert records.times is not None and records.times.tolist() == [100, 0, 10, 5]
    assert (records.num_items, records.num_sessions, records.ids) == (2, 3, ["x", "y"])
    without = SessionColumns(session_column="who", item_column="what")
    assert read_sessions(table, without).times is None


def test_times_come_without_users_too() -> None:
    table = {"session": [1, 1], "item": ["a", "b"], "at": ["1970-01-01", "1970-01-02"]}
    records = read_sessions(table, SessionColumns(time_column="at"))
    assert records.times is not None and records.times.tolist() == [0, 86_400]


def test_only_the_columns_needed_are_read(tmp_path: Path) -> None:
    table = pa.table({"session": [1, 1], "item": ["a", "b"], "odd": [{"x": [1]}, None]})
    parquet.write_table(table, tmp_path / "log.parquet")
    assert edges_from_sessions(tmp_path / "log.parquet").weights.tolist() == [1, 1]
    frame = pd.DataFrame({"session": [1, 1], "item": ["a", "b"], "odd": [object(), 1]})
    assert edges_from_sessions(frame).weights.tolist() == [1, 1]


@pytest.mark.parametrize("package", ["polars", "duckdb"])
def test_tables_of_others(package: str) -> None:
    library = pytest.importorskip(package)
    log = log_of(5)
    table = table_of(log)
    given = library.from_arrow(table)
    expected = described(edges_from_sessions(FORMS["lists"](log, Path())))
    assert described(edges_from_sessions(given)) == expected


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("form", ["CSV", "CSV, quoted", "CSV, compressed", "JSON lines", "dict"])
def test_forms_that_need_no_pyarrow(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_of(7)
    expected = described(edges_from_sessions(FORMS["lists"](log, tmp_path)))
    given = FORMS[form](log, tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert described(edges_from_sessions(given)) == expected


def test_a_table_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(log_of(6))
    frame = table.to_pandas()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"a Table needs PyArrow: pip install gnn\[parquet\]"):
        edges_from_sessions(table)
    assert edges_from_sessions(frame).report.given == table.num_rows
