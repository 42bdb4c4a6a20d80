"""Jobs on Spark that are killed: a rerun gives the same edges, and nothing half under their name.

    pip install 'gnn[spark]'
    python benchmarks/spark_kills.py --append benchmarks/results/spark_kills.jsonl

A driver builds a graph folder from half a million clicks on two executors. It is killed with its
executors (SIGKILL) after a random time, `--kills` times, with the same `work`; after each kill the
folder must not be there, or be whole. Then it runs to its end. The edges must have the checksum of
a run that nothing disturbed. In a last run an executor is killed instead of the driver.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import result_lines

import gnn

CLICKS, SESSIONS, ITEMS, SEED = 500_000, 100_000, 10_000, 7
DRIVER = """
import sys
from pathlib import Path
sys.path[:0] = [{benchmarks!r}]
from spark_edges import two_executors
import gnn
spark = two_executors({spark!r})
records = spark.read.parquet({log!r})
config = {{"weighting": "npmi", "min_count": 1, "max_neighbors": 20}}
gnn.pipelines.build_graph(records, {output!r}, config, work={work!r})
"""


def driver(folder: Path, output: str, work: str) -> subprocess.Popen[bytes]:
    """A driver in a process group of its own, as are its JVM and its executors."""
    paths = {name: str(folder / name) for name in ("log", "spark")}
    paths |= {"output": str(folder / output), "work": str(folder / work)}
    code = DRIVER.format(benchmarks=str(Path(__file__).parent), **paths)
    (folder / "spark").mkdir(exist_ok=True)
    with (folder / f"{output}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", code], stdout=log, stderr=log, start_new_session=True
        )


def checksum(folder: Path) -> str:
    """Of the sorted edges of a graph folder."""
    graph = gnn.graphs.open_graph(folder)
    digest = hashlib.sha256()
    for name in ("ids", "senders", "receivers", "weights"):
        digest.update(np.asarray(getattr(graph, name)).tobytes())
    return digest.hexdigest()


def executors(group: int) -> list[int]:
    """The processes of executors in a process group."""
    found = subprocess.run(
        ["pgrep", "-g", str(group), "-f", "CoarseGrainedExecutorBackend"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return [int(line) for line in found.stdout.split()]


def finish(process: subprocess.Popen[bytes], folder: Path, output: str) -> None:
    if process.wait():
        raise AssertionError((folder / f"{output}.log").read_text()[-4000:])


def measure(kills: int) -> dict[str, Any]:
    """How the kills went."""
    random.seed(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rng = np.random.default_rng(SEED)
        clicks = {
            "session": rng.integers(0, SESSIONS, CLICKS),
            "item": (rng.zipf(1.3, CLICKS) - 1) % ITEMS,
        }
        (folder / "log").mkdir()
        pq.write_table(pa.table(clicks), folder / "log/0.parquet")
        started = time.perf_counter()
        finish(driver(folder, "undisturbed", "work"), folder, "undisturbed")
        seconds = time.perf_counter() - started
        expected = checksum(folder / "undisturbed")
        stages = []
        for _ in range(kills):
            process = driver(folder, "killed", "work_killed")
            try:
                # A little longer than a whole run takes, so that some are killed at the very end.
                process.wait(random.uniform(0.1, 1.1) * seconds)
            except subprocess.TimeoutExpired:
                pass
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            else:
                finish(process, folder, "killed")
            stages.append(len(list((folder / "work_killed").glob("*/*/_SUCCESS"))))
            if (folder / "killed").exists():
                if checksum(folder / "killed") != expected:
                    raise AssertionError("a folder under its final name is not whole")
                subprocess.run(["rm", "-r", str(folder / "killed")], check=True)
        finish(driver(folder, "killed", "work_killed"), folder, "killed")
        process = driver(folder, "survivor", "work_survivor")
        killed = 0
        while process.poll() is None and not killed:
            if list((folder / "work_survivor").glob("*/items")):  # It is in the midst of counting.
                victims = executors(process.pid)
                os.kill(victims[0], signal.SIGKILL)
                killed = 1
            time.sleep(0.05)
        finish(process, folder, "survivor")
        same = [checksum(folder / name) == expected for name in ("killed", "survivor")]
        left = sorted(path.name for path in folder.glob(".*"))
    return {
        "seconds": round(seconds, 1),
        "tables_at_kill": stages,
        "executors_killed": killed,
        "same_edges": same,
        "left": left,
        "checksum": expected,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results to add lines to")
    parser.add_argument("--kills", type=int, default=20)
    arguments = parser.parse_args()
    result_lines.run_missing(arguments.append, [{"kills": arguments.kills}], measure)


if __name__ == "__main__":
    main()
