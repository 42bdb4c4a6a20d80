"""Nodes in the order of their ids, and edges by the numbers that they have there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# What `monotonically_increasing_id` is made of: a partition, and below it a place in it.
_PLACE_BITS = 33


def in_order(nodes: DataFrame) -> DataFrame:
    """Nodes sorted by `id`, with their place in `at`; to be kept before it is used twice."""
    from pyspark.sql import functions as sql

    return nodes.orderBy("id").withColumn("at", sql.monotonically_increasing_id())


def numbered(edges: DataFrame, kept: DataFrame) -> DataFrame:
    """Edges by the numbers of their ends, sorted.

    Args:
        edges: `sender`, `receiver` and `weight`.
        kept: what `in_order` returned, read from where it was kept.

    Returns:
        `sender` and `receiver` (int; null where an end is no node) and `weight` (float), sorted by
        receiver and then sender.
    """
    from pyspark.sql import functions as sql

    part = sql.shiftright("at", _PLACE_BITS)
    sizes = {row[0]: row[1] for row in kept.groupBy(part).count().collect()}
    starts, total = {}, 0
    for number in sorted(sizes):
        starts[number] = total
        total += sizes[number]
    start = sql.create_map(*(sql.lit(value) for pair in starts.items() for value in pair))
    place = sql.col("at").bitwiseAND((1 << _PLACE_BITS) - 1)
    numbers = kept.select("id", (start[part] + place).cast("int").alias("number"))
    for end in ("sender", "receiver"):
        of_end = numbers.withColumnsRenamed({"id": end, "number": f"{end}_number"})
        edges = edges.join(of_end, end, "left")
    edges = edges.select(
        sql.col("sender_number").alias("sender"),
        sql.col("receiver_number").alias("receiver"),
        sql.col("weight").cast("float").alias("weight"),
    )
    return edges.orderBy("receiver", "sender")
