"""Edges from sessions on Apache Spark: the plan of `gnn.edges.sessions`, over executors."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

from gnn.configs.sessions import SessionGraphConfig, as_session_graph_config
from gnn.edges.missing import as_na_values
from gnn.edges.records.log_presets import columns_of_log
from gnn.edges.sessions.arrow_counts import count_items, count_pairs, sessions_differ, weigh_pairs
from gnn.edges.sessions.pair_weights import SESSION_FACTORS
from gnn.pipelines.columns import columns_of, seconds_of, without_missing
from gnn.pipelines.ordering import first_of_each, turned
from gnn.pipelines.stages import Stages
from gnn.pipelines.swing_weights import by_swing
from gnn.pipelines.tasks import task

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def session_edges(
    records: DataFrame,
    config: Any = None,
    *,
    na_values: Collection[str] | None = None,
    work: str | None = None,
) -> DataFrame:
    """The pairs of items of sessions that a configuration makes edges, of a DataFrame of records.

    1. Records are spread by their session. A task counts the pairs of a million records of whole
       sessions at a time, as `gnn.edges` does on one machine: nothing is gathered by item here, so
       that no task has all sessions of a popular one.
    2. The counts of a pair are summed over tasks.
    3. Pairs that meet too rarely go, and what is left is weighed by the functions of
       `gnn.edges.sessions.pair_weights`.
    4. Of each receiver the heaviest stay, and of each pair both directions.

    The edges are those of `gnn.Graph.from_sessions` with the same configuration, where items are
    numbered in their sorted order: of neighbors that weigh the same the first stay. Records of one
    session at the same time are in the order of their items. A session lies in the memory of one
    task: `max_session_items` keeps the pairs of a robot from being made.

    Args:
        records: a row a record, with the columns that the configuration names, or such as logs call
            them (`gnn.edges.records.log_presets`); the time is a number of seconds, a timestamp, a
            date, or text of one (ISO 8601). What lacks its session (or user), item or time is left
            out.
        config: a `gnn.SessionGraphConfig` or a dict of its fields; None counts pairs, and leaves
            out nothing. Of an item of more than `swing_sessions`, `"swing"` takes those that come
            last in the order of their names.
        na_values: the texts that mean missing, as in `gnn.Graph.from_sessions`.
        work: a folder that driver and executors see, in which counts are kept as Parquet: a job
            that is started again goes on from there (`gnn.pipelines.stages`). None computes all
            when the edges are used.

    Returns:
        A DataFrame of `sender`, `receiver` (of the type of the item column) and `weight` (float):
        a row an edge, in no order.

    Raises:
        KeyError: a column is missing.
        OSError: `work` is not shared by the executors.
        TypeError: the column of the time is of another type.
        ValueError: order or age matters and there is no `time_column`.

    Example:

    >>> # records = spark.read.parquet("s3://logs/clicks/")
    >>> # edges = gnn.pipelines.session_edges(records, {"weighting": "auto"})
    >>> # edges.write.parquet("s3://graphs/clicks/")
    """
    config, _ = columns_of_log(records.columns, as_session_graph_config(config))
    return session_plan(records, config, na_values, work).edges


class Plan(NamedTuple):
    """The steps of a job, each a DataFrame.

    Attributes:
        stages: what is kept of it, or None.
        log: the records that have all that they need: `name`, `item` and, if wanted, `time`.
        items: what `gnn.edges.sessions.arrow_counts.count_items` counts, of the whole log.
        pairs: what `count_pairs` counts, with `together`.
        edges: what pairs become.
    """

    stages: Stages | None
    log: DataFrame
    items: DataFrame
    pairs: DataFrame
    edges: DataFrame


def session_plan(
    records: DataFrame,
    config: SessionGraphConfig,
    na_values: Collection[str] | None,
    work: str | None,
) -> Plan:
    """The steps of `session_edges`; with `work`, those that count are taken."""
    log = _log(records, config, na_values)
    stages = None
    if work is not None:
        job = {"what": "session_edges", "config": config.to_dict()}
        stages = Stages(work, [records], {**job, "na_values": sorted(as_na_values(na_values))})
    last = None
    if config.half_life is not None:
        from pyspark.sql import functions as sql

        last = log.agg(sql.max("time")).first()[0] or 0.0
    keys = ["name", "time", "item"] if "time" in log.columns else ["name"]
    whole = log.repartition("name").sortWithinPartitions(*keys)
    items = _item_counts(whole, config, last)
    items = items if stages is None else stages.table("items", items)
    pairs = _pair_counts(whole, config, last, _mean_items(items, config))
    pairs = pairs if stages is None else stages.table("pairs", pairs)
    frequent = _frequent(pairs, config)
    if config.weighting == "swing":
        weighed = by_swing(frequent, whole, config, last)
    else:
        weighed = _weighed(frequent, items, config)
    edges = _directions(weighed, config).select("sender", "receiver", "weight")
    return Plan(stages, log, items, pairs, edges)


def _log(
    records: DataFrame, config: SessionGraphConfig, na_values: Collection[str] | None
) -> DataFrame:
    """The records that have all that they need: `name`, `item` and, if wanted, `time`."""
    timed = config.wants_times
    if timed and config.time_column is None:
        raise ValueError(
            "time_column must name the time of a record where order or age matters: a DataFrame "
            "has no order; got None"
        )
    time = config.time_column
    wanted = {"name": config.name_column, "item": config.item_column}
    log = columns_of(records, {**wanted, **({"time": time} if time else {})}, "records")
    if time is not None:
        log = log.withColumn("time", seconds_of(log, "time", time))
    log = without_missing(log, as_na_values(na_values))
    return log if timed else log.select("name", "item")


def _item_counts(whole: DataFrame, config: SessionGraphConfig, last: float | None) -> DataFrame:
    """What `count_items` counts, of the whole log."""
    from pyspark.sql import functions as sql
    from pyspark.sql import types

    schema = types.StructType(
        [
            whole.schema["item"],
            types.StructField("held", types.DoubleType()),
            *(types.StructField(name, types.LongType()) for name in _SUMS),
        ]
    )
    schema["item"].nullable = True
    counted = whole.mapInArrow(task(count_items, config=config, last=last), schema)
    return counted.groupBy("item").agg(*(sql.sum(name).alias(name) for name in ("held", *_SUMS)))


_SUMS = ("sessions", "distinct", "long")


def _mean_items(items: DataFrame, config: SessionGraphConfig) -> float:
    """How many items a session that counts has in the mean; 1 where nothing asks for it."""
    if config.weighting not in SESSION_FACTORS:
        return 1.0
    from pyspark.sql import functions as sql

    sums = [sql.coalesce(sql.sum(name), sql.lit(0)) for name in _SUMS]
    sessions, distinct, long = items.where("item IS NULL").agg(*sums).first()
    kept = sessions if config.cuts else sessions - long
    return float(distinct / kept) if kept else 1.0


def _pair_counts(
    whole: DataFrame, config: SessionGraphConfig, last: float | None, mean: float
) -> DataFrame:
    """What `count_pairs` counts, of the whole log, with `together`."""
    from pyspark.sql import functions as sql
    from pyspark.sql import types

    item = whole.schema["item"].dataType
    fields = [types.StructField(name, item) for name in ("receiver", "sender")]
    fields.append(types.StructField("count", types.LongType()))
    sums = [sql.sum("count").alias("count")]
    if sessions_differ(config):
        fields.append(types.StructField("together", types.DoubleType()))
        sums.append(sql.sum("together").alias("together"))
    counted = whole.mapInArrow(
        task(count_pairs, config=config, last=last, mean=mean),
        types.StructType(fields),
    )
    pairs = counted.groupBy("receiver", "sender").agg(*sums)
    if not sessions_differ(config):
        pairs = pairs.withColumn("together", sql.col("count").cast("double"))
    return pairs


def _frequent(pairs: DataFrame, config: SessionGraphConfig) -> DataFrame:
    """Pairs that meet often enough, or whose receiver has none that does."""
    if config.min_count == 1:
        return pairs
    if not config.join_isolated:
        return pairs.where(f"count >= {config.min_count}")
    from pyspark.sql import functions as sql

    # No window over the pairs of a receiver: those of a popular item would be in one task.
    most = pairs.groupBy("receiver").agg(sql.max("count").alias("most"))
    lonely = most.where(f"most < {config.min_count}").select("receiver")
    rare = pairs.where(f"count < {config.min_count}").join(lonely, "receiver", "left_semi")
    return pairs.where(f"count >= {config.min_count}").unionByName(rare)


def _weighed(pairs: DataFrame, items: DataFrame, config: SessionGraphConfig) -> DataFrame:
    """What `weigh_pairs` makes of pairs and the counts of their items."""
    from pyspark.sql import functions as sql
    from pyspark.sql import types

    columns = ["receiver", "sender", "together", "receiver_held", "sender_held", "total"]
    if config.weighting == "count":  # It asks for nothing else, so that nothing is joined.
        pairs = pairs.withColumns({name: sql.lit(0.0) for name in columns[3:]})
    else:
        for end in ("receiver", "sender"):
            of_end = items.where("item IS NOT NULL").select(
                sql.col("item").alias(end), sql.col("held").alias(f"{end}_held")
            )
            pairs = pairs.join(of_end, end)
        total = items.where("item IS NULL").agg(sql.sum("held").alias("total"))
        pairs = pairs.crossJoin(sql.broadcast(total))
    pairs = pairs.select(*columns)
    schema = types.StructType(
        [
            pairs.schema["receiver"],
            pairs.schema["sender"],
            types.StructField("weight", types.FloatType()),
        ]
    )
    return pairs.mapInArrow(task(weigh_pairs, config=config), schema)


def _directions(edges: DataFrame, config: SessionGraphConfig) -> DataFrame:
    """The heaviest of each receiver, and both directions of them, or what stands alone."""
    if config.max_neighbors is not None:
        from pyspark.sql import functions as sql

        order = [sql.desc("weight"), "sender"]  # Of equal ones those of the first senders.
        edges = first_of_each(edges, "receiver", order, config.max_neighbors)
    elif config.is_symmetric and not config.join_isolated:
        return edges  # Both directions are there.
    if config.mutual:
        return edges.join(turned(edges).drop("weight"), ["receiver", "sender"], "left_semi")
    if config.is_symmetric:
        return edges.unionByName(turned(edges)).dropDuplicates(["receiver", "sender"])
    return edges
