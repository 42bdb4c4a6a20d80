"""What is wrong with a log is counted, named, or an error that says where."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from gnn.edges.from_sessions import edges_from_sessions
from gnn.tables.problems import TableWarning

TIMED = {"weighting": "count", "time_column": "at"}
USERS = {"weighting": "count", "user_column": "session", "time_column": "at", "session_gap": 60}


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def weights(edges: Any) -> dict[tuple[Any, Any], float]:
    ids = edges.ids
    ends = zip(edges.senders.tolist(), edges.receivers.tolist(), strict=True)
    return {(ids[s], ids[r]): w for (s, r), w in zip(ends, edges.weights.tolist(), strict=True)}


CSV = "session,item,at\n1,a,0\n1,b\n1,b,5\n1,c,noon\n1,d,9,9\n1,e,9\n"
JSON = (
    '{"session": 1, "item": "a", "at": 0}\n{"session": 1,\n\n[1]\n'
    '{"session": 1, "item": "b", "at": 5}\n{"session": 1, "item": "c", "at": "noon"}\n'
    '{"item": "e", "at": 9, "session": 1, "more": {}}\n'
)


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        (
            "log.csv",
            CSV,
            "line 3 (2 fields, not 3), line 6 (4 fields, not 3), "
            "line 5 (time 'noon' is neither seconds nor ISO 8601)",
        ),
        (
            "log.jsonl",
            JSON,
            "line 2 (no JSON: Expecting property name enclosed in double quotes), "
            "line 4 (list, not an object), line 6 (time 'noon' is neither seconds nor ISO 8601)",
        ),
    ],
)
def test_malformed_rows_are_left_out_counted_and_named(
    name: str, content: str, named: str, tmp_path: Path
) -> None:
    path = put(tmp_path, name, content)
    text = f"3 malformed rows left out ({path}: {named})"
    with pytest.warns(TableWarning) as warned:
        edges = edges_from_sessions(path, TIMED)
    assert [str(warning.message) for warning in warned] == [
        f"sessions: {text}; strict=True makes this an error"
    ]
    assert weights(edges) == {(s, r): 1 for s in "abe" for r in "abe" if s != r}
    assert edges.ids == ["a", "b", "e"]
    assert (edges.report.given, edges.report.malformed) == (6, 3)
    assert edges.report.text() == f"6 records: {text}"
    with pytest.raises(ValueError) as caught:
        edges_from_sessions(path, TIMED, strict=True)
    assert str(caught.value) == f"{path}: 3 malformed rows: {named}"


def test_of_many_malformed_rows_a_few_are_named(tmp_path: Path) -> None:
    good = "1,a\n" * 300
    paths = [put(tmp_path, f"{k}.csv", "session,item\n" + "x\n" * 200 + good) for k in range(5)]
    with pytest.warns(TableWarning, match=r"195 more of this kind; .*more of this kind and 2 more"):
        edges = edges_from_sessions(paths)
    assert (edges.report.malformed, edges.report.given) == (1000, 2500)
    assert len(edges.report.malformed_rows) < 1000


@pytest.mark.parametrize("content", ["session,item\n1\n2\n1,a\n", "session,item\n1\n"])
def test_more_than_half_of_a_file_malformed(content: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rows are malformed, more than half: line 2 .1 field"):
        edges_from_sessions(put(tmp_path, "log.csv", content))


def test_times_that_are_too_late_in_every_unit() -> None:
    table = {"session": [1, 1], "item": ["a", "b"], "at": [1e21] * 2}
    with pytest.raises(ValueError, match="time 1e.21 is no time: it is beyond the year 9999"):
        edges_from_sessions(table, USERS)


def test_items_that_should_be_numbers(tmp_path: Path) -> None:
    path = put(tmp_path, "log.csv", "session,item\n1,0\n1,x\n1,1\n1,\n1,1_0\n1,2\n2,1\n")
    with pytest.warns(TableWarning, match=r"line 3 \(item 'x' is not a whole number\), line 6"):
        edges = edges_from_sessions(path, num_nodes=3, missing="drop")
    assert edges.senders.tolist() == [1, 2, 0, 2, 0, 1]
    assert (edges.report.missing, edges.report.malformed) == (1, 2)


CUT = {
    "log.parquet": r"log.parquet is not a whole Parquet file: ",
    "log.csv.gz": r"log.csv.gz is not a whole gzip file: ",
    "log.jsonl.gz": r"log.jsonl.gz is not a whole gzip file: ",
}


@pytest.mark.parametrize("name", list(CUT))
def test_a_file_that_is_cut_short_is_named(name: str, tmp_path: Path) -> None:
    count = 20_000
    path = tmp_path / name
    if name == "log.parquet":
        table = pa.table({"session": range(count), "item": [str(k) for k in range(count)]})
        parquet.write_table(table, path)
    elif name == "log.csv.gz":
        lines = [f"{k},i{k * 7919 % 9973}" for k in range(count)]
        put(tmp_path, name, gzip.compress("\n".join(["session,item", *lines]).encode()))
    else:
        lines = [f'{{"session": {k}, "item": "i{k * 7919 % 9973}"}}' for k in range(count)]
        put(tmp_path, name, gzip.compress("\n".join(lines).encode()))
    assert edges_from_sessions(path).report.given == count
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ValueError, match=f"^{tmp_path}/{CUT[name]}"):
        edges_from_sessions(path)
    path.write_bytes(b"no such thing")
    with pytest.raises(ValueError, match=f"^{tmp_path}/{CUT[name]}"):
        edges_from_sessions(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("log.csv", "", "log.csv is empty"),
        ("log.csv", "session,item\n", "sessions must have records, got none in .*log.csv$"),
        ("log.jsonl", "\n \n", "log.jsonl is empty"),
        ("log.jsonl", "[1]\nx\n", "must have a JSON object a line, and has none in its first 2"),
        ("log.csv", b"session,item\n1,\xff\n", "log.csv, line 2: not UTF-8"),
        ("log.csv", 'session,item\n1,"a\n1,b\n', "log.csv, line 2: a quote is opened"),
        ("log.xml", "<log/>", r"must end in .csv, .*, .jsonl or .ndjson, got 'log.xml"),
    ],
)
def test_a_file_that_is_no_log(
    name: str, content: str | bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        edges_from_sessions(put(tmp_path, name, content))


def test_files_without_records_beside_others(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "session,item\n")
    put(tmp_path, "b.csv", "session,item\n1,x\n1,y\n")
    put(tmp_path, "c.csv", "item,session\n")
    assert weights(edges_from_sessions(tmp_path / "*.csv")) == {("x", "y"): 1, ("y", "x"): 1}
    empty = [tmp_path / "a.csv", tmp_path / "c.csv"]
    with pytest.raises(ValueError, match="got none in .*a.csv and 1 more file$"):
        edges_from_sessions(empty)


def test_patterns_folders_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file matches '.*nothing-\*.csv'"):
        edges_from_sessions(str(tmp_path / "nothing-*.csv"))
    with pytest.raises(FileNotFoundError, match="sessions: no file '.*nothing.csv'"):
        edges_from_sessions([tmp_path / "nothing.csv"])
    (tmp_path / "logs").mkdir()
    folder = r"must be files, got the folder '.*logs'; a pattern such as '.*logs/\*.parquet'"
    with pytest.raises(IsADirectoryError, match=folder):
        edges_from_sessions(tmp_path / "logs")
    put(tmp_path, "log[1].csv", "session,item\n1,x\n1,y\n")
    twice = [tmp_path / "log[1].csv", tmp_path / "log*.csv"]
    assert edges_from_sessions(twice).weights.tolist() == [1, 1]  # Each file is read once.


@pytest.mark.parametrize(
    ("name", "content", "asked", "message"),
    [
        ("log.csv", "session,thing\n", {}, r"log.csv has no column 'item'; it has .'session', "),
        ("log.jsonl", '{"item": 1}\n', {}, "log.jsonl has no column 'session'; it has .'item'"),
        ("log.csv", "session,item\n", TIMED, "log.csv has no column 'at'"),
        ("log.csv", "session,item,at\n", {"item_column": "product"}, "no column 'product'"),
    ],
)
def test_columns_that_are_not_there(
    name: str, content: str, asked: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(KeyError, match=message):
        edges_from_sessions(put(tmp_path, name, content), asked)


@pytest.mark.parametrize("column", ["item", "session"])
def test_ids_that_clash_in_type(column: str, tmp_path: Path) -> None:
    other = {"item": "session", "session": "item"}[column]
    numbers = pa.table({column: [1, 2], other: ["x", "x"]})
    parquet.write_table(numbers, tmp_path / "a.parquet")
    put(tmp_path, "b.csv", f"{column},{other}\n1,x\n")
    message = (
        f"{column}s must be of one type, got numbers in the column '{column}' of .*a.parquet and "
        f"text in the column '{column}' of .*b.csv$"
    )
    with pytest.raises(ValueError, match=message):
        edges_from_sessions([tmp_path / "a.parquet", tmp_path / "b.csv"])
    lines = "".join(f'{{"{column}": {value}, "{other}": "x"}}\n' for value in ('"1"', 1))
    with pytest.raises(ValueError, match=f"got .*text in the column '{column}' of .*b.jsonl"):
        edges_from_sessions(put(tmp_path, "b.jsonl", lines))
    # Integers of two widths, and with gaps, are of one type.
    parquet.write_table(numbers.set_column(0, column, pa.array([2, 3], pa.int8())), tmp_path / "b")
    floats = numbers.set_column(0, column, pa.array([3.0, 9.0]))
    parquet.write_table(floats, tmp_path / "c.parquet")
    (tmp_path / "b").rename(tmp_path / "b.parquet")
    assert edges_from_sessions(tmp_path / "*.parquet").report.given == 6


def test_names_of_two_types_in_memory_are_two_nodes() -> None:
    assert edges_from_sessions([[1, "1"]]).ids == [1, "1"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,,0", "each record must have its item, got '' at line 3 of .*log.csv; missing="),
        ("NA,b,0", "each record must have its session, got 'NA' at line 3 of "),
        ("1,b,", "each record must have its time, got '' at line 3 of "),
    ],
)
def test_missing_values_of_files(row: str, message: str, tmp_path: Path) -> None:
    path = put(tmp_path, "log.csv", f"session,item,at\n1,a,0\n{row}\n1,c,0\n")
    with pytest.raises(ValueError, match=message):
        edges_from_sessions(path, TIMED)
    edges = edges_from_sessions(path, TIMED, missing="drop")
    assert weights(edges) == {("a", "c"): 1, ("c", "a"): 1}
    assert edges.ids == (["a", "c"] if ",," in row else ["a", "b", "c"])
    assert edges.report.missing == 1


def test_unknown_items_of_files(tmp_path: Path) -> None:
    path = put(tmp_path, "log.csv", "session,item\n1,a\n1,z\n1,b\n")
    with pytest.raises(ValueError, match="in ids, got 'z' at line 3 of .*log.csv; unknown="):
        edges_from_sessions(path, ids=["a", "b"])
    edges = edges_from_sessions(path, ids=["a", "b"], unknown="drop")
    assert (edges.weights.tolist(), edges.report.unknown) == ([1, 1], 1)
    parquet.write_table(pa.table({"session": [1], "item": ["z"]}), tmp_path / "log.parquet")
    with pytest.raises(ValueError, match="got 'z' at row 0 of .*log.parquet"):
        edges_from_sessions(tmp_path / "log.parquet", ids=["a", "b"])


def test_a_user_is_missing() -> None:
    table = pd.DataFrame({"session": ["u", None], "item": ["a", "b"], "at": [0, 1]})
    with pytest.raises(ValueError, match="must have its user, got (None|nan) at 1"):
        edges_from_sessions(table, USERS)


@pytest.mark.parametrize("form", ["lists", "Arrow", "JSON lines"])
def test_items_that_are_no_names(form: str, tmp_path: Path) -> None:
    given: Any = [[["a"]]]
    if form == "Arrow":
        given = pa.table({"session": [1], "item": [["a"]]})
    elif form == "JSON lines":
        given = put(tmp_path, "log.jsonl", '{"session": 1, "item": ["a"]}')
    message = "the column 'item' of .* must hold names, such as text or integers: unhashable"
    with pytest.raises(TypeError, match=message):
        edges_from_sessions(given)


def test_lists_have_no_times() -> None:
    with pytest.raises(ValueError, match="time_column must be None for lists .* got 'at'"):
        edges_from_sessions([["a"]], TIMED)


@pytest.mark.parametrize(
    ("sessions", "remark"),
    [
        ([["a", "a"], ["b"]], "no session holds two items, so there are no edges"),
        ([["a", "b"]], "no pair of items is left, so there are no edges"),
    ],
)
def test_without_edges_the_report_says_why(sessions: Any, remark: str) -> None:
    edges = edges_from_sessions(sessions, {"weighting": "count", "min_count": 2})
    assert edges.senders.size == 0
    assert edges.report.remarks[-1] == remark


def test_verbose(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = put(tmp_path, "log.csv", "session,item\n1,a\n1,b\n")
    edges_from_sessions(path, verbose=True)
    assert "reading: 2.00 records" in capsys.readouterr().err
    for quiet in (False, "auto"):  # Nobody watches.
        edges_from_sessions(path, verbose=quiet)
        assert capsys.readouterr().err == ""
    with pytest.raises(ValueError, match="verbose must be 'auto', True or False; got 'loud'"):
        edges_from_sessions(path, verbose="loud")
