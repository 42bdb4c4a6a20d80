"""What pairs weigh by Swing on Spark: sessions go to the items that compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.sessions.arrow_swing import list_sessions, weigh_by_swing
from gnn.pipelines.ordering import first_of_each
from gnn.pipelines.tasks import group_task, task

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def by_swing(
    pairs: DataFrame, whole: DataFrame, config: SessionGraphConfig, last: float | None
) -> DataFrame:
    """Weighs pairs by Swing.

    An item takes at most `swing_sessions` sessions, and each of them moves to it with all of its
    items: no task has more of a popular item.

    Args:
        pairs: `receiver` and `sender`, in one direction if the configuration `comes_in_halves`.
        whole: the records, those of a session side by side in a task.
        config: which sessions are compared.
        last: the time from which age is counted back.

    Returns:
        `receiver`, `sender` and `weight` (float) of those pairs, in both directions, that weigh
        enough.
    """
    from pyspark.sql import functions as sql
    from pyspark.sql import types

    item = whole.schema["item"].dataType
    schema = types.StructType(
        [
            whole.schema["name"],
            types.StructField("place", types.LongType()),
            types.StructField("weight", types.DoubleType()),
            types.StructField("items", types.ArrayType(item)),
        ]
    )
    lists = whole.mapInArrow(task(list_sessions, config=config, last=last), schema)
    taken = lists.select("name", "place", sql.explode("items").alias("item"))
    last_first = [sql.desc("name"), sql.desc("place")]
    taken = first_of_each(taken, "item", last_first, config.swing_sessions).groupBy("name", "place")
    stars = lists.join(taken.agg(sql.collect_list("item").alias("takers")), ["name", "place"])
    stars = stars.select(sql.explode("takers").alias("item"), "weight", "items", "takers")
    weigh = group_task(weigh_by_swing, smoothing=config.swing_smoothing)
    ends = [types.StructField(name, item) for name in ("receiver", "sender")]
    found = stars.groupBy("item").applyInArrow(
        weigh, types.StructType([*ends, types.StructField("weight", types.DoubleType())])
    )
    pairs = pairs.select("receiver", "sender")
    if config.comes_in_halves:
        back = pairs.select(
            sql.col("sender").alias("receiver"), sql.col("receiver").alias("sender")
        )
        pairs = pairs.unionByName(back)
    weighed = found.join(pairs, ["receiver", "sender"], "left_semi")
    weighed = weighed.withColumn("weight", sql.col("weight").cast("float"))
    return weighed.where((sql.col("weight") > 0) & (sql.col("weight") >= config.min_weight))
