"""Nodes in the order of their ids, and edges by the numbers that they have there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gnn.pipelines.columns import columns_of, is_whole

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# What `monotonically_increasing_id` is made of: a partition, and below it a place in it.
_PLACE_BITS = 33
_PLACE = "gnn_place"


def check_nodes(nodes: DataFrame, edges: DataFrame) -> None:
    """Checks the ids of nodes, and that those of edges are of their kind.

    Args:
        nodes: with `id`.
        edges: with `sender` and `receiver`.

    Raises:
        TypeError: ids are neither text nor whole numbers, or those of edges are of the other kind.
        ValueError: there is no node, or an id comes twice or is missing.
    """
    kind = nodes.schema["id"].dataType
    check_ids(kind, "nodes")
    for end in ("sender", "receiver"):
        other = edges.schema[end].dataType
        if is_whole(other) != is_whole(kind):
            raise TypeError(
                f"edges must have ids of the kind that nodes have, {kind.simpleString()}; {end} is "
                f"{other.simpleString()}"
            )
    twice = nodes.groupBy("id").count().where("count > 1 OR id IS NULL").first()
    if twice is not None:
        raise ValueError(f"nodes must have distinct ids that are not null; got {twice['id']!r}")
    if nodes.isEmpty():
        raise ValueError("nodes must hold one, got none")


def edges_of(table: DataFrame) -> DataFrame:
    """The columns of a table of edges.

    Raises:
        KeyError: one is missing.
    """
    return columns_of(table, {name: name for name in ("sender", "receiver", "weight")}, "edges")


def check_ends(edges: DataFrame, nodes: DataFrame) -> None:
    """Raises ValueError where an edge joins what is no node."""
    from pyspark.sql import functions as sql

    ends = edges.select(sql.explode(sql.array("sender", "receiver")).alias("id"))
    strange = ends.join(nodes.select("id"), "id", "left_anti").first()
    if strange is not None:
        raise ValueError(f"edges must join ids that nodes have; {strange['id']!r} is none of them")


def check_ids(kind: Any, what: str) -> None:
    """Raises TypeError unless a type is one of text or whole numbers, as the ids of a graph are."""
    from pyspark.sql import types

    if not (is_whole(kind) or isinstance(kind, types.StringType)):
        raise TypeError(f"{what} must have ids of text or whole numbers; got {kind.simpleString()}")


def in_order(nodes: DataFrame) -> DataFrame:
    """Nodes sorted by `id`, with their place in a column; to be kept before it is used twice."""
    from pyspark.sql import functions as sql

    return nodes.orderBy("id").withColumn(_PLACE, sql.monotonically_increasing_id())


def numbered(edges: DataFrame, kept: DataFrame) -> DataFrame:
    """Edges by the numbers of their ends, sorted.

    Args:
        edges: `sender`, `receiver` and `weight`. Repeats are summed, and those of weight 0 are
            none, as all constructors of a graph have it.
        kept: what `in_order` returned, read from where it was kept.

    Returns:
        `sender` and `receiver` (int) and `weight` (float), sorted by receiver and then sender.
    """
    from pyspark.sql import functions as sql

    part = sql.shiftright(_PLACE, _PLACE_BITS)
    sizes = {row[0]: row[1] for row in kept.groupBy(part).count().collect()}
    starts, total = [], 0
    for number in range(max(sizes) + 1):
        starts.append(sql.lit(total))
        total += sizes.get(number, 0)
    place = sql.col(_PLACE).bitwiseAND((1 << _PLACE_BITS) - 1)
    number = (sql.array(*starts)[part.cast("int")] + place).cast("int")
    numbers = kept.select("id", number.alias("number"))
    weights = sql.sum("weight").alias("weight")
    edges = edges.groupBy("receiver", "sender").agg(weights).where("weight > 0")
    for end in ("sender", "receiver"):
        of_end = numbers.select(sql.col("id").alias(end), sql.col("number").alias(f"{end}_number"))
        edges = edges.join(of_end, end)
    return edges.select(
        sql.col("sender_number").alias("sender"),
        sql.col("receiver_number").alias("receiver"),
        sql.col("weight").cast("float").alias("weight"),
    ).orderBy("receiver", "sender")
