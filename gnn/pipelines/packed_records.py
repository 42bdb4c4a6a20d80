"""Training records of nodes with their neighbors' features, written by executors."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.configs.arguments import check_count
from gnn.data.neighbor_examples import NeighborExamples
from gnn.data.packed_neighbor_records import PACKED
from gnn.data.record_schema import KIND, write_schema
from gnn.data.record_writing import check_shards, shard_name, write_shard
from gnn.files import check_replaceable, whole_folder
from gnn.graphs.graph import Graph
from gnn.pipelines.columns import quoted
from gnn.pipelines.node_columns import NodeColumns, read_columns
from gnn.pipelines.numbered_nodes import check_ends, check_nodes, edges_of
from gnn.pipelines.ordering import first_of_each
from gnn.pipelines.stages import Stages
from gnn.pipelines.tasks import task

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame


# Whether the label of a node may be seen, beside its features.
_SEEN = "gnn_is_seen"
# The folder of shards that are not yet whole.
_ATTEMPTS = "attempts"


def write_packed_neighbors(
    edges: DataFrame,
    output: str | os.PathLike[str],
    *,
    nodes: DataFrame,
    work: str,
    max_neighbors: int,
    split: str | None = None,
    shards: int = 16,
    compression: str | None = None,
    id_column: str = "id",
    label_column: str = "label",
    split_column: str = "split",
    overwrite: bool = False,
) -> None:
    """Writes nodes with their neighbors' features, as `gnn.data.records.write_packed_neighbors`.

    The records are those, in the order of the ids, and read by `read_packed_neighbors`. Each
    executor writes some of the shards. The folder appears under its name when all are there; a job
    that was stopped goes on from the tables that it has in `work`, which are removed at the end.

    Args:
        edges: a row an edge: `sender`, `receiver` (ids) and `weight`.
        output: the folder to make, on a disk that driver and executors share.
        nodes: as in `write_graph`.
        work: a folder that driver and executors see, for tables as Parquet.
        max_neighbors: the most neighbors of a node.
        split: the name of a split; None takes all nodes.
        shards: the number of files.
        compression: None, "GZIP" or "ZLIB".
        id_column: what the column of ids is called.
        label_column: what that of labels is called, if there is one.
        split_column: what that of splits is called, if there is one.
        overwrite: whether to replace records that are there; nothing else is replaced.

    Raises:
        FileExistsError: there is such a folder.
        KeyError: a column is missing.
        OSError: an executor wrote to another disk than the driver sees.
        TypeError: a column is of a type that no feature has.
        ValueError: no node is in the split, an id comes twice, an edge joins what is no node, there
            are no features, a feature is not finite, or an argument is out of range.

    Example:

    >>> # gnn.pipelines.write_packed_neighbors(edges, "/shared/train", nodes=products,
    >>> #                                      work="/shared/job", max_neighbors=3)
    """
    check_shards(shards, compression, False)
    most = check_count("max_neighbors", max_neighbors)
    check_replaceable(output, KIND, overwrite=overwrite)
    nodes, columns = read_columns(nodes, id_column, label_column, split_column)
    edges = edges_of(edges)
    check_nodes(nodes, edges)
    job = {"what": "packed", "split": split, "most": most, "columns": dataclasses.asdict(columns)}
    stages = Stages(work, [edges, nodes], job)
    edges = stages.table("given", edges)
    check_ends(edges, nodes)
    rows = stages.table("rows", _stars(edges, nodes, columns, split, most))
    with whole_folder(output, KIND, overwrite=overwrite) as folder:
        written = _written(rows, folder, columns, most, shards, compression)
        if not any(row["records"] for row in written):
            raise ValueError(f"split {split!r} holds no nodes")
        for number in set(range(shards)) - {row["number"] for row in written}:
            write_shard(iter(()), folder / shard_name(PACKED, number, shards, compression))
        # What other attempts at a shard have left.
        shutil.rmtree(folder / _ATTEMPTS, ignore_errors=True)
        files = []
        for number in range(shards):
            path = folder / shard_name(PACKED, number, shards, compression)
            if not path.is_file():
                raise OSError(
                    f"output must lie on a disk that driver and executors share; {path.name} was "
                    "written elsewhere"
                )
            records = sum(row["records"] for row in written if row["number"] == number)
            files.append({"name": path.name, "records": records, "bytes": path.stat().st_size})
        content = {
            "num_records": sum(file["records"] for file in files),
            "compression": compression,
            "stripe": 1,
            "shards": files,
            "max_neighbors": max(row["most"] for row in written),
            "features": _described(rows, columns, most),
        }
        write_schema(folder, PACKED, content)
    stages.remove()


def _stars(
    edges: DataFrame, nodes: DataFrame, columns: NodeColumns, split: str | None, most: int
) -> DataFrame:
    """A row a node: its columns, whether its label may be seen, and the same of its neighbors."""
    from pyspark.sql import functions as sql

    seen = sql.lit(True)
    if split is not None:
        if columns.split is None:
            raise KeyError(f"nodes has no column of splits, of which {split!r} would be one")
        seen = sql.coalesce(sql.col(quoted(columns.split)) == split, sql.lit(False))
    names = [*columns.numbers, *columns.lists, *([columns.label] if columns.label else [])]
    # In a struct no name of a feature can meet one of ours.
    node = sql.struct("id", *(sql.col(quoted(name)) for name in names), seen.alias(_SEEN))
    nodes = nodes.select("id", node.alias("node"))
    pairs = edges.groupBy("receiver", "sender").agg(sql.max("weight").cast("float").alias("weight"))
    heaviest = [sql.desc("weight"), sql.desc(sql.col("sender").cast("string"))]
    pairs = first_of_each(pairs.where("weight > 0"), "receiver", heaviest, most)
    pairs = pairs.select(sql.col("sender").alias("id"), "receiver", "weight")
    neighbor = sql.struct("weight", "node").alias("neighbor")
    stars = pairs.join(nodes, "id").select(sql.col("receiver").alias("id"), neighbor)
    around = stars.groupBy("id").agg(sql.collect_list("neighbor").alias("neighbors"))
    return nodes.where(f"node.{_SEEN}").join(around, "id", "left")


def _written(
    rows: DataFrame,
    folder: Path,
    columns: NodeColumns,
    most: int,
    shards: int,
    compression: str | None,
) -> list[Any]:
    """Has executors write the shards; the number, the records and the most neighbors of each."""
    from pyspark.sql import types

    names = ("number", "records", "most")
    schema = types.StructType([types.StructField(name, types.LongType()) for name in names])
    write = task(
        write_records,
        columns=columns,
        folder=str(folder.absolute()),
        max_neighbors=most,
        shards=shards,
        compression=compression,
    )
    parted = rows.repartitionByRange(shards, "id").sortWithinPartitions("id")
    return parted.mapInArrow(write, schema).collect()


def write_records(
    batches: Iterator[pa.RecordBatch],
    columns: NodeColumns,
    folder: str,
    max_neighbors: int,
    shards: int,
    compression: str | None,
) -> Iterator[pa.RecordBatch]:
    """Writes the shard of a task, whole or not at all: another attempt at it may be under way."""
    import pyarrow as pa
    from pyspark import TaskContext

    context: Any = TaskContext.get()
    number, counts = context.partitionId(), [0, 0]

    def examples() -> Iterator[bytes]:
        for batch in batches:
            if batch.num_rows:
                some = _examples(pa.Table.from_batches([batch]), columns, max_neighbors)
                yield from some
                counts[0] += len(some)
                counts[1] = max(counts[1], some.description()["max_neighbors"])

    path = Path(folder) / shard_name(PACKED, number, shards, compression)
    attempt = path.parent / _ATTEMPTS / f"{path.name}.{context.taskAttemptId()}"
    attempt.parent.mkdir(parents=True, exist_ok=True)
    write_shard(examples(), attempt, compression)
    os.replace(attempt, path)
    yield pa.RecordBatch.from_pydict(
        {"number": [number], "records": counts[:1], "most": counts[1:]}
    )


def _examples(table: pa.Table, columns: NodeColumns, max_neighbors: int) -> NeighborExamples:
    """The examples of some nodes, of the graph that they and their neighbors make."""
    import pyarrow as pa

    lists = table["neighbors"].combine_chunks()
    around = pa.Table.from_struct_array(lists.flatten())
    alone, others = (
        pa.Table.from_struct_array(some["node"].combine_chunks()) for some in (table, around)
    )
    every = pa.concat_tables([alone, others])
    ids, first, place = np.unique(
        np.array(every["id"].to_pylist()), return_index=True, return_inverse=True
    )
    nodes = every.take(pa.array(first))
    counts = lists.value_lengths().fill_null(0).to_numpy()
    graph = Graph(
        columns.features(nodes),
        place[len(alone) :],
        np.repeat(place[: len(alone)], counts),
        around["weight"].to_numpy(),
        labels=columns.labels(nodes),
        splits={"seen": nodes[_SEEN].to_numpy()},
        ids=ids,
    )
    return NeighborExamples(graph, "seen", max_neighbors, rows=place[: len(alone)])


def _described(rows: DataFrame, columns: NodeColumns, most: int) -> dict[str, Any]:
    """The features of a record, as `NeighborExamples` describes them."""
    import pyarrow as pa

    first = pa.Table.from_batches(rows.limit(1).toArrow().to_batches())
    return dict(_examples(first, columns, most).description()["features"])
