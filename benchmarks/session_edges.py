"""Pairs of items from a log of sessions, against SciPy's product on the same machine.

    python benchmarks/session_edges.py --append benchmarks/results/session_edges.jsonl
    python benchmarks/session_edges.py --table benchmarks/results/session_edges.jsonl

Logs, all of 5 million clicks on 100,000 items, seed 7:

- `zipf`: a million sessions, items by a Zipf distribution of exponent 1.3;
- `uniform`: the same sessions, items drawn uniformly;
- `long`: 100,000 sessions, of 50 clicks each on average, items drawn uniformly.

Ways, each from two arrays of integers, one by one in turn, the least of `--repeats` runs:

- `scipy`: the matrix of clicks and its product `X.T @ X` with a diagonal, unsorted;
- `gnn`: `gnn.graphs.co_occurrence`, which has each pair of different items in both directions,
  sorted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import result_lines
from scipy import sparse

from gnn.graphs import co_occurrence

CLICKS, ITEMS, SEED = 5_000_000, 100_000, 7
SESSIONS = {"zipf": 1_000_000, "uniform": 1_000_000, "long": 100_000}


def clicks(log: str) -> tuple[np.ndarray, np.ndarray]:
    """The session and the item of each click; sessions ascend, as in a log that is sorted."""
    rng = np.random.default_rng(SEED)
    sessions = np.sort(rng.integers(0, SESSIONS[log], CLICKS))
    if log == "zipf":
        return sessions, (rng.zipf(1.3, CLICKS) - 1) % ITEMS
    return sessions, rng.integers(0, ITEMS, CLICKS)


def by_scipy(sessions: np.ndarray, items: np.ndarray) -> int:
    """The product, and how many entries it has off its diagonal."""
    ones = np.ones(sessions.size, np.int32)
    holds = sparse.csr_array((ones, (sessions, items)))
    holds.data[:] = 1
    product = holds.T.tocsr() @ holds
    return product.nnz - int(np.count_nonzero(product.diagonal()))


def by_gnn(sessions: np.ndarray, items: np.ndarray) -> int:
    return co_occurrence(sessions, items, ITEMS)[0].size


WAYS: dict[str, Callable[[np.ndarray, np.ndarray], int]] = {"scipy": by_scipy, "gnn": by_gnn}


def measure(log: str, repeats: int) -> dict[str, Any]:
    """The least seconds of each way, and the number of pairs, which must be the same."""
    data = clicks(log)
    seconds: dict[str, float] = dict.fromkeys(WAYS, float("inf"))
    pairs = set()
    for _ in range(repeats):
        for name, way in WAYS.items():
            started = time.perf_counter()
            pairs.add(way(*data))
            seconds[name] = min(seconds[name], time.perf_counter() - started)
    (found,) = pairs
    return {"pairs": found, **{f"{name}_s": round(least, 3) for name, least in seconds.items()}}


def print_table(path: Path) -> None:
    """The lines of a file as a table."""
    print("| log | pairs | SciPy, s | gnn, s | ratio |\n| --- | --- | --- | --- | --- |")
    for line in result_lines.read(path):
        ratio = line["gnn_s"] / line["scipy_s"]
        cells = (line["log"], f"{line['pairs']:,}", line["scipy_s"], line["gnn_s"])
        print("| " + " | ".join(map(str, cells)) + f" | {ratio:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results to add lines to")
    parser.add_argument("--table", type=Path, help="the file of results to print")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.table:
        print_table(arguments.table)
        return
    wanted = [{"log": log, "repeats": arguments.repeats} for log in SESSIONS]
    result_lines.run_missing(arguments.append, wanted, measure)


if __name__ == "__main__":
    main()
