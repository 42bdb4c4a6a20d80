"""A log in files or tables to numbers and edges: seconds, and memory above that of the imports.

    python benchmarks/session_logs.py --append benchmarks/results/session_logs.jsonl
    python benchmarks/session_logs.py --table benchmarks/results/session_logs.jsonl

The log is the `zipf` one of `session_edges.py`: 5 million clicks of a million sessions on 100,000
items; ids are text ("s0001234", "i01234") or integers; in order of sessions, or shuffled. Each way
is a process of its own, of which the peak of memory is read, in turn, the least of `--repeats`:

- `read_sessions`: the log as numbers of sessions and items, from Parquet, CSV, JSON lines, or a
  table that PyArrow or pandas holds in memory already;
- `from_sessions`: the edges of pairs seen twice or more, ten neighbors a node by NPMI;
- `pandas`: `read_parquet`, and `factorize` of both columns;
- `pyarrow`: `read_table` with `read_dictionary` of both columns, and one dictionary a column.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import peak_memory

COLUMNS = ["session", "item"]
NAMES = ["way", "form", "ids", "order"]
WAYS: list[tuple[str, str, str, str]] = [
    (way, form, ids, order)
    for ids in ("text", "integers")
    for order in ("sorted", "shuffled")
    for way, form in [
        ("read_sessions", "parquet"),
        ("from_sessions", "parquet"),
        ("pandas", "parquet"),
        ("pyarrow", "parquet"),
        *([("read_sessions", form) for form in ("csv", "jsonl", "arrow", "frame")]),
    ]
    if order == "sorted" or form == "parquet"
    if not (way == "pyarrow" and ids == "integers")  # It has no dictionaries of integers.
]


def write_log(folder: Path, ids: str, order: str) -> None:
    """The log as `log.parquet`, `log.csv` and `log.jsonl`."""
    import pyarrow as pa
    from pyarrow import csv, parquet
    from session_edges import clicks

    sessions, items = clicks("zipf")
    if order == "shuffled":
        turned = np.random.default_rng(0).permutation(sessions.size)
        sessions, items = sessions[turned], items[turned]
    if ids == "text":
        texts = [np.array([f"s{k:07d}" for k in range(10**6)])[sessions]]
        texts.append(np.array([f"i{k:05d}" for k in range(10**5)])[items])
        table = pa.table(dict(zip(COLUMNS, texts, strict=True)))
    else:
        table = pa.table(dict(zip(COLUMNS, (sessions, items), strict=True)))
    parquet.write_table(table, folder / "log.parquet")
    csv.write_csv(table, folder / "log.csv", csv.WriteOptions(quoting_style="none"))
    with (folder / "log.jsonl").open("w", encoding="utf-8") as file:
        for start in range(0, table.num_rows, 10**5):
            rows = table.slice(start, 10**5).to_pylist()
            file.write("".join(json.dumps(row) + "\n" for row in rows))


def given(path: Path, form: str) -> Any:
    """The file, or the table that was read of it."""
    from pyarrow import parquet

    if form == "arrow":
        return parquet.read_table(path / "log.parquet")
    if form == "frame":
        return parquet.read_table(path / "log.parquet").to_pandas()
    return path / f"log.{form}"


def run_here(way: str, form: str, path: Path) -> dict[str, Any]:
    """The seconds and the megabytes of one way."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    import gnn
    from gnn.configs import SessionColumns
    from gnn.edges.records.read_sessions import read_sessions

    config = gnn.SessionGraphConfig("npmi", min_count=2, max_neighbors=10)

    def by_pandas(log: Path) -> Any:
        frame = pd.read_parquet(log)
        return [pd.factorize(frame[name])[0] for name in COLUMNS]

    def by_pyarrow(log: Path) -> Any:
        table = parquet.read_table(log, read_dictionary=COLUMNS).unify_dictionaries()
        return [table[name].combine_chunks() for name in COLUMNS]

    ways: dict[str, Callable[[Any], Any]] = {
        "read_sessions": lambda log: read_sessions(log, SessionColumns()),
        "from_sessions": lambda log: gnn.Graph.from_sessions(log, config=config, verbose=False),
        "pandas": by_pandas,
        "pyarrow": by_pyarrow,
    }
    # What a first call loads is no part of the work.
    ways[way](given(path / "small", form))
    pa.default_memory_pool().release_unused()
    log = given(path, form)
    before, started = peak_memory.reset(), time.perf_counter()
    ways[way](log)
    return {"s": time.perf_counter() - started, "mb": peak_memory.peak() - before}


def measure(path: Path, repeats: int, way: str, form: str) -> dict[str, Any]:
    """The least seconds and megabytes of some processes."""
    command = [sys.executable, __file__, "--run", way, form, str(path)]
    found = []
    for _ in range(repeats):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {"s": round(min(f["s"] for f in found), 2), "mb": round(min(f["mb"] for f in found))}


def print_table(path: Path) -> None:
    """The lines of a file as a table."""
    print("| log | way | from | s | MB |\n| --- | --- | --- | --- | --- |")
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        cells = (f"{line['ids']}, {line['order']}", line["way"], line["form"], line["s"])
        print("| " + " | ".join(map(str, cells)) + f" | {line['mb']} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results to add lines to")
    parser.add_argument("--table", type=Path, help="the file of results to print")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--run", nargs=3, metavar=("WAY", "FORM", "FOLDER"), help="one way, here")
    arguments = parser.parse_args()
    if arguments.table:
        print_table(arguments.table)
    elif arguments.run:
        way, form, folder = arguments.run
        print(json.dumps(run_here(way, form, Path(folder))))
    else:
        measure_all(arguments.append, arguments.repeats)


def measure_all(append: Path | None, repeats: int) -> None:
    import result_lines

    for ids, order in dict.fromkeys(way[2:] for way in WAYS):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            write_log(path, ids, order)
            write_small(path)
            wanted = [dict(zip(NAMES, way, strict=True)) for way in WAYS if way[2:] == (ids, order)]

            def run(way: str, form: str, path: Path = path, **_: str) -> dict[str, Any]:
                return measure(path, repeats, way, form)

            result_lines.run_missing(append, wanted, run)


def write_small(path: Path) -> None:
    """The first thousand clicks, in a folder of their own."""
    from pyarrow import parquet

    (path / "small").mkdir()
    table = parquet.ParquetFile(path / "log.parquet").read_row_group(0).slice(0, 1000)
    parquet.write_table(table, path / "small" / "log.parquet")
    for name, lines in (("log.csv", 1001), ("log.jsonl", 1000)):
        with (path / name).open() as file:
            text = "".join(next(file) for _ in range(lines))
        (path / "small" / name).write_text(text)


if __name__ == "__main__":
    main()
