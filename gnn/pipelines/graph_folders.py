"""Graph folders out of tables of edges and of nodes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.files import check_replaceable
from gnn.graphs.graph import Graph
from gnn.graphs.storage.graph_files import open_graph
from gnn.graphs.storage.graph_writer import KIND, GraphWriter
from gnn.pipelines.node_columns import NodeColumns, read_columns, split_rows
from gnn.pipelines.numbered_nodes import check_ends, check_nodes, edges_of, in_order, numbered
from gnn.pipelines.stages import Stages

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def write_graph(
    edges: DataFrame,
    output: str | os.PathLike[str],
    *,
    nodes: DataFrame,
    work: str,
    id_column: str = "id",
    label_column: str = "label",
    split_column: str = "split",
    notes: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Graph:
    """Writes a graph folder of edges and nodes that lie on a cluster.

    Executors number the nodes in the order of their ids, and sort the edges; the driver writes the
    folder from what they kept, chunk by chunk. It appears under its name when it is whole. A job
    that was stopped goes on from the tables that it has in `work`, which are removed at the end.

    Args:
        edges: a row an edge: `sender`, `receiver` (ids) and `weight`. Repeats are summed, and those
            of weight 0 are none.
        output: the folder to make, on a disk of the driver.
        nodes: a row a node: its id, which is text or a whole number; if there is one, its label
            (text, a whole number from 0 on, or a number to be predicted) and the name of its split,
            each null where there is none. Other columns are features: columns of numbers are
            stacked into `"features"`, a column of lists of numbers is a feature of its own.
        work: a folder that driver and executors see, for tables as Parquet.
        id_column: what the column of ids is called.
        label_column: what that of labels is called, if there is one.
        split_column: what that of splits is called, if there is one.
        notes: what is known of the making, as JSON holds it.
        overwrite: whether a graph that is there is replaced; nothing else is.

    Returns:
        The graph of the folder, its arrays left in the files.

    Raises:
        FileExistsError: there is such a folder.
        KeyError: a column is missing.
        OSError: `work` is not shared by the executors.
        TypeError: a column is of a type that the graph cannot have.
        ValueError: there is no node, an id comes twice, an edge joins what is no node, or a feature
            is not finite.

    Example:

    >>> # edges = gnn.pipelines.session_edges(records, work="/shared/job")
    >>> # graph = gnn.pipelines.write_graph(edges, "graph", nodes=products, work="/shared/job")
    """
    check_replaceable(output, KIND, overwrite=overwrite)
    nodes, columns = read_columns(nodes, id_column, label_column, split_column)
    edges = edges_of(edges)
    check_nodes(nodes, edges)
    stages = Stages(work, [edges, nodes], {"what": "write_graph"})
    edges = stages.table("given", edges)
    kept = stages.table("nodes", in_order(nodes))
    check_ends(edges, kept)
    stages.table("edges", numbered(edges, kept))
    _write(stages, columns, output, notes or {}, overwrite)
    stages.remove()
    return open_graph(output)


def _write(
    stages: Stages,
    columns: NodeColumns,
    output: str | os.PathLike[str],
    notes: Mapping[str, Any],
    overwrite: bool,
) -> None:
    """Writes the folder from the tables of the job."""
    tables = {name: stages.place.dataset(name) for name in ("nodes", "edges")}
    splits: defaultdict[str, list[np.ndarray]] = defaultdict(list)
    with GraphWriter(
        output,
        tables["nodes"].count_rows(),
        class_names=columns.class_names,
        notes=notes,
        overwrite=overwrite,
    ) as writer:
        start, dtype = 0, _dtype_of_ids(tables["nodes"])
        for table in _chunks(tables["nodes"]):
            ids = table["id"].to_pylist()
            labels = columns.labels(table)
            writer.add_nodes(columns.features(table), labels=labels, ids=np.array(ids, dtype))
            if columns.split is not None:
                for name, rows in split_rows(table[columns.split], start):
                    splits[name].append(rows)
            start += len(ids)
        for name in sorted(splits):
            writer.add_split(name, np.concatenate(splits[name]))
        for table in _chunks(tables["edges"]):
            writer.add_edges(*(table[name].to_numpy() for name in ("sender", "receiver", "weight")))


def _dtype_of_ids(nodes: Any) -> np.dtype:
    """Of integers, or of text as long as the longest id."""
    from pyarrow import compute, types

    kind = nodes.schema.field("id").type
    if types.is_integer(kind):
        return np.dtype(kind.to_pandas_dtype())
    parts = nodes.to_batches(columns=["id"])
    longest = (compute.max(compute.utf8_length(part.column(0))).as_py() for part in parts)
    return np.dtype(f"U{max((size for size in longest if size), default=1)}")


def _chunks(dataset: Any) -> Any:
    """Tables of some rows each, in order."""
    import pyarrow as pa

    for batch in dataset.to_batches(batch_size=1 << 17, batch_readahead=1, fragment_readahead=1):
        if batch.num_rows:
            yield pa.Table.from_batches([batch])
