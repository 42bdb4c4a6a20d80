from __future__ import annotations

import csv
import io
import random
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from gnn.tables import csv_rows, csv_tables
from gnn.tables.cells import ArrowCells, parse_numbers
from gnn.tables.opening import open_table
from gnn.tables.problems import Problems


def put(folder: Path, content: str | bytes, name: str = "edges.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows_of(path: Path) -> tuple[list[tuple[str, ...]], list[int], Problems]:
    """All rows of a table as text, their lines, and the problems."""
    table = open_table(path)
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    for chunk in table.chunks:
        rows += zip(*(chunk.columns[name].text() for name in table.header), strict=True)
        lines += chunk.lines.tolist()
    return rows, lines, table.problems


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_plain_rows(tmp_path: Path, end: str, mark: str, last: bool) -> None:
    text = mark + end.join(["source,target", "a,b", "ü,", "c,d"]) + (end if last else "")
    rows, lines, problems = rows_of(put(tmp_path, text))
    assert rows == [("a", "b"), ("ü", ""), ("c", "d")]
    assert lines == [2, 3, 4]
    assert (problems.num_rows, problems.malformed) == (3, {})


def test_quoted_fields_may_span_lines_and_a_row_has_the_number_of_its_first(
    tmp_path: Path,
) -> None:
    text = 'id,note\na,plain\n\nb,"two\nlines, and ""quotes"""\nc,x\nd\n"e",y,z\nf,"x"y\ng,z\n'
    rows, lines, problems = rows_of(put(tmp_path, text))
    assert rows == [("a", "plain"), ("b", 'two\nlines, and "quotes"'), ("c", "x"), ("g", "z")]
    assert lines == [2, 4, 6, 10]
    assert problems.num_rows == 7
    assert problems.malformed == {
        7: "1 field, not 2",
        8: "3 fields, not 2",
        9: "',' expected after '\"'",
    }


def test_blank_and_malformed_lines_without_quotes(tmp_path: Path) -> None:
    rows, lines, problems = rows_of(put(tmp_path, "\nid,x\n\na,1\n\r\nb\nc,2,3\nd,4\n\n"))
    assert (rows, lines) == ([("a", "1"), ("d", "4")], [4, 8])
    assert problems.malformed == {6: "1 field, not 2", 7: "3 fields, not 2"}
    assert problems.num_rows == 4


def test_one_column(tmp_path: Path) -> None:
    rows, lines, problems = rows_of(put(tmp_path, "id\na\n\nb\n"))
    assert (rows, lines, problems.num_rows) == ([("a",), ("b",)], [2, 4], 2)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("quoted_from", [0, 7, 99])
def test_chunks_join_to_what_the_csv_module_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, quoted_from: int
) -> None:
    """Quotes turn up after some chunks, and fields span chunks."""
    monkeypatch.setattr(csv_rows, "_CHUNK_ROWS", 3)
    monkeypatch.setattr(csv_tables, "_BLOCK_BYTES", 20)
    monkeypatch.setattr(csv_tables, "_PART_BYTES", 10)
    draw = random.Random(seed)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=draw.choice(["\n", "\r\n"]))
    writer.writerow(["a", "b", "c"])
    for row in range(30):
        letters = 'xy\n",; ' if row >= quoted_from else "xyz ;"
        writer.writerow("".join(draw.choices(letters, k=draw.randrange(6))) for _ in range(3))
    content = text.getvalue()
    expected, starts = [], []
    reader = csv.reader(io.StringIO(content, newline=""))
    start = 1
    for found in reader:
        expected.append(tuple(cell.strip(" ") for cell in found))
        starts.append(start)
        start = reader.line_num + 1
    rows, lines, problems = rows_of(put(tmp_path, content))
    assert (rows, lines) == (expected[1:], starts[1:])
    assert problems.malformed == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "edges.csv is empty"),
        ("\ufeff\n\n", "edges.csv is empty"),
        ("source,target,source\n", "edges.csv has more than one column named 'source'"),
        (b"source,target\na,b\nc,\xff\n", r"edges.csv, line 3: not UTF-8 \(invalid start byte\)"),
        (b"source,target\ra,b\rc,\xe4\r", "edges.csv, line 3: not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "edges.csv, line 1: not UTF-8"),
        (
            'a,b\n1,2\n"3,4\n5,6\n',
            r"edges.csv, line 3: a quote is opened that is not closed as it should be "
            r"\(unexpected end of data, line 4\)",
        ),
        ('a,b\n1,2\n"3,4\n"5",6\n', "edges.csv, line 3: .*line 4"),
        ('"a"x,b\n1,2\n', "edges.csv, line 1: ',' expected"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        rows_of(put(tmp_path, content))


def test_file_names(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no file '.*edges.csv'"):
        open_table(tmp_path / "edges.csv")
    path = put(tmp_path, "a\n", "edges.tab")
    with pytest.raises(
        ValueError, match=r"must end in .csv, .*, .jsonl or .ndjson, got 'edges.tab'"
    ):
        open_table(path)
    assert open_table(put(tmp_path, "a\n1\n", "EDGES.CSV")).header == ["a"]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("a,b", "edges.csv has no columns 'x', 'y'; it has 'a', 'b'"),
        ("x,b", "edges.csv has no column 'y'; it has 'x', 'b'"),
        (",".join(f"c{k}" for k in range(22)), "'c19' and 2 more$"),
    ],
)
def test_missing_columns(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_table(put(tmp_path, f"{header}\n1\n")).require(["x", "y"])


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "edges.parquet"
    table = pa.table({"source": [1, 2, None], "target": pa.array(["a", None, "c"]).cast("string")})
    parquet.write_table(table, path, row_group_size=2)
    rows, lines, problems = rows_of(path)
    assert rows == [("1", "a"), ("2", ""), ("", "c")]
    assert lines == [0, 1, 2]
    assert (problems.unit, problems.num_rows) == ("row", 3)


def test_damaged_parquet(tmp_path: Path) -> None:
    path = tmp_path / "edges.parquet"
    parquet.write_table(pa.table({"source": list(range(1000))}), path)
    whole = path.read_bytes()
    for content in (whole[:-100], b"source,target\n1,2\n", b""):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"^edges.parquet is not a whole Parquet file: "):
            rows_of(path)
    path.write_bytes(whole[:10] + bytes(400) + whole[410:])
    with pytest.raises(ValueError, match=r"^edges.parquet is damaged after row 0: "):
        rows_of(path)


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = put(tmp_path, "", "edges.parquet")
    needs = r"reading edges.parquet needs PyArrow: pip install gnn\[parquet\]"
    with pytest.raises(ImportError, match=needs):
        open_table(path)


def test_numbers_as_text() -> None:
    cells = ["1", " 2.5 ", "-1e3", "True", "false", "", "x", "1_0", "nan", "inf", "1e39"]
    values, strange = parse_numbers(cells)
    assert values[:5].tolist() == [1, 2.5, -1000, 1, 0]
    assert strange == {5: "", 6: "x", 7: "1_0", 8: "nan", 9: "inf", 10: "1e39"}
    assert parse_numbers(["1_0", "2"]).strange == {0: "1_0"}


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (pa.array([7, None, 2**62]), ["7", "", str(2**62)]),
        (pa.array([1.0, None, np.nan]), ["1", "", ""]),
        (pa.array(["01", None]), ["01", ""]),
        (pa.array(["01", None], pa.string_view()), ["01", ""]),
        (pa.array(["b", "a", "b", None]).dictionary_encode(), ["b", "a", "b", ""]),
        (pa.array([True, None, False]), ["True", "", "False"]),
        (pa.nulls(2), ["", ""]),
    ],
)
def test_parquet_as_text(array: pa.Array, text: list[str]) -> None:
    assert ArrowCells("column 'id'", array).text() == text


