"""Files made to fill the memory, or broken: each is a clear error, by small limits set here."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

from gnn.tables import csv_tables, json_lines, limits
from gnn.tables.opening import open_table
from gnn.tables.text_files import open_text

PACKED: list[tuple[str, Callable[[bytes], bytes]]] = [
    (".gz", gzip.compress),
    (".bz2", bz2.compress),
    (".xz", lzma.compress),
    (".zst", lambda content: pa.compress(content, codec="zstd", asbytes=True)),
]


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that small files pass, and blocks that are smaller than those."""
    for name, value in (
        ("FREE_BYTES", 4000),
        ("MOST_BYTES", 50_000),
        ("RATIO", 20),
        ("ROW_RATIO", 20),
        ("FREE_ROWS", 1000),
        ("LONGEST_LINE", 2000),
        ("MOST_COLUMNS", 100),
    ):
        monkeypatch.setattr(limits, name, value)
    for module in (csv_tables, json_lines):
        monkeypatch.setattr(module, "_BLOCK_BYTES", 500)
    monkeypatch.setattr(csv_tables, "_SAMPLE_BYTES", 500)


def read(path: Path) -> int:
    """Reads a table to its end, and returns how many rows it gave."""
    return sum(chunk.lines.size for chunk in open_table(path).chunks)


