"""A large CSV table with gaps, to a typed table and to a graph, beside pandas on the same machine.

    pip install pandas pyarrow
    python benchmarks/typed_table.py --append benchmarks/results/typed_table.jsonl
    python benchmarks/typed_table.py --rows 500000 --repeats 1

The table has 12 columns: an id, 5 numbers of which a tenth are gaps and one in 500 says "on
request", categories of 10, 1,000 and 50,000 values, a truth, a date, and a title of 2 to 4 words.
`plain` has no quotes; in `quoted` all texts are quoted, as pandas, PyArrow and spreadsheets may.

Ways, each in a process of its own, in turn; the least seconds and bytes of `--repeats` runs count:

- `pandas`: `pandas.read_csv(path)`, which guesses types;
- `nodes`: `gnn.datasets.read_nodes(path)`, which guesses a schema, and names each wrong cell;
- `graph`: `gnn.datasets.from_folder` of the same table and one edge.

Memory is the peak above what there was after the imports. Seconds of all processors together are
given too, since other programs may run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import peak_memory

ROWS, SEED, BLOCK = 5_000_000, 7, 250_000
WAYS = ("pandas", "nodes", "graph")
UNITS = ("seconds", "cpu_seconds", "megabytes")
CATEGORIES = {"brand": 10, "shelf": 1000, "maker": 50_000}
WORDS = 5000


def write_table(path: Path, rows: int, is_quoted: bool) -> None:
    """Writes the table block by block, the same for a seed whatever the quotes."""
    import pyarrow as pa
    from pyarrow import csv

    rng = np.random.default_rng(SEED)
    words = np.array([f"word{k}" for k in range(WORDS)], object)
    options = csv.WriteOptions(quoting_style="needed" if is_quoted else "none")
    writer = None
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        columns: dict[str, Any] = {"id": [f"p{k}" for k in range(start, start + count)]}
        for k in range(5):
            values = np.round(rng.gamma(2.0, 10.0**k, count), 2).astype(str).astype(object)
            draw = rng.random(count)
            values[draw < 0.1] = ""
            values[draw > 0.998] = "on request"
            columns[f"number{k}"] = values
        for name, values in CATEGORIES.items():
            columns[name] = [f"{name}{k}" for k in rng.zipf(1.2, count) % values]
        columns["listed"] = np.where(rng.random(count) < 0.5, "true", "false").astype(object)
        days = np.datetime64("2020-01-01") + rng.integers(0, 2000, count)
        columns["since"] = days.astype(str).astype(object)
        drawn = words[rng.integers(0, WORDS, (count, 4))]
        length = rng.integers(2, 5, count)
        columns["title"] = [" ".join(row[:n]) for row, n in zip(drawn, length, strict=True)]
        table = pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
        if writer is None:
            writer = csv.CSVWriter(path, table.schema, write_options=options)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def measure(way: str, folder: Path) -> dict[str, Any]:
    """Seconds and peak of memory of one way, in this process."""
    path = folder / "nodes.csv"
    if way == "pandas":
        import pandas as pd

        pd.read_csv(path, nrows=10)  # What is imported when first used.
    else:
        import gnn
        from gnn import datasets

        warm = folder / "warm"
        datasets.from_folder(warm)
        datasets.read_nodes(warm / "nodes.csv")
        del gnn
    before = peak_memory.reset()
    start, used = time.perf_counter(), time.process_time()
    found: Any
    if way == "pandas":
        found = pd.read_csv(path)
        shape = found.shape
    elif way == "nodes":
        found = datasets.read_nodes(path)
        shape = (found.table.num_rows, len(found.table.columns))
    else:
        found = datasets.from_folder(folder)
        shape = (found.num_nodes, sum(values.shape[1] for values in found.features.values()))
    seconds = time.perf_counter() - start
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(time.process_time() - used, 2),
        "megabytes": round(peak_memory.peak() - before),
        "shape": list(map(int, shape)),
    }


def run(rows: int, is_quoted: bool, repeats: int, ways: list[str]) -> dict[str, Any]:
    """All ways on one table, in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_table(folder / "nodes.csv", rows, is_quoted)
        (folder / "edges.csv").write_text("source,target\np0,p1\n")
        (folder / "warm").mkdir()
        (folder / "warm/nodes.csv").write_text('id,x,y\np0,1,"a"\np1,2,"b"\n')
        (folder / "warm/edges.csv").write_text("source,target\np0,p1\n")
        found: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
        for _ in range(repeats):
            for way in ways:
                command = [sys.executable, __file__, "--alone", way, str(folder)]
                output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                found[way].append(json.loads(output.splitlines()[-1]))
        size = (folder / "nodes.csv").stat().st_size
    line: dict[str, Any] = {
        "rows": rows,
        "quoted": is_quoted,
        "file_megabytes": round(size / 1e6),
        "repeats": repeats,
        "load": round(os.getloadavg()[0], 2),
    }
    for way, runs in found.items():
        line[way] = {
            **{unit: min(each[unit] for each in runs) for unit in UNITS},
            "shape": runs[0]["shape"],
        }
        if "pandas" in found and way != "pandas":
            for unit in UNITS:
                line[way][f"{unit}_ratio"] = round(line[way][unit] / line["pandas"][unit], 2)
    return line


def main() -> None:
    """Reads the arguments, and prints a line for each table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tables", nargs="+", choices=["plain", "quoted"], default=["plain"])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--append", type=Path)
    parser.add_argument("--alone", nargs=2, metavar=("WAY", "FOLDER"))
    options = parser.parse_args()
    if options.alone is not None:
        warnings.simplefilter("ignore")
        print(json.dumps(measure(options.alone[0], Path(options.alone[1]))))
        return
    for table in options.tables:
        line = json.dumps(run(options.rows, table == "quoted", options.repeats, options.ways))
        print(line, flush=True)
        if options.append is not None:
            with options.append.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")


if __name__ == "__main__":
    main()
