"""A graph folder out of a log, on a cluster: `gnn.runs.build_graph` past one machine."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gnn.configs.fields import Config
from gnn.configs.neighbors import as_neighbor_graph_config
from gnn.configs.sessions import SessionGraphConfig, as_session_graph_config
from gnn.edges.edges import EdgeReport, counted
from gnn.edges.missing import as_na_values
from gnn.edges.records.log_presets import columns_of_log
from gnn.edges.sessions.edge_choice import session_remarks
from gnn.files import check_replaceable
from gnn.graphs.graph import Graph
from gnn.graphs.storage.graph_writer import KIND
from gnn.pipelines.columns import columns_of, without_missing
from gnn.pipelines.graph_folders import write_graph
from gnn.pipelines.neighbor_edges import neighbor_plan
from gnn.pipelines.numbered_nodes import check_ids
from gnn.pipelines.session_edges import Plan, session_plan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# How Spark reads a file, by what its name ends in, also where it is compressed.
_READERS = {".csv": "csv", ".parquet": "parquet", ".jsonl": "json", ".ndjson": "json"}
# What is no folder of Parquet either.
_UNREAD = (".avro", ".json", ".npy", ".npz", ".orc", ".tsv", ".txt", ".xlsx")


def build_graph(
    records: DataFrame,
    output: str | os.PathLike[str],
    config: Any = None,
    *,
    work: str,
    na_values: Collection[str] | None = None,
    overwrite: bool = False,
) -> Graph:
    """Makes a graph of the items of a log that lies on a cluster, and writes it to a folder.

    `session_edges` and `write_graph`, one after the other: the graph of `gnn.runs.build_graph`,
    with the items in their sorted order.

    Args:
        records: as in `session_edges`.
        output: the folder to make, on a disk of the driver.
        config: a `gnn.SessionGraphConfig` or a dict of its fields.
        work: a folder that driver and executors see. A job that was stopped goes on from what it
            has there, which is removed at the end.
        na_values: the texts that mean missing.
        overwrite: whether a graph that is there is replaced; nothing else is.

    Returns:
        The graph of the folder, its arrays left in the files.

    Raises:
        FileExistsError, KeyError, TypeError, ValueError: as `session_edges` and `write_graph`.

    Example:

    >>> # gnn.pipelines.build_graph(spark.read.parquet("clicks/"), "graph", {"weighting": "auto"},
    >>> #                           work="/shared/job")
    """
    config, remarks = columns_of_log(records.columns, as_session_graph_config(config))
    check_replaceable(output, KIND, overwrite=overwrite)
    items = columns_of(records, {"id": config.item_column}, "records")
    check_ids(items.schema["id"].dataType, f"the column {config.item_column!r} of records")
    items = without_missing(items, as_na_values(na_values)).distinct()
    if items.isEmpty():
        raise ValueError(
            f"records must have an item in the column {config.item_column!r}, got none"
        )
    plan = session_plan(records, config, na_values, work)
    report = _report(records, plan, config, items.count(), remarks)
    notes = _notes(report, config)
    graph = write_graph(
        plan.edges, output, nodes=items, work=work, notes=notes, overwrite=overwrite
    )
    if plan.stages is not None:
        plan.stages.remove()
    return graph


def build_neighbor_graph(
    vectors: DataFrame,
    output: str | os.PathLike[str],
    config: Any = None,
    *,
    work: str,
    id_column: str = "id",
    vector_column: str = "vector",
    overwrite: bool = False,
) -> Graph:
    """Makes a graph of vectors that lie on a cluster, and writes it to a folder.

    `neighbor_edges` and `write_graph`, one after the other.

    Args:
        vectors: as in `neighbor_edges`.
        output: the folder to make, on a disk of the driver.
        config: a `gnn.NeighborGraphConfig` or a dict of its fields.
        work: as in `build_graph`.
        id_column: the column of ids.
        vector_column: the column of vectors.
        overwrite: whether a graph that is there is replaced; nothing else is.

    Returns:
        The graph of the folder, its arrays left in the files.

    Raises:
        FileExistsError, KeyError, TypeError, ValueError: as `neighbor_edges` and `write_graph`.

    Example:

    >>> # gnn.pipelines.build_neighbor_graph(spark.read.parquet("vectors/"), "graph",
    >>> #                                    work="/shared/job")
    """
    config = as_neighbor_graph_config(config)
    check_replaceable(output, KIND, overwrite=overwrite)
    found, stages = neighbor_plan(vectors, config, id_column, vector_column, work)
    nodes = columns_of(vectors, {"id": id_column}, "vectors").dropna()
    report = EdgeReport(nodes.count(), unit="vector", remarks=(found.how,))
    notes = _notes(report, config)
    graph = write_graph(
        found.edges, output, nodes=nodes, work=work, notes=notes, overwrite=overwrite
    )
    if stages is not None:
        stages.remove()
    return graph


def read_tables(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    """The rows of files or folders of one kind, as Spark reads them.

    Args:
        spark: the session.
        paths: paths or patterns that end in `.parquet`, `.csv`, `.jsonl` or `.ndjson`; folders are
            of Parquet. Cells of CSV are text.

    Raises:
        ValueError: they are of several kinds, or of another one.
    """
    kinds = set()
    for path in paths:
        name = os.path.basename(path.rstrip("/"))
        ending = os.path.splitext(name.removesuffix(".gz").removesuffix(".bz2"))[1]
        if ending in _UNREAD:
            raise ValueError(
                f"{path!r} must be a folder of Parquet, or end in one of {sorted(_READERS)}"
            )
        kinds.add(_READERS.get(ending, "parquet"))
    if len(kinds) > 1:
        raise ValueError(f"files must be of one kind on a cluster, got {sorted(kinds)}")
    (kind,) = kinds
    # Quotes as RFC 4180 has them, which Spark would escape by a backslash.
    options = {"header": "true", "escape": '"'} if kind == "csv" else {}
    return spark.read.options(**options).load(list(paths), format=kind)


@contextlib.contextmanager
def spark_session(master: str) -> Iterator[SparkSession]:
    """A session of Spark on a cluster, which ends with the block unless it was there before.

    Args:
        master: its address, such as `spark://host:7077`, `yarn` or `local[4]`.

    Raises:
        ImportError: PySpark is not installed.
        RuntimeError: there is no Java.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ImportError("a cluster needs pyspark: pip install 'gnn[spark]'") from error
    spark = SparkSession.getActiveSession()
    if spark is not None:
        yield spark
        return
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise RuntimeError("Spark needs Java 17 or later: no java on the PATH, nor JAVA_HOME")
    if master.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.master(master).appName("gnn").getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()