@pytest.mark.parametrize(
    "array", [pa.array([0.5]), pa.array([np.inf]), pa.array([[1]]), pa.array([b"a"])]
)
def test_parquet_that_is_no_text(array: pa.Array) -> None:
    with pytest.raises(ValueError, match="column 'id' must hold text or whole numbers, got the"):
        ArrowCells("column 'id'", array).text()


@pytest.mark.parametrize(
    ("array", "values", "strange"),
    [
        (pa.array([1, None, 3], pa.uint8()), [1, 3], {1: ""}),
        (pa.array([1.5, np.inf, np.nan, 1e39, 2]), [1.5, 2], {1: "inf", 2: "", 3: "1e+39"}),
        (pa.array([True, False, None]), [1, 0], {2: ""}),
        (pa.array([1, None], pa.int8()).cast(pa.decimal128(20, 2)), [1], {1: ""}),
        (pa.array(["2", "x", None]), [2], {1: "x", 2: ""}),
    ],
)
def test_parquet_as_numbers(array: pa.Array, values: list[float], strange: dict[int, str]) -> None:
    numbers = ArrowCells("x", array).numbers()
    assert numbers.strange == strange
    assert np.delete(numbers.values, list(strange)).tolist() == values


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float32()), pa.large_list(pa.int16()), pa.list_(pa.float64(), 2)]
)
def test_parquet_lists(kind: pa.DataType) -> None:
    array = pa.array([[9, 9], [1, 2], None, [3, 4]], kind)[1:]
    lists = ArrowCells("x", array).lists()
    assert lists is not None
    assert lists.lengths.tolist() == [2, -1, 2]
    assert lists.values.tolist() == [1, 2, 3, 4]
    assert ArrowCells("x", pa.array([["a"]])).lists() is None
    assert ArrowCells("x", pa.array([1])).lists() is None


