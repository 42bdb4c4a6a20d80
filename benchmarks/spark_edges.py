"""Pairs of items from a log on Spark, beside a plan in Spark SQL on the same executors.

    pip install 'gnn[spark]'
    python benchmarks/spark_edges.py --append benchmarks/results/spark_edges.jsonl
    python benchmarks/spark_edges.py --table benchmarks/results/spark_edges.jsonl

Logs in Parquet, all of 5 million clicks in a million sessions on 100,000 items, seed 7:

- `zipf`, `uniform`: as in `session_edges.py`;
- `hot`: `uniform` with one item in 30% of the sessions, in the place of another click.

Ways, in one session of Spark of two executors of one core and 2 GB each, one by one in turn; each
writes all pairs that meet twice or more in one direction nowhere (Spark's format `noop`):

- `lists`: the items of a session as an array, each pair of them a row, and these counted;
- `gnn`: `gnn.pipelines.session_edges` by counts, which has both directions.

The least of `--repeats` runs counts, after one that does not.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import result_lines
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql

from gnn.pipelines import session_edges

CLICKS, SESSIONS, ITEMS, SEED, FILES = 5_000_000, 1_000_000, 100_000, 7, 4


def write_log(log: str, folder: Path) -> None:
    """The clicks in a few files, those of a session in any of them."""
    rng = np.random.default_rng(SEED)
    sessions = rng.integers(0, SESSIONS, CLICKS)
    items = rng.integers(0, ITEMS, CLICKS)
    if log == "zipf":
        items = (rng.zipf(1.3, CLICKS) - 1) % ITEMS
    if log == "hot":
        first = np.unique(sessions, return_index=True)[1]
        items[first[: int(0.3 * first.size)]] = ITEMS // 2
    folder.mkdir()
    for number, rows in enumerate(np.array_split(np.arange(CLICKS), FILES)):
        table = pa.table({"session": sessions[rows], "item": items[rows]})
        pq.write_table(table, folder / f"{number}.parquet")


def by_lists(records: DataFrame) -> DataFrame:
    lists = records.groupBy("session").agg(sql.collect_set("item").alias("items"))
    one = lists.select(sql.explode("items").alias("i"), "items")
    pairs = one.select("i", sql.explode("items").alias("j")).where("i < j")
    return pairs.groupBy("i", "j").count().where("count >= 2")


def by_gnn(records: DataFrame) -> DataFrame:
    return session_edges(records, {"weighting": "count", "min_count": 2})


WAYS = {"lists": by_lists, "gnn": by_gnn}


def measure(log: str, repeats: int) -> dict[str, Any]:
    """The least seconds of each way, and how many pairs it found."""
    seconds = dict.fromkeys(WAYS, float("inf"))
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        write_log(log, Path(folder) / "log")
        spark = two_executors(folder)
        records = spark.read.parquet(f"{folder}/log")
        found = {name: way(records).count() for name, way in WAYS.items()}
        if found["gnn"] != 2 * found["lists"]:
            raise AssertionError(f"not the same pairs: {found}")
        for _ in range(repeats):
            for name, way in WAYS.items():
                started = time.perf_counter()
                way(records).write.format("noop").mode("overwrite").save()
                seconds[name] = min(seconds[name], time.perf_counter() - started)
        spark.stop()
    least = {name: round(value, 2) for name, value in seconds.items()}
    return {"load": load, "pairs": found["lists"], "seconds": least}


def two_executors(folder: str) -> SparkSession:
    """A session of Spark with two executors in processes of their own."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local-cluster[2,1,2048]")
    settings = {
        "spark.executor.memory": "2g",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": folder,
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def print_table(path: Path) -> None:
    """The lines of a file as a table."""
    print("| log | lists, s | gnn, s | ratio |\n| --- | --- | --- | --- |")
    for line in result_lines.read(path):
        lists, own = (line["seconds"][name] for name in ("lists", "gnn"))
        print(f"| {line['log']} | {lists} | {own} | {own / lists:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results to add lines to")
    parser.add_argument("--table", type=Path, help="the file of results to print")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.table:
        print_table(arguments.table)
        return
    wanted = [{"log": log, "repeats": arguments.repeats} for log in ("zipf", "uniform", "hot")]
    result_lines.run_missing(arguments.append, wanted, measure)


if __name__ == "__main__":
    main()