def put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize(("suffix", "compress"), PACKED)
def test_what_a_file_unfolds_to_is_bounded(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    """20,000 equal bytes become fewer than 200; 4,000 would be free."""
    bomb = compress(b"id,x\n" + b"a,1\n" * 5000)
    assert 20 * len(bomb) < 4000
    for name in (f"a.csv{suffix}", f"a.jsonl{suffix}"):
        message = re.escape(f"{name} unfolds to more than 4,000 bytes from {len(bomb)}, the most")
        with pytest.raises(ValueError, match=f"^{message} that is read; decompress it yourself"):
            read(put(tmp_path, name, bomb))
    with (
        pytest.raises(ValueError, match="unfolds to more than 4,000 bytes"),
        open_text(put(tmp_path, f"a.txt{suffix}", bomb), "a.txt") as file,
    ):
        for _ in file:
            pass
    assert read(put(tmp_path, f"b.csv{suffix}", compress(b"id,x\n" + b"a,1\n" * 900))) == 900


@pytest.mark.usefixtures("small_limits")
def test_more_than_the_most_is_refused_at_any_ratio(tmp_path: Path) -> None:
    assert limits.most_bytes(100) == 4000
    assert limits.most_bytes(1000) == 20_000
    assert limits.most_bytes(10**6) == 50_000


@pytest.mark.parametrize(("suffix", "compress"), PACKED)
def test_compressed_files_that_are_not_whole(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    whole = compress("\n".join(f"{k},{k * k}" for k in range(1000)).encode())
    for content in (whole[:-20], whole[: len(whole) // 2], b"id,x\na,1\n"):
        with pytest.raises(ValueError, match=f"^a.csv{suffix} is not a whole .* file: "):
            read(put(tmp_path, f"a.csv{suffix}", content))


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"," * 100 + b"\n", "a.csv has more than 100 columns"),
        ("a.csv", b";" * 100 + b"\n", "a.csv has more than 100 columns"),
        (
            "a.csv",
            b"id,x\na,1\n" + b"b" * 3000,
            "a.csv, line 3: the row is longer than 2,000",
        ),
        ("a.csv", b"i" * 3000, "a.csv, line 1: the row is longer than 2,000 bytes"),
        (
            "a.csv",
            b'id,x\na,1\n"b' + b'",1\n"b\n\n' * 300,
            "a.csv, line .*(the row is longer|a quote is opened)",
        ),
        ("a.csv", b'id,x\na,"' + b"1\n" * 2000, "a.csv, line .*: the row is longer than 2,000"),
        ("a.jsonl", b'{"id": "' + b"a" * 3000, "a.jsonl, line 1: the row is longer than 2,000"),
        (
            "a.jsonl",
            b'{"id": 1}\n' + b'{"id": "' + b"a" * 3000,
            "a.jsonl, line 2: the row is longer than 2,000 bytes",
        ),
        (
            "a.jsonl",
            ("{" + ", ".join(f'"{k}": 1' for k in range(101)) + "}\n").encode(),
            "a.jsonl has more than 100 columns",
        ),
    ],
)
def test_wide_and_long(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        read(put(tmp_path, name, content))


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_columns_and_rows_of_typed_files(tmp_path: Path, suffix: str) -> None:
    def put_table(name: str, table: pa.Table) -> Path:
        path = tmp_path / f"{name}{suffix}"
        if suffix == ".parquet":
            parquet.write_table(table, path)
        else:
            feather.write_feather(table, path, compression="uncompressed")
        return path

    with pytest.raises(ValueError, match=f"^wide{suffix} has more than 100 columns"):
        read(put_table("wide", pa.table({str(k): [1] for k in range(101)})))
    # Nulls and runs of one value take no bytes; a million of them is nothing that harms.
    path = put_table("long", pa.table({"x": pa.nulls(1_000_000)}))
    size = path.stat().st_size
    message = f"rows in {size:,} bytes; at most {20 * size:,} are believed"
    with pytest.raises(ValueError, match=f"^long{suffix} claims [0-9,]+ {message}$"):
        read(path)
    assert read(put_table("short", pa.table({"x": pa.nulls(1000)}))) == 1000


def test_a_row_of_a_million_fields(tmp_path: Path) -> None:
    rows = b"id,x\na,1\n" + b"," * 999_999 + b"\nb,2\n"
    for content in (rows, rows + b'"c",3\n'):
        table = open_table(put(tmp_path, "a.csv", content))
        assert sum(chunk.lines.size for chunk in table.chunks) == 2 + content.count(b'"c"')
        assert table.problems.malformed == {3: "1000000 fields, not 2"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"id,x\na,1\nb\0,2\n", "a.csv, line 3: a NUL byte"),
        ("a.csv", "id,x\na,1\n".encode("utf-16-le"), "a.csv, line 1: a NUL byte"),
        ("a.csv", "id,x\na,1\n".encode("utf-16"), "a.csv, line 1: not UTF-8 but UTF-16"),
        ("a.csv", b"id,x\na,1\n\xe4,2\n", "a.csv, line 3: not UTF-8"),
        ("a.csv", b'id,x\n"a,1\n' + b"b,2\n" * 50_000, "a.csv, line 2: a quote is opened that is"),
        ("a.csv", bytes(100), "a.csv, line 1: a NUL byte"),
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"id,x\na\nb\nc\n", None),
        ("a.jsonl", b'{"id": 1}\n\0', "a.jsonl, line 2: a NUL byte"),
        ("a.jsonl", b"[" * 100_000 + b"\n", "a.jsonl must have a JSON object a line, and has none"),
        ("a.jsonl", b"", "a.jsonl is empty"),
        ("a.arrow", b"id,x\na,1\n", "a.arrow is not a whole Arrow file"),
        ("a.feather", b"", "a.feather is not a whole Arrow file"),
        ("a.parquet", b"PAR1", "a.parquet is not a whole Parquet file"),
        ("a.parquet.gz", b"", "a.parquet.gz: .parquet is compressed inside; decompress .gz first"),
        ("a.exe", b"MZ", "a table must end in .csv, "),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: bytes, message: str | None) -> None:
    path = put(tmp_path, name, content)
    if message is None:  # Rows that are no rows are counted, and their reader decides.
        table = open_table(path)
        assert list(table.chunks) == []
        assert list(table.problems.malformed) == [2, 3, 4]
        return
    with pytest.raises(ValueError, match=f"^{message}"):
        read(path)


def test_arrow_files_that_are_cut(tmp_path: Path) -> None:
    table = pa.table({"id": [f"node {k}" for k in range(5000)]})
    sink = io.BytesIO()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    stream = sink.getvalue()
    feather.write_feather(table, tmp_path / "whole.feather", compression="uncompressed")
    whole = (tmp_path / "whole.feather").read_bytes()
    with pytest.raises(ValueError, match=r"^a.feather is not a whole Arrow file: "):
        read(put(tmp_path, "a.feather", whole[:-100]))
    with pytest.raises(ValueError, match=r"^a.arrow is damaged after row 0: "):
        read(put(tmp_path, "a.arrow", stream[: len(stream) // 2]))


def test_a_folder_named_like_a_table(tmp_path: Path) -> None:
    (tmp_path / "nodes.csv").mkdir()
    with pytest.raises(IsADirectoryError, match="a table must be a file, got the folder '.*csv'"):
        open_table(tmp_path / "nodes.csv")
    with pytest.raises(FileNotFoundError, match="no file '.*edges.csv'"):
        open_table(tmp_path / "edges.csv")