def test_many_problems_show_five_of_each_kind() -> None:
    problems = Problems("edges.csv", num_rows=100)
    for line in range(20, 2, -1):
        problems.add(line, "number", "weight is empty")
    problems.add(2, "fields", "1 field, not 2")
    (text,) = problems.messages()
    shown = ", ".join(f"line {line} (weight is empty)" for line in range(3, 8))
    assert text == (
        f"edges.csv: 19 malformed rows left out: {shown}, 13 more of this kind, "
        "line 2 (1 field, not 2); strict=True makes this an error"
    )
    problems.check(False, True)
    with pytest.raises(ValueError, match=r"^edges.csv: 19 malformed rows: line 3 .*not 2\)$"):
        problems.check(True, False)


def test_more_than_half_is_an_error() -> None:
    problems = Problems("edges.csv", num_rows=2)
    problems.add(2, "fields", "1 field, not 2")
    problems.check(False, False)
    problems.add(3, "fields", "1 field, not 2")
    with pytest.raises(
        ValueError, match="2 of 2 rows are malformed, more than half: line 2 .*comma"
    ):
        problems.check(False, False)
    with pytest.raises(ValueError, match="^edges.csv has no rows$"):
        Problems("edges.csv").check(False, False)


def test_parquet_is_let_go_as_it_is_read(tmp_path: Path) -> None:
    """Of eight row groups of 2 MB, memory holds about one at the last chunk."""
    rng, path = np.random.default_rng(0), tmp_path / "log.parquet"
    with parquet.ParquetWriter(path, pa.schema([("item", pa.int64())])) as writer:
        for _ in range(8):
            writer.write_table(pa.table({"item": rng.integers(0, 2**62, 250_000)}))
    before = pa.total_allocated_bytes()
    for chunk in open_table(path).chunks:
        held = pa.total_allocated_bytes() - before
        del chunk
    assert held < path.stat().st_size / 3
