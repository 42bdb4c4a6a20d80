"""Pairs of items from a log of sessions, beside other libraries on the same machine.

    pip install duckdb similaripy
    python benchmarks/session_edges.py --append benchmarks/results/session_edges.jsonl
    python benchmarks/session_edges.py --table benchmarks/results/session_edges.jsonl

Logs, all of 5 million clicks on 100,000 items, seed 7:

- `zipf`: a million sessions, items by a Zipf distribution of exponent 1.3;
- `uniform`: the same sessions, items drawn uniformly;
- `long`: 100,000 sessions, of 50 clicks each on average, items drawn uniformly.

Tasks, each from two arrays of integers:

- `pairs`: all pairs of different items and their counts. `scipy` is the matrix of clicks and its
  product `X.T @ X`, unsorted and with a diagonal; `gnn` is `gnn.graphs.co_occurrence`, in both
  directions, sorted.
- `top50`: of each item the 50 neighbors of the largest weight. `gnn` weighs by NPMI and joins both
  directions; `duckdb` takes the largest counts from lists of the items of a session; `similaripy`
  the largest cosines.

The ways of a task run one by one in turn; the least of `--repeats` runs counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import result_lines
from scipy import sparse

from gnn.configs import SessionGraphConfig
from gnn.edges.sessions.session_edges import session_edges
from gnn.graphs import co_occurrence

CLICKS, ITEMS, SEED = 5_000_000, 100_000, 7
SESSIONS = {"zipf": 1_000_000, "uniform": 1_000_000, "long": 100_000}
TOP_50 = """
    WITH lists AS (SELECT list(DISTINCT item) AS items FROM clicks GROUP BY session),
    one AS (SELECT unnest(items) AS i, items FROM lists),
    ends AS (SELECT i, unnest(items) AS j FROM one),
    counted AS (SELECT i, j, count(*) AS n FROM ends WHERE i <> j GROUP BY i, j)
    SELECT count(*) FROM (
        SELECT i, j, n FROM counted
        QUALIFY row_number() OVER (PARTITION BY i ORDER BY n DESC, j) <= 50)
"""


def clicks(log: str) -> tuple[np.ndarray, np.ndarray]:
    """The session and the item of each click; sessions ascend, as in a log that is sorted."""
    rng = np.random.default_rng(SEED)
    sessions = np.sort(rng.integers(0, SESSIONS[log], CLICKS))
    if log == "zipf":
        return sessions, (rng.zipf(1.3, CLICKS) - 1) % ITEMS
    return sessions, rng.integers(0, ITEMS, CLICKS)


def clicks_matrix(sessions: np.ndarray, items: np.ndarray, dtype: Any) -> sparse.csr_array:
    """`X[s, i] = 1` where session s holds item i."""
    holds = sparse.csr_array((np.ones(sessions.size, dtype), (sessions, items)))
    holds.data[:] = 1
    return holds


def scipy_pairs(sessions: np.ndarray, items: np.ndarray) -> int:
    """The product, and how many entries it has off its diagonal."""
    holds = clicks_matrix(sessions, items, np.int32)
    product = holds.T.tocsr() @ holds
    return product.nnz - int(np.count_nonzero(product.diagonal()))


def gnn_pairs(sessions: np.ndarray, items: np.ndarray) -> int:
    return co_occurrence(sessions, items, ITEMS)[0].size


def gnn_top(sessions: np.ndarray, items: np.ndarray) -> int:
    config = SessionGraphConfig("npmi", max_neighbors=50)
    return session_edges(sessions, items, ITEMS, config).senders.size


def duckdb_top(sessions: np.ndarray, items: np.ndarray) -> int:
    import duckdb

    with duckdb.connect() as connection:
        clicks = pa.table({"session": sessions, "item": items})
        connection.register("clicks", clicks)
        return connection.sql(TOP_50).fetchall()[0][0]


def similaripy_top(sessions: np.ndarray, items: np.ndarray) -> int:
    import similaripy

    holds = sparse.csr_matrix(clicks_matrix(sessions, items, np.float32))
    return similaripy.cosine(holds.T.tocsr(), k=51, verbose=False, format_output="csr").nnz


WAYS: dict[str, dict[str, Callable[[np.ndarray, np.ndarray], int]]] = {
    "pairs": {"scipy": scipy_pairs, "gnn": gnn_pairs},
    "top50": {"duckdb": duckdb_top, "similaripy": similaripy_top, "gnn": gnn_top},
}


def measure(log: str, task: str, repeats: int) -> dict[str, Any]:
    """The least seconds of each way, and how many pairs it found."""
    data = clicks(log)
    seconds: dict[str, float] = dict.fromkeys(WAYS[task], float("inf"))
    found = {}
    for _ in range(repeats):
        for name, way in WAYS[task].items():
            started = time.perf_counter()
            found[name] = way(*data)
            seconds[name] = min(seconds[name], time.perf_counter() - started)
    if task == "pairs" and len(set(found.values())) > 1:
        raise AssertionError(f"not the same pairs: {found}")
    return {"found": found, "seconds": {name: round(least, 3) for name, least in seconds.items()}}


def print_table(path: Path) -> None:
    """The lines of a file as a table."""
    print("| task | log | peer | its s | gnn, s | ratio |\n| --- | --- | --- | --- | --- | --- |")
    for line in result_lines.read(path):
        own = line["seconds"]["gnn"]
        for peer, seconds in line["seconds"].items():
            if peer != "gnn":
                cells = line["task"], line["log"], peer, seconds, own, f"{own / seconds:.2f}"
                print("| " + " | ".join(map(str, cells)) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results to add lines to")
    parser.add_argument("--table", type=Path, help="the file of results to print")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.table:
        print_table(arguments.table)
        return
    wanted = [
        {"log": log, "task": task, "repeats": arguments.repeats}
        for task, logs in (("pairs", SESSIONS), ("top50", ("zipf",)))
        for log in logs
    ]
    result_lines.run_missing(arguments.append, wanted, measure)


if __name__ == "__main__":
    main()
