"""Vectors in cells on Apache Spark: blocks of all, or cells of trained centers, and the search."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.configs.neighbors import NeighborGraphConfig
from gnn.edges.neighbors.arrow_cells import (
    assign_cells,
    cells_of,
    homes_of,
    near_in_cell,
    near_sample,
    placed,
    trained_centers,
    vectors_of,
)
from gnn.pipelines.ordering import first_of_each
from gnn.pipelines.tasks import group_task, task

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Vectors that are answered exactly to measure the recall, and those a cell that it is learned from.
_SAMPLE, _LEARNED = 2000, 32
# The driver has so many of these at most.
_MOST_LEARNED = 1 << 17
# Cells at most: each vector is compared with all centers.
_MOST_CELLS = 1 << 14
# Vectors that one task holds of a cell; a larger cell is parted.
_MOST_HELD = 1 << 16
# Vectors of a block where all pairs are compared.
_BLOCK = 1 << 14


def in_blocks(firsts: DataFrame, count: int) -> DataFrame:
    """All vectors held in blocks, and each asked about in all of them."""
    from pyspark.sql import functions as sql

    blocks = max(2, math.ceil(count / _BLOCK))
    home = sql.pmod(sql.xxhash64("id"), sql.lit(blocks)).cast("int")
    every = sql.array(*(sql.lit(number) for number in range(blocks)))
    return firsts.select("id", "vector", home.alias("home"), every.alias("cells"))


def in_cells(
    firsts: DataFrame, count: int, longest: float, config: NeighborGraphConfig
) -> tuple[DataFrame, str]:
    """Vectors in the cells of trained centers, of which some are read, and that in words."""
    from pyspark.sql import types

    number = min(_MOST_CELLS, 2 ** max(1, round(math.log2(math.sqrt(count)))))
    _, learned = _drawn(firsts, min(_LEARNED * number, _MOST_LEARNED), count, config.seed)
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
    drawn = rows.orderBy("draw", "id").limit(size).select("id", "vector").toArrow()
    return drawn["id"].to_pylist(), vectors_of(drawn["vector"], drawn["id"])


def _ranks(
    firsts: DataFrame, count: int, config: NeighborGraphConfig, how: dict[str, Any]
) -> list[np.ndarray]:
    """Of a sample: the place that the cell of each exact neighbor has among the cells by nearness.

    A neighbor in the n-th nearest cell is found where n cells are read, for within a cell all are
    compared.
    """
    from pyspark.sql import types

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
    near = firsts.mapInArrow(find, schema)
    cells = cells_of(sample, **how)
    places = np.empty_like(cells)
    np.put_along_axis(places, cells, np.arange(cells.shape[1])[None], axis=1)
    found: list[list[int]] = [[] for _ in ids]
    rows = first_of_each(near, "row", ["distance", "id"], k).orderBy("row", "distance", "id")
    table = rows.toArrow()
    homes = homes_of(vectors_of(table["vector"], table["id"]), **how)
    for row, id, home in zip(
        table["row"].to_pylist(), table["id"].to_pylist(), homes.tolist(), strict=True
    ):
        if id != ids[row] and len(found[row]) < k - 1:
            found[row].append(places[row, home])
    return [np.array(some) for some in found if some]


def near_in_cells(cells: DataFrame, k: int, metric: str) -> DataFrame:
    """The nearest of each vector among those held in the cells that it asks: `near_in_cell`."""
    from pyspark.sql import functions as sql
    from pyspark.sql import types

    kind = cells.schema["id"].dataType
    # A row is held in one cell, and asks in several. Where a cell has many of either, its holders
    # and its askers are parted, and each part of the ones meets each part of the others.
    seen = cells.withColumn("cell", sql.explode(sql.array_union("cells", sql.array("home"))))
    seen = seen.withColumn("asks", sql.array_contains("cells", sql.col("cell")))
    seen = seen.withColumn("holds", sql.col("cell") == sql.col("home")).drop("cells", "home")
    parts = [
        sql.ceil(sql.greatest(sql.count_if(name), sql.lit(1)) / _MOST_HELD).cast("int")
        for name in ("asks", "holds")
    ]
    sizes = seen.groupBy("cell").agg(parts[0].alias("asking"), parts[1].alias("holding"))
    part = sql.explode(sql.sequence(sql.lit(0), sql.col("asking") * sql.col("holding") - 1))
    of_asking = sql.pmod(sql.xxhash64("id"), "asking") == sql.col("part") % sql.col("asking")
    row = sql.floor(sql.col("part") / sql.col("asking"))
    of_holding = sql.pmod(sql.xxhash64("id"), "holding") == row
    rows = (
        seen.join(sql.broadcast(sizes), "cell")
        .withColumn("part", part)
        .withColumn("asks", sql.col("asks") & of_asking)
        .withColumn("holds", sql.col("holds") & of_holding)
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
    found = grouped.applyInArrow(group_task(near_in_cell, k=k, metric=metric), schema)
    return first_of_each(found, "id", ["distance", "neighbor"], k)
