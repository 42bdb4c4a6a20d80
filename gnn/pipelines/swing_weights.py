"""What pairs weigh by Swing on Spark: sessions go to the items that compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.sessions.arrow_swing import list_sessions, weigh_by_swing
from gnn.pipelines.tasks import task

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
    from pyspark.sql import Window, types
    from pyspark.sql import functions as sql

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
    of_item = Window.partitionBy("item").orderBy(sql.desc("name"), sql.desc("place"))
    taken = lists.select("name", "place", sql.explode("items").alias("item"))
    taken = taken.withColumn("rank", sql.row_number().over(of_item))
    taken = taken.where(f"rank <= {config.swing_sessions}").groupBy("name", "place")
    stars = lists.join(taken.agg(sql.collect_list("item").alias("takers")), ["name", "place"])
    stars = stars.select(sql.explode("takers").alias("item"), "weight", "items", "takers")
    weigh = task(weigh_by_swing, smoothing=config.swing_smoothing)

    # Spark looks into the signature of what it applies to a group, and warns of a partial's.
    def weights(table: Any) -> Any:
        return weigh(table)

    weights.__name__ = weigh.__name__
    ends = [types.StructField(name, item) for name in ("receiver", "sender")]
    found = stars.groupBy("item").applyInArrow(
        weights, types.StructType([*ends, types.StructField("weight", types.DoubleType())])
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
