"""Pairs from 50 and from 300 million clicks within a budget of memory, beside DuckDB.

    pip install duckdb
    python benchmarks/session_edges_large.py --append benchmarks/results/session_edges_large.jsonl

Clicks are drawn in chunks of 5 million with seed 7 (items by a Zipf distribution of exponent 1.3 on
100,000 items, sessions of 5 clicks in the mean, in any order) and written to a Parquet file of two
columns of integers. Each way runs in a process of its own, which reads that file:

- `duckdb`: lists of the items of a session, unnested and counted, pairs of 2 or more, within a
  `memory_limit` of 1.5 GB, to a Parquet file. `top50`: of each item the 50 of the largest counts.
- `gnn`: `gnn.edges.sessions.spilled_edges` within `--memory`, pairs of 2 or more, in both
  directions; with `top50` the 50 heaviest neighbors of each item by NPMI, of either end.

Memory is the peak of the process above what it took after its imports.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import peak_memory
import pyarrow as pa
import pyarrow.parquet as pq
import result_lines

ITEMS, SEED, CHUNK = 100_000, 7, 5_000_000
PAIRS = """
    WITH lists AS (SELECT list(DISTINCT item) AS items FROM read_parquet('{log}') GROUP BY session),
    one AS (SELECT unnest(items) AS i, items FROM lists),
    ends AS (SELECT i, unnest(items) AS j FROM one),
    counted AS (SELECT i, j, count(*) AS n FROM ends WHERE i <> j GROUP BY i, j HAVING n >= 2)
    SELECT * FROM counted
"""


def write_log(path: Path, clicks: int) -> None:
    """Draws a log."""
    schema = pa.schema([("session", pa.int64()), ("item", pa.int32())])
    rng = np.random.default_rng(SEED)
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, clicks, CHUNK):
            size = min(CHUNK, clicks - start)
            sessions = rng.integers(0, clicks // 5, size)
            items = ((rng.zipf(1.3, size) - 1) % ITEMS).astype(np.int32)
            writer.write_table(pa.table([sessions, items], schema=schema))


def by_duckdb(log: Path, task: str, memory: float) -> int:
    import duckdb

    sql = PAIRS.format(log=log)
    if task == "top50":
        sql += " QUALIFY row_number() OVER (PARTITION BY i ORDER BY n DESC, j) <= 50"
    with tempfile.TemporaryDirectory(dir=log.parent) as folder, duckdb.connect() as connection:
        connection.sql(f"SET memory_limit = '{memory}GB'; SET temp_directory = '{folder}'")
        out = Path(folder) / "pairs.parquet"
        connection.sql(f"COPY ({sql}) TO '{out}' (FORMAT parquet)")
        return connection.sql(f"SELECT count(*) FROM read_parquet('{out}')").fetchall()[0][0]


def by_gnn(log: Path, task: str, memory: float) -> int:
    from gnn.configs.sessions import SessionGraphConfig
    from gnn.edges.sessions.spilled_edges import SpilledSessions

    config = SessionGraphConfig("count", min_count=2)
    if task == "top50":
        config = SessionGraphConfig("npmi", min_count=2, max_neighbors=50)
    with SpilledSessions(config, memory=int(memory * 1e9), folder=log.parent) as sessions:
        for batch in pq.ParquetFile(log, pre_buffer=False).iter_batches(1 << 20):
            sessions.add(batch["session"].to_numpy(), batch["item"].to_numpy())
        return sessions.edges(ITEMS).senders.size


WAYS = {"duckdb": by_duckdb, "gnn": by_gnn}


def in_this_process(way: str, log: Path, task: str, memory: float) -> dict[str, Any]:
    """Seconds, the peak of memory above the imports in MB, and how many pairs there are."""
    if way == "gnn":
        import gnn.edges.sessions.spilled_edges  # noqa: F401
    else:
        import duckdb  # noqa: F401
    before = peak_memory.reset()
    started = time.perf_counter()
    found = WAYS[way](log, task, memory)
    seconds = time.perf_counter() - started
    peak = round(peak_memory.peak() - before)
    return {"seconds": round(seconds, 2), "peak_mb": peak, "found": found}


def measure(way: str, clicks: int, task: str, memory: float, folder: Path) -> dict[str, Any]:
    """The figures of one way, in a process of its own."""
    log = folder / f"clicks_{clicks}.parquet"
    if not log.exists():
        write_log(log, clicks)
    command = [sys.executable, __file__, "--one", way, str(log), task, str(memory)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results to add lines to")
    parser.add_argument("--clicks", type=int, nargs="+", default=[5_000_000, 50_000_000])
    parser.add_argument("--ways", nargs="+", default=list(WAYS))
    parser.add_argument("--tasks", nargs="+", default=["pairs", "top50"])
    parser.add_argument("--memory", type=float, default=1.0, help="of gnn, in GB")
    parser.add_argument("--folder", type=Path, help="where the logs are, and what is spilled")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        way, log, task, memory = arguments.one
        print(json.dumps(in_this_process(way, Path(log), task, float(memory))))
        return
    folder = arguments.folder or Path(tempfile.mkdtemp())
    for clicks in arguments.clicks:
        for task in arguments.tasks:
            for way in arguments.ways:
                memory = arguments.memory if way == "gnn" else 1.5
                names = {"way": way, "clicks": clicks, "task": task, "memory": memory}
                result_lines.run_missing(
                    arguments.append, [names], lambda **names: measure(**names, folder=folder)
                )


if __name__ == "__main__":
    main()
