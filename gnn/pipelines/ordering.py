"""Edges turned around, and the first few rows of each of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def first_of_each(table: DataFrame, key: str, order: list[Any], k: int) -> DataFrame:
    """The first k rows of each value of a column.

    Up to a thousand, Spark takes the first k of each task before it moves any
    (`spark.sql.optimizer.windowGroupLimitThreshold`).

    Args:
        table: the rows.
        key: the column.
        order: columns that say which rows come first.
        k: how many.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as sql

    rank = sql.row_number().over(Window.partitionBy(key).orderBy(*order))
    return table.withColumn("rank", rank).where(f"rank <= {k}").drop("rank")


def turned(edges: DataFrame) -> DataFrame:
    """The edges back, with all else that they have."""
    from pyspark.sql import functions as sql

    # `withColumnsRenamed` renames one after the other, and cannot swap two names.
    ends = sql.col("sender").alias("receiver"), sql.col("receiver").alias("sender")
    rest = [name for name in edges.columns if name not in ("receiver", "sender")]
    return edges.select(*ends, *rest)
