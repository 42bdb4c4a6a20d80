#!/usr/bin/env bash
# Finding: DataFrame.withColumnsRenamed of Apache Spark renames one name after the other. Asked to
# swap the ends of edges it gives both the same name, and no error.
#
# PySpark 4.3.0, Python 3.11, Java 17.
#
#     edges                                            ['sender', 'receiver', 'weight']
#     .withColumnsRenamed({"sender": "receiver",
#                          "receiver": "sender"})      ['sender', 'sender', 'weight']
#     a select with two aliases                        ['receiver', 'sender', 'weight']
#
# The error comes where the table is next asked for a name ("Reference `sender` is ambiguous",
# "The column `sender` already exists"), or never: `collect` and `toArrow` give two columns of one
# name.
#
# What one would expect: the function takes a mapping, and a mapping has no order; pandas' `rename`
# and Polars' `rename` swap the names.
# Workaround: `select` with aliases.
#
# The script exits with 1 where the behavior has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pyspark==4.3.0
cd "$work"
"$work/venv/bin/python" - 2>/dev/null <<'PYTHON'
import sys

import pyspark
from pyspark.sql import SparkSession
from pyspark.sql import functions as sql

builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
spark = builder.getOrCreate()
edges = spark.sql("SELECT 1 AS sender, 2 AS receiver, 0.5D AS weight")
swap = {"sender": "receiver", "receiver": "sender"}
found = {
    "withColumnsRenamed": edges.withColumnsRenamed(swap).columns,
    "its row": list(edges.withColumnsRenamed(swap).collect()[0]),
    "select": edges.select(*(sql.col(old).alias(new) for old, new in swap.items()), "weight").columns,
}
spark.stop()
expected = {
    "withColumnsRenamed": ["sender", "sender", "weight"],
    "its row": [1, 2, 0.5],
    "select": ["receiver", "sender", "weight"],
}
print("pyspark", pyspark.__version__)
for name, value in found.items():
    print(f"{name}: {value}")
if found != expected:
    print("the behavior has changed; it was", expected)
    sys.exit(1)
print("as found: a swap of two names gives one name twice")
PYTHON
