"""Edges from vectors on Apache Spark: cells of trained centers, read until the recall is met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gnn.configs.neighbors import as_neighbor_graph_config
from gnn.edges.neighbors.metrics import similarities
from gnn.pipelines.columns import columns_of
from gnn.pipelines.ordering import first_of_each, turned
from gnn.pipelines.stages import Stages
from gnn.pipelines.vector_cells import in_blocks, in_cells, near_in_cells

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

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

    Exact: vectors are parted into blocks, and all ask in each. Approximate: centers
    are trained by k-means on a sample, a vector is held in the cell of its nearest center, and
    compared with those held in some of the cells nearest to it. Some 2,000 vectors are answered
    exactly beforehand; so many cells are read that the share of their neighbors found, less twice
    its standard error, reaches `target_recall`. Within a cell the search is the exact one of
    `gnn.edges.neighbors`. A cell that more than 65,536 vectors are in, or ask, is parted, so that
    none stalls a task.

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
        KeyError: a column is missing.
        OSError: `work` is not shared by the executors.
        TypeError: vectors are no lists of numbers.
        ValueError: `k` is None, there are no vectors, or an id comes twice; while computing,
            vectors are not finite or not of one length.

    Example:

    >>> # found = gnn.pipelines.neighbor_edges(spark.read.parquet("vectors/"), {"k": 10})
    >>> # found.how, found.edges.count()
    """
    return neighbor_plan(vectors, config, id_column, vector_column, work)[0]


def neighbor_plan(
    vectors: DataFrame, config: Any, id_column: str, vector_column: str, work: str | None
) -> tuple[NeighborEdges, Stages | None]:
    """What `neighbor_edges` returns, and the tables that are kept of it."""
    from pyspark.sql import functions as sql
    from pyspark.sql import types

    config = as_neighbor_graph_config(config)
    if config.k is None:
        raise ValueError("k must be given on a cluster, got None")
    table = columns_of(vectors, {"id": id_column, "vector": vector_column}, "vectors").dropna()
    kind = table.schema["vector"].dataType
    if not isinstance(kind, types.ArrayType):
        raise TypeError(
            f"vectors must be lists of numbers; the column {vector_column!r} is "
            f"{kind.simpleString()} (pyspark.ml.functions.vector_to_array makes lists of Spark's)"
        )
    table = table.withColumn("vector", sql.col("vector").cast("array<double>"))
    if config.metric != "l2":  # What is nowhere is similar to nothing; what is missing is found.
        table = table.where(_squares().isNull() | (_squares() > 0))
    stages = None
    if work is not None:
        columns = [id_column, vector_column]
        job = {"what": "neighbor_edges", "config": config.to_dict(), "columns": columns}
        stages = Stages(work, [vectors], job)
    members = _members(table)
    members = members if stages is None else stages.table("members", members)
    firsts = members.where("copy = 1").select("id", "vector")
    count, longest = firsts.agg(sql.count("id"), sql.sqrt(sql.max(_squares()))).first()
    if not count:
        raise ValueError("vectors must hold one that is not missing, nor zeros; got none")
    twice = members.groupBy("id").count().where("count > 1").first()
    if twice is not None:
        raise ValueError(f"vectors must have distinct ids; got {twice['id']!r} twice")
    few = count <= config.k + 1 or (config.method == "auto" and count <= _FEW)
    if config.method == "exact" or few:
        cells, how = in_blocks(firsts, count), "exact"
    else:
        cells, how = in_cells(firsts, count, longest or 0.0, config)
    cells = cells if stages is None else stages.table("cells", cells)
    near = near_in_cells(cells, config.k, config.metric)
    near = near if stages is None else stages.table("near", near)
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
    return NeighborEdges(edges.select("sender", "receiver", "weight"), found), stages


def _squares() -> Column:
    """The square of the length of each vector; null where a number is missing."""
    from pyspark.sql import functions as sql

    return sql.aggregate("vector", sql.lit(0.0), lambda total, x: total + x * x)


def _members(table: DataFrame) -> DataFrame:
    """Each vector with the number of its copy, and in `first` the id of the first equal one."""
    from pyspark.sql import Window
    from pyspark.sql import functions as sql

    equal = Window.partitionBy("vector").orderBy("id")
    ranked = table.withColumn("copy", sql.row_number().over(equal))
    return ranked.withColumn("first", sql.first("id").over(equal))


def _with_copies(near: DataFrame, members: DataFrame, k: int, metric: str) -> DataFrame:
    """Pairs of vectors, of pairs of the first of equal ones."""
    from pyspark.sql import functions as sql

    if members.where("copy = 2").isEmpty():
        return near
    own = -_squares() if metric == "ip" else sql.lit(0.0)
    itself = members.where("copy = 1").select(
        "id", sql.col("id").alias("neighbor"), own.alias("distance")
    )
    order = ["distance", "neighbor"]
    few = members.where(f"copy <= {k + 1}").select(
        sql.col("first").alias("neighbor"), sql.col("id").alias("member")
    )
    to_all = near.unionByName(itself).join(few, "neighbor")
    to_all = to_all.select("id", sql.col("member").alias("neighbor"), "distance")
    of_first = first_of_each(to_all, "id", order, k + 1).withColumnRenamed("id", "first")
    of_all = members.select("id", "first").join(of_first, "first").where("id != neighbor")
    return first_of_each(of_all.select("id", "neighbor", "distance"), "id", order, k)


def _similarity(metric: str) -> Column:
    """How similar vectors are that are so far apart: the formulas know no arrays, only numbers."""
    from pyspark.sql import functions as sql

    distance: Any = sql.col("distance")
    similar: Any = similarities(distance, metric)
    return similar