def _notes(report: EdgeReport, config: Config) -> dict[str, Any]:
    """What a graph remembers of its making."""
    made_by = {"config": config.to_dict(), "report": dataclasses.asdict(report)}
    return {"edges": report.text(), **made_by}


def _report(
    records: DataFrame,
    plan: Plan,
    config: SessionGraphConfig,
    num_items: int,
    of_columns: Sequence[str],
) -> EdgeReport:
    """What there was, and what of it went."""
    from pyspark.sql import functions as sql

    sums = [sql.sum(name).alias(name) for name in ("sessions", "long")]
    of_all = plan.items.where("item IS NULL").agg(*sums).first().asDict()
    is_rare = sql.col("count") < config.min_count
    pairs, rare = plan.pairs.agg(sql.count("count"), sql.count_if(is_rare)).first()
    each = 1 if config.comes_in_halves or not config.is_symmetric else 2
    given = records.count()
    remarks = [*of_columns, *session_remarks(config, of_all["long"] or 0)]
    if rare:
        unit = "pair" if config.is_symmetric else "edge"
        kept = ", but for those of items without another" if config.join_isolated else ""
        remarks.append(
            f"{rare // each:,} of {counted(pairs // each, unit)} in fewer than "
            f"{config.min_count} sessions left out{kept}"
        )
    return EdgeReport(
        given,
        missing=given - plan.log.count(),
        sessions=of_all["sessions"] or 0,
        items=num_items,
        pairs=pairs // each,
        unit="record",
        remarks=tuple(remarks),
    )
