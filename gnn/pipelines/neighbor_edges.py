"""Edges from vectors on Apache Spark: cells of trained centers, read until the recall is met."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gnn.configs.neighbors import NeighborGraphConfig, as_neighbor_graph_config
from gnn.edges.neighbors.arrow_cells import (
    assign_cells,
    cells_of,
    homes_of,
    near_in_cell,
    near_sample,
    placed,
    trained_centers,
)
from gnn.edges.neighbors.metrics import similarities
from gnn.pipelines.columns import columns_of
from gnn.pipelines.session_edges import turned
from gnn.pipelines.stages import Stages
from gnn.pipelines.tasks import task

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

# Vectors that are answered exactly to measure the recall, and those a cell that it is learned from.
_SAMPLE, _LEARNED = 2000, 32
# Cells at most: each vector is compared with all centers.
_MOST_CELLS = 1 << 14
# Vectors that one task holds of a cell; a larger cell is parted.
_MOST_HELD = 1 << 16
# Vectors of a block where all pairs are compared.
_BLOCK = 1 << 14
# Up to so many vectors all pairs are compared unless one says otherwise.
_FEW = 50_000


class NeighborEdges(NamedTuple):
    """Edges of vectors, and how they were found.

    Attributes:
        edges: a DataFrame of `sender`, `receiver` and `weight`, a row an edge, in no order.
        how: how neighbors were found, with the recall where it is estimated.
    """

    edges: DataFrame
    how: str


def neighbor_edges(
    vectors: DataFrame,
    config: Any = None,
    *,
    id_column: str = "id",
    vector_column: str = "vector",
    work: str | None = None,
) -> NeighborEdges:
    """Joins each vector of a DataFrame to its nearest ones, as a configuration says.

    Exact: vectors are parted into blocks, and each task compares two of them. Approximate: centers
    are trained by k-means on a sample, a vector is held in the cell of its nearest center, and
    compared with those held in some of the cells nearest to it. Some 2,000 vectors are answered
    exactly beforehand; so many cells are read that the share of their neighbors found, less twice
    its standard error, reaches `target_recall`. Within a cell the search is the exact one of
    `gnn.edges.neighbors`. A cell of more than 65,536 vectors is parted, so that none stalls a task.

    The edges are those of `gnn.Graph.from_embeddings`, where vectors are numbered in the order of
    their ids. Vectors that are equal are compared once, and are neighbors of each other.

    Args:
        vectors: a row a vector: its id, each once, and a list of numbers, all of one length.
        config: a `gnn.NeighborGraphConfig` or a dict of its fields, with `k`; `"auto"` is exact up
            to 50,000 vectors.
        id_column: the column of ids.
        vector_column: the column of vectors.
        work: a folder that driver and executors see, in which the distances found are kept: a job
            that is started again goes on from there. None computes them when edges are used.

    Returns:
        The edges, and how they were found.

    Raises:
        FileExistsError: `work` holds something else.
        KeyError: a column is missing.
        ValueError: `k` is None, or there are no vectors; while computing, vectors are not finite or
            not of one length.

    Example:

    >>> # found = gnn.pipelines.neighbor_edges(spark.read.parquet("vectors/"), {"k": 10})
    >>> # found.how, found.edges.count()
    """
    from pyspark.sql import functions as sql

    config = as_neighbor_graph_config(config)
    if config.k is None:
        raise ValueError("k must be given on a cluster, got None")
    table = columns_of(vectors, {"id": id_column, "vector": vector_column}, "vectors").dropna()
    table = table.withColumn("vector", sql.col("vector").cast("array<double>"))
    squares = sql.aggregate("vector", sql.lit(0.0), lambda total, x: total + x * x)
    if config.metric != "l2":  # What is nowhere is similar to nothing.
        table = table.where(squares > 0)
    count, longest = table.agg(sql.count("id"), sql.sqrt(sql.max(squares))).first()
    if not count:
        raise ValueError("vectors must hold one that is not missing, nor zeros; got none")
    members = _members(table, config.k)
    firsts = members.where("copy = 1").select("id", "vector")
    if config.method == "exact" or (config.method == "auto" and count <= _FEW):
        cells, how = _in_blocks(firsts, count), "exact"
    else:
        cells, how = _in_cells(firsts, count, longest, config)
    near = _near(cells, config.k, config.metric)
    if work is not None:
        job = {"what": "neighbor_edges", "config": config.to_dict(), "how": how}
        near = Stages(work, [vectors], job).table("near", near)
    near = _with_copies(near, members, config.k, config.metric)
    weight = _similarity(config.metric).cast("float")
    edges = near.select(
        sql.col("neighbor").alias("sender"), sql.col("id").alias("receiver"), weight.alias("weight")
    ).where("weight > 0")
    if config.min_similarity is not None:
        edges = edges.where(sql.col("weight") >= config.min_similarity)
    back = turned(edges)
    if config.symmetric == "mutual":
        edges = edges.join(back.drop("weight"), ["receiver", "sender"], "left_semi")
    else:
        edges = edges.unionByName(back).dropDuplicates(["receiver", "sender"])
    found = f"{config.k} nearest neighbors of each by {config.metric}, {how}"
    return NeighborEdges(edges.select("sender", "receiver", "weight"), found)


def _members(table: DataFrame, k: int) -> DataFrame:
    """Each vector with the number of its copy, and in `first` the id of the first equal one."""
    from pyspark.sql import Window
    from pyspark.sql import functions as sql

    equal = Window.partitionBy("vector").orderBy("id")
    ranked = table.withColumn("copy", sql.row_number().over(equal))
    return ranked.withColumn("first", sql.first("id").over(equal))


def _in_blocks(firsts: DataFrame, count: int) -> DataFrame:
    """All vectors held in blocks, and each asked about in all of them."""
    from pyspark.sql import functions as sql

    blocks = max(2, math.ceil(count / _BLOCK))
    home = sql.pmod(sql.xxhash64("id"), sql.lit(blocks)).cast("int")
    every = sql.array(*(sql.lit(number) for number in range(blocks)))
    return firsts.select("id", "vector", home.alias("home"), every.alias("cells"))


def _in_cells(
    firsts: DataFrame, count: int, longest: float, config: NeighborGraphConfig
) -> tuple[DataFrame, str]:
    """Vectors in the cells of trained centers, of which some are read, and that in words."""
    from pyspark.sql import types

    number = min(_MOST_CELLS, 2 ** max(1, round(math.log2(math.sqrt(count)))))
    _, learned = _drawn(firsts, _LEARNED * number, count, config.seed)
    placed_so = placed(learned, config.metric, longest, asks=False)
    how: dict[str, Any] = {
        "centers": trained_centers(placed_so, number, config.seed),
        "metric": config.metric,
        "longest": longest,
    }
    ranks = _ranks(firsts, count, config, how)
    number, read = len(how["centers"]), 1
    while True:
        shares = np.array([np.mean(some < read) for some in ranks])
        recall, error = shares.mean(), shares.std() / math.sqrt(len(shares))
        if recall - 2 * error >= config.target_recall or read >= number:
            break
        read = min(2 * read, number)
    schema = types.StructType(
        [
            *firsts.schema.fields,
            types.StructField("home", types.IntegerType()),
            types.StructField("cells", types.ArrayType(types.IntegerType())),
        ]
    )
    cells = firsts.mapInArrow(task(assign_cells, **how, read=read), schema)
    text = f"approximate, recall {recall:.3f} on {len(shares):,} of them, "
    return cells, text + f"{read:,} of {number:,} cells read"


def _drawn(firsts: DataFrame, size: int, count: int, seed: int) -> tuple[list[Any], np.ndarray]:
    """Ids and vectors of some rows: those whose ids have the smallest hashes with the seed."""
    from pyspark.sql import functions as sql

    draw = sql.xxhash64(sql.lit(seed), "id")
    # Twice as many as are wanted, and of these the first: only few are sorted.
    share = min(1.0, 2 * size / count)
    bound = int(-(2**63) + share * (2**64 - 1)) if share < 1 else 2**63 - 1
    rows = firsts.withColumn("draw", draw).where(sql.col("draw") <= bound)
    drawn = rows.orderBy("draw", "id").limit(size).collect()
    return [row["id"] for row in drawn], np.array([row["vector"] for row in drawn])


def _ranks(
    firsts: DataFrame, count: int, config: NeighborGraphConfig, how: dict[str, Any]
) -> list[np.ndarray]:
    """Of a sample: the place that the cell of each exact neighbor has among the cells by nearness.

    A neighbor in the n-th nearest cell is found where n cells are read, for within a cell all are
    compared.
    """
    from pyspark.sql import Window, types
    from pyspark.sql import functions as sql

    ids, sample = _drawn(firsts, _SAMPLE, count, config.seed + 1)
    k = int(config.k or 0) + 1
    schema = types.StructType(
        [
            types.StructField("row", types.LongType()),
            *firsts.schema.fields,
            types.StructField("distance", types.DoubleType()),
        ]
    )
    find = task(near_sample, sample=sample, k=k, metric=config.metric)
    first = Window.partitionBy("row").orderBy("distance", "id")
    near = firsts.mapInArrow(find, schema).withColumn("rank", sql.row_number().over(first))
    cells = cells_of(sample, **how)
    places = np.empty_like(cells)
    np.put_along_axis(places, cells, np.arange(cells.shape[1])[None], axis=1)
    found: list[list[int]] = [[] for _ in ids]
    rows = near.where(f"rank <= {k}").orderBy("row", "rank").collect()
    homes = homes_of(np.array([row["vector"] for row in rows]), **how)
    for row, home in zip(rows, homes.tolist(), strict=True):
        if row["id"] != ids[row["row"]] and len(found[row["row"]]) < k - 1:
            found[row["row"]].append(places[row["row"], home])
    return [np.array(some) for some in found if some]


def _near(cells: DataFrame, k: int, metric: str) -> DataFrame:
    """The nearest of each vector among those held in the cells that it asks: `near_in_cell`."""
    from pyspark.sql import functions as sql
    from pyspark.sql import types

    kind = cells.schema["id"].dataType
    sizes = cells.groupBy(sql.col("home").alias("cell")).count()
    parts = sql.ceil(sql.col("count") / _MOST_HELD).cast("int")
    number = sql.explode(sql.sequence(sql.lit(0), sql.col("parts") - 1))
    is_home = sql.col("cell") == sql.col("home")
    is_part = sql.pmod(sql.xxhash64("id"), sql.col("parts")) == sql.col("part")
    seen = sql.explode(sql.array_union("cells", sql.array("home")))
    rows = (
        cells.withColumn("cell", seen)
        .join(sql.broadcast(sizes.select("cell", parts.alias("parts"))), "cell")
        .withColumn("part", number)
        .withColumn("asks", sql.array_contains("cells", sql.col("cell")))
        .withColumn("holds", is_home & is_part)
        .where("asks OR holds")
    )
    schema = types.StructType(
        [
            types.StructField("id", kind),
            types.StructField("neighbor", kind),
            types.StructField("distance", types.DoubleType()),
        ]
    )
    grouped = rows.select("cell", "part", "id", "vector", "asks", "holds").groupBy("cell", "part")
    find = task(near_in_cell, k=k, metric=metric)

    # Spark looks into the signature of what it applies to a group, and warns of a partial's.
    def near(table: Any) -> Any:
        return find(table)

    near.__name__ = find.__name__
    found = grouped.applyInArrow(near, schema)
    return _nearest(found, k)


def _nearest(near: DataFrame, k: int) -> DataFrame:
    """Of each vector the k nearest; of equally near ones those of the smallest ids."""
    from pyspark.sql import Window
    from pyspark.sql import functions as sql

    order = Window.partitionBy("id").orderBy("distance", "neighbor")
    return near.withColumn("rank", sql.row_number().over(order)).where(f"rank <= {k}").drop("rank")


def _with_copies(near: DataFrame, members: DataFrame, k: int, metric: str) -> DataFrame:
    """Pairs of vectors, of pairs of the first of equal ones."""
    from pyspark.sql import functions as sql

    if members.where("copy = 2").isEmpty():
        return near
    product = sql.aggregate("vector", sql.lit(0.0), lambda total, x: total + x * x)
    own = -product if metric == "ip" else sql.lit(0.0)
    itself = members.where("copy = 1").select(
        "id", sql.col("id").alias("neighbor"), own.alias("distance")
    )
    few = members.where(f"copy <= {k + 1}").select(
        sql.col("first").alias("neighbor"), sql.col("id").alias("member")
    )
    to_all = near.unionByName(itself).join(few, "neighbor")
    to_all = to_all.select("id", sql.col("member").alias("neighbor"), "distance")
    of_first = _nearest(to_all, k + 1).withColumnRenamed("id", "first")
    of_all = members.select("id", "first").join(of_first, "first").where("id != neighbor")
    return _nearest(of_all.select("id", "neighbor", "distance"), k)


def _similarity(metric: str) -> Column:
    """How similar vectors are that are so far apart: the formulas know no arrays, only numbers."""
    from pyspark.sql import functions as sql

    distance: Any = sql.col("distance")
    similar: Any = similarities(distance, metric)
    return similar
