"""Delimiters, compressions and formats of tables, each against rows written by hand."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, ipc

from gnn.tables import csv_tables
from gnn.tables.csv_layout import row_ends
from gnn.tables.opening import open_table

ROWS = [("a", "1,5"), ("b", "2")]


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows_of(path: Path, delimiter: str | None = None) -> list[tuple[str, ...]]:
    """All rows of a table as text."""
    table = open_table(path, delimiter=delimiter)
    return [
        row
        for chunk in table.chunks
        for row in zip(*(chunk.columns[name].text() for name in table.header), strict=True)
    ]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt"])
def test_a_delimiter_is_found(tmp_path: Path, delimiter: str, suffix: str) -> None:
    lines = ["id;price", "a;1,5", "b;2"]
    path = put(tmp_path, f"nodes{suffix}", "\n".join(lines).replace(";", delimiter))
    table = open_table(path)
    assert table.header == ["id", "price"]
    assert rows_of(path) == ROWS


@pytest.mark.parametrize(
    ("name", "content", "header"),
    [
        # A comma that splits the header is it, whatever else there is.
        ("nodes.csv", "id,a;b;c\n1,2;3;4\n", ["id", "a;b;c"]),
        # One column; its cells have what could be a delimiter.
        ("nodes.csv", "title\none; two\n", ["title"]),
        # The header alone seems to be split by it.
        ("nodes.csv", "title; subtitle\none\ntwo\n", ["title; subtitle"]),
        # Tabs come first where the name says so.
        ("nodes.tsv", "id\tname, first\na\tb, c\n", ["id", "name, first"]),
        ("nodes.tsv", "id,name\na,b\n", ["id", "name"]),
        # Of two that split all rows, the one that makes more cells.
        ("nodes.csv", "a|b;c|d\n1|2;3|4\n", ["a", "b;c", "d"]),
        ("nodes.csv", '"a;b";c\n1;2\n', ["a;b", "c"]),
        ("nodes.csv", "id;x", ["id", "x"]),
    ],
)
def test_which_delimiter_it_is(tmp_path: Path, name: str, content: str, header: list[str]) -> None:
    assert open_table(put(tmp_path, name, content)).header == header


def test_a_delimiter_is_given(tmp_path: Path) -> None:
    path = put(tmp_path, "nodes.csv", "id^price,net\na^1,5\n")
    assert rows_of(path, "^") == [("a", "1,5")]
    for wrong in ("", ",,", '"', "\n", " ", "é"):
        with pytest.raises(ValueError, match="delimiter must be one ASCII character"):
            open_table(path, delimiter=wrong)
    with pytest.raises(ValueError, match="delimiter has no use for 'log.jsonl'"):
        open_table(put(tmp_path, "log.jsonl", "{}\n"), delimiter=";")


def zstd(content: bytes) -> bytes:
    return pa.compress(content, codec="zstd", asbytes=True)


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress), (".zst", zstd)],
)
def test_compressed_tables(tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]) -> None:
    content = b"id;price\na;1,5\nb;2\n"
    assert rows_of(put(tmp_path, f"nodes.CSV{suffix}", compress(content))) == ROWS
    lines = b'{"id": "a", "price": "1,5"}\n{"id": "b", "price": "2"}\n'
    assert rows_of(put(tmp_path, f"nodes.jsonl{suffix}", compress(lines))) == ROWS


def test_zstandard_needs_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "nodes.csv.zst", zstd(b"id\na\n"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"reading nodes.csv.zst needs PyArrow: pip install gnn"):
        open_table(path)


def test_arrow_files_and_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"id": ["a", "b", "c"], "n": [1, None, 3]})
    feather.write_feather(table, tmp_path / "nodes.feather")
    with ipc.new_stream(tmp_path / "nodes.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    for name in ("nodes.feather", "nodes.arrow"):
        opened = open_table(tmp_path / name)
        chunks = list(opened.chunks_of(["n"]))
        assert [chunk.columns["n"].text() for chunk in chunks] in (
            [["1", "", "3"]],
            [["1", ""], ["3"]],
        )
        assert [line for chunk in chunks for line in chunk.lines.tolist()] == [0, 1, 2]
        assert (opened.problems.unit, opened.problems.num_rows) == ("row", 3)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"reading nodes.arrow needs PyArrow: pip install gnn"):
        open_table(tmp_path / "nodes.arrow")


@pytest.mark.parametrize("has_arrow", [True, False])
def test_blanks_around_cells_do_not_count(
    tmp_path: Path, has_arrow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_arrow:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = put(tmp_path, "edges.csv", "source, target\na, b\nb , a\n b,c \n")
    assert open_table(path).header == ["source", "target"]
    assert rows_of(path) == [("a", "b"), ("b", "a"), ("b", "c")]
    path = put(tmp_path, "edges.csv", 'source, target\na, "b, c"\n"b","a "\n')
    assert rows_of(path) == [("a", "b, c"), ("b", "a")]


@pytest.mark.parametrize("has_arrow", [True, False])
@pytest.mark.parametrize("size", [1 << 24, 16])
def test_quoted_rows_and_their_lines(
    tmp_path: Path, has_arrow: bool, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 4 rows one spans lines, one has a pair of quotes, one a quote that is text."""
    if not has_arrow:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(csv_tables, "_BLOCK_BYTES", size)
    path = put(tmp_path, "a.csv", 'id,note\na,"1\n2"\r\nb,"say ""x"""\nc,5" pipe\nd,"é"')
    table = open_table(path)
    rows = [
        (line, *row)
        for chunk in table.chunks
        for line, row in zip(
            chunk.lines.tolist(),
            zip(*(chunk.columns[name].text() for name in table.header), strict=True),
            strict=True,
        )
    ]
    assert rows == [(2, "a", "1\n2"), (4, "b", 'say "x"'), (5, "c", '5" pipe'), (6, "d", "é")]
    assert (table.problems.num_rows, table.problems.malformed) == (4, {})


def test_where_rows_end() -> None:
    rows = row_ends(b'a,"x\ny"\n"b;c";d\n', ";")
    assert rows is None  # With semicolons the first quote stands within a cell.
    rows = row_ends(b'a;"x\ny"\n"b""";d\ne;f', ";")
    assert rows is not None
    assert (rows.ends.tolist(), rows.lines.tolist()) == ([8, 16, 19], [0, 2, 3])
    rows = row_ends(b'a;b\nc;"d\n', ";")
    assert rows is not None
    assert (rows.ends.tolist(), rows.lines.tolist()) == ([4], [0])
    assert row_ends(b'"a"b;c\n', ";") is None


def test_a_malformed_row_is_found_among_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyArrow cuts what it can, and the part that it cannot is looked at line by line."""
    monkeypatch.setattr(csv_tables, "_PART_BYTES", 100)
    lines = ["id,n", *(f"{k},{k}" for k in range(200))]
    lines[150] = "x"
    table = open_table(put(tmp_path, "a.csv", "\n".join(lines)))
    found = [line for chunk in table.chunks_of(["n"]) for line in chunk.lines.tolist()]
    assert found == [*range(2, 151), *range(152, 202)]
    assert table.problems.malformed == {151: "1 field, not 2"}
    assert table.problems.num_rows == 200
